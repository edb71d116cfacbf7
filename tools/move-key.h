#ifndef MOVE_KEY_H
#define MOVE_KEY_H
#include <time.h>
#include "fingerprint.h"
#include "keydata/check-value.h"
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

enum said { NOT_SAID, SAID_NO, SAID_YES };

enum key_status {
	STATUS_PLANNED,
	STATUS_SAME_NAME, /* the target has its names: to be compared */
	STATUS_PRESENT, /* the same key is on the target already */
	STATUS_RENEWED, /* it was, and has a new end */
	STATUS_REFUSED, /* not to be moved; the reason says why */
	STATUS_NOT_COMPARED, /* the target has its names; whether it is the same
				key is not known, and the reason says why */
	STATUS_DIFFERENT, /* the target has another key under its names */
	STATUS_MOVED,
	STATUS_FAILED, /* tried; the reason says which call failed */
	STATUS_NOT_TRIED, /* the run ended before its turn */
	STATUS_DIFFERS, /* it is there, not as the manifest says */
	STATUS_MISSING, /* it is in the manifest, and not there */
	STATUS_NOT_KNOWN, /* whether it is there; the reason says why */
};

/* What the command line, or a manifest, wants of a key. */
struct key_wish {
	enum usage usage;
	CK_ULONG hmac; /* bits of the hash of an HMAC key; 0: its own */
	CK_DATE end_date;
	time_t end; /* when that day is over */
	bool expires;
	unsigned ends; /* how often an end was given */
	/* of a key that is made in KMS */
	const char *tags; /* KEY=VALUE, with commas between; NULL: none more */
	enum said multi_region; /* else as the configuration says */
};

#define REASON_SIZE 1024
struct wanted_key;

/* One key of the source. The plan that holds it owns its buffers. */
struct key {
	struct token *from; /* NULL: a file has it */
	CK_OBJECT_HANDLE handle;
	const char *file; /* borrowed; NULL: a token has it */
	struct buf value; /* of a file's key: a secret key's bytes, or PKCS#8 */
	char check_value[2 * CHECK_VALUE_LEN + 1]; /* of a secret key, or "" */
	char fingerprint[FINGERPRINT_SIZE]; /* of its public half, or "" */
	const char
	    *into; /* borrowed: the target's key that it fills, or NULL */
	bool new_material; /* and rotates */
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	struct read_failure failure; /* of its attributes: the first */
	const struct key_spec *spec; /* NULL: no row for this type */
	const char *name; /* of its type and size: "EC P-256" */
	CK_ULONG bits; /* 0: unknown */
	struct buf label, id; /* that it will have on the target */
	struct buf own_label, own_id; /* on the source, where a token has it */
	struct buf params; /* CKA_EC_PARAMS */
	struct buf public; /* modulus or point; empty where not readable */
	unsigned uses; /* enum usage, or-ed */
	bool wraps; /* it wraps or unwraps, which no key in KMS does */
	bool has_certificate; /* which stays on the source */
	CK_RV certificate_rv; /* of the search for it */
	enum usage usage; /* the one that it will have in KMS */
	const struct hmac *hmac; /* what it will be in KMS; NULL: no HMAC key */
	CK_ULONG pair_bits; /* of its wrapping key */
	const struct wrap_method *method; /* NULL: none was found */
	CK_MECHANISM_TYPE hash; /* the hash of OAEP in that method */
	bool has_import_pair; /* the target holds an unused pair for it */
	struct key_wish wish;
	const struct wanted_key *wanted; /* a manifest's line of it, or NULL */
	/* the number, from 1, of the plan's key that has the material before
	 * this one; 0: it is the first */
	size_t before;
	CK_ULONG materials_there; /* how many its key in KMS has */
	struct buf differences; /* of that key from the manifest; or empty */
	CK_OBJECT_HANDLE there; /* the target's key of its names */
	enum key_status status;
	char reason[REASON_SIZE]; /* why it was refused, or how it failed */
	char wrapping_key[FINGERPRINT_SIZE]; /* its fingerprint, or "" */
	struct buf unique_id; /* CKA_UNIQUE_ID of the key on the target */
};

/* Fills in type, spec, name, bits, params, public and what it may do from the
 * source's attributes. What is not there stays empty. */
void key_read_spec(struct key *);
/* The same of a file's key whose type, bits and params are known. It may do
 * what is wanted, or else what KMS prefers for such a key. */
void key_find_spec(struct key *);
/* The KeySpec of such a key in KMS; "" where there is none. */
const char *key_kms_spec(const struct key *);
/* Makes an empty row a key of that KeySpec, without names and usage. False:
 * KMS imports no such keys, or out of memory. */
bool key_set_kms_spec(struct key *, const char *kms);
/* The usage that a key of the target has. */
enum usage key_usage_there(const struct token *, CK_OBJECT_HANDLE);
/* Why KMS cannot import such a key, or NULL. */
const char *key_why_not_importable(const struct key *);
/* The usage that the key will have in KMS; USAGE_ANY: KMS has none of its. */
enum usage key_choose_usage(const struct key *, enum usage wanted);
/*
 * What an HMAC key will be in KMS: of the wanted hash (its bits; 0: any), of
 * its own (CKA_ALLOWED_MECHANISMS, or its key type), or the longest that its
 * length has room for. False: there is none, and *why says why. Sets key->hmac;
 * of other keys it does nothing.
 */
bool key_choose_hmac(struct key *, CK_ULONG wanted, const char **why);
const char *hmac_name(const struct hmac *); /* "HMAC_256" */
CK_ULONG hmac_from_name(const char *); /* "sha256": 256; 0: there is none */
/* The key type by which the target is told of it. */
CK_KEY_TYPE key_target_type(const struct key *);
/* Length in bytes of what is wrapped, at most; 0: too long for OAEP. */
CK_ULONG key_wrapped_bytes(const struct key *);
/* Writes the usages that it has and will not have in KMS: "decrypt unwrap". */
#define LOST_SIZE 64
void key_lost_usages(const struct key *, char out[LOST_SIZE]);
/* Whether an object of the target has the same type and size. */
bool key_matches_spec(
    const struct key *, const struct token *, CK_OBJECT_HANDLE);
/* Whether both public halves are known and are, or are not, the same. */
bool key_public_differs(
    const struct key *, const struct token *, CK_OBJECT_HANDLE);
bool key_public_is_same(
    const struct key *, const struct token *, CK_OBJECT_HANDLE);

#define USAGE_TEMPLATE_MAX 8
/* Writes the usage attributes for the new key and returns how many. one: only
 * key->usage is true; otherwise the source's flags are copied. */
CK_ULONG key_usage_template(
    const struct key *, bool one, CK_ATTRIBUTE out[USAGE_TEMPLATE_MAX]);

const char *usage_name(enum usage); /* "" for USAGE_ANY */
enum usage usage_from_name(const char *); /* USAGE_ANY: no such usage */
/* The key stays where it is, for that reason. */
void key_refuse(struct key *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Whether something is still to be done about it. */
bool key_is_open(const struct key *);
void key_free(struct key *);
#endif
