#ifndef FIPS_H
#define FIPS_H
#include <openssl/types.h>
#include "err.h"
#include "error-info.h"

/*
 * A context in which nothing was done yet uses only OpenSSL's FIPS provider for
 * cryptography. path: the file that `openssl fipsinstall` wrote; NULL:
 * fipsmodule.cnf in OpenSSL's own directory. ERR_CONFIG, with the reason: the
 * provider cannot be used, and the context is of no use.
 */
enum err fips_use(OSSL_LIB_CTX *, const char *path, struct error_info *);
#endif
