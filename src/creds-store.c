#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "creds-store.h"

#define SECRET_MAX 256
#define TOKEN_MAX 16384
/* What is left of their life when one thread looks for new ones, and when
 * all wait for them. */
#define ADVISORY_MS (15 * 60 * 1000)
#define MANDATORY_MS (10 * 60 * 1000)
/* After a failed search while the old ones still serve. */
#define PAUSE_MS (60 * 1000)

/* In this order. A profile that was chosen on purpose comes before what
 * happens to be in the environment. */
static const struct {
	const char *name;
	creds_load_fn *load;
	bool not_with_profile;
} chain[] = {
    {"environment", creds_env_load, true},
    {"profile", creds_profile_load, false},
};

struct creds_store {
	struct creds_conf conf;
	pthread_mutex_t lock;
	pthread_cond_t loaded;
	bool loading; /* by one thread, without the lock */
	struct creds *now;
	uint64_t serial;
	int64_t not_before_ms; /* when to look for new ones again */
};

static void
creds_free(struct creds *c)
{
	if (c == NULL)
		return;
	buf_free(&c->secret);
	buf_free(&c->token);
	OPENSSL_cleanse(c, sizeof(*c));
	free(c);
}

static enum err
chain_load(const struct creds_conf *conf, const struct deadline *d,
    struct creds *c, struct error_info *error)
{
	bool chosen = conf->profile != NULL && conf->profile[0] != '\0';
	enum err e;

	for (size_t i = 0; i < sizeof(chain) / sizeof(chain[0]); i++) {
		if (chosen && chain[i].not_with_profile)
			continue;
		c->source = chain[i].name;
		if ((e = chain[i].load(conf, d, c, error)) != ERR_NO_CREDS)
			return (e);
	}
	return (error_info_set(error, ERR_NO_CREDS,
	    "no AWS credentials in the environment or in the profile"));
}

static enum err
creds_find(const struct creds_conf *conf, const struct deadline *d,
    struct creds **out, struct error_info *error)
{
	creds_load_fn *load = conf->load != NULL ? conf->load : chain_load;
	struct creds *c;
	enum err e;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (ERR_MEMORY);
	c->secret = (struct buf)BUF_SECRET(SECRET_MAX, conf->arena);
	c->token = (struct buf)BUF_INIT(TOKEN_MAX);
	if ((e = load(conf, d, c, error)) != ERR_OK) {
		creds_free(c);
		return (e);
	}
	*out = c;
	return (ERR_OK);
}

enum err
creds_store_open(const struct creds_conf *conf, struct creds_store **out)
{
	struct creds_store *s;

	if ((s = calloc(1, sizeof(*s))) == NULL)
		return (ERR_MEMORY);
	s->conf = *conf;
	pthread_mutex_init(&s->lock, NULL);
	deadline_cond_init(&s->loaded);
	*out = s;
	return (ERR_OK);
}

static void
unref(struct creds *c)
{
	if (c != NULL && --c->refs == 0)
		creds_free(c);
}

void
creds_store_close(struct creds_store *s)
{
	if (s == NULL)
		return;
	unref(s->now);
	pthread_cond_destroy(&s->loaded);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void
creds_release(struct creds_store *s, struct creds *c)
{
	pthread_mutex_lock(&s->lock);
	unref(c);
	pthread_mutex_unlock(&s->lock);
}

enum need { NEED_NOTHING, NEED_SOON, NEED_NOW };

static enum need
need(const struct creds_store *s, const struct creds *refused)
{
	const struct clock *clk = s->conf.clock;
	int64_t now, left;

	if (s->now == NULL ||
	    (refused != NULL && refused->serial == s->now->serial))
		return (NEED_NOW);
	if (s->now->expires_ms == 0)
		return (NEED_NOTHING);
	now = clk->wall_ms(clk->ctx);
	left = s->now->expires_ms - now;
	return (left <= MANDATORY_MS ? NEED_NOW
		: left <= ADVISORY_MS && now >= s->not_before_ms
		    ? NEED_SOON
		    : NEED_NOTHING);
}

static bool
are_still_valid(const struct creds_store *s, const struct creds *refused)
{
	const struct clock *clk = s->conf.clock;

	return (s->now != NULL && refused == NULL &&
		s->now->expires_ms > clk->wall_ms(clk->ctx));
}

/* Called and left with the lock held, which is let go for the search. */
static enum err
load(struct creds_store *s, const struct deadline *d, struct error_info *error)
{
	const struct clock *clk = s->conf.clock;
	struct creds *found = NULL;
	enum err e;

	s->loading = true;
	pthread_mutex_unlock(&s->lock);
	e = creds_find(&s->conf, d, &found, error);
	pthread_mutex_lock(&s->lock);
	s->loading = false;
	if (e == ERR_OK) {
		/* the same ones again keep their number */
		if (s->now == NULL ||
		    strcmp(found->access_key, s->now->access_key) != 0 ||
		    !view_equal(
			buf_view(&found->token), buf_view(&s->now->token)) ||
		    found->secret.len != s->now->secret.len ||
		    CRYPTO_memcmp(found->secret.ptr, s->now->secret.ptr,
			found->secret.len) != 0)
			s->serial++;
		found->serial = s->serial;
		found->refs = 1;
		unref(s->now);
		s->now = found;
	} else {
		s->not_before_ms = clk->wall_ms(clk->ctx) + PAUSE_MS;
	}
	pthread_cond_broadcast(&s->loaded);
	return (e);
}

enum err
creds_acquire(struct creds_store *s, const struct creds *refused,
    const struct deadline *d, struct creds **out, struct error_info *error)
{
	enum err e = ERR_OK;
	enum need n;

	pthread_mutex_lock(&s->lock);
	while ((n = need(s, refused)) == NEED_NOW && s->loading && e == ERR_OK)
		if (!deadline_wait(d, &s->loaded, &s->lock))
			e = ERR_DEADLINE;
	if (e == ERR_OK && n != NEED_NOTHING && !s->loading) {
		e = load(s, d, error);
		if (e != ERR_OK && are_still_valid(s, refused))
			e = ERR_OK;
	}
	if (e == ERR_OK) {
		s->now->refs++;
		*out = s->now;
	}
	pthread_mutex_unlock(&s->lock);
	return (e);
}
