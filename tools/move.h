#ifndef MOVE_H
#define MOVE_H
#include <stdio.h>
#include "p11.h"

/*
 * keyferry move: a plan (move-plan.c) of keys, each with the way it goes
 * (move-way.c) or the reason why not, is carried out (move-carry.c) and
 * reported (move-report.c).
 */

/* What a key is for, in the words of --usage. */
enum usage {
	USAGE_ANY = 0,
	USAGE_DECRYPT = 1,
	USAGE_SIGN = 2,
	USAGE_DERIVE = 4
};

struct kind;

/* Where a key stands. */
enum fate {
	FATE_GOES, /* planned */
	FATE_THERE, /* on the target already */
	FATE_CANNOT, /* the plan says why */
	FATE_MOVED,
	FATE_FAILED, /* tried; the reason says how far it came */
	FATE_LEFT, /* the run was ended before */
};

/* How a blob comes about on the source. A row of move-way.c. */
struct way;

#define REASON_SIZE 256

/* A key on the source that was asked for. */
struct key {
	const struct token *from;
	CK_OBJECT_HANDLE handle;
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	const struct kind *kind; /* NULL: of a type that is unknown here */
	const char *name; /* of its type and size: "EC P-256" */
	CK_ULONG bits; /* 0: unknown */
	struct blob label, id;
	struct blob params; /* CKA_EC_PARAMS */
	struct blob public; /* modulus or point, where it can be read */
	unsigned uses; /* enum usage, or-ed */
	enum usage usage; /* the one that it will have */
	const struct way *way;
	CK_MECHANISM_TYPE hash; /* of the OAEP in it */
	bool pair_left; /* an import pair of its names is there */
	enum fate fate;
	char reason[REASON_SIZE];
	struct blob unique_id; /* on the target */
};

/* What the command line said. */
struct wishes {
	enum usage usage;
	CK_MECHANISM_TYPE hash; /* 0: as the source can */
	CK_ULONG bits; /* of the wrapping keys */
	CK_DATE end_date;
	bool expires;
	const char *prefix; /* of labels on the target, or NULL */
	bool dry_run, yes, quiet;
	const char *report; /* a path, or NULL */
};

/* A wrapping pair on the target. */
struct pair {
	CK_OBJECT_HANDLE public, private;
};

struct plan {
	struct wishes wishes;
	struct token *to;
	bool to_keyferry; /* names are unique there, and keys have one usage */
	struct key *keys;
	size_t count;
	struct pair pair; /* of the session, for a target that is not ours */
};

/* move-kind.c: types and sizes */

/* What kind of key it is, from the source's attributes: sets type, kind,
 * name, bits, params, public and uses. */
void key_read_kind(struct key *);
/* Whether KMS imports such keys; if not, why. */
const char *key_not_for_kms(const struct key *);
/* The usage that a key in KMS will have; USAGE_ANY: none fits. */
enum usage key_choose_usage(const struct key *, enum usage wanted);
/* Whether an object of the target is of that kind and size. */
bool key_is_like(const struct key *, const struct token *, CK_OBJECT_HANDLE);
/* Whether its public half is another than the object's: if both are known. */
bool key_differs(const struct key *, const struct token *, CK_OBJECT_HANDLE);
/* Adds the usage flags for the new key. */
CK_ULONG key_usage_template(const struct key *, bool one, CK_ATTRIBUTE *);
#define USAGE_TEMPLATE_MAX 8
#define UNWRAP_TEMPLATE_MAX 12
const char *usage_name(enum usage);
enum usage usage_of_name(const char *); /* USAGE_ANY: no such */

/* move-plan.c */

/* Adds the keys that an URI selects on a token, and counts them; those that
 * are in the plan already stay there once. False: an error, said. */
bool plan_add(struct plan *, const struct token *, const CK_ATTRIBUTE *,
    CK_ULONG count, CK_ULONG *selected);
/* Decides what goes and how. */
void plan_decide(struct plan *);
void plan_free(struct plan *);

/* move-way.c */

/* The hash for OAEP that the source has; the wish, if there is one. */
CK_MECHANISM_TYPE way_hash(const struct token *from, CK_MECHANISM_TYPE wish);
/* The way from source to target, or NULL and why there is none. */
const struct way *way_find(
    const struct key *, const struct token *to, const char **why);
/* The mechanism that unwraps, and the name of how it was wrapped. */
CK_MECHANISM_TYPE way_mechanism(const struct way *);
const char *way_name(const struct way *);
const char *hash_name(CK_MECHANISM_TYPE);

/* A step on one of the tokens; the last that failed. */
struct step {
	const char *function;
	const struct token *on;
	CK_RV rv;
};

/* A key on its way. */
struct parcel {
	const struct key *key;
	const struct token *to;
	struct pair pair; /* on the target */
	CK_ULONG bits; /* of it */
	CK_OBJECT_HANDLE lent; /* its public half on the source */
	struct blob wrapped;
	CK_OBJECT_HANDLE arrived; /* the key on the target */
	struct step step;
};
/* Notes a step's result, and gives it back. */
CK_RV parcel_step(
    struct parcel *, const char *function, const struct token *, CK_RV);

/* Has the source wrap the key. */
CK_RV way_wrap(struct parcel *);
/* Has the target unwrap it into an object of that template. */
CK_RV way_unwrap(struct parcel *, const CK_ATTRIBUTE *, CK_ULONG count);

/* move-carry.c */

/* Takes one key over: sets its fate, reason and unique id. False: a token is
 * gone, and the others need not be tried. */
bool carry(struct plan *, struct key *);

/* move-report.c */

void report_plan(const struct plan *, FILE *);
/* Where it stands, on standard error; key: NULL at the end. */
void report_progress(
    const struct plan *, const struct key *, size_t done, size_t of);
/* What did not go and why, and how many did. */
void report_result(const struct plan *, FILE *);
/* A line of JSON for a key. */
void report_json(const struct plan *, const struct key *, FILE *);
size_t plan_count(const struct plan *, enum fate);

/* text.c */

/* For people: what is no printable text as \\xNN. Returns the columns. */
size_t text_print(FILE *, const struct blob *);
void text_print_hex(FILE *, const struct blob *);
/* A JSON string; bytes that are no UTF-8 become U+FFFD. */
void text_print_json(FILE *, const void *, size_t);
#endif
