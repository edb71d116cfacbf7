#ifndef CA_STORE_H
#define CA_STORE_H
#include <sys/stat.h>
#include <openssl/types.h>
#include "crypto.h"
#include "error-info.h"

/*
 * The CA certificates that servers are checked against: of a file or folder,
 * or, when bundle is NULL, the system's. All zero: none are loaded yet. Call
 * between crypto_enter() and crypto_leave(), one thread at a time.
 */
struct ca_store {
	X509_STORE *certificates;
	struct stat seen; /* the file or folder, as it was when it was read */
};

/*
 * Reads them if they were not read yet, or if the file or folder has changed.
 * What was read before stays when the change cannot be read. ERR_CONFIG (none
 * were ever read), ERR_MEMORY.
 */
enum err ca_store_refresh(struct ca_store *, const struct crypto *,
    const char *bundle, struct error_info *);
void ca_store_free(struct ca_store *);
#endif
