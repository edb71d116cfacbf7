#ifndef LOCALKMS_POOL_H
#define LOCALKMS_POOL_H
#include <stddef.h>
#include "buf.h"

/*
 * Memory of one request: got piece by piece, wiped and freed as a whole when
 * the answer has gone. Not shared between threads.
 */
struct pool {
	struct pool_block *blocks;
	size_t left; /* bytes that may still be got */
};

#define POOL_INIT(most)        \
	{                      \
		.left = (most) \
	}

/* Zeroed, aligned for any type; NULL when the ceiling or memory is reached. */
void *pool_alloc(struct pool *, size_t n);
/* A copy with a NUL behind it; NULL as above. */
char *pool_copy(struct pool *, struct view);
/* Printed; NULL as above. */
char *pool_printf(struct pool *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void pool_free(struct pool *);
#endif
