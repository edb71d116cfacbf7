#ifndef LOCALKMS_ARENA_H
#define LOCALKMS_ARENA_H
#include <stddef.h>
#include "buf.h"

/*
 * Memory of one request: got piece by piece, wiped and freed as a whole when
 * the answer has gone. Not shared between threads.
 */
struct arena {
	struct arena_block *blocks;
	size_t left; /* bytes that may still be got */
};

#define ARENA_INIT(most)       \
	{                      \
		.left = (most) \
	}

/* Zeroed, aligned for any type; NULL when the ceiling or memory is reached. */
void *arena_alloc(struct arena *, size_t n);
/* A copy with a NUL behind it; NULL as above. */
char *arena_copy(struct arena *, struct view);
/* Printed; NULL as above. */
char *arena_printf(struct arena *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *);
#endif
