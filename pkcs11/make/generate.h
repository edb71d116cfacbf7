#ifndef GENERATE_H
#define GENERATE_H
#include "object/object.h"

struct key_request;
struct mech;

/*
 * What C_GenerateKey and C_GenerateKeyPair mean. The templates say where the
 * new key will be: CKA_TOKEN false, in this process, made by the mechanism's
 * family; true, in KMS, or waiting there for material (an import pair).
 */
CK_RV generate_key(
    struct call *, const CK_MECHANISM *, struct template, CK_OBJECT_HANDLE *);
CK_RV generate_pair(struct call *, const CK_MECHANISM *,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);

/* Those in KMS, for generate.c; the row is that of their mechanism. */
CK_RV generate_key_in_kms(
    struct call *, const struct mech *, struct template, CK_OBJECT_HANDLE *);
CK_RV generate_pair_in_kms(struct call *, const struct mech *,
    struct template public_t, struct template private_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key);
/* The same with two usages, of a key that can be imported: made here, and
 * imported for each. */
CK_RV generate_pair_of_two_usages(struct call *, const struct mech *,
    const struct key_request *, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key);
/* An import pair: a key in KMS that waits for its material. */
CK_RV import_pair_make(struct call *, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key);
/* C_CreateObject with CKA_KEYFERRY_IMPORT_SET: the pair of a set. */
CK_RV import_pair_take(
    struct call *, struct template, CK_OBJECT_HANDLE *private_key);
#endif
