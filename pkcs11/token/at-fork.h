#ifndef AT_FORK_H
#define AT_FORK_H
#include "iv-counters.h"
#include "saved-states.h"
#include "session.h"
#include "token.h"

/*
 * What a forked child goes on with: sessions, logins, handles, objects, and the
 * operations that no other thread was at. The locks that guard them are held
 * while the process forks, so the child finds them whole. None of them is ever
 * held while a thread waits for the network or for fork().
 */
struct at_fork {
	struct sessions *sessions;
	struct token *tokens;
	size_t token_count;
	struct iv_counters *iv_counters;
	struct saved_states *saved_states;
	struct arena *arena; /* of what they keep there */
};
void at_fork_lock(const struct at_fork *);
void at_fork_unlock(const struct at_fork *); /* in the parent and the child */

/* In the child, as soon as it runs: the parent's connections are let go of. */
void at_fork_abandon(const struct at_fork *);
/* The parents' clients: never used, and never freed. */
struct abandoned {
	struct client **rows;
	size_t count, cap;
};
/*
 * In the child, at its first call: takes it all over. No token has a client
 * afterwards. whole: no thread was inside OpenSSL; else what OpenSSL had of
 * operations and public keys is not relied on, and left alone.
 */
void at_fork_take_over(const struct at_fork *, bool whole, struct abandoned *);
#endif
