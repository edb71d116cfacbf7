#ifndef FIPS_H
#define FIPS_H
#include <openssl/types.h>
#include "err.h"
#include "error-info.h"

/*
 * From here on the context uses only OpenSSL's FIPS provider for cryptography.
 * path: the file that `openssl fipsinstall` wrote; NULL: fipsmodule.cnf in
 * OpenSSL's own directory. ERR_CONFIG, with the reason, if the provider cannot
 * be used; the context is then as before.
 */
enum err fips_use(OSSL_LIB_CTX *, const char *path, struct error_info *);
#endif
