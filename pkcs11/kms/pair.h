#ifndef PAIR_H
#define PAIR_H
#include "token/call.h"

/*
 * The import pair of a key that waits for its material: the wrapping key and
 * token of GetParametersForImport, kept in the state directory for the 24
 * hours that they are good, because wrapping happens elsewhere.
 */
struct pair {
	char algorithm[KMS_WORD_SIZE]; /* WrappingAlgorithm */
	char spec[KMS_WORD_SIZE]; /* WrappingKeySpec */
	struct kms_import_parameters parameters; /* token.len 0: not fetched */
};
#define PAIR_INIT                                        \
	{                                                \
		.parameters = KMS_IMPORT_PARAMETERS_INIT \
	}
void pair_free(struct pair *);
CK_ULONG pair_bits(const struct pair *); /* of its RSA key */

/* What is kept of the key's pair, expired parameters left out; where nothing
 * is kept, the algorithm and size that the configuration names. No network. */
enum err pair_load(struct call *, const struct key *, struct pair *);
/* What material that is wrapped in this process goes with. Nothing is kept. */
void pair_for_material(const struct call *, const struct key *, struct pair *);
/* As pair_load(), and gets parameters from KMS where there are none. */
enum err pair_fetch(struct call *, const struct key *, struct pair *);
/* Sets what the pair will be, for the next fetch. bits 0 and algorithm "":
 * the default. Parameters that fit are kept: a key may be on its way. */
enum err pair_choose(
    struct call *, const struct key *, const char *algorithm, CK_ULONG bits);
enum err pair_forget(struct call *, const struct key *);

/* Readers of attributes; those of the public key fetch it when needed. */
CK_RV pair_read_modulus(struct call *, const struct object *, struct buf *);
CK_RV pair_read_exponent(struct call *, const struct object *, struct buf *);
CK_RV pair_read_info(struct call *, const struct object *, struct buf *);
CK_RV pair_read_allowed(struct call *, const struct object *, struct buf *);
CK_RV pair_read_bits(struct call *, const struct object *, struct buf *);
#endif
