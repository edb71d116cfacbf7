#ifndef CRYPTO_H
#define CRYPTO_H
#include <openssl/types.h>
#include "err.h"

/*
 * OpenSSL in a library context of our own. The host may itself be OpenSSL with
 * a PKCS#11 provider in front: what we do must not come back to us through it.
 * Made once in a process and never freed (freeing it under another thread's
 * random generator crashes that thread at its end).
 */
struct crypto {
	OSSL_LIB_CTX *lib; /* every fetch names it */
	OSSL_PROVIDER *provider;
};

/* Loads the host's OpenSSL configuration first, never into our context.
 * Call without holding a lock: that configuration may load this module. */
enum err crypto_open(struct crypto *);
/* For a program whose other threads have all ended: the module never can. */
void crypto_close(struct crypto *);

/*
 * Around each stretch that uses OpenSSL or curl, on the calling thread: makes
 * our context the thread's default and leaves the error queue as it was found.
 */
struct crypto_guard {
	OSSL_LIB_CTX *before;
	void *errors; /* the queue as found, NULL when empty */
};
void crypto_enter(const struct crypto *, struct crypto_guard *);
void crypto_leave(struct crypto_guard *);
#endif
