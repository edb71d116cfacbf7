#include <stdlib.h>
#include <time.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/ec.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/opensslv.h>
#include <openssl/proverr.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include "crypto.h"
#include "fips.h"

#define FORK_WAIT_MS 200 /* most stretches are far shorter */

/* With fork() ahead, no thread begins: else it would wait for ever. */
static int
users_init(pthread_rwlock_t *users)
{
	pthread_rwlockattr_t attr;
	int error;

	if ((error = pthread_rwlockattr_init(&attr)) != 0)
		return (error);
#ifdef __GLIBC__
	(void)pthread_rwlockattr_setkind_np(
	    &attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	error = pthread_rwlock_init(users, &attr);
	pthread_rwlockattr_destroy(&attr);
	return (error);
}

void
crypto_close(struct crypto *c)
{
	if (c->provider != NULL)
		(void)OSSL_PROVIDER_unload(c->provider);
	OSSL_LIB_CTX_free(c->lib);
	if (c->users != NULL)
		(void)pthread_rwlock_destroy(c->users);
	free(c->users);
	c->users = NULL;
	c->provider = NULL;
	c->lib = NULL;
}

/*
 * libcurl empties the error queue before it reads, so a mark is not enough:
 * errors that the host left there are taken out and put back.
 */
#if OPENSSL_VERSION_NUMBER >= 0x30200000L
static void *
errors_take(void)
{
	ERR_STATE *s;

	if (ERR_peek_error() != 0 && (s = OSSL_ERR_STATE_new()) != NULL) {
		OSSL_ERR_STATE_save(s);
		return (s);
	}
	return (NULL);
}

static void
errors_put(void *errors)
{
	OSSL_ERR_STATE_restore(errors);
	OSSL_ERR_STATE_free(errors);
}
#else
struct error {
	unsigned long code;
	int line, flags;
	char *file, *func, *data;
};

struct errors {
	size_t count;
	struct error list[16]; /* as many as OpenSSL's queue holds */
};

static void *
errors_take(void)
{
	struct errors *s;
	struct error *e;
	const char *file, *func, *data;

	if (ERR_peek_error() == 0 || (s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	for (e = s->list; s->count < 16; e++, s->count++) {
		e->code = ERR_get_error_all(
		    &file, &e->line, &func, &data, &e->flags);
		if (e->code == 0)
			break;
		e->file = OPENSSL_strdup(file);
		e->func = OPENSSL_strdup(func);
		e->data = OPENSSL_strdup(data);
	}
	return (s);
}

static void
errors_put(void *errors)
{
	struct errors *s = errors;
	struct error *e;

	for (e = s->list; e < s->list + s->count; e++) {
		ERR_new();
		ERR_set_debug(e->file, e->line, e->func);
		ERR_set_error(ERR_GET_LIB(e->code), ERR_GET_REASON(e->code),
		    e->data != NULL && e->data[0] != '\0' ? "%s" : NULL,
		    e->data);
		OPENSSL_free(e->file);
		OPENSSL_free(e->func);
		OPENSSL_free(e->data);
	}
	free(s);
}
#endif

/* The thread is inside, at whatever depth: our context is its default. */
static bool
is_inside(const struct crypto *c)
{
	return (OSSL_LIB_CTX_set0_default(NULL) == c->lib);
}

/*
 * OpenSSL makes the algorithms of an operation when one of them is first asked
 * for, and never tries again one for which it had no memory. So one of each
 * operation is asked for now, while a failure still leads to another context.
 */
static bool
fetch_all(OSSL_LIB_CTX *lib)
{
	EVP_MD *md = EVP_MD_fetch(lib, "SHA2-256", NULL);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(lib, "AES-256-GCM", NULL);
	EVP_MAC *mac = EVP_MAC_fetch(lib, "HMAC", NULL);
	EVP_KDF *kdf = EVP_KDF_fetch(lib, "HKDF", NULL);
	EVP_KEYMGMT *keymgmt = EVP_KEYMGMT_fetch(lib, "RSA", NULL);
	EVP_KEYEXCH *keyexch = EVP_KEYEXCH_fetch(lib, "ECDH", NULL);
	EVP_SIGNATURE *signature = EVP_SIGNATURE_fetch(lib, "RSA", NULL);
	EVP_ASYM_CIPHER *asym = EVP_ASYM_CIPHER_fetch(lib, "RSA", NULL);
	OSSL_DECODER *decoder = OSSL_DECODER_fetch(lib, "RSA", NULL);
	OSSL_ENCODER *encoder = OSSL_ENCODER_fetch(lib, "RSA", NULL);
	bool all = md != NULL && cipher != NULL && mac != NULL && kdf != NULL &&
		   keymgmt != NULL && keyexch != NULL && signature != NULL &&
		   asym != NULL && decoder != NULL && encoder != NULL;

	EVP_MD_free(md);
	EVP_CIPHER_free(cipher);
	EVP_MAC_free(mac);
	EVP_KDF_free(kdf);
	EVP_KEYMGMT_free(keymgmt);
	EVP_KEYEXCH_free(keyexch);
	EVP_SIGNATURE_free(signature);
	EVP_ASYM_CIPHER_free(asym);
	OSSL_DECODER_free(decoder);
	OSSL_ENCODER_free(encoder);
	return (all);
}

static enum crypto_reason
reason_of(unsigned long code)
{
	int lib = ERR_GET_LIB(code), reason = ERR_GET_REASON(code);

	if (reason == ERR_R_MALLOC_FAILURE)
		return (CRYPTO_NO_MEMORY);
	if ((lib == ERR_LIB_PROV && (reason == PROV_R_KEY_SIZE_TOO_SMALL ||
					reason == PROV_R_INVALID_KEY_LENGTH)) ||
	    (lib == ERR_LIB_RSA && reason == RSA_R_KEY_SIZE_TOO_SMALL))
		return (CRYPTO_KEY_SIZE);
	if (reason == ERR_R_UNSUPPORTED ||
	    (lib == ERR_LIB_EC && (reason == EC_R_UNKNOWN_GROUP ||
				      reason == EC_R_INVALID_CURVE)) ||
	    (lib == ERR_LIB_EVP && reason == EVP_R_UNSUPPORTED_ALGORITHM))
		return (CRYPTO_UNSUPPORTED);
	return (CRYPTO_OTHER);
}

enum crypto_reason
crypto_reason(void)
{
	enum crypto_reason most = CRYPTO_NONE, one;
	unsigned long code;

	while ((code = ERR_get_error()) != 0)
		if ((one = reason_of(code)) > most)
			most = one;
	return (most);
}

/* Before anything is fetched: what was, stays. */
static enum err
choose_provider(struct crypto *c, const struct crypto_setup *setup,
    struct error_info *error)
{
	if (setup->fips) {
		c->fips = true;
		return (fips_use(c->lib, setup->fips_config, error));
	}
	c->provider = OSSL_PROVIDER_load(c->lib, "default");
	return (c->provider != NULL ? ERR_OK : ERR_INTERNAL);
}

static enum err
fill_context(struct crypto *c, const struct crypto_setup *setup,
    struct error_info *error)
{
	uint8_t byte;
	enum err e;

	if ((e = choose_provider(c, setup, error)) != ERR_OK)
		return (e);
	if (!fetch_all(c->lib) ||
	    RAND_bytes_ex(c->lib, &byte, sizeof(byte), 0) != 1 ||
	    RAND_priv_bytes_ex(c->lib, &byte, sizeof(byte), 0) != 1)
		return (ERR_INTERNAL);
	return (crypto_reason() == CRYPTO_NO_MEMORY ? ERR_MEMORY : ERR_OK);
}

enum err
crypto_open(struct crypto *c, const struct crypto_setup *setup,
    struct error_info *error)
{
	void *errors = errors_take();
	enum err e = ERR_MEMORY;

	/* a forked child leaves the parent's as they are */
	c->lib = NULL;
	c->provider = NULL;
	c->fips = false;
	if (c->users == NULL &&
	    ((c->users = malloc(sizeof(*c->users))) == NULL ||
		users_init(c->users) != 0))
		goto out;
	/* The host's configuration goes to the default context now; were it
	 * loaded by our first use, our context would be in its way. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) == 1 &&
	    (c->lib = OSSL_LIB_CTX_new()) != NULL)
		e = fill_context(c, setup, error);
out:
	if (e != ERR_OK)
		crypto_close(c);
	ERR_clear_error();
	if (errors != NULL)
		errors_put(errors);
	return (e);
}

void
crypto_enter(const struct crypto *c, struct crypto_guard *g)
{
	g->crypto = c;
	if (!is_inside(c))
		(void)pthread_rwlock_rdlock(c->users);
	g->errors = errors_take();
	g->before = OSSL_LIB_CTX_set0_default(c->lib);
}

void
crypto_leave(struct crypto_guard *g)
{
	(void)OSSL_LIB_CTX_set0_default(g->before);
	ERR_clear_error();
	if (g->errors != NULL)
		errors_put(g->errors);
	g->errors = NULL;
	if (!is_inside(g->crypto))
		(void)pthread_rwlock_unlock(g->crypto->users);
}

void
crypto_pause(const struct crypto *c)
{
	if (is_inside(c))
		(void)pthread_rwlock_unlock(c->users);
}

void
crypto_resume(const struct crypto *c)
{
	if (is_inside(c))
		(void)pthread_rwlock_rdlock(c->users);
}

bool
crypto_before_fork(const struct crypto *c)
{
	struct timespec until;

	if (c->users == NULL || is_inside(c))
		return (false);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += FORK_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return (
	    pthread_rwlock_clockwrlock(c->users, CLOCK_MONOTONIC, &until) == 0);
}

void
crypto_after_fork(const struct crypto *c, bool waited)
{
	if (waited)
		(void)pthread_rwlock_unlock(c->users);
}

void
crypto_in_child(const struct crypto *c)
{
	if (c->users != NULL)
		(void)users_init(c->users);
}

int
crypto_no_passphrase(char *buf, int size, int writing, void *ctx)
{
	(void)buf, (void)size, (void)writing, (void)ctx;
	return (-1);
}
