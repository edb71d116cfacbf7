#ifndef IMPORT_PARAMS_H
#define IMPORT_PARAMS_H
#include "token/call.h"

/*
 * The import pair of a key that waits for its material: the wrapping key and
 * token of GetParametersForImport, kept in the state directory for the 24
 * hours that they are good, because wrapping happens elsewhere.
 */
struct import_params {
	char algorithm[KMS_WORD_SIZE]; /* WrappingAlgorithm */
	char spec[KMS_WORD_SIZE]; /* WrappingKeySpec */
	struct kms_import_parameters parameters; /* token.len 0: not fetched */
};
#define IMPORT_PARAMS_INIT                               \
	{                                                \
		.parameters = KMS_IMPORT_PARAMETERS_INIT \
	}
void import_params_free(struct import_params *);
CK_ULONG import_params_bits(const struct import_params *); /* of its RSA key */

/* What is kept of the key's pair, expired parameters left out; where nothing
 * is kept, the algorithm and size that the configuration names. No network. */
enum err import_params_load(
    struct call *, const struct key *, struct import_params *);
/* What material that is wrapped in this process goes with. Nothing is kept. */
void import_params_for_material(
    const struct call *, const struct key *, struct import_params *);
/* Sets what the pair will be, for the next fetch. bits 0 and algorithm "":
 * the default. Parameters that fit are kept: a key may be on its way. */
enum err import_params_choose(
    struct call *, const struct key *, const char *algorithm, CK_ULONG bits);
enum err import_params_forget(struct call *, const struct key *);

/* Readers of attributes; those of the public key fetch it when needed. */
CK_RV import_params_read_modulus(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_exponent(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_info(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_allowed(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_bits(
    struct call *, const struct object *, struct buf *);
#endif
