#ifndef KMS_ENCRYPT_H
#define KMS_ENCRYPT_H
#include "mech.h"

/*
 * Encrypt and Decrypt of a symmetric key in KMS, under three mechanisms. All
 * give and take KMS's own CiphertextBlob; they differ in the encryption
 * context that KMS binds it to.
 */
extern const struct family kms_aes_context; /* the caller's own context */
extern const struct family kms_aes_gcm; /* iv and aad, in hex */
extern const struct family kms_aes_cbc_pad; /* none: CBC does not bind its iv */
/* Whether bytes are an encryption context: NAME NUL VALUE NUL ..., no name
 * empty or there twice. */
bool kms_context_is_valid(struct view);
#endif
