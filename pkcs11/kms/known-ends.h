#ifndef KNOWN_ENDS_H
#define KNOWN_ENDS_H
#include "token/call.h"

/*
 * The ends that were given to the materials of keys from here: KMS shows none
 * for material that is deleted or has expired. A file in the state directory,
 * end-KEYID, with a line for each material.
 */

/* The end that the material had, in seconds since 1970; 0: none. material_id
 * "": of a key that has one. False: it is not known, and *end as before. */
bool known_end_read(
    struct call *, const char *key_id, const char *material_id, double *end);
/* A failure is not the call's: the log says it. */
void known_end_write(
    struct call *, const char *key_id, const char *material_id, double end);
#endif
