#ifndef CA_STORE_H
#define CA_STORE_H
#include <openssl/types.h>
#include "crypto.h"
#include "error-info.h"

/*
 * The CA certificates that servers are checked against: of a file or folder,
 * or, when bundle is NULL, the system's. Call between crypto_enter() and
 * crypto_leave(). ERR_CONFIG, ERR_MEMORY; freed with X509_STORE_free().
 */
enum err ca_store_load(const struct crypto *, const char *bundle,
    X509_STORE **out, struct error_info *);
#endif
