/*
 * Programs that use libcurl themselves. While curl_global_init() runs, libcurl
 * holds a lock of its own and loads OpenSSL's configuration; this may activate a
 * provider that calls C_Initialize in the same thread, as pkcs11-provider does
 * with `pkcs11-module-load-behavior = early`. If C_Initialize called libcurl, it
 * would wait for that lock for ever. And when the program calls
 * curl_global_cleanup(), the module must go on.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <curl/curl.h>
#include <openssl/core_dispatch.h>
#include <openssl/provider.h>
#include "cryptoki/cryptoki.h"
#include "account.h"
#include "child.h"

#define HANG_SECONDS 60

static bool in_global_init, seen;
static CK_RV provider_rv = CKR_GENERAL_ERROR;

/* What pkcs11-provider does with the module when it is loaded early. */
static CK_RV
use_early(void)
{
	CK_OBJECT_CLASS profile = CKO_PROFILE;
	CK_ATTRIBUTE template = {CKA_CLASS, &profile, sizeof(profile)};
	CK_OBJECT_HANDLE h;
	CK_TOKEN_INFO info;
	CK_SLOT_ID slot;
	CK_ULONG n = 1;
	CK_BYTE random[8];
	CK_RV rv;

	if ((rv = p11_begin()) != CKR_OK ||
	    (rv = p11->C_GetSlotList(CK_FALSE, &slot, &n)) != CKR_OK ||
	    (rv = p11->C_GetTokenInfo(slot, &info)) != CKR_OK ||
	    (rv = p11->C_GenerateRandom(rw, random, sizeof(random))) !=
		CKR_OK ||
	    (rv = p11->C_FindObjectsInit(rw, &template, 1)) != CKR_OK ||
	    (rv = p11->C_FindObjects(rw, &h, 1, &n)) != CKR_OK)
		return (rv);
	return (p11->C_FindObjectsFinal(rw));
}

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH nothing[] = {{0, NULL}};

	(void)in;
	*out = nothing;
	*context = (void *)&in_global_init;
	seen = handle != NULL && in_global_init;
	provider_rv = use_early();
	return (1);
}

/* A request to the KMS. */
static CK_RV
use_key(void)
{
	CK_OBJECT_HANDLE key = find_label("startup", CKO_SECRET_KEY);
	CK_BYTE out[512];
	CK_ULONG n = sizeof(out);

	return (encrypt(key, &kms_mechanism, "text", 4, out, &n));
}

/* A request of the program's own. */
static CK_RV
use_curl(void)
{
	CURL *c = curl_easy_init();
	CURLcode rc = CURLE_FAILED_INIT;
	char url[128];

	snprintf(url, sizeof(url), "%s/counters",
	    getenv("KEYFERRY_LOCALKMS_CONTROL"));
	if (c != NULL && curl_easy_setopt(c, CURLOPT_URL, url) == CURLE_OK &&
	    curl_easy_setopt(c, CURLOPT_NOPROXY, "*") == CURLE_OK)
		rc = curl_easy_perform(c);
	curl_easy_cleanup(c);
	return (rc == CURLE_OK ? CKR_OK : CKR_FUNCTION_FAILED);
}

/* The program's libcurl starts and ends around what the module does. */
static CK_RV
use_both(void)
{
	CK_RV rv;

	if ((rv = use_key()) != CKR_OK || (rv = use_curl()) != CKR_OK)
		return (rv);
	curl_global_cleanup();
	if ((rv = use_key()) != CKR_OK ||
	    (rv = p11->C_Finalize(NULL)) != CKR_OK)
		return (rv);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return (CKR_FUNCTION_FAILED);
	if ((rv = use_curl()) != CKR_OK || (rv = p11_begin()) != CKR_OK ||
	    (rv = use_key()) != CKR_OK)
		return (rv);
	curl_global_cleanup();
	return (p11->C_Finalize(NULL));
}

static CK_RV
run_early(const char *config)
{
	alarm(HANG_SECONDS);
	setenv("OPENSSL_CONF", config, 1);
	if (OSSL_PROVIDER_add_builtin(NULL, "early", provider_init) != 1)
		return (CKR_HOST_MEMORY);
	in_global_init = true;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return (CKR_FUNCTION_FAILED);
	in_global_init = false;
	if (!seen || provider_rv != CKR_OK)
		return (seen ? provider_rv : CKR_FUNCTION_CANCELED);
	return (use_both());
}

static CK_RV
run_after(const char *argument)
{
	CK_RV rv;

	(void)argument;
	alarm(HANG_SECONDS);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return (CKR_FUNCTION_FAILED);
	return ((rv = p11_begin()) != CKR_OK ? rv : use_both());
}

static CK_RV
run_before(const char *argument)
{
	CK_RV rv;

	(void)argument;
	alarm(HANG_SECONDS);
	if ((rv = p11_begin()) != CKR_OK || (rv = use_key()) != CKR_OK)
		return (rv);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return (CKR_FUNCTION_FAILED);
	return (use_both());
}

static const struct child_row rows[] = {
    {"early", run_early},
    {"after", run_after},
    {"before", run_before},
};

int
main(int argc, char **argv)
{
	child_main(argc, argv, rows, ELEMS(rows));
	testenv_start();
	testenv_config(NULL, NULL, NULL);
	account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/startup");
	testenv_write("openssl.cnf",
	    "openssl_conf = main\n[main]\nproviders = providers\n"
	    "[providers]\ndefault = active\nearly = active\n"
	    "[active]\nactivate = 1\n");
	RV(child_run("early", testenv_path("openssl.cnf")), CKR_OK,
	    "C_Initialize called from within curl_global_init()");
	RV(child_run("after", ""), CKR_OK,
	    "the program's libcurl starts before the module");
	RV(child_run("before", ""), CKR_OK,
	    "the program's libcurl starts after the module");
	testenv_stop();
	return (tap_done());
}
