#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include "key/rsa-stock.h"

#define STOCK_MAX 4
#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

struct stock {
	unsigned bits;
	size_t want, have;
	bool asked; /* ever: a server that imports nothing makes none */
	EVP_PKEY *pairs[STOCK_MAX];
	EVP_PKEY *shared; /* given to whoever does not need one of his own */
};

static const struct stock stocks[] = {
    {.bits = 2048, .want = 4},
    {.bits = 3072, .want = 2},
    {.bits = 4096, .want = 2},
};

struct rsa_stock {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wanted;
	atomic_bool end;
	struct stock stocks[ELEMS(stocks)];
};

/* OpenSSL calls this during generation; false ends it. */
static int
on_progress(EVP_PKEY_CTX *ctx)
{
	const atomic_bool *end = EVP_PKEY_CTX_get_app_data(ctx);

	return (end == NULL || !atomic_load(end));
}

static EVP_PKEY *
generate(unsigned bits, atomic_bool *end)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits) != 1)
		goto out;
	EVP_PKEY_CTX_set_app_data(ctx, end);
	EVP_PKEY_CTX_set_cb(ctx, on_progress);
	if (EVP_PKEY_keygen(ctx, &pkey) != 1)
		pkey = NULL;
out:
	EVP_PKEY_CTX_free(ctx);
	return (pkey);
}

/* The emptiest stock, smaller keys first; NULL: all that were ever used are
 * full. */
static struct stock *
lacking(struct rsa_stock *p)
{
	struct stock *s, *found = NULL;

	for (s = p->stocks; s < p->stocks + ELEMS(stocks); s++)
		if (s->asked && s->have < s->want &&
		    (found == NULL || s->have < found->have))
			found = s;
	return (found);
}

static void *
work(void *arg)
{
	struct rsa_stock *p = arg;
	struct stock *s;
	EVP_PKEY *pkey;

	/* on Linux this sets the priority of this thread alone */
	(void)setpriority(PRIO_PROCESS, (id_t)gettid(), 19);
	pthread_mutex_lock(&p->lock);
	while (!p->end) {
		if ((s = lacking(p)) == NULL) {
			pthread_cond_wait(&p->wanted, &p->lock);
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		pkey = generate(s->bits, &p->end);
		pthread_mutex_lock(&p->lock);
		if (pkey == NULL)
			break;
		s->pairs[s->have++] = pkey;
	}
	pthread_mutex_unlock(&p->lock);
	return (NULL);
}

struct rsa_stock *
rsa_stock_open(void)
{
	struct rsa_stock *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return (NULL);
	for (size_t i = 0; i < ELEMS(stocks); i++)
		p->stocks[i] = stocks[i];
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->wanted, NULL);
	if (pthread_create(&p->thread, NULL, work, p) != 0) {
		pthread_cond_destroy(&p->wanted);
		pthread_mutex_destroy(&p->lock);
		free(p);
		return (NULL);
	}
	return (p);
}

EVP_PKEY *
rsa_stock_take(struct rsa_stock *p, unsigned bits)
{
	EVP_PKEY *pkey = NULL;

	pthread_mutex_lock(&p->lock);
	for (struct stock *s = p->stocks; s < p->stocks + ELEMS(stocks); s++) {
		if (s->bits != bits)
			continue;
		s->asked = true;
		if (s->have != 0)
			pkey = s->pairs[--s->have];
	}
	pthread_cond_signal(&p->wanted);
	pthread_mutex_unlock(&p->lock);
	return (pkey != NULL ? pkey : generate(bits, &p->end));
}

EVP_PKEY *
rsa_stock_share(struct rsa_stock *p, unsigned bits)
{
	EVP_PKEY *made = NULL, *pkey = NULL;

	for (struct stock *s = p->stocks; s < p->stocks + ELEMS(stocks); s++) {
		if (s->bits != bits)
			continue;
		pthread_mutex_lock(&p->lock);
		if (s->shared == NULL) {
			pthread_mutex_unlock(&p->lock);
			/* not out of the stock, which nobody else may need */
			made = generate(bits, &p->end);
			pthread_mutex_lock(&p->lock);
		}
		if (s->shared == NULL) {
			s->shared = made;
			made = NULL;
		}
		pkey = s->shared;
		if (pkey != NULL && EVP_PKEY_up_ref(pkey) != 1)
			pkey = NULL;
		pthread_mutex_unlock(&p->lock);
	}
	EVP_PKEY_free(made);
	return (pkey);
}

void
rsa_stock_close(struct rsa_stock *p)
{
	if (p == NULL)
		return;
	pthread_mutex_lock(&p->lock);
	p->end = true;
	pthread_cond_signal(&p->wanted);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	for (size_t i = 0; i < ELEMS(stocks); i++) {
		while (p->stocks[i].have != 0)
			EVP_PKEY_free(p->stocks[i].pairs[--p->stocks[i].have]);
		EVP_PKEY_free(p->stocks[i].shared);
	}
	pthread_cond_destroy(&p->wanted);
	pthread_mutex_destroy(&p->lock);
	free(p);
}
