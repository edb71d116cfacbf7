#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include "ca-store.h"
#include "env.h"

/* Where OpenSSL finds the system's certificates. */
static const char *
system_file(void)
{
	const char *file = env_get(X509_get_default_cert_file_env());

	return (file != NULL ? file : X509_get_default_cert_file());
}

static bool
is_same(const struct stat *a, const struct stat *b)
{
	return (a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_size == b->st_size &&
		a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec);
}

static enum err
load(const struct crypto *c, const char *bundle, bool folder, X509_STORE **out)
{
	X509_STORE *s = X509_STORE_new();
	int ok;

	if (s == NULL)
		return (ERR_MEMORY);
	if (bundle == NULL)
		ok = X509_STORE_set_default_paths_ex(s, c->lib, NULL);
	else if (folder)
		ok = X509_STORE_load_path(s, bundle);
	else
		ok = X509_STORE_load_file_ex(s, bundle, c->lib, NULL);
	if (ok != 1) {
		X509_STORE_free(s);
		return (ERR_CONFIG);
	}
	*out = s;
	return (ERR_OK);
}

enum err
ca_store_refresh(struct ca_store *cs, const struct crypto *c,
    const char *bundle, struct error_info *error)
{
	X509_STORE *certificates;
	struct stat now = {.st_mode = 0};
	enum err e;

	/* before it is read: what changes meanwhile is read the next time */
	(void)stat(bundle != NULL ? bundle : system_file(), &now);
	if (cs->certificates != NULL && is_same(&now, &cs->seen))
		return (ERR_OK);
	e = load(c, bundle, S_ISDIR(now.st_mode), &certificates);
	if (e == ERR_OK) {
		ca_store_free(cs);
		*cs = (struct ca_store){certificates, now};
		return (ERR_OK);
	}
	if (cs->certificates != NULL)
		return (ERR_OK);
	return (error_info_set(error, e,
	    "no CA certificates could be read "
	    "from %s",
	    bundle != NULL ? bundle : "the system's folder"));
}

void
ca_store_free(struct ca_store *cs)
{
	X509_STORE_free(cs->certificates);
	*cs = (struct ca_store){.certificates = NULL};
}
