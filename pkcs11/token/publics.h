#ifndef PUBLICS_H
#define PUBLICS_H
#include <openssl/evp.h>
#include <pthread.h>
#include "store.h"

struct call;

/*
 * Public keys of pairs in KMS, got once: a KMS key never has another. They
 * stay until the token is closed, so what is handed out needs no hold.
 */
struct public_key {
	char key_id[KMS_ID_SIZE];
	struct buf info; /* SubjectPublicKeyInfo, DER */
	EVP_PKEY *pkey; /* in the module's library context */
};

struct publics {
	pthread_mutex_t lock; /* never held across the network */
	struct public_key **rows; /* by key id */
	size_t count, cap;
};

void publics_init(struct publics *);
void publics_free(struct publics *);

/* The key's public half; asks KMS for it the first time, unless the key's state
 * is one in which KMS does not say: CKR_ATTRIBUTE_TYPE_INVALID. */
CK_RV public_get(struct call *, const struct key *, const struct public_key **);

/* The id of the key whose public half that is (SubjectPublicKeyInfo, DER),
 * among those that were got. False: none of them. */
bool public_find(struct call *, struct view info, char key_id[KMS_ID_SIZE]);

/* Whether the attribute of a key in KMS can have a value of that length: for a
 * modulus or a point of another size nobody need be asked. */
bool public_fits(const struct object *, const CK_ATTRIBUTE *);

/* Readers of attributes of either half. */
CK_RV public_read_modulus(struct call *, const struct object *, struct buf *);
CK_RV public_read_exponent(struct call *, const struct object *, struct buf *);
CK_RV public_read_bits(struct call *, const struct object *, struct buf *);
CK_RV public_read_params(struct call *, const struct object *, struct buf *);
CK_RV public_read_point(struct call *, const struct object *, struct buf *);
CK_RV public_read_info(struct call *, const struct object *, struct buf *);
/* CKA_VALUE of ML-DSA's and ML-KEM's public half, and CKA_PARAMETER_SET. */
CK_RV public_read_value(struct call *, const struct object *, struct buf *);
CK_RV public_read_set(struct call *, const struct object *, struct buf *);
#endif
