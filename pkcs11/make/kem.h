#ifndef KEM_H
#define KEM_H
#include "object/object.h"
#include "token/operation.h"

/*
 * What C_EncapsulateKey and C_DecapsulateKey mean (PKCS#11 3.2): ML-KEM with
 * pairs in KMS. The shared secret becomes the object of the template.
 */
CK_RV kem_encapsulate(struct call *, const CK_MECHANISM *,
    CK_OBJECT_HANDLE public_key, struct template, struct out ciphertext,
    CK_OBJECT_HANDLE *);
CK_RV kem_decapsulate(struct call *, const CK_MECHANISM *,
    CK_OBJECT_HANDLE private_key, struct template, struct view ciphertext,
    CK_OBJECT_HANDLE *);
#endif
