#include <stdio.h>
#include "keyferry-token.h"
#include "message.h"
#include "uri.h"

bool
keyferry_token_open(struct keyferry_token *k, char *uri, bool rw)
{
	char any[] = "pkcs11:manufacturer=Keyferry";

	if ((k->uri = uri_parse(uri == NULL ? any : uri)) == NULL ||
	    (k->token = open_token(&k->tokens, k->uri, rw)) == NULL)
		return (false);
	k->selection = p11_kit_uri_get_attributes(k->uri, &k->selection_count);
	if (token_is_keyferry(k->token))
		return (true);
	message("token %s is not Keyferry's", k->token->label);
	return (false);
}

void
keyferry_token_close(struct keyferry_token *k)
{
	uri_free(k->uri);
	close_tokens(&k->tokens);
	*k = (struct keyferry_token)KEYFERRY_TOKEN_INIT;
}
