#ifndef LOCALKMS_METADATA_H
#define LOCALKMS_METADATA_H
#include "call/call.h"

extern const struct json_field reply_metadata[];
/* Fills c->out.key; a reply of reply_metadata gets the form of a multi-Region
 * key where it is one. */
bool metadata_fill(struct call *, const struct key *);
#endif
