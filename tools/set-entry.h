#ifndef SET_ENTRY_H
#define SET_ENTRY_H
#include <openssl/types.h>
#include <stdbool.h>
#include "fingerprint.h"
#include "keydata/import-set-file.h"

/* One import set in a directory, as `keyferry pair` writes it, or as AWS's
 * console's download. Anybody can have written it: the module checks it when it
 * is given to it. */
#define SET_FILE "import-set.json" /* all of the set; the others are parts */
#define WRAPPED_FILE "wrapped-key.bin" /* what comes back from the HSM */

struct set_entry {
	char *path; /* of its directory; owned */
	struct import_set set;
	struct buf json; /* the set as the module takes it */
	char region[64]; /* out of the ARN; "": it has none */
	char fingerprint[FINGERPRINT_SIZE]; /* "": it is no RSA key */
};

/* Fills in the entry from its JSON. False: it is no set. */
bool set_entry_read(struct set_entry *);
/* Reads the set in the directory. arn: of its key, if nothing there tells it,
 * or NULL. False: there is none, or *why says, as a static text, what is wrong
 * with the one that is there. The caller frees it either way. */
bool set_entry_load(
    struct set_entry *, const char *path, const char *arn, const char **why);
void set_entry_free(struct set_entry *);
/* Its RSA key, which the caller frees; NULL: it is none. */
EVP_PKEY *set_entry_wrapping_key(const struct set_entry *, OSSL_LIB_CTX *);

/* DIRECTORY/NAME; the caller frees it. */
char *set_path(const char *directory, const char *name);
/* Reads a file that may be anything, at most as long as the buf may be. False:
 * errno says why. */
bool set_read_file(const char *path, struct buf *, double *written);
/* What to say of an errno of set_read_file(). */
const char *set_file_error(int error);
#endif
