/* A KMS that answers GetParametersForImport with something else than what was
 * asked: nothing is wrapped with that. */
#include <stdio.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include "kms/import-params.h"
#include "request.h"
#include "tap.h"

#define KEY_ID "12345678-1234-4234-8234-123456789012"
#define OTHER_ID "87654321-1234-4234-8234-123456789012"
#define ARN "arn:aws:kms:us-east-1:111122223333:key/"

static struct crypto crypto;
static char reply[8192], asked[1024];

static enum err
post(void *ctx, const char *operation, struct view body,
    const struct deadline *deadline, struct buf *out, struct error_info *error)
{
	(void)ctx, (void)deadline, (void)error;
	snprintf(asked, sizeof(asked), "%.*s", (int)body.len,
	    (const char *)body.ptr);
	OK(strcmp(operation, "GetParametersForImport") == 0, "%s", operation);
	return (buf_puts(out, reply));
}

static EVP_PKEY *
rsa(size_t bits, const char *exponent)
{
	EVP_PKEY *whole = EVP_PKEY_Q_keygen(crypto.lib, NULL, "RSA", bits);
	EVP_PKEY *made = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(crypto.lib, "RSA", NULL);
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	BIGNUM *n = NULL, *e = NULL;

	NEED(
	    EVP_PKEY_get_bn_param(whole, OSSL_PKEY_PARAM_RSA_N, &n) == 1 &&
		BN_dec2bn(&e, exponent) != 0 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
		OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
		(params = OSSL_PARAM_BLD_to_param(build)) != NULL &&
		EVP_PKEY_fromdata_init(ctx) == 1 &&
		EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params) == 1,
	    "RSA of %zu bits with the exponent %s", bits, exponent);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(whole);
	BN_free(n);
	BN_free(e);
	return (made);
}

/* What the KMS will answer. */
static void
answer(EVP_PKEY *pkey, const char *key_id)
{
	unsigned char *der = NULL;
	char text[4096];
	int len = i2d_PUBKEY(pkey, &der);

	NEED(len > 0 && len < 3000, "a wrapping key");
	(void)EVP_EncodeBlock((unsigned char *)text, der, len);
	(void)snprintf(reply, sizeof(reply),
	    "{\"KeyId\": \"%s\", \"ImportToken\": \"dG9rZW4=\", "
	    "\"PublicKey\": \"%s\", \"ParametersValidTo\": 4e9}",
	    key_id, text);
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void
check(enum err want, const char *what)
{
	static const struct transport transport = {.post = post};
	struct config_token config = {
	    .wrapping_bits = 3072, .wrapping = "RSAES_OAEP_SHA_1"};
	struct module module = {.crypto = &crypto, .clock = &clock_system};
	struct client client = {.region = "eu-west-1"};
	struct token token = {.config = &config, .client = &client};
	struct call c = {.module = &module,
	    .token = &token,
	    .kms = {.transport = &transport,
		.deadline = deadline_in(&clock_system, 5000)}};
	struct key k = {.spec = key_spec_find("SYMMETRIC_DEFAULT"),
	    .meta = {.id = KEY_ID, .arn = ARN KEY_ID}};
	struct import_params p = IMPORT_PARAMS_INIT;
	enum err e = import_params_for_material(&c, &c.kms, &k, &p);

	OK(e == want, "%s: %s", what, err_name(e));
	OK((p.parameters.token.len != 0) == (want == ERR_OK),
	    "%s: what is kept of it", what);
	import_params_free(&p);
}

/* How the module itself wraps follows the option and the Region. */
static void
check_algorithm(
    const char *option, const char *region, const char *spec, const char *want)
{
	struct config_token config = {
	    .wrapping_bits = 3072, .wrapping = option};
	struct client client = {.region = ""};
	struct token token = {.config = &config, .client = &client};
	const struct call c = {.token = &token};
	const char *got;

	snprintf(client.region, sizeof(client.region), "%s", region);
	got = import_params_algorithm(&c, key_spec_find(spec));
	OK(want == NULL ? got == NULL : got != NULL && strcmp(got, want) == 0,
	    "wrapping = %s in %s, %s: %s", option != NULL ? option : "nothing",
	    region, spec, got != NULL ? got : "none");
}

static void
test_algorithms(void)
{
	check_algorithm(
	    NULL, "eu-west-1", "ECC_NIST_P256", "RSA_AES_KEY_WRAP_SHA_256");
	check_algorithm("RSAES_OAEP_SHA_1", "eu-west-1", "ECC_NIST_P256",
	    "RSAES_OAEP_SHA_1");
	check_algorithm("RSAES_OAEP_SHA_1", "eu-west-1", "RSA_2048",
	    "RSA_AES_KEY_WRAP_SHA_256");
	check_algorithm(
	    NULL, "cn-north-1", "ECC_NIST_P256", "RSAES_OAEP_SHA_256");
	check_algorithm("RSA_AES_KEY_WRAP_SHA_1", "cn-northwest-1",
	    "ECC_NIST_P521", "RSAES_OAEP_SHA_256");
	check_algorithm("RSAES_OAEP_SHA_1", "cn-north-1", "SYMMETRIC_DEFAULT",
	    "RSAES_OAEP_SHA_1");
	check_algorithm(NULL, "cn-north-1", "RSA_2048", NULL);
}

/* And that is what is asked for. */
static void
check_asked(void)
{
	OK(strstr(asked, "\"RSAES_OAEP_SHA_1\"") != NULL, "asked: %s", asked);
}

int
main(void)
{
	NEED(crypto_open(&crypto, &(struct crypto_setup){0}, NULL) == ERR_OK,
	    "library context");
	answer(rsa(3072, "65537"), ARN KEY_ID);
	check(ERR_OK, "what was asked for");
	check_asked();
	test_algorithms();
	answer(rsa(3072, "65537"), KEY_ID);
	check(ERR_OK, "by the key id");
	answer(rsa(3072, "65537"), ARN OTHER_ID);
	check(ERR_REPLY, "of another key");
	answer(rsa(3072, "65537"), "");
	check(ERR_REPLY, "of no key");
	answer(rsa(1024, "65537"), ARN KEY_ID);
	check(ERR_REPLY, "1024 bits");
	answer(rsa(2048, "65537"), ARN KEY_ID);
	check(ERR_REPLY, "2048 bits for 3072");
	answer(rsa(3072, "1"), ARN KEY_ID);
	check(ERR_REPLY, "the exponent 1");
	answer(rsa(3072, "3"), ARN KEY_ID);
	check(ERR_REPLY, "the exponent 3");
	answer(rsa(3072, "65538"), ARN KEY_ID);
	check(ERR_REPLY, "an even exponent");
	answer(EVP_PKEY_Q_keygen(crypto.lib, NULL, "EC", "P-256"), ARN KEY_ID);
	check(ERR_REPLY, "a key of a curve");
	(void)snprintf(reply, sizeof(reply),
	    "{\"KeyId\": \"" KEY_ID "\", \"ImportToken\": \"dG9rZW4=\", "
	    "\"PublicKey\": \"dG9rZW4=\", \"ParametersValidTo\": 4e9}");
	check(ERR_REPLY, "no key at all");
	crypto_close(&crypto);
	return (tap_done());
}
