#ifndef WRAP_IN_TOKEN_H
#define WRAP_IN_TOKEN_H
#include <openssl/types.h>
#include "move-method.h"
#include "open-token.h"

/* A key of a token, which the token wraps. */
struct key_in_token {
	struct open_tokens tokens;
	P11KitUri *uri;
	struct key key;
};
#define KEY_IN_TOKEN_INIT                  \
	{                                  \
		.tokens = OPEN_TOKENS_INIT \
	}

/* Opens the token and finds the one secret or private key that the URI selects.
 * On failure, says why on standard error. The caller closes it either way. */
bool key_in_token_open(struct key_in_token *, char *uri);
bool key_in_token_is_private(const struct key_in_token *);
/* Has the token wrap it with the RSA public key, so that the mechanism unwraps
 * the result, which replaces *out. On failure, says why on standard error. */
bool key_in_token_wrap(struct key_in_token *, const EVP_PKEY *,
    CK_MECHANISM_TYPE mechanism, CK_MECHANISM_TYPE hash, struct buf *out);
void key_in_token_close(struct key_in_token *);
#endif
