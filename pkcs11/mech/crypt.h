#ifndef CRYPT_H
#define CRYPT_H
#include "mech.h"

#define CRYPT_ALGORITHM "SYMMETRIC_DEFAULT"

/*
 * Encrypt and Decrypt of a symmetric key in KMS, under three mechanisms. All
 * give and take KMS's own CiphertextBlob; they differ in the encryption
 * context that KMS binds it to.
 */
extern const struct family crypt_context; /* the caller's own context */
extern const struct family crypt_gcm; /* iv and aad, in hex */
extern const struct family crypt_cbc_pad; /* none: CBC does not bind its iv */
/* Whether bytes are an encryption context: NAME NUL VALUE NUL ..., no name
 * empty or there twice. */
bool crypt_is_context(struct view);
#endif
