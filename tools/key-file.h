#ifndef KEY_FILE_H
#define KEY_FILE_H
#include <openssl/evp.h>
#include "buf.h"

struct arena;

/* Files with keys. */

enum key_format { KEY_FORMAT_ANY, KEY_FORMAT_RAW, KEY_FORMAT_HEX };

/*
 * The key in a file, as KMS takes it: the bytes of a secret key, or PKCS#8 in
 * DER. A private key may be in PEM or DER, as PKCS#8, also encrypted, PKCS#1 or
 * SEC1; a secret key is raw bytes or hexadecimal digits. *is_private says which
 * it is. out is a buf of the arena. passphrase_file: NULL to ask at the
 * terminal. On failure, says why on standard error.
 */
bool key_file_read(OSSL_LIB_CTX *, struct arena *, const char *path,
    enum key_format, const char *passphrase_file, struct buf *out,
    bool *is_private);
/* An RSA public key in PEM or DER; the caller frees it. NULL: it said why on
 * standard error. */
EVP_PKEY *key_file_read_wrapping_key(OSSL_LIB_CTX *, const char *path);
/* Has OpenSSL wipe all memory that it frees. Before its first use. */
void key_file_wipe_memory(void);
#endif
