#ifndef KEY_H
#define KEY_H
#include "cryptoki.h"
#include "kms.h"

/* A KMS KeySpec as PKCS#11 sees it: one row each. */
struct spec {
	const char *kms; /* KeySpec */
	const char *usage; /* KeyUsage given to a key that is made here */
	CK_OBJECT_CLASS class
	    ; /* CKO_SECRET_KEY, or CKO_PRIVATE_KEY of a pair */
	CK_KEY_TYPE type;
	CK_ULONG bits;
	size_t material_len; /* bytes to import; 0: varies */
	const char
	    *wrapping; /* the wrapping algorithm, when none is asked for */
};
/* The row of a KeySpec, or NULL: this module cannot show such a key. */
const struct spec *spec_find(const char *kms);
/* The row for imported material of that type and length, or NULL. */
const struct spec *spec_of_material(CK_KEY_TYPE, size_t len);

/* The aliases of a key that are names in PKCS#11. */
struct key_names {
	bool known; /* all aliases were listed */
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
	const struct spec *spec;
	struct kms_key meta;
	struct key_names names;
};

/* A key of that metadata, which is moved in. NULL: no memory. */
struct key *key_new(struct kms_key *meta);
/* A copy, to be given other names. NULL: no memory. */
struct key *key_copy(const struct key *);
struct key *key_ref(struct key *);
void key_unref(struct key *); /* NULL is fine */

bool key_is_imported(const struct key *); /* Origin EXTERNAL */
bool key_is_pending(
    const struct key *); /* an import pair: waits for material */
/* Whether KMS lists the algorithm for the key. */
bool key_has_algorithm(const struct key *, const char *);

/* The classes of the objects that stand for the key now; how many of them. */
size_t key_classes(const struct key *, CK_OBJECT_CLASS classes[2]);
#endif
