/* A context of OpenSSL's FIPS provider: nothing in it is another provider's,
 * the random generators neither, which are made once and stay. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include "crypto.h"
#include "files.h"
#include "tap.h"

static struct crypto crypto, without;

static const char *
random_provider(EVP_RAND_CTX *random)
{
	return (random == NULL ? "none"
			       : OSSL_PROVIDER_get0_name(EVP_RAND_get0_provider(
				     EVP_RAND_CTX_get0_rand(random))));
}

static void
test_random(const struct crypto *c, const char *provider)
{
	OK(strcmp(random_provider(RAND_get0_primary(c->lib)), provider) == 0,
	    "the seeds are %s's", provider);
	OK(strcmp(random_provider(RAND_get0_public(c->lib)), provider) == 0,
	    "and what anybody may see");
	OK(strcmp(random_provider(RAND_get0_private(c->lib)), provider) == 0,
	    "and keys");
}

/* As the module does it: our context is the thread's. */
static void
test_algorithms(const struct crypto *c)
{
	struct crypto_guard g;
	EVP_MD *md;
	EVP_CIPHER *cipher;

	crypto_enter(c, &g);
	md = EVP_MD_fetch(c->lib, "SHA2-256", NULL);
	cipher = EVP_CIPHER_fetch(c->lib, "AES-256-GCM", NULL);
	OK(md != NULL &&
		strcmp(OSSL_PROVIDER_get0_name(EVP_MD_get0_provider(md)),
		    "fips") == 0,
	    "hashes are fips's");
	OK(cipher != NULL && strcmp(OSSL_PROVIDER_get0_name(
					EVP_CIPHER_get0_provider(cipher)),
				 "fips") == 0,
	    "ciphers are fips's");
	EVP_MD_free(md);
	EVP_CIPHER_free(cipher);
	OK(OSSL_PROVIDER_available(c->lib, "default") == 0,
	    "the default provider is not there");
	cipher = EVP_CIPHER_fetch(c->lib, "ChaCha20-Poly1305", NULL);
	OK(cipher == NULL, "what it does not have, is not there");
	EVP_CIPHER_free(cipher);
	crypto_leave(&g);
}

int
main(void)
{
	const char *builddir = getenv("builddir");
	char *built = realpath(builddir != NULL ? builddir : ".", NULL);
	struct error_info error = {.message = ""};
	struct crypto_setup setup = {.fips = true};
	char text[4096];

	snprintf(text, sizeof(text),
	    "[fips_sect]\nmodule = %s/.libs/fips-stand-in.so\nactivate = 1\n",
	    built != NULL ? built : "");
	free(built);
	setup.fips_config = file_write("fips.cnf", text);
	NEED(crypto_open(&crypto, &setup, &error) == ERR_OK,
	    "a context of the FIPS provider %s", error.message);
	test_random(&crypto, "fips");
	test_algorithms(&crypto);
	crypto_close(&crypto);
	setup.fips_config = "/nonexistent";
	OK(crypto_open(&crypto, &setup, &error) == ERR_CONFIG, "no file: %s",
	    error.message);
	setup.fips = false;
	NEED(crypto_open(&without, &setup, &error) == ERR_OK,
	    "and one without it");
	test_random(&without, "default");
	crypto_close(&without);
	files_remove();
	return (tap_done());
}
