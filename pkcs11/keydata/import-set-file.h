#ifndef IMPORT_SET_FILE_H
#define IMPORT_SET_FILE_H
#include "kms.h"

/*
 * A set of import parameters as files carry it: one JSON object, in the words
 * of KMS's API, or the download of AWS's console. Anybody can have written
 * them: what is read here is within bounds and no more than that.
 */
struct import_set {
	char arn[KMS_ID_SIZE]; /* of the key; "": not told */
	char spec[KMS_WORD_SIZE], usage[KMS_WORD_SIZE]; /* "": not told */
	/* KeyState when the set was made; "": not told */
	char state[KMS_WORD_SIZE];
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

#define IMPORT_SET_FILE_MAX (32 * 1024) /* bytes of each file */
#define IMPORT_SET_HOURS_24 86400 /* seconds that a set is good for */
/* In the download, by hand: the key's ARN. It is read before the others. */
#define IMPORT_SET_ARN_FILE "KeyArn.txt"

/* ERR_REPLY, ERR_TOO_BIG: it is no set. */
enum err import_set_decode(struct view json, struct import_set *);
/* Appends the JSON object. */
enum err import_set_encode(const struct import_set *, struct buf *out);

/* Whether a file of that name is of the console's download. */
bool import_set_has_file(const char *name);
/* Takes in what such a file holds. written: when it was, in seconds since
 * 1970: with the import token's begin the 24 hours. */
enum err import_set_take_file(
    struct import_set *, const char *name, struct view content, double written);

/* The key id at the end of a key's ARN; "" where it is none. */
const char *import_set_key_id(const struct import_set *);
#endif
