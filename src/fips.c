#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <openssl/bio.h>
#include <openssl/conf.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include "fips.h"

/* Where `openssl fipsinstall` is told to write by OpenSSL's documentation. */
static void
default_path(char path[PATH_MAX])
{
	const char *dir = OPENSSL_info(OPENSSL_INFO_CONFIG_DIR);

	snprintf(path, PATH_MAX, "%s/fipsmodule.cnf", dir != NULL ? dir : "");
}

/* The section [fips_sect] of the file holds what the provider needs to test
 * itself; the provider "base" reads keys and certificates. */
static bool
load_providers(OSSL_LIB_CTX *lib, const char *path)
{
	char text[PATH_MAX + 256];
	CONF *conf = NCONF_new_ex(lib, NULL);
	BIO *bio = NULL;
	bool done = false;

	snprintf(text, sizeof(text),
	    "openssl_conf = main\n.include = %s\n[main]\n"
	    "providers = providers\n[providers]\nfips = fips_sect\n"
	    "base = base_sect\n[base_sect]\nactivate = 1\n",
	    path);
	OPENSSL_load_builtin_modules();
	if (conf != NULL && (bio = BIO_new_mem_buf(text, -1)) != NULL)
		done = NCONF_load_bio(conf, bio, NULL) == 1 &&
		       CONF_modules_load(conf, NULL, 0) == 1;
	BIO_free(bio);
	NCONF_free(conf);
	return (done && OSSL_PROVIDER_available(lib, "fips") == 1);
}

enum err
fips_use(OSSL_LIB_CTX *lib, const char *path, struct error_info *error)
{
	char found[PATH_MAX], why[256] = "";

	if (path == NULL) {
		default_path(found);
		path = found;
	}
	if (EVP_default_properties_enable_fips(lib, 1) == 1 &&
	    load_providers(lib, path))
		return (ERR_OK);
	if (ERR_peek_error() != 0)
		ERR_error_string_n(ERR_peek_error(), why, sizeof(why));
	return (error_info_set(error, ERR_CONFIG,
	    "run `openssl fipsinstall`, and see fips-config in "
	    "keyferry.conf(5): OpenSSL's FIPS provider cannot be used with %s: "
	    "%s",
	    path, why));
}
