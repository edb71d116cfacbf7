#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "creds-store.h"

/* New ones are looked for in the last third of their life, but not earlier than
 * this before its end. */
#define AHEAD_MS (15 * 60 * 1000)
/* After a failed search while the old ones still serve. */
#define PAUSE_MS (60 * 1000)
/* How long a call waits for new ones while the old ones still serve. */
#define AHEAD_WAIT_MS (5 * 1000)

#define CODE_MAX 15
#define LOOK_MS 1000 /* so often the files are looked at */

struct creds_store {
	struct creds_conf conf;
	pthread_mutex_t lock;
	pthread_cond_t loaded;
	bool loading; /* by one thread, without the lock */
	struct creds *now;
	uint64_t serial;
	int64_t not_before_ms; /* when to look for new ones again */
	struct profile_stamp files; /* as the last search found them */
	bool rewritten; /* since then */
	int64_t looked_ms; /* when that was looked at, on mono_ms's scale */
	char code[CODE_MAX + 1]; /* of an MFA device, for the next search */
};

static void
creds_free(struct creds *c)
{
	if (c == NULL)
		return;
	creds_wipe(c);
	free(c);
}

static enum err
creds_find(const struct creds_conf *conf, const char *code,
    const struct deadline *d, struct creds **out, struct error_info *error)
{
	struct creds_search s = {.conf = conf,
	    .code = code,
	    .deadline = d,
	    .profile_chosen = conf->profile != NULL &&
			      conf->profile[0] != '\0'};
	struct creds *c;
	enum err e;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return (ERR_MEMORY);
	*c = creds_empty(conf->arena);
	if ((e = conf->load(&s, c, error)) != ERR_OK) {
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
	pthread_cond_init(&s->loaded, NULL);
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

static void
look_at_files(struct creds_store *s)
{
	const struct clock *clk = s->conf.clock;
	int64_t now = clk->mono_ms(clk->ctx);
	struct profile_stamp files;

	if (s->now == NULL || s->loading || now - s->looked_ms < LOOK_MS)
		return;
	s->looked_ms = now;
	profile_stamp(&files);
	if (memcmp(&files, &s->files, sizeof(files)) != 0)
		s->rewritten = true;
}

static enum need
need(const struct creds_store *s, const struct creds *refused)
{
	const struct clock *clk = s->conf.clock;
	int64_t now;

	if (s->now == NULL ||
	    (refused != NULL && refused->serial == s->now->serial))
		return (NEED_NOW);
	now = clk->wall_ms(clk->ctx);
	if (s->rewritten && now >= s->not_before_ms)
		return (NEED_SOON);
	if (s->now->expires_ms == 0)
		return (NEED_NOTHING);
	return (now >= s->now->expires_ms ? NEED_NOW
		: now >= s->now->renew_ms && now >= s->not_before_ms
		    ? NEED_SOON
		    : NEED_NOTHING);
}

/* When to look for others. They may have been got by another program long ago:
 * what is left is the life that counts. */
static int64_t
renew_ms(const struct creds *c, int64_t now)
{
	int64_t ahead = (c->expires_ms - now) / 3;

	return (c->expires_ms - (ahead < AHEAD_MS ? ahead : AHEAD_MS));
}

static bool
are_still_valid(const struct creds_store *s, const struct creds *refused)
{
	const struct clock *clk = s->conf.clock;

	return (s->now != NULL && refused == NULL &&
		(s->now->expires_ms == 0 ||
		    s->now->expires_ms > clk->wall_ms(clk->ctx)));
}

/* Called and left with the lock held, which is let go for the search.
 * valid: the old ones still serve. */
static enum err
load(struct creds_store *s, bool valid, const struct deadline *d,
    struct error_info *error)
{
	const struct clock *clk = s->conf.clock;
	struct deadline ahead = deadline_in(d->clock, AHEAD_WAIT_MS);
	struct creds *found = NULL;
	char code[sizeof(s->code)];
	enum err e;

	memcpy(code, s->code, sizeof(code));
	OPENSSL_cleanse(s->code, sizeof(s->code));
	if (valid && ahead.at_ms < d->at_ms)
		d = &ahead;
	s->loading = true;
	s->rewritten = false;
	profile_stamp(&s->files);
	pthread_mutex_unlock(&s->lock);
	e = creds_find(
	    &s->conf, code[0] != '\0' ? code : NULL, d, &found, error);
	OPENSSL_cleanse(code, sizeof(code));
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
		found->renew_ms = renew_ms(found, clk->wall_ms(clk->ctx));
		unref(s->now);
		s->now = found;
	} else {
		s->not_before_ms = clk->wall_ms(clk->ctx) + PAUSE_MS;
		s->rewritten = true; /* what is there was not read yet */
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
	bool valid;

	pthread_mutex_lock(&s->lock);
	look_at_files(s);
	while ((n = need(s, refused)) == NEED_NOW && s->loading && e == ERR_OK)
		if (!crypto_wait(s->conf.crypto, d, &s->loaded, &s->lock))
			e = ERR_DEADLINE;
	if (e == ERR_OK && n != NEED_NOTHING && !s->loading) {
		valid = are_still_valid(s, refused);
		e = load(s, valid, d, error);
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

bool
creds_store_needs_code(struct creds_store *s)
{
	bool valid;

	pthread_mutex_lock(&s->lock);
	valid = are_still_valid(s, NULL);
	pthread_mutex_unlock(&s->lock);
	return (!valid && creds_needs_code(&s->conf));
}

enum err
creds_log_in(struct creds_store *s, struct view code, const struct deadline *d,
    struct error_info *error)
{
	struct creds *c;
	enum err e;

	if (code.len == 0 || code.len > CODE_MAX ||
	    memchr(code.ptr, '\0', code.len) != NULL)
		return (error_info_set(
		    error, ERR_DATA, "that is no code of an MFA device"));
	pthread_mutex_lock(&s->lock);
	memcpy(s->code, code.ptr, code.len);
	s->code[code.len] = '\0';
	pthread_mutex_unlock(&s->lock);
	if ((e = creds_acquire(s, NULL, d, &c, error)) == ERR_OK)
		creds_release(s, c);
	pthread_mutex_lock(&s->lock);
	OPENSSL_cleanse(s->code, sizeof(s->code));
	pthread_mutex_unlock(&s->lock);
	return (e);
}
