#ifndef IMPORT_H
#define IMPORT_H
#include "provision.h"

/*
 * Imports: material into a key in KMS, the whole way. *out is the key as KMS
 * then shows it, held for the caller. Once KMS has the material they take
 * nothing back.
 */

/* The request's material, wrapped here, into the key that the request means.
 * *made: which was not there before. */
CK_RV import_by_value(
    struct call *, const struct key_request *, struct key **out, bool *made);
/* What a call has made and filled, and is not to be there, because the call
 * fails: nobody has its handle yet. It is scheduled for deletion. */
void import_take_back(struct call *, const struct key *);
/* What was wrapped elsewhere for that import pair, or renewal pair. */
CK_RV import_wrapped(struct call *, const struct key_request *,
    const struct object *pair, const CK_MECHANISM *, struct view wrapped,
    struct key **out);
#endif
