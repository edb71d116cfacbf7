#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/core_dispatch.h>
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

#define FORK_WAIT_MS 1000 /* nearly all stretches are far shorter */

/* With fork() ahead, no thread begins: else it would wait for ever. */
static int
users_init(struct crypto_users *users)
{
	pthread_rwlockattr_t attr;
	int error;

	if ((error = pthread_rwlockattr_init(&attr)) != 0)
		return (error);
#ifdef __GLIBC__
	(void)pthread_rwlockattr_setkind_np(
	    &attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	error = pthread_rwlock_init(&users->inside, &attr);
	pthread_rwlockattr_destroy(&attr);
	return (
	    error != 0 ? error : pthread_mutex_init(&users->descriptors, NULL));
}

void
crypto_close(struct crypto *c)
{
	if (c->provider != NULL)
		(void)OSSL_PROVIDER_unload(c->provider);
	OSSL_LIB_CTX_free(c->lib);
	if (c->users != NULL)
		(void)pthread_rwlock_destroy(&c->users->inside);
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
 * for, and never tries again those for which it had no memory. So each is asked
 * for now, while a failure still leads to another context.
 */
#define HAS(type)                                                        \
	static bool has_##type(                                          \
	    OSSL_LIB_CTX *lib, const char *name, const char *properties) \
	{                                                                \
		type *algorithm = type##_fetch(lib, name, properties);   \
                                                                         \
		type##_free(algorithm);                                  \
		return (algorithm != NULL);                              \
	}
HAS(EVP_MD)
HAS(EVP_CIPHER)
HAS(EVP_MAC)
HAS(EVP_KDF)
HAS(EVP_RAND)
HAS(EVP_KEYMGMT)
HAS(EVP_KEYEXCH)
HAS(EVP_SIGNATURE)
HAS(EVP_ASYM_CIPHER)
HAS(EVP_KEM)
HAS(OSSL_ENCODER)
HAS(OSSL_DECODER)

static const struct operation {
	int id;
	bool (*has)(OSSL_LIB_CTX *, const char *name, const char *properties);
} operations[] = {{OSSL_OP_DIGEST, has_EVP_MD},
    {OSSL_OP_CIPHER, has_EVP_CIPHER}, {OSSL_OP_MAC, has_EVP_MAC},
    {OSSL_OP_KDF, has_EVP_KDF}, {OSSL_OP_RAND, has_EVP_RAND},
    {OSSL_OP_KEYMGMT, has_EVP_KEYMGMT}, {OSSL_OP_KEYEXCH, has_EVP_KEYEXCH},
    {OSSL_OP_SIGNATURE, has_EVP_SIGNATURE},
    {OSSL_OP_ASYM_CIPHER, has_EVP_ASYM_CIPHER}, {OSSL_OP_KEM, has_EVP_KEM},
    {OSSL_OP_ENCODER, has_OSSL_ENCODER}, {OSSL_OP_DECODER, has_OSSL_DECODER}};

/* What `fips = yes` leaves out is not there for anybody: OpenSSL 3.5's provider
 * "base" has such a source of random numbers. */
static bool
is_left_out(OSSL_LIB_CTX *lib, const OSSL_ALGORITHM *a)
{
	return (EVP_default_properties_is_fips_enabled(lib) == 1 &&
		(a->property_definition == NULL ||
		    strstr(a->property_definition, "fips=yes") == NULL));
}

/* An algorithm has several names, with colons between them. */
static bool
has_algorithm(
    OSSL_LIB_CTX *lib, const struct operation *o, const OSSL_ALGORITHM *a)
{
	char name[128];
	size_t len = strcspn(a->algorithm_names, ":");

	if (len >= sizeof(name) || is_left_out(lib, a))
		return (true);
	memcpy(name, a->algorithm_names, len);
	name[len] = '\0';
	return (o->has(lib, name, a->property_definition));
}

struct fetching {
	OSSL_LIB_CTX *lib;
	bool all; /* were there */
};

static int
fetch_from(OSSL_PROVIDER *provider, void *arg)
{
	struct fetching *f = arg;
	const struct operation *o = operations;
	const OSSL_ALGORITHM *list;
	int no_cache;

	for (; o < operations + sizeof(operations) / sizeof(*o); o++) {
		list = OSSL_PROVIDER_query_operation(
		    provider, o->id, &no_cache);
		for (const OSSL_ALGORITHM *a = list;
		     a != NULL && a->algorithm_names != NULL && f->all; a++)
			f->all = has_algorithm(f->lib, o, a);
		OSSL_PROVIDER_unquery_operation(provider, o->id, list);
	}
	return (1);
}

static bool
fetch_all(OSSL_LIB_CTX *lib)
{
	struct fetching f = {lib, true};

	return (OSSL_PROVIDER_do_all(lib, fetch_from, &f) == 1 && f.all);
}

static enum crypto_reason
reason_of(unsigned long code)
{
	int lib = ERR_GET_LIB(code), reason = ERR_GET_REASON(code);

	if (reason == ERR_R_MALLOC_FAILURE)
		return (CRYPTO_NO_MEMORY);
	if (reason == ERR_R_INTERNAL_ERROR)
		return (CRYPTO_NONE);
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
	c->ml_dsa = has_EVP_SIGNATURE(c->lib, "ML-DSA-65", NULL);
	c->ml_kem = has_EVP_KEM(c->lib, "ML-KEM-768", NULL);
	c->dsa = !c->fips && has_EVP_SIGNATURE(c->lib, "DSA", NULL);
	c->dh = !c->fips && has_EVP_KEYEXCH(c->lib, "DH", NULL);
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
		(void)pthread_rwlock_rdlock(&c->users->inside);
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
		(void)pthread_rwlock_unlock(&g->crypto->users->inside);
}

void
crypto_pause(const struct crypto *c)
{
	if (is_inside(c))
		(void)pthread_rwlock_unlock(&c->users->inside);
}

void
crypto_resume(const struct crypto *c)
{
	if (is_inside(c))
		(void)pthread_rwlock_rdlock(&c->users->inside);
}

bool
crypto_wait(const struct crypto *c, const struct deadline *d,
    pthread_cond_t *cond, pthread_mutex_t *lock)
{
	bool waited;

	crypto_pause(c);
	waited = deadline_wait(d, cond, lock);
	pthread_mutex_unlock(lock);
	crypto_resume(c);
	pthread_mutex_lock(lock);
	return (waited);
}

bool
crypto_before_fork(const struct crypto *c)
{
	struct timespec until;

	if (c->users == NULL || is_inside(c))
		return (false);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += FORK_WAIT_MS / 1000;
	return (pthread_rwlock_clockwrlock(
		    &c->users->inside, CLOCK_MONOTONIC, &until) == 0);
}

void
crypto_after_fork(const struct crypto *c, bool waited)
{
	if (waited)
		(void)pthread_rwlock_unlock(&c->users->inside);
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

#define MIX_MAX ((size_t)1 << 16) /* bytes at a time */

/* The primary generator: all others draw from it, and do so anew after this. */
bool
crypto_mix_in(const struct crypto *crypto, const uint8_t *bytes, size_t len)
{
	EVP_RAND_CTX *primary = RAND_get0_primary(crypto->lib);
	size_t piece;

	for (; primary != NULL && len != 0; bytes += piece, len -= piece) {
		piece = len < MIX_MAX ? len : MIX_MAX;
		if (EVP_RAND_reseed(primary, 0, NULL, 0, bytes, piece) != 1)
			return (false);
	}
	return (primary != NULL);
}
