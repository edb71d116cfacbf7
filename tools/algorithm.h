#ifndef ALGORITHM_H
#define ALGORITHM_H
#include <stdbool.h>
#include "cryptoki/cryptoki.h"

/* How a key is wrapped with an RSA key: KMS's WrappingAlgorithm, a row each. */
struct algorithm {
	const char *name; /* "RSAES_OAEP_SHA_256" */
	const char *digest; /* of OAEP, as OpenSSL calls it: "SHA256" */
	CK_MECHANISM_TYPE unwrap, hash;
	bool with_aes; /* an AES key is wrapped, and the key with that */
};
/* NULL: there is none of that name. */
const struct algorithm *algorithm_find(const char *name);
/* What KMS takes such keys by. */
const struct algorithm *algorithm_for(bool is_private);
/* For `read` of struct option_row: into a const struct algorithm *. */
bool algorithm_option(char *, void *to);
#endif
