#ifndef SAVED_STATES_H
#define SAVED_STATES_H
#include <pthread.h>
#include <stdint.h>
#include "cryptoki/cryptoki.h"
#include "operation.h"

struct token;

/*
 * What C_GetOperationState saved: copies of digests. OpenSSL shows nothing of
 * the inside of one, so the copies stay here, and what the program gets is a
 * name of random bytes. It is good in sessions of the token that are in the
 * same state (PKCS#11 3.2, section 5.6.7) until C_Finalize, or until as many
 * others as fit were saved after it.
 */
#define SAVED_STATE_BYTES 32
#define SAVED_STATES_MAX 256

struct saved_for {
	const struct token *token;
	CK_STATE state; /* of the session */
};

struct saved_state {
	uint8_t name[SAVED_STATE_BYTES];
	struct saved_for where; /* without a token: none is saved here */
	struct op op;
};

struct saved_states {
	pthread_mutex_t lock; /* for all below, by the caller */
	struct saved_state *rows; /* NULL until the first is saved */
	size_t next; /* of SAVED_STATES_MAX, where the oldest is */
};

void saved_states_init(struct saved_states *);
void saved_states_free(struct saved_states *);
/* In a forked child. whole: no thread was inside OpenSSL. */
void saved_states_in_child(struct saved_states *, bool whole);
/* With the lock: the oldest is gone, and in its place is *op, which is none
 * afterwards. ERR_MEMORY */
enum err saved_states_add(struct saved_states *, const struct saved_for *,
    const uint8_t name[SAVED_STATE_BYTES], struct op *);
/* With the lock, which guards what is found; or NULL. */
const struct op *saved_states_find(
    const struct saved_states *, const struct saved_for *, struct view name);
#endif
