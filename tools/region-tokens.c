#include "cryptoki/keyferry.h"
#include "region-tokens.h"

bool
region_tokens_option(char *uri, void *tokens)
{
	struct region_tokens *r = tokens;

	if (r->uri_count == REGION_TOKENS_MAX)
		return (false);
	r->uris[r->uri_count++] = uri;
	return (true);
}

static bool
open_one(struct region_tokens *r, char *uri)
{
	struct keyferry_token *k = &r->rows[r->count++];

	*k = (struct keyferry_token)KEYFERRY_TOKEN_INIT;
	return (keyferry_token_open(k, uri, true));
}

bool
region_tokens_open(struct region_tokens *r, size_t from)
{
	bool done = true;

	if (r->uri_count == 0 && from == 0)
		return (open_one(r, NULL));
	for (size_t i = from; i < r->uri_count && done; i++)
		done = open_one(r, r->uris[i]);
	return (done);
}

void
region_of_token(const struct token *t, struct buf *out)
{
	token_get_of_profile(t, CKA_KEYFERRY_REGION, out);
}

struct token *
region_tokens_find(const struct region_tokens *r, struct view region)
{
	struct token *found = NULL;

	for (size_t i = 0; i < r->count && found == NULL; i++) {
		struct buf its = BUF_INIT(0);

		region_of_token(r->rows[i].token, &its);
		if (view_equal(buf_view(&its), region))
			found = r->rows[i].token;
		buf_free(&its);
	}
	return (found);
}

void
region_tokens_close(struct region_tokens *r)
{
	for (size_t i = 0; i < r->count; i++)
		keyferry_token_close(&r->rows[i]);
	r->count = 0;
}
