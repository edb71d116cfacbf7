#ifndef MOVE_KEY_H
#define MOVE_KEY_H
#include "fingerprint.h"
#include "token.h"

/* A key to be moved: its type and size, what it may do, where it stands. */

/* What a key may do, in the words of --usage. Bits, to be or-ed. */
enum usage {
	USAGE_ANY = 0,
	USAGE_DECRYPT = 1,
	USAGE_SIGN = 2,
	USAGE_DERIVE = 4
};

/* A key type and size. A row in move-key.c. */
struct key_spec;

enum key_status {
	STATUS_PLANNED,
	STATUS_PRESENT, /* on the target already */
	STATUS_REFUSED, /* not to be moved; the reason says why */
	STATUS_MOVED,
	STATUS_FAILED, /* tried; the reason says which call failed */
	STATUS_NOT_TRIED, /* the run ended before its turn */
};

#define REASON_SIZE 256

/* One key of the source. The plan that holds it owns its buffers. */
struct key {
	const struct token *from;
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	const struct key_spec *spec; /* NULL: no row for this type */
	const char *name; /* of its type and size: "EC P-256" */
	CK_ULONG bits; /* 0: unknown */
	struct buf label, id;
	struct buf params; /* CKA_EC_PARAMS */
	struct buf public; /* modulus or point; empty where not readable */
	unsigned uses; /* enum usage, or-ed */
	enum usage usage; /* the one that it will have in KMS */
	const struct wrap_method *method; /* NULL: none was found */
	CK_MECHANISM_TYPE hash; /* the hash of OAEP in that method */
	bool has_import_pair; /* the target holds an unused pair for it */
	enum key_status status;
	char reason[REASON_SIZE]; /* why it was refused, or how it failed */
	char wrapping_key[FINGERPRINT_SIZE]; /* its fingerprint, or "" */
	struct buf unique_id; /* CKA_UNIQUE_ID of the key on the target */
};

/* Fills in type, spec, name, bits, params, public and uses from the source's
 * attributes. What cannot be read stays empty. */
void key_read_spec(struct key *);
/* Why KMS cannot import such a key, or NULL. */
const char *key_why_not_importable(const struct key *);
/* The usage that the key will have in KMS; USAGE_ANY: KMS has none of its. */
enum usage key_choose_usage(const struct key *, enum usage wanted);
/* Whether an object of the target has the same type and size. */
bool key_matches_spec(
    const struct key *, const struct token *, CK_OBJECT_HANDLE);
/* Whether both public halves are known and are not the same. */
bool key_public_differs(
    const struct key *, const struct token *, CK_OBJECT_HANDLE);

#define USAGE_TEMPLATE_MAX 8
/* Writes the usage attributes for the new key and returns how many. one: only
 * key->usage is true; otherwise the source's flags are copied. */
CK_ULONG key_usage_template(
    const struct key *, bool one, CK_ATTRIBUTE out[USAGE_TEMPLATE_MAX]);

const char *usage_name(enum usage); /* "" for USAGE_ANY */
enum usage usage_from_name(const char *); /* USAGE_ANY: no such usage */
void key_free(struct key *);
#endif
