#ifndef KEM_H
#define KEM_H
#include "object/object.h"
#include "token/operation.h"

/*
 * What C_EncapsulateKey and C_DecapsulateKey mean (PKCS#11 3.2): ECDH
 * (kem-ecdh.h), and ML-KEM, also with pairs in KMS. The shared secret becomes
 * the object of the template, and *key its handle; ciphertext and *key are
 * written together or not at all.
 *
 * Of ML-KEM the secret has 32 bytes, and the ciphertext 768, 1088 or 1568
 * (ML-KEM-512, -768, -1024). To ask for its length (ciphertext.ptr NULL) asks
 * KMS nothing.
 *
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID, CKR_KEY_HANDLE_INVALID,
 * CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED; what the template
 * is refused for; then CKR_BUFFER_TOO_SMALL, or CKR_WRAPPED_KEY_LEN_RANGE for a
 * ciphertext of another length.
 */
CK_RV kem_encapsulate(struct call *, const CK_MECHANISM *,
    CK_OBJECT_HANDLE public_key, struct template, struct out ciphertext,
    CK_OBJECT_HANDLE *key);
CK_RV kem_decapsulate(struct call *, const CK_MECHANISM *,
    CK_OBJECT_HANDLE private_key, struct template, struct view ciphertext,
    CK_OBJECT_HANDLE *key);
#endif
