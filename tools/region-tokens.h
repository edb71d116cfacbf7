#ifndef REGION_TOKENS_H
#define REGION_TOKENS_H
#include "keyferry-token.h"

/* Keyferry's tokens of several Regions, which a key and its replicas are on. */
#define REGION_TOKENS_MAX 16
struct region_tokens {
	char *uris[REGION_TOKENS_MAX]; /* borrowed */
	size_t uri_count;
	struct keyferry_token rows[REGION_TOKENS_MAX];
	size_t count;
};

/* For `read` of struct option_row: one more URI. False: it is one too many. */
bool region_tokens_option(char *uri, void *tokens);
/* Opens those from the URI of that number on; without any URI, and from 0 on,
 * the only token that p11-kit knows. On failure, says why on standard error.
 * The caller closes them either way. */
bool region_tokens_open(struct region_tokens *, size_t from);
/* The token of the Region; NULL: none is open. */
struct token *region_tokens_find(
    const struct region_tokens *, struct view region);
void region_tokens_close(struct region_tokens *);
/* The Region of a token; empty where it does not say. */
void region_of_token(const struct token *, struct buf *out);
#endif
