#ifndef OPEN_H
#define OPEN_H
#include <p11-kit/uri.h>
#include "p11.h"

/*
 * The modules and tokens of a run. Modules are those that p11-kit knows, or
 * the one that an URI names by its module-path.
 */
struct opened {
	CK_FUNCTION_LIST **registered;
	CK_FUNCTION_LIST **modules; /* by their path */
	char **paths;
	size_t module_count;
	struct token **tokens;
	size_t token_count;
};
#define OPENED_INIT \
	{           \
		0   \
	}

/*
 * Opens the one token that the URI means, with a session, and logs in where
 * it asks for that; a token that is open already is given again. What is
 * wrong is said on standard error, and NULL returned.
 */
struct token *open_token(struct opened *, P11KitUri *, bool rw);
void open_end(struct opened *);
#endif
