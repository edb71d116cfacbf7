#ifndef KEM_ECDH_H
#define KEM_ECDH_H
#include "object/object.h"
#include "token/operation.h"

/*
 * ECDH as a KEM (PKCS#11 3.2, section 6.3.20), with session keys: the
 * ciphertext is the public value of a pair that is made for it, and the key of
 * the template what C_DeriveKey makes of both. The parameter is that of
 * CKM_ECDH1_DERIVE without a public value: CKR_MECHANISM_PARAM_INVALID. As
 * kem.h has it, but a ciphertext that is no point is CKR_WRAPPED_KEY_INVALID.
 */
CK_RV kem_ecdh_encapsulate(struct call *, const CK_MECHANISM *,
    const struct object *public_key, struct template, struct out ciphertext,
    CK_OBJECT_HANDLE *key);
CK_RV kem_ecdh_decapsulate(struct call *, const CK_MECHANISM *,
    const struct object *private_key, struct template, struct view ciphertext,
    CK_OBJECT_HANDLE *key);
#endif
