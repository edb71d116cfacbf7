#include <stdlib.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/opensslv.h>
#include <openssl/provider.h>
#include "crypto.h"

enum err
crypto_open(struct crypto *c)
{
	/* The host's configuration goes to the default context now; were it
	 * loaded by our first use, our context would be in its way. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL) != 1 ||
	    (c->lib = OSSL_LIB_CTX_new()) == NULL)
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

void
crypto_enter(const struct crypto *c, struct crypto_guard *g)
{
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
}
