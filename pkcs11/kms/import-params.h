#ifndef IMPORT_PARAMS_H
#define IMPORT_PARAMS_H
#include "token/call.h"

/*
 * What GetParametersForImport gives: the wrapping key and the import token of a
 * key that waits for its material, or is given it once more. For an import pair
 * they are kept in the state directory for the 24 hours that they are good,
 * because wrapping happens elsewhere: those of a key that waits in the file
 * pair-KEYID, those of the renewal pair beside a key in renew-KEYID.
 */
struct import_params {
	char algorithm[KMS_WORD_SIZE]; /* WrappingAlgorithm */
	char spec[KMS_WORD_SIZE]; /* WrappingKeySpec */
	struct kms_import_parameters parameters; /* token.len 0: not fetched */
	char digest[65]; /* of all that in its file: SHA-256 in hex, or "" */
};
#define IMPORT_PARAMS_INIT                               \
	{                                                \
		.parameters = KMS_IMPORT_PARAMETERS_INIT \
	}
void import_params_free(struct import_params *);
CK_ULONG import_params_bits(const struct import_params *); /* of its RSA key */

/* The WrappingAlgorithm for a key of that KeySpec where no template says it: by
 * the configuration and the token's Region. NULL: KMS has none there. */
const char *import_params_algorithm(
    const struct call *, const struct key_spec *);

/* Before a new key is made that would not be, or could not be filled with, what
 * its type in PKCS#11 says: CKR_TEMPLATE_INCONSISTENT for an AES key in China.
 */
CK_RV import_params_check_type(struct call *, const struct key_spec *);

/* Of material that is wrapped in this process: asked of KMS in the Region that
 * kms means, and not kept. */
enum err import_params_for_material(
    struct call *, struct kms *, const struct key *, struct import_params *);

/* Whether ImportKeyMaterial failed for its set of parameters, or for what was
 * wrapped with it. Who has the material gets another set, once, and wraps it
 * again. */
bool import_params_are_refused(enum err);
/* A log line that says so. kms has the error. */
void import_params_note_refused(
    struct call *, const struct kms *, const struct key *);

/* Those that are kept of an import pair, expired ones left out; where nothing
 * is kept, the algorithm and size that the configuration names. No network. */
enum err import_params_load(
    struct call *, const struct key *, bool renewal, struct import_params *);
/* As import_params_load(), and asks KMS for parameters where none are kept. */
enum err import_params_fetch(
    struct call *, const struct key *, bool renewal, struct import_params *);
/* Sets algorithm and size for the next fetch. bits 0 and algorithm "": the
 * default. Parameters that are so already are kept: a wrapped key may be on its
 * way. */
enum err import_params_choose(struct call *, const struct key *, bool renewal,
    const char *algorithm, CK_ULONG bits);
enum err import_params_forget(struct call *, const struct key *, bool renewal);
/* The set is spent: the next that is asked for is another, of the same
 * algorithm and size. */
enum err import_params_spend(struct call *, const struct key *, bool renewal);
struct import_set;
/* Those of the key as a set that travels, which is empty before. */
enum err import_params_to_set(
    const struct key *, const struct import_params *, struct import_set *);
/* Whether the state directory, or an import set, has a renewal pair for the key
 * of that id. */
bool import_params_has_renewal(struct call *, const char *key_id);

/* Readers of attributes of an import pair; those of the public key fetch it
 * when needed. */
CK_RV import_params_read_modulus(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_exponent(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_info(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_fingerprint(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_allowed(
    struct call *, const struct object *, struct buf *);
CK_RV import_params_read_bits(
    struct call *, const struct object *, struct buf *);
#endif
