#ifndef ARENA_H
#define ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

/*
 * Memory for key material: mappings between guard pages, locked in RAM, left
 * out of core dumps and wiped in a forked child. Thread-safe.
 */
struct arena;

/* size: bytes to begin with, and to grow by. *locked says whether the system
 * let the first be locked; later ones are where it lets them. */
enum err arena_open(size_t size, struct arena **out, bool *locked);
/* NULL when the system gives no more. What is got is aligned for any type. */
void *arena_alloc(struct arena *, size_t n);
/* Wipes and gives back. */
void arena_free(struct arena *, void *p);
/* Wipes and unmaps the whole. Nothing got from it may be used any more. */
void arena_close(struct arena *);
#endif
