#ifndef LOCALKMS_MEM_H
#define LOCALKMS_MEM_H
#include <stddef.h>
#include "buf.h"

/*
 * Memory of one request: got piece by piece, wiped and freed as a whole when
 * the answer has gone. Not shared between threads.
 */
struct mem {
	struct mem_block *blocks;
	size_t left; /* bytes that may still be got */
};

#define MEM_INIT(most)         \
	{                      \
		.left = (most) \
	}

/* Zeroed, aligned for any type; NULL when the ceiling or memory is reached. */
void *mem_get(struct mem *, size_t n);
/* A copy with a NUL behind it; NULL as above. */
char *mem_text(struct mem *, struct view);
/* Printed; NULL as above. */
char *mem_printf(struct mem *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void mem_free(struct mem *);
#endif
