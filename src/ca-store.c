#include <sys/stat.h>
#include <openssl/x509_vfy.h>
#include "ca-store.h"

enum err
ca_store_load(const struct crypto *c, const char *bundle, X509_STORE **out,
    struct error_info *error)
{
	X509_STORE *s = X509_STORE_new();
	struct stat st;
	int ok;

	if (s == NULL)
		return (ERR_MEMORY);
	if (bundle == NULL)
		ok = X509_STORE_set_default_paths_ex(s, c->lib, NULL);
	else if (stat(bundle, &st) == 0 && S_ISDIR(st.st_mode))
		ok = X509_STORE_load_path(s, bundle);
	else
		ok = X509_STORE_load_file_ex(s, bundle, c->lib, NULL);
	if (ok != 1) {
		X509_STORE_free(s);
		return (error_info_set(error, ERR_CONFIG,
		    "no CA certificates could be read from %s",
		    bundle != NULL ? bundle : "the system's folder"));
	}
	*out = s;
	return (ERR_OK);
}
