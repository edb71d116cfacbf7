#ifndef FIND_KEY_H
#define FIND_KEY_H
#include "keyferry-token.h"
#include "listed-key.h"

/* The one key that a command line names. */
struct found_key {
	struct keyferry_token open;
	struct key_list keys; /* one, when it is found */
	P11KitUri *uri; /* that names the key; or NULL */
	bool is_missing; /* the token has no such key */
};
#define FOUND_KEY_INIT                       \
	{                                    \
		.open = KEYFERRY_TOKEN_INIT, \
	}

/*
 * Finds it, in whatever state, and opens its token to write. name: a PKCS#11
 * URI with object= or id=; or a label, key id or ARN. The token is the one that
 * the URI names; if it names none, the one that to names, which may be
 * NULL. On failure, says why on standard error. The caller calls
 * found_key_close() either way.
 */
bool found_key_open(struct found_key *, char *to, char *name);
/* Finds the one key of that label, key id or ARN on the token, in whatever
 * state, and puts it behind those in the list. On failure, says why on standard
 * error. */
bool key_list_find_one(struct key_list *, const struct token *, char *name);
/* Looks at the key again: keys.rows[0] is as it is now. False: it is gone. */
bool found_key_refresh(struct found_key *);
void found_key_close(struct found_key *);
#endif
