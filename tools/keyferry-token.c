#include <stdio.h>
#include <string.h>
#include "keyferry-token.h"
#include "message.h"
#include "uri.h"

bool
keyferry_token_open(struct keyferry_token *k, char *uri, bool rw)
{
	static const char maker[] = "Keyferry                        ";
	char any[] = "pkcs11:";

	if ((k->uri = uri_parse(uri == NULL ? any : uri)) == NULL)
		return (false);
	if (!uri_has_token(k->uri))
		memcpy(p11_kit_uri_get_token_info(k->uri)->manufacturerID,
		    maker, sizeof(maker) - 1);
	if ((k->token = open_token(&k->tokens, k->uri, rw)) == NULL)
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
