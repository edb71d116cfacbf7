/*
 * Stands in for OpenSSL's FIPS provider where there is none, to show what the
 * module takes from it. It is the default provider under the other's name,
 * without ChaCha20 and Edwards curves, and generates no RSA key of fewer than
 * 2048 bits. It is not validated cryptography.
 */
#include <string.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>

#define ALGORITHMS_MAX 256
#define FUNCTIONS_MAX 64
#define RSA_BITS_MIN 2048
#define PROPERTIES "provider=fips,fips=yes"

static OSSL_LIB_CTX *context;
static OSSL_PROVIDER *original;
static OSSL_ALGORITHM algorithms[OSSL_OP__HIGHEST + 1][ALGORITHMS_MAX];
static OSSL_DISPATCH rsa[FUNCTIONS_MAX];
static OSSL_FUNC_keymgmt_gen_set_params_fn *set_params;

OSSL_provider_init_fn OSSL_provider_init;

static int
set_rsa_params(void *generation, const OSSL_PARAM params[])
{
	const OSSL_PARAM *bits = OSSL_PARAM_locate_const(
	    params, OSSL_PKEY_PARAM_RSA_BITS);
	size_t n;

	if (bits != NULL && OSSL_PARAM_get_size_t(bits, &n) == 1 &&
	    n < RSA_BITS_MIN) {
		ERR_raise(ERR_LIB_PROV, PROV_R_KEY_SIZE_TOO_SMALL);
		return (0);
	}
	return (set_params(generation, params));
}

static const OSSL_DISPATCH *
copy_rsa(const OSSL_DISPATCH *from)
{
	size_t i;

	for (i = 0; from[i].function_id != 0 && i < FUNCTIONS_MAX - 1; i++) {
		rsa[i] = from[i];
		if (from[i].function_id != OSSL_FUNC_KEYMGMT_GEN_SET_PARAMS)
			continue;
		set_params = OSSL_FUNC_keymgmt_gen_set_params(&from[i]);
		rsa[i].function = (void (*)(void))set_rsa_params;
	}
	return (rsa);
}

static const OSSL_ALGORITHM *
query(void *ctx, int operation, int *no_cache)
{
	const OSSL_ALGORITHM *from = OSSL_PROVIDER_query_operation(
	    original, operation, no_cache);
	OSSL_ALGORITHM *to;
	size_t count = 0;

	(void)ctx;
	/* the provider "base" has what reads and writes keys */
	if (from == NULL || operation < 1 || operation > OSSL_OP__HIGHEST ||
	    operation >= OSSL_OP_ENCODER)
		return (NULL);
	for (to = algorithms[operation];
	     from->algorithm_names != NULL && count < ALGORITHMS_MAX - 1;
	     from++) {
		if (strstr(from->algorithm_names, "ChaCha") != NULL ||
		    strncmp(from->algorithm_names, "ED", 2) == 0)
			continue;
		to[count] = *from;
		to[count].property_definition = PROPERTIES;
		if (operation == OSSL_OP_KEYMGMT &&
		    strncmp(from->algorithm_names, "RSA:", 4) == 0)
			to[count].implementation = copy_rsa(
			    from->implementation);
		count++;
	}
	return (to);
}

static int
get_params(void *ctx, OSSL_PARAM params[])
{
	OSSL_PARAM *p;

	(void)ctx;
	if ((p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_NAME)) != NULL &&
	    OSSL_PARAM_set_utf8_ptr(p, "a stand-in for the FIPS provider") != 1)
		return (0);
	p = OSSL_PARAM_locate(params, OSSL_PROV_PARAM_STATUS);
	return (p == NULL || OSSL_PARAM_set_int(p, 1) == 1);
}

/* The groups of TLS. */
static int
get_capabilities(
    void *ctx, const char *capability, OSSL_CALLBACK *callback, void *arg)
{
	(void)ctx;
	return (OSSL_PROVIDER_get_capabilities(
	    original, capability, callback, arg));
}

static void
teardown(void *ctx)
{
	(void)ctx;
	(void)OSSL_PROVIDER_unload(original);
	OSSL_LIB_CTX_free(context);
}

static const OSSL_DISPATCH functions[] = {
    {OSSL_FUNC_PROVIDER_TEARDOWN, (void (*)(void))teardown},
    {OSSL_FUNC_PROVIDER_GET_PARAMS, (void (*)(void))get_params},
    {OSSL_FUNC_PROVIDER_GET_CAPABILITIES, (void (*)(void))get_capabilities},
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query}, {0, NULL}};

__attribute__((visibility("default"))) int
OSSL_provider_init(const OSSL_CORE_HANDLE *handle, const OSSL_DISPATCH *in,
    const OSSL_DISPATCH **out, void **ctx)
{
	(void)handle, (void)in;
	context = OSSL_LIB_CTX_new();
	original = OSSL_PROVIDER_load(context, "default");
	if (original == NULL)
		return (0);
	*out = functions;
	*ctx = OSSL_PROVIDER_get0_provider_ctx(original);
	return (1);
}
