#ifndef IV_COUNTERS_H
#define IV_COUNTERS_H
#include <pthread.h>
#include <stdbool.h>
#include "buf.h"

/*
 * Initialization vectors that this process has made by counting, so that none
 * comes twice under one key: not in another session, nor after another Init,
 * nor for a copy of the key.
 */
#define IV_COUNTER_BYTES_MAX 128 /* bytes */
#define IV_KEY_HASH 32

struct iv_counter;

struct iv_counters {
	pthread_mutex_t lock; /* never held long */
	struct iv_counter *rows;
	size_t count, cap;
	bool
	    parents; /* this process was forked by one that has the keys, too */
};

void iv_counters_init(struct iv_counters *);
void iv_counters_free(struct iv_counters *);
/* Around fork(), so that the child finds them whole and unlocked. */
void iv_counters_before_fork(struct iv_counters *);
void iv_counters_after_fork(struct iv_counters *);
/* In a forked child: the parent goes on with its sequences, so that the child
 * never does. */
void iv_counters_in_child(struct iv_counters *);

/* A row of vectors: number n is the first one plus n, without a carry into the
 * fixed bits; if by_caller, the first one XOR n. */
struct iv_sequence {
	uint8_t key[IV_KEY_HASH]; /* a hash of the key */
	struct view first;
	size_t
	    fixed_bits; /* the leading ones, which the number must not reach */
	bool by_caller; /* the caller chose all of the first one */
	bool at_random; /* it begins where no other process will meet it */
};

/*
 * The next vector of the sequence, into iv, which has first.len bytes; none is
 * given twice. Unless by_caller, what is in the first one behind the fixed bits
 * counts on the first call for key and fixed bits alone: after that, the
 * sequence goes on. ERR_TOO_BIG: there are no more, or a parent process may
 * count through the same ones; ERR_MEMORY.
 */
enum err iv_counters_next(
    struct iv_counters *, const struct iv_sequence *, uint8_t *iv);
#endif
