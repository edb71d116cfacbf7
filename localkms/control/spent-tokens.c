#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "control/spent-tokens.h"

struct spent_token {
	uint8_t token[SHA256_DIGEST_LENGTH], material[SHA256_DIGEST_LENGTH];
};

void
spent_tokens_init(struct spent_tokens *t)
{
	*t = (struct spent_tokens){.rows = NULL};
	pthread_mutex_init(&t->lock, NULL);
}

void
spent_tokens_clear(struct spent_tokens *t)
{
	pthread_mutex_lock(&t->lock);
	free(t->rows);
	t->rows = NULL;
	t->count = t->cap = 0;
	pthread_mutex_unlock(&t->lock);
}

static struct spent_token
row_of(struct view token, struct view material)
{
	struct spent_token row;

	SHA256(token.ptr, token.len, row.token);
	SHA256(material.ptr, material.len, row.material);
	return (row);
}

bool
spent_tokens_refuse(
    struct spent_tokens *t, struct view token, struct view material)
{
	struct spent_token row = row_of(token, material);
	bool refuse = false;

	pthread_mutex_lock(&t->lock);
	for (size_t i = 0; i < t->count; i++)
		if (memcmp(t->rows[i].token, row.token, sizeof(row.token)) == 0)
			refuse = memcmp(t->rows[i].material, row.material,
				     sizeof(row.material)) != 0;
	pthread_mutex_unlock(&t->lock);
	return (refuse);
}

bool
spent_tokens_add(
    struct spent_tokens *t, struct view token, struct view material)
{
	struct spent_token *rows;

	pthread_mutex_lock(&t->lock);
	rows = array_grow(t->rows, &t->cap, t->count + 1, sizeof(*rows));
	if (rows != NULL) {
		t->rows = rows;
		rows[t->count++] = row_of(token, material);
	}
	pthread_mutex_unlock(&t->lock);
	return (rows != NULL);
}
