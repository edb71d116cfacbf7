#ifndef KEY_H
#define KEY_H
#include "cryptoki/cryptoki.h"
#include "kms.h"

struct digest;

/* A KMS KeySpec as PKCS#11 sees it: one row each. */
struct key_spec {
	const char *kms; /* KeySpec */
	/* CKO_SECRET_KEY, or CKO_PRIVATE_KEY of a pair */
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ULONG bits;
	unsigned usages; /* enum key_usage: those that KMS has for it */
	/* bytes of a secret key's material; 0: PKCS#8 of a private key */
	size_t min_len, max_len;
	/* WrappingAlgorithm when none is asked for; NULL: never imported */
	const char *wrapping;
	/* the only hash that KMS signs or MACs with; NULL: any, or none */
	const struct digest *digest;
	struct view params; /* CKA_EC_PARAMS */
};
/* The row of a KeySpec, or NULL: this module cannot show such a key. */
const struct key_spec *key_spec_find(const char *kms);
/* The row for a secret key's imported material, or NULL. bits 0: by its
 * length; else of just that many bits. */
const struct key_spec *key_spec_of_secret(
    CK_KEY_TYPE, size_t len, CK_ULONG bits);
/* The row of keys for HMAC with that hash; NULL: KMS has none. */
const struct key_spec *key_spec_of_hmac(const struct digest *);
/* The row for a pair: RSA by bits, curves by CKA_EC_PARAMS, others by
 * CKA_PARAMETER_SET in place of bits. NULL: none. */
const struct key_spec *key_spec_of_pair(
    CK_KEY_TYPE, CK_ULONG bits, struct view params);
/* The mechanism that makes such keys: CKA_KEY_GEN_MECHANISM. */
CK_MECHANISM_TYPE key_spec_generator(const struct key_spec *);

/* The aliases of a key that are names in PKCS#11. */
struct key_names {
	bool known; /* all aliases were listed */
	/* what its aliases say is not shown: others may have planted them */
	bool withheld;
	unsigned labels; /* how many of them are labels, when known */
	char label[KMS_ALIAS_SIZE]; /* the alias shown as label, "" for none */
	char id[KMS_ALIAS_SIZE]; /* "" for the default id */
};

/*
 * One KMS key as last seen, with its names. Never changed once others see it:
 * what KMS says anew makes a new one.
 */
struct key {
	unsigned refs; /* atomic */
	const struct key_spec *spec;
	struct kms_key meta;
	struct key_names names;
	/* held: a key of the same material for another usage, which makes one
	 * object with this one; NULL: there is none */
	struct key *companion;
	bool is_companion; /* of another, and part of its object */
	bool is_outside; /* of the selection: a search does not find it */
	/* an import set tells of it, and KMS has not described it */
	bool by_set;
	/* the state directory has a renewal pair for it: an import pair beside
	 * the key, whatever its state */
	bool has_renewal_pair;
};

/* A key of that metadata, which is moved in. NULL: no memory. */
struct key *key_new(struct kms_key *meta);
/* A copy, to be given other names. NULL: no memory. */
struct key *key_copy(const struct key *);
struct key *key_ref(struct key *);
/* For qsort() and bsearch() of pointers to keys: by key id. */
int key_order(const void *, const void *);
void key_unref(struct key *); /* NULL is fine */

/* Whether all that KMS may say anew of a key is the same in both. */
bool key_says_same(const struct key *, const struct key *);

/* The key, or the one beside it, that has the usage, whatever its state; NULL:
 * neither. */
struct key *key_for_usage(struct key *, enum key_usage);

bool key_is_imported(const struct key *); /* Origin EXTERNAL */
/* Its material was made in KMS, or by KMS in a CloudHSM cluster, and never left
 * it. Where that of an external key store is from, KMS does not know. */
bool key_is_made_by_kms(const struct key *);
bool key_is_pending_import(
    const struct key *); /* an import pair: waits for material */
/* Whether KMS lists an algorithm of that name for the key, or one that begins
 * so. */
bool key_has_algorithm(const struct key *, const char *, bool prefix);

bool key_is_usable(const struct key *); /* KMS works with it */
bool key_is_pending_deletion(const struct key *); /* waits for its deletion */

/* The classes of the objects that stand for the key, whatever its state, or of
 * its import pair; how many of them. None: this module shows no such key. */
size_t key_classes(const struct key *, bool pair, CK_OBJECT_CLASS classes[2]);
#endif
