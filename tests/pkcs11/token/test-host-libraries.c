/*
 * A host with libraries of its own: OpenSSL has its configuration, a provider that
 * is preferred to all others and an engine for everything; other threads use curl.
 * It loads the module, signs by KMS over TLS and unloads the module, ten times.
 * The module uses none of it, and leaves all of it as it is.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <dlfcn.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <curl/curl.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/engine.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "cryptoki/cryptoki.h"
#include "account.h"
#include "p11.h"

#define ROUNDS 10
#define THREADS 2
#define HOSTS_ERROR 42

/* The provider's SHA-256, which does not work: whoever begins a hash with it is
 * counted. */
static unsigned hashes;

static void *
hash_new(void *provider)
{
	(void)provider;
	__atomic_fetch_add(&hashes, 1, __ATOMIC_RELAXED);
	return (NULL);
}

static void
hash_free(void *hash)
{
	(void)hash;
}

static int
hash_init(void *hash, const OSSL_PARAM *params)
{
	(void)hash, (void)params;
	return (0);
}

static int
hash_update(void *hash, const unsigned char *in, size_t len)
{
	(void)hash, (void)in, (void)len;
	return (0);
}

static int
hash_final(void *hash, unsigned char *out, size_t *len, size_t room)
{
	(void)hash, (void)out, (void)len, (void)room;
	return (0);
}

static int
hash_sizes(OSSL_PARAM params[])
{
	OSSL_PARAM *size = OSSL_PARAM_locate(params, OSSL_DIGEST_PARAM_SIZE);

	return (size == NULL || OSSL_PARAM_set_size_t(size, 32));
}

static const OSSL_ALGORITHM *
query(void *provider, int operation, int *no_cache)
{
	static const OSSL_DISPATCH functions[] = {
	    {OSSL_FUNC_DIGEST_NEWCTX, (void (*)(void))hash_new},
	    {OSSL_FUNC_DIGEST_FREECTX, (void (*)(void))hash_free},
	    {OSSL_FUNC_DIGEST_INIT, (void (*)(void))hash_init},
	    {OSSL_FUNC_DIGEST_UPDATE, (void (*)(void))hash_update},
	    {OSSL_FUNC_DIGEST_FINAL, (void (*)(void))hash_final},
	    {OSSL_FUNC_DIGEST_GET_PARAMS, (void (*)(void))hash_sizes},
	    {0, NULL}};
	static const OSSL_ALGORITHM rows[] = {
	    {"SHA2-256:SHA-256:SHA256", "provider=host", functions, NULL},
	    {NULL, NULL, NULL, NULL}};

	(void)provider;
	*no_cache = 0;
	return (operation == OSSL_OP_DIGEST ? rows : NULL);
}

static int
provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **context)
{
	static const OSSL_DISPATCH functions[] = {
	    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query},
	    {0, NULL}};

	(void)handle, (void)in;
	*out = functions;
	*context = &hashes;
	return (1);
}

static void
configure_openssl(void)
{
	testenv_write("openssl.cnf",
	    "openssl_conf = main\n[main]\nproviders = providers\n"
	    "alg_section = algorithms\n"
	    "[providers]\ndefault = active\nhost = active\n"
	    "[active]\nactivate = 1\n"
	    "[algorithms]\ndefault_properties = ?provider=host\n");
	setenv("OPENSSL_CONF", testenv_path("openssl.cnf"), 1);
	if (OSSL_PROVIDER_add_builtin(NULL, "host", provider_init) != 1)
		tap_bail();
}

/* Whose SHA-256 the host's default is. */
static bool
provider_is_preferred(void)
{
	EVP_MD *md = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	bool host = md != NULL &&
		    strcmp(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)),
			"host") == 0;

	EVP_MD_free(md);
	return (host);
}

#ifndef OPENSSL_NO_ENGINE
static int
random_bytes(unsigned char *out, int len)
{
	return (getrandom(out, (size_t)len, 0) == len);
}

static int
random_status(void)
{
	return (1);
}

static RSA_METHOD *rsa;
static EC_KEY_METHOD *ec;

static ENGINE *
engine_register(void)
{
	static const RAND_METHOD random = {.bytes = random_bytes,
	    .pseudorand = random_bytes,
	    .status = random_status};
	ENGINE *e = ENGINE_new();

	rsa = RSA_meth_dup(RSA_PKCS1_OpenSSL());
	ec = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
	if (e == NULL || rsa == NULL || ec == NULL ||
	    ENGINE_set_id(e, "host") != 1 ||
	    ENGINE_set_name(e, "the host's") != 1 ||
	    ENGINE_set_RSA(e, rsa) != 1 || ENGINE_set_EC(e, ec) != 1 ||
	    ENGINE_set_RAND(e, &random) != 1 || ENGINE_add(e) != 1 ||
	    ENGINE_set_default(e, ENGINE_METHOD_ALL) != 1)
		tap_bail();
	return (e);
}

static bool
engine_is_default(ENGINE *e)
{
	ENGINE *defaults[] = {ENGINE_get_default_RSA(), ENGINE_get_default_EC(),
	    ENGINE_get_default_RAND()};
	bool all = true;

	for (size_t i = 0; i < ELEMS(defaults); i++) {
		all = all && defaults[i] == e;
		ENGINE_finish(defaults[i]);
	}
	return (all);
}

static void
engine_free(ENGINE *e)
{
	(void)RAND_set_rand_engine(NULL);
	(void)ENGINE_remove(e);
	ENGINE_unregister_RSA(e);
	ENGINE_unregister_EC(e);
	ENGINE_unregister_RAND(e);
	ENGINE_free(e);
	RSA_meth_free(rsa);
	EC_KEY_METHOD_free(ec);
}
#endif

/* Requests of the host's own, until it stops. */
static struct {
	char url[128];
	bool stop;
	unsigned good, bad;
} asking;

static void *
ask(void *unused)
{
	CURL *c = curl_easy_init();

	(void)unused;
	if (c == NULL ||
	    curl_easy_setopt(c, CURLOPT_URL, asking.url) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOPROXY, "*") != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(c, CURLOPT_NOBODY, 1L) != CURLE_OK)
		tap_bail();
	while (!__atomic_load_n(&asking.stop, __ATOMIC_ACQUIRE))
		__atomic_fetch_add(curl_easy_perform(c) == CURLE_OK
				       ? &asking.good
				       : &asking.bad,
		    1, __ATOMIC_RELAXED);
	curl_easy_cleanup(c);
	return (NULL);
}

/* The signature that KMS makes is verified by the key's public half. */
static CK_RV
use_key(void)
{
	CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
	CK_OBJECT_HANDLE private = find_label("of-the-host", CKO_PRIVATE_KEY);
	CK_OBJECT_HANDLE public = find_label("of-the-host", CKO_PUBLIC_KEY);
	CK_BYTE text[] = "text", signature[64];
	CK_ULONG n = sizeof(signature);
	CK_RV rv;

	if ((rv = p11->C_SignInit(rw, &ecdsa, private)) != CKR_OK ||
	    (rv = p11->C_Sign(rw, text, sizeof(text), signature, &n)) !=
		CKR_OK ||
	    (rv = p11->C_VerifyInit(rw, &ecdsa, public)) != CKR_OK)
		return (rv);
	return (p11->C_Verify(rw, text, sizeof(text), signature, n));
}

static CK_RV
one_round(void)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_C_GetFunctionList get;
	void *module = dlopen(testenv_module(), RTLD_NOW | RTLD_LOCAL), *f;
	CK_RV rv;

	if (module == NULL || (f = dlsym(module, "C_GetFunctionList")) == NULL)
		return (CKR_HOST_MEMORY);
	memcpy(&get, &f, sizeof(get));
	if ((rv = get(&p11)) == CKR_OK &&
	    (rv = p11->C_Initialize(&args)) == CKR_OK) {
		rv = p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &rw);
		if (rv == CKR_OK)
			rv = use_key();
		if (p11->C_Finalize(NULL) != CKR_OK)
			rv = CKR_GENERAL_ERROR;
	}
	if (dlclose(module) != 0)
		rv = CKR_GENERAL_ERROR;
	return (rv);
}

static void
speak_another_language(void)
{
	static const char *const names[] = {
	    "tr_TR.UTF-8", "de_DE.UTF-8", "C.UTF-8"};

	for (size_t i = 0; i < ELEMS(names); i++)
		if (setlocale(LC_ALL, names[i]) != NULL)
			return;
}

static void
test_rounds(void)
{
	struct sigaction before, after;
	char locale[256];

	snprintf(locale, sizeof(locale), "%s", setlocale(LC_ALL, NULL));
	(void)sigaction(SIGPIPE, NULL, &before);
	ERR_raise(ERR_LIB_USER, HOSTS_ERROR);
	for (int i = 0; i < ROUNDS; i++)
		RV(one_round(), CKR_OK, "round %d", i);
	OK(ERR_GET_REASON(ERR_get_error()) == HOSTS_ERROR &&
		ERR_get_error() == 0,
	    "OpenSSL's errors are the host's");
	OK(OSSL_LIB_CTX_set0_default(NULL) ==
		OSSL_LIB_CTX_get0_global_default(),
	    "so is the library context");
	OK(provider_is_preferred(), "and the provider that it prefers,");
	COUNT(hashes, 0, "which the module does not use");
	OK(strcmp(setlocale(LC_ALL, NULL), locale) == 0, "the locale %s",
	    locale);
	(void)sigaction(SIGPIPE, NULL, &after);
	OK(before.sa_handler == after.sa_handler, "what SIGPIPE does");
}

int
main(void)
{
	pthread_t threads[THREADS];

	testenv_start_tls();
	configure_openssl();
	account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/of-the-host");
	snprintf(asking.url, sizeof(asking.url), "%s/counters",
	    getenv("KEYFERRY_LOCALKMS_CONTROL"));
	speak_another_language();
	OK(provider_is_preferred(), "the host has a provider of its own");
#ifndef OPENSSL_NO_ENGINE
	ENGINE *e = engine_register();
#endif
	for (size_t i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, ask, NULL) != 0)
			tap_bail();
	test_rounds();
	__atomic_store_n(&asking.stop, true, __ATOMIC_RELEASE);
	for (size_t i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	OK(asking.good > 0 && asking.bad == 0,
	    "the host's requests: %u, and %u that failed", asking.good,
	    asking.bad);
#ifndef OPENSSL_NO_ENGINE
	OK(engine_is_default(e), "the engine is the host's");
	engine_free(e);
#endif
	testenv_stop();
	return (tap_done());
}
