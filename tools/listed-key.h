#ifndef LISTED_KEY_H
#define LISTED_KEY_H
#include <stdio.h>
#include <time.h>
#include "fingerprint.h"
#include "token.h"

/* A key on Keyferry's token, as its attributes show it. */
struct listed_key {
	CK_OBJECT_HANDLE handle;
	struct buf label, id, arn, spec, usage, origin, state, regions;
	bool waits; /* for material: it is an import pair */
	bool had_material; /* KMS shows an id of some, which it does of AES */
	bool has_own_id; /* an id that somebody gave it */
	time_t end; /* of its material; 0: it does not end, or is not there */
	time_t deletion; /* when KMS deletes it; 0: it does not */
	CK_ULONG materials, missing; /* CK_UNAVAILABLE_INFORMATION: not known */
	struct read_failure failure; /* the first that could not be read */
};
struct key_list {
	struct listed_key *rows;
	size_t count, cap;
};

/*
 * Finds the keys, in whatever state, that have these attributes (at most 6),
 * each once; not the renewal pairs beside keys. On failure, says why on
 * standard error. The caller frees the list either way.
 */
bool key_list_find(struct key_list *, const struct token *,
    const CK_ATTRIBUTE *, CK_ULONG count);
/* How many keys the last search left out, for KMS does not let them be seen;
 * says so of each on standard error. *ids: what they are known by, each with a
 * NUL behind it; the caller frees it. *names: whether it saw the names of keys.
 */
size_t key_list_tell_left_out(
    const struct token *, struct buf *ids, bool *names);
/* As key_list_find(), but on failure only writes why. */
CK_RV key_list_search(struct key_list *, const struct token *,
    const CK_ATTRIBUTE *, CK_ULONG count, char said[TOKEN_ERROR_SIZE]);
void key_list_free(struct key_list *);

/* Whether that is its ARN or its key id. */
bool listed_key_is_named(const struct listed_key *, const char *name);
/* Whether KMS let it be described: else its public key alone is known. */
bool listed_key_is_described(const struct listed_key *);
/* The bits of an HMAC key's hash; 0 of another key. */
CK_ULONG listed_key_hmac(const struct listed_key *);
/* SHA-256 of its SubjectPublicKeyInfo, in hexadecimal digits; "" of a secret
 * key, and where it cannot be read. */
void listed_key_fingerprint(const struct token *, const struct listed_key *,
    char out[FINGERPRINT_SIZE]);
/* Whether the material ends before that time, or has ended. */
bool listed_key_ends(const struct listed_key *, time_t);
/* Whole days until the end, rounded down; below 0 when it is over. */
long listed_key_days(const struct listed_key *, time_t now);
/* Whether it waits for material without a name, or never had any. */
bool listed_key_is_leftover(const struct listed_key *);
#endif
