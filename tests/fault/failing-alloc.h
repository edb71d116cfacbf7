#ifndef FAILING_ALLOC_H
#define FAILING_ALLOC_H
#include <stdbool.h>
#include <stddef.h>

/*
 * The allocator of this program and of all libraries in it, which fails where
 * the test says: malloc(), calloc(), realloc() and their aligned kin. Freed
 * memory is overwritten, so that what is still used shows. Not together with
 * a sanitizer, which has an allocator of its own.
 */

/* From now on, in this thread, the n-th allocation (from 1) fails; 0: none
 * does, they are counted. all: those behind it fail too. */
void alloc_arm(size_t n, bool all);
/* How many there were since then. Allocations work again. */
size_t alloc_disarm(void);
/* Freed memory stays as it is, for a test that looks what is left there. */
void alloc_keep_freed(bool);
/* Meanwhile what this thread does is none of it. */
void alloc_pause(bool);

/* Blocks that were got while armed and are not freed: from mark() on, until
 * unmark(). */
void alloc_mark(void);
/* How many there are; their callers are printed when there are more than most. */
size_t alloc_unmark(size_t most);
/* In a process that crashes: says where, and ends as it would have. */
void alloc_on_crash(int sig);
#endif
