#ifndef IMPORT_H
#define IMPORT_H
#include "provision.h"

/*
 * Imports: material into a key in KMS, the whole way. *out is the key as KMS
 * then shows it, held for the caller. Once KMS has the material nothing is
 * taken back.
 */

/* The request's material, wrapped here, into the key that the request means. */
CK_RV import_by_value(
    struct call *, const struct key_request *, struct key **out);
/* What was wrapped elsewhere for that import pair, or renewal pair. */
CK_RV import_wrapped(struct call *, const struct key_request *,
    const struct object *pair, const CK_MECHANISM *, struct view wrapped,
    struct key **out);
#endif
