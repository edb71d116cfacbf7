#ifndef KEY_FILE_H
#define KEY_FILE_H
#include <openssl/evp.h>
#include "buf.h"
#include "jwk.h"

struct arena;

/* Files with keys. */

enum key_format {
	KEY_FORMAT_ANY,
	KEY_FORMAT_RAW,
	KEY_FORMAT_HEX,
	KEY_FORMAT_BASE64,
};

/*
 * The key in a file, as KMS takes it: the bytes of a secret key, or PKCS#8 in
 * DER. A private key may be in PEM or DER, as PKCS#8, also encrypted, PKCS#1 or
 * SEC1, the one of PKCS#12, or a JSON Web Key; a secret key is raw bytes,
 * hexadecimal digits, a JSON Web Key or, if the format says so, Base64.
 * *is_private says which it is. out is a buf of the arena. passphrase_file:
 * NULL to ask at the terminal. algorithm becomes what a JSON Web Key says that
 * it is for, or "". On failure, says why on standard error.
 */
bool key_file_read(OSSL_LIB_CTX *, struct arena *, const char *path,
    enum key_format, const char *passphrase_file, struct buf *out,
    bool *is_private, char algorithm[JWK_WORD_SIZE]);
/* Hexadecimal digits, and perhaps white space, become bytes in place. False:
 * they are none. */
bool key_file_read_hex(struct buf *);
/* The private key in PKCS#8, which the caller frees; NULL: it is none. */
EVP_PKEY *key_file_decode(OSSL_LIB_CTX *, struct view pkcs8);
#define KEY_NUMBER_MAX 2048 /* bytes: RSA-16384 */
/* Puts a number of a key, by OpenSSL's name, into an empty buf. False: it has
 * none, or the buf has no room. */
bool key_number(const EVP_PKEY *, const char *name, struct buf *out);
/* An RSA public key in PEM or DER; the caller frees it. NULL: it said why on
 * standard error. */
EVP_PKEY *key_file_read_wrapping_key(OSSL_LIB_CTX *, const char *path);

/* How keys are read. */
struct key_reader {
	OSSL_LIB_CTX *lib; /* without the user's configuration */
	struct arena *arena; /* of the keys */
	const char *passphrase_file; /* NULL: ask at the terminal */
};
#define KEY_READER_INIT     \
	{                   \
		.lib = NULL \
	}
/* Has OpenSSL wipe all memory that it frees: before its first use. On failure,
 * says why on standard error. The caller closes it either way. */
bool key_reader_open(struct key_reader *);
void key_reader_close(struct key_reader *);
#endif
