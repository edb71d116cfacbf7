#ifndef ARENA_H
#define ARENA_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

/*
 * Memory for key material: mappings between guard pages, locked in RAM and left
 * out of core dumps. A forked child finds an arena wiped, unless it is one for
 * what the child goes on with. Thread-safe.
 */
struct arena;

/* size: bytes to begin with, and to grow by. *locked says whether the system
 * let the first be locked; later ones are where it lets them. */
enum err arena_open(size_t size, struct arena **out, bool *locked);
/* The same, and a forked child keeps what is in it. */
enum err arena_open_kept(size_t size, struct arena **out, bool *locked);
/* NULL when the system gives no more. What is got is aligned for any type. */
void *arena_alloc(struct arena *, size_t n);
/* Wipes and gives back. */
void arena_free(struct arena *, void *p);
/* Wipes and unmaps the whole. Nothing got from it may be used any more. */
void arena_close(struct arena *);

/* Around fork(), so that the child finds the arena whole and unlocked. */
void arena_before_fork(struct arena *);
void arena_after_fork(struct arena *); /* in the parent and in the child */
/* In a forked child: locks a kept arena in RAM, for the system does not hand
 * such locks on. False: it lets only a part of it be locked. */
bool arena_lock_in_child(struct arena *);
#endif
