#ifndef OPEN_TOKEN_H
#define OPEN_TOKEN_H
#include <p11-kit/uri.h>
#include "token.h"

/*
 * The modules and tokens that a run has open. Modules are those that p11-kit
 * has registered, or the one that a URI names in its module-path.
 */
struct loaded_module {
	char *path;
	CK_FUNCTION_LIST *p11;
};
/* One that could not be opened is not tried again: the next try at its PIN may
 * be its last. */
struct failed_token {
	CK_FUNCTION_LIST *p11;
	CK_SLOT_ID slot;
};
struct open_tokens {
	CK_FUNCTION_LIST **registered;
	struct loaded_module *modules; /* loaded by path */
	size_t module_count, module_cap;
	struct token **tokens;
	size_t token_count, token_cap;
	struct failed_token *failed;
	size_t failed_count, failed_cap;
};
#define OPEN_TOKENS_INIT \
	{                \
		0        \
	}

/*
 * Opens the one token that the URI describes, with a session, and logs in
 * where the token requires it. A token that is open already is returned again.
 * On failure, says why on standard error, once, and returns NULL. The set owns
 * the token.
 */
struct token *open_token(struct open_tokens *, P11KitUri *, bool rw);
/* Closes the sessions and unloads the modules. */
void close_tokens(struct open_tokens *);
#endif
