#ifndef CRYPTO_H
#define CRYPTO_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <openssl/types.h>
#include "clock.h"
#include "err.h"
#include "error-info.h"

/*
 * OpenSSL in a library context of our own. The host may itself be OpenSSL with
 * a PKCS#11 provider in front: what we do must not come back to us through it.
 * Made once in a process and never freed (freeing it under another thread's
 * random generator crashes that thread at its end). A forked child makes one of
 * its own: another thread may have held the parent's locks.
 */
struct crypto {
	OSSL_LIB_CTX *lib; /* every fetch names it */
	OSSL_PROVIDER *provider;
	struct crypto_users {
		pthread_rwlock_t inside; /* write: fork() is ahead */
		/* see conns_multi_init(); taken inside only */
		pthread_mutex_t descriptors;
	} * users;
	bool fips; /* of OpenSSL's FIPS provider, and of no other */
	bool ml_dsa, ml_kem; /* its providers have them: from 3.5 on */
	/* the same; those of FIPS sign nothing by DSA any more, and agree only
	 * in groups that have a name */
	bool dsa, dh;
};

/* What a context is made with. */
struct crypto_setup {
	bool fips; /* OpenSSL's FIPS provider alone: see fips.h */
	const char *fips_config; /* its file; NULL: OpenSSL's own */
};

/* Loads the host's OpenSSL configuration first, never into our context.
 * Call without holding a lock: that configuration may load this module. All
 * algorithms are there afterwards, or it fails and can be called again. The
 * provider is chosen before anything else is done in the context, so that no
 * algorithm and no random generator is another provider's. ERR_CONFIG, with the
 * reason: the FIPS provider cannot be used. */
enum err crypto_open(
    struct crypto *, const struct crypto_setup *, struct error_info *);
/* For a program whose other threads have all ended: the module never can. */
void crypto_close(struct crypto *);

/*
 * Around each stretch that uses OpenSSL or curl, on the calling thread: makes
 * our context the thread's default and leaves the error queue as it was found.
 */
struct crypto_guard {
	const struct crypto *crypto;
	OSSL_LIB_CTX *before;
	void *errors; /* the queue as found, NULL when empty */
};
void crypto_enter(const struct crypto *, struct crypto_guard *);
void crypto_leave(struct crypto_guard *);
/*
 * Within such a stretch: why OpenSSL did not do something, as far as its error
 * queue tells, which is empty afterwards. What it returns for want of memory
 * looks like a key, a reply or a signature that is no good.
 */
enum crypto_reason {
	CRYPTO_NONE, /* it does not tell: before 3.2, no memory may be it */
	CRYPTO_OTHER,
	CRYPTO_UNSUPPORTED, /* the provider does not have the algorithm */
	CRYPTO_KEY_SIZE, /* it refuses a key of that size */
	CRYPTO_NO_MEMORY
};
enum crypto_reason crypto_reason(void);
/* Adds what a caller gives to what our context's random generators make their
 * numbers of, within such a stretch. It cannot make them worse. */
bool crypto_mix_in(const struct crypto *, const uint8_t *, size_t);
/* Around a wait within such a stretch: meanwhile the thread uses neither. */
void crypto_pause(const struct crypto *);
void crypto_resume(const struct crypto *);
/* deadline_wait() as such a wait. The lock is let go once more before it
 * returns: a thread that holds it never waits for fork(). */
bool crypto_wait(const struct crypto *, const struct deadline *,
    pthread_cond_t *, pthread_mutex_t *);

/*
 * Before fork(): waits until no thread is inside, so that the child inherits
 * no lock that a thread of the parent's holds, neither of our context nor of
 * OpenSSL as a whole. False: one stays too long. Then, in the parent and in the
 * child, the other end of it. The child's context is still the parent's.
 */
bool crypto_before_fork(const struct crypto *);
void crypto_after_fork(const struct crypto *, bool waited);
void crypto_in_child(const struct crypto *);

/*
 * A pem_password_cb that has none. Every call that reads PEM names it: that of
 * OpenSSL asks at the terminal when a file is encrypted, and waits.
 */
int crypto_no_passphrase(char *, int, int, void *);
#endif
