#ifndef XML_H
#define XML_H
#include <stdbool.h>
#include "buf.h"

/*
 * The text of the first element of that name, without its namespace, in a reply
 * of AWS's query protocol. What else XML has is not looked at: no entity but
 * the five and numbers of ASCII is known, no DTD is read. False: there is none,
 * it holds other elements, or it does not fit; out is "" then.
 */
bool xml_text(struct view document, const char *name, char *out, size_t size);
#endif
