#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "keydata/public-key.h"
#include "pubkey-cache.h"

void
pubkey_cache_init(struct pubkey_cache *ps)
{
	*ps = (struct pubkey_cache){.rows = NULL};
	pthread_mutex_init(&ps->lock, NULL);
}

void
pubkey_free(struct pubkey *p)
{
	if (p == NULL)
		return;
	EVP_PKEY_free(p->pkey);
	buf_free(&p->info);
	free(p);
}

void
pubkey_cache_free(struct pubkey_cache *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		pubkey_free(ps->rows[i]);
	free(ps->rows);
	pthread_mutex_destroy(&ps->lock);
}

/* Where the key is or would be. */
static size_t
index_of_key(const struct pubkey_cache *ps, const char *key_id)
{
	size_t low = 0, high = ps->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(ps->rows[mid]->key_id, key_id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

const struct pubkey *
pubkey_cache_find(struct pubkey_cache *ps, const char *key_id)
{
	const struct pubkey *p = NULL;
	size_t i;

	pthread_mutex_lock(&ps->lock);
	i = index_of_key(ps, key_id);
	if (i < ps->count && strcmp(ps->rows[i]->key_id, key_id) == 0)
		p = ps->rows[i];
	pthread_mutex_unlock(&ps->lock);
	return (p);
}

static bool
make_room(struct pubkey_cache *ps)
{
	struct pubkey **rows = array_grow(
	    ps->rows, &ps->cap, ps->count + 1, sizeof(struct pubkey *));

	if (rows != NULL)
		ps->rows = rows;
	return (rows != NULL);
}

const struct pubkey *
pubkey_cache_add(struct pubkey_cache *ps, struct pubkey *p)
{
	const struct pubkey *kept = NULL;
	size_t i;

	pthread_mutex_lock(&ps->lock);
	i = index_of_key(ps, p->key_id);
	if (i < ps->count && strcmp(ps->rows[i]->key_id, p->key_id) == 0) {
		kept = ps->rows[i];
	} else if (make_room(ps)) {
		memmove(&ps->rows[i + 1], &ps->rows[i],
		    (ps->count - i) * sizeof(struct pubkey *));
		ps->rows[i] = p;
		ps->count++;
		kept = p;
		p = NULL;
	}
	pthread_mutex_unlock(&ps->lock);
	pubkey_free(p);
	return (kept);
}

/* One key may be written in more ways than one. */
static bool
is_key(const struct pubkey *p, struct view info, const EVP_PKEY *pkey)
{
	return (view_equal(buf_view(&p->info), info) ||
		(pkey != NULL && p->pkey != NULL &&
		    EVP_PKEY_eq(p->pkey, pkey) == 1));
}

bool
pubkey_cache_owner(struct pubkey_cache *ps, const struct crypto *crypto,
    struct view info, char key_id[KMS_ID_SIZE])
{
	EVP_PKEY *pkey = NULL;
	bool found = false;

	(void)public_key_open(crypto, info, &pkey);
	pthread_mutex_lock(&ps->lock);
	for (size_t i = 0; i < ps->count && !found; i++) {
		found = is_key(ps->rows[i], info, pkey);
		if (found)
			memcpy(key_id, ps->rows[i]->key_id, KMS_ID_SIZE);
	}
	pthread_mutex_unlock(&ps->lock);
	EVP_PKEY_free(pkey);
	return (found);
}
