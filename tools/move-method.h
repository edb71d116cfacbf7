#ifndef MOVE_METHOD_H
#define MOVE_METHOD_H
#include "move-key.h"

/* How a key is wrapped on the source and unwrapped on the target. */

/* A row in move-method.c. */
struct wrap_method;

/* A PKCS#11 call and its result: the last one of a transfer. */
struct call_result {
	const char *function;
	const struct token *on;
	CK_RV rv;
};

struct key_pair {
	CK_OBJECT_HANDLE public, private;
};

/* The state of one key's transfer. */
struct transfer {
	const struct key *key;
	const struct token *to;
	const struct wrap_method *method;
	struct key_pair pair; /* the wrapping pair on the target */
	CK_OBJECT_HANDLE
	source_wrapping_key; /* its public half, on the source */
	char fingerprint[FINGERPRINT_SIZE]; /* of the pair, or "" */
	struct buf wrapped;
	CK_OBJECT_HANDLE target_key; /* the key that was moved */
	struct call_result last_call;
};
/* Records a call's result, and returns it. */
CK_RV transfer_record(
    struct transfer *, const char *function, const struct token *, CK_RV);

/* The hash for OAEP: the wanted one, or, for 0, one that the source has. */
CK_MECHANISM_TYPE choose_oaep_hash(
    const struct token *source, CK_MECHANISM_TYPE wanted);
const char *hash_name(CK_MECHANISM_TYPE);

/* The size of the wrapping key: the wanted one, or the largest below it that
 * the source takes. 0: the source takes none of those that KMS has. */
CK_ULONG choose_wrapping_bits(const struct token *source, CK_ULONG wanted);

/* The next method behind that one (NULL: the first) that both tokens can do;
 * NULL, with *why, if there is none. */
const struct wrap_method *method_find(const struct key *,
    const struct token *to, const struct wrap_method *behind, const char **why);
const char *method_name(const struct wrap_method *);
/* The mechanism that unwraps what it produces. */
CK_MECHANISM_TYPE method_unwrap_mechanism(const struct wrap_method *);

/* The next method behind that one (NULL: the first) that the token has the
 * mechanisms for, and whose result that mechanism unwraps; NULL: there is none.
 */
const struct wrap_method *method_of_source(const struct token *,
    CK_MECHANISM_TYPE unwrap, const struct wrap_method *behind);

/* Makes an RSA public key a session object of the source:
 * transfer->source_wrapping_key. */
CK_RV method_import_wrapping_key(
    struct transfer *, struct view modulus, struct view exponent);
/* Has the source wrap the key, into transfer->wrapped. */
CK_RV method_wrap(struct transfer *);
/* Has the target unwrap it into an object with that template. */
CK_RV method_unwrap(struct transfer *, const CK_ATTRIBUTE *, CK_ULONG count);
#endif
