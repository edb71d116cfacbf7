#ifndef PUBKEY_CACHE_H
#define PUBKEY_CACHE_H
#include <openssl/evp.h>
#include <pthread.h>
#include "crypto.h"
#include "kms.h"

/*
 * Public keys of pairs in KMS, got once: a KMS key never has another. They
 * stay until the token is closed, so what is handed out needs no hold.
 */
struct pubkey {
	char key_id[KMS_ID_SIZE];
	struct buf info; /* SubjectPublicKeyInfo, DER */
	EVP_PKEY *pkey; /* in the module's library context */
};

struct pubkey_cache {
	pthread_mutex_t lock; /* never held across the network */
	struct pubkey **rows; /* by key id */
	size_t count, cap;
};

void pubkey_cache_init(struct pubkey_cache *);
void pubkey_cache_free(struct pubkey_cache *);

void pubkey_free(struct pubkey *); /* NULL is fine */

/* NULL: it is not there. */
const struct pubkey *pubkey_cache_find(
    struct pubkey_cache *, const char *key_id);
/* Takes the key over, and returns it, or one of that id that came first. NULL:
 * no memory. */
const struct pubkey *pubkey_cache_add(struct pubkey_cache *, struct pubkey *);
/* The id of the key whose public half that is (SubjectPublicKeyInfo, DER).
 * False: it is not there. */
bool pubkey_cache_owner(struct pubkey_cache *, const struct crypto *,
    struct view info, char key_id[KMS_ID_SIZE]);
#endif
