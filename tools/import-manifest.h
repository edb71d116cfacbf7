#ifndef IMPORT_MANIFEST_H
#define IMPORT_MANIFEST_H
#include "key-file.h"
#include "key-options.h"
#include "move-key.h"
#include "options.h"
#include "record-file.h"

/* What of the algorithm (alg) that a JSON Web Key names. */
enum said_algorithm {
	ALGORITHM_IGNORED, /* a key in KMS says what it is for */
	ALGORITHM_DEFAULT, /* it counts where nothing else is wanted */
	ALGORITHM_HELD, /* and what is wanted must not contradict it */
};
/* What is wanted of a key: by the command line, or by a manifest. Texts that
 * were not given are NULL. */
struct wanted_key {
	char *file; /* that has the key */
	char *source; /* PKCS#11 URI of the token's key, where no file has it */
	char *label, *into;
	/* what else a manifest tells of it, to compare with */
	char *material; /* KeyMaterialId */
	char *arn; /* of the key that has the material of that id */
	char *regions; /* of that key, with a blank between two */
	char *spec; /* KeySpec */
	char *public_key; /* SHA-256 of SubjectPublicKeyInfo, in hexadecimal */
	char *check_value; /* CKA_CHECK_VALUE, in hexadecimal */
	unsigned line; /* of the manifest */
	struct key_id id;
	enum key_format format;
	enum said_algorithm algorithm;
	bool new_material;
	struct key_wish wish;
};
struct wanted_keys {
	struct record_file file; /* has the texts */
	struct wanted_key *rows;
	size_t count, cap;
};
#define WANTED_KEYS_INIT                  \
	{                                 \
		.file = RECORD_FILE_INIT, \
	}

#define WANTED_OPTIONS 10
/* The options, and columns of a manifest, that say it. */
void wanted_key_options(struct wanted_key *, struct option_row[WANTED_OPTIONS]);
/* The label that is wanted: without any name, the file's without directory and
 * extension. */
struct view wanted_key_label(const struct wanted_key *);
/* The file's name without directory and extension: the label of its key. */
struct view label_of_file(const char *file);
/* What is wrong with it, or NULL. */
const char *wanted_key_check(const struct wanted_key *);
/* False: out of memory, and it said so. */
bool wanted_keys_add(struct wanted_keys *, const struct wanted_key *);
/* Adds a manifest's keys; an empty field is as the defaults say. need_key:
 * each is to have a file or a source, and not both. An end may be over. On
 * failure, says why on standard error. */
bool wanted_keys_read(struct wanted_keys *, const char *manifest,
    const struct wanted_key *defaults, bool need_key);
void wanted_keys_free(struct wanted_keys *);
#endif
