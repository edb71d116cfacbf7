#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "base/pool.h"

#define BLOCK_SIZE 4096

struct pool_block {
	struct pool_block *next;
	size_t size, used;
	max_align_t bytes[];
};

static struct pool_block *
block_add(struct pool *m, size_t n)
{
	struct pool_block *b;
	size_t size = n > BLOCK_SIZE ? n : BLOCK_SIZE;

	if ((b = calloc(1, sizeof(*b) + size)) == NULL)
		return (NULL);
	b->size = size;
	b->next = m->blocks;
	m->blocks = b;
	return (b);
}

void *
pool_alloc(struct pool *m, size_t n)
{
	struct pool_block *b = m->blocks;
	void *p;

	if (n > m->left)
		return (NULL);
	n = (n + sizeof(max_align_t) - 1) / sizeof(max_align_t) *
	    sizeof(max_align_t);
	if ((b == NULL || b->size - b->used < n) &&
	    (b = block_add(m, n)) == NULL)
		return (NULL);
	m->left -= n < m->left ? n : m->left;
	p = (uint8_t *)b->bytes + b->used;
	b->used += n;
	return (p);
}

char *
pool_copy(struct pool *m, struct view v)
{
	char *s = pool_alloc(m, v.len + 1);

	if (s != NULL && v.len != 0)
		memcpy(s, v.ptr, v.len);
	return (s);
}

char *
pool_printf(struct pool *m, const char *fmt, ...)
{
	va_list ap;
	char *s;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || (s = pool_alloc(m, (size_t)n + 1)) == NULL)
		return (NULL);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return (s);
}

void
pool_free(struct pool *m)
{
	struct pool_block *b, *next;

	for (b = m->blocks; b != NULL; b = next) {
		next = b->next;
		OPENSSL_cleanse(b->bytes, b->used);
		free(b);
	}
	m->blocks = NULL;
}
