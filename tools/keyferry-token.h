#ifndef KEYFERRY_TOKEN_H
#define KEYFERRY_TOKEN_H
#include "open-token.h"

/* Keyferry's token, which a subcommand works on. */
struct keyferry_token {
	struct open_tokens tokens;
	P11KitUri *uri;
	struct token *token; /* NULL: it is not open */
	const CK_ATTRIBUTE *selection; /* what the URI says of objects */
	CK_ULONG selection_count;
};
#define KEYFERRY_TOKEN_INIT                \
	{                                  \
		.tokens = OPEN_TOKENS_INIT \
	}

/* Opens it. uri: without a token, or NULL, for the only one that p11-kit knows.
 * On failure, says why on standard error. The caller closes it either way. */
bool keyferry_token_open(struct keyferry_token *, char *uri, bool rw);
void keyferry_token_close(struct keyferry_token *);
#endif
