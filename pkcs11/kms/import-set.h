#ifndef IMPORT_SET_H
#define IMPORT_SET_H
#include "token/call.h"

/*
 * A set of import parameters that travels: one file, or one subdirectory, of
 * the directory that the option import-sets names. Its name is the key id; with
 * renew- before that it is of a renewal pair, beside a key in use.
 * keyferry.conf(5) has the forms. Only root and this user can have written
 * there; what is in it is read within bounds all the same.
 */
struct import_set {
	char arn[KMS_ID_SIZE]; /* of the key; "": not told */
	char spec[KMS_WORD_SIZE], usage[KMS_WORD_SIZE]; /* "": not told */
	/* CurrentKeyMaterialId of a key in use; "": not told */
	char material_id[KMS_MATERIAL_ID_SIZE];
	char algorithm[KMS_WORD_SIZE]; /* WrappingAlgorithm; "": not told */
	char wrapping_spec[KMS_WORD_SIZE]; /* RSA_ and bits of the public key */
	struct buf token, public_key;
	double valid_to; /* seconds since 1970 */
	struct buf aliases; /* that lead to the key, each ended by a NUL */
};
#define IMPORT_SET_INIT                                                        \
	{                                                                      \
		.token = BUF_INIT(KMS_BLOB_MAX), .public_key = BUF_INIT(4096), \
		.aliases = BUF_INIT(2048)                                      \
	}
void import_set_free(struct import_set *);

/* The set of that key, or of its renewal pair. ERR_NOT_FOUND: there is none, or
 * none that can be used: it is damaged, past its end by AWS's clock, of another
 * Region or used already; the log says which. */
enum err import_set_read(
    struct call *, const char *key_id, bool renewal, struct import_set *);
/* The ids of the keys that have such sets there, each ended by a NUL. None
 * where the option is not set. */
enum err import_set_list(struct call *, bool renewal, struct buf *key_ids);
/* Writes it as one file. Nothing without the option. */
enum err import_set_write(
    struct call *, const char *key_id, bool renewal, const struct import_set *);
/* It must not be used again: it is removed, or, where it cannot be, the state
 * directory remembers that it is used. */
enum err import_set_spend(struct call *, const char *key_id, bool renewal);
#endif
