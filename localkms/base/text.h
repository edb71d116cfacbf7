#ifndef LOCALKMS_TEXT_H
#define LOCALKMS_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"

/* 32 digits with the dashes of a UUID between. */
void text_uuid(const char *hex, char uuid[37]);
/* Characters of UTF-8. AWS counts UTF-16 units, which are these but for what
 * lies outside of the basic plane. */
size_t text_length(struct view);
/* Cuts off a character of UTF-8 whose last bytes are missing, as they are when
 * snprintf() was out of room. */
void text_trim_utf8(char *);
/* Of a Region: "aws", or China's or the government's. */
const char *text_partition(const char *region);
/* Whether that is the form of a Region's name: words of letters with dashes
 * between, a number last. */
bool text_is_region(const char *);
#endif
