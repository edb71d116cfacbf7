#include <stdlib.h>
#include <time.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/provider.h>
#include "crypto.h"

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

enum err
crypto_open(struct crypto *c)
{
	/* The host's configuration goes to the default context now; were it
	 * loaded by our first use, our context would be in its way. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1)
		return (ERR_MEMORY);
	if (c->users == NULL &&
	    ((c->users = malloc(sizeof(*c->users))) == NULL ||
		users_init(c->users) != 0))
		return (ERR_MEMORY);
	if ((c->lib = OSSL_LIB_CTX_new()) == NULL)
		return (ERR_MEMORY);
	if ((c->provider = OSSL_PROVIDER_load(c->lib, "default")) == NULL)
		return (ERR_INTERNAL);
	return (ERR_OK);
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
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += FORK_WAIT_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000L;
	until.tv_nsec %= 1000000000L;
	return (pthread_rwlock_timedwrlock(c->users, &until) == 0);
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
