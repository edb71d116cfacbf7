#ifndef SPENT_TOKENS_H
#define SPENT_TOKENS_H
#include <pthread.h>
#include <stdbool.h>
#include "buf.h"

/* Import tokens with which material has come in, and that material as it was
 * wrapped: the same once more is the same use of the token. */
struct spent_tokens {
	pthread_mutex_t lock;
	struct spent_token *rows;
	size_t count, cap;
};
void spent_tokens_init(struct spent_tokens *);
void spent_tokens_clear(struct spent_tokens *);
/* Whether other material came in with the token. */
bool spent_tokens_refuse(
    struct spent_tokens *, struct view token, struct view material);
/* False: out of memory. */
bool spent_tokens_add(
    struct spent_tokens *, struct view token, struct view material);
#endif
