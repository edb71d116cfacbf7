#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include "clock.h"
#include "control/controls.h"
#include "control/quota.h"
#include "control/spent-tokens.h"

#define DENIALS_MAX 64

struct controls {
	struct store *store;
	pthread_mutex_t lock; /* over faults, quotas and denials */
	struct faults faults;
	struct quotas quotas;
	struct denial denials[DENIALS_MAX];
	_Atomic size_t denial_count;
	atomic_bool has_faults, has_quotas; /* to stay off the lock */
	atomic_bool shares_wrapping_keys;
	atomic_bool refuses_in_use, takes_tokens_once;
	struct spent_tokens spent;
	_Atomic int64_t forward_ms, skew_ms;
	atomic_ulong counters[CONTROLS_COUNTERS];
	atomic_ulong at_once, most_at_once; /* requests not yet answered */
};

struct controls *
controls_open(struct store *s)
{
	struct controls *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return (NULL);
	c->store = s;
	pthread_mutex_init(&c->lock, NULL);
	spent_tokens_init(&c->spent);
	return (c);
}

void
controls_close(struct controls *c)
{
	if (c == NULL)
		return;
	faults_remove(&c->faults, 0);
	spent_tokens_clear(&c->spent);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

int64_t
controls_now_ms(struct controls *c)
{
	return (clock_system.wall_ms(clock_system.ctx) + c->forward_ms);
}

int64_t
controls_wall_ms(struct controls *c)
{
	return (clock_system.wall_ms(clock_system.ctx) + c->skew_ms);
}

int64_t
controls_date_ms(struct controls *c)
{
	return (controls_wall_ms(c) + c->forward_ms);
}

static void
count_at_once(struct controls *c)
{
	unsigned long now = atomic_fetch_add(&c->at_once, 1) + 1;
	unsigned long most = c->most_at_once;

	while (now > most &&
	       !atomic_compare_exchange_weak(&c->most_at_once, &most, now))
		continue;
}

void
controls_end_request(struct controls *c)
{
	atomic_fetch_sub(&c->at_once, 1);
}

void
controls_begin_request(struct controls *c, size_t number, const char *operation,
    struct fault_plan *p)
{
	count_at_once(c);
	memset(p, 0, sizeof(*p));
	atomic_fetch_add_explicit(
	    &c->counters[number], 1, memory_order_relaxed);
	if (!c->has_faults)
		return;
	pthread_mutex_lock(&c->lock);
	faults_match(&c->faults, operation, p);
	pthread_mutex_unlock(&c->lock);
}

bool
controls_next_edit(struct controls *c, const char *operation, struct view reply,
    size_t *next, struct reply_edit *e)
{
	bool found;

	if (!c->has_faults)
		return (false);
	pthread_mutex_lock(&c->lock);
	found = faults_next_edit(&c->faults, operation, reply, next, e);
	pthread_mutex_unlock(&c->lock);
	return (found);
}

static bool
matches(const char *wanted, const char *is)
{
	return (wanted[0] == '\0' || strcmp(wanted, is) == 0);
}

bool
controls_denied(struct controls *c, const char *operation, const struct key *k,
    const char *access_key)
{
	const struct denial *d;
	bool denied = false;

	if (c->denial_count == 0)
		return (false);
	pthread_mutex_lock(&c->lock);
	for (d = c->denials; d < c->denials + c->denial_count; d++)
		denied |= matches(d->key, k != NULL ? k->id : "") &&
			  matches(d->operation, operation) &&
			  matches(d->access_key, access_key);
	pthread_mutex_unlock(&c->lock);
	return (denied);
}

bool
controls_over_quota(struct controls *c, const char *operation,
    const struct key *k, const char *pair_spec, const char *region)
{
	bool over;

	if (!c->has_quotas)
		return (false);
	pthread_mutex_lock(&c->lock);
	over = quota_over(&c->quotas, operation, k, pair_spec, region,
	    clock_system.mono_ms(clock_system.ctx));
	pthread_mutex_unlock(&c->lock);
	return (over);
}

bool
controls_shares_wrapping_keys(const struct controls *c)
{
	return (c->shares_wrapping_keys);
}

bool
controls_refuses_in_use(const struct controls *c)
{
	return (c->refuses_in_use);
}

bool
controls_token_is_spent(
    struct controls *c, struct view token, struct view material)
{
	return (c->takes_tokens_once &&
		spent_tokens_refuse(&c->spent, token, material));
}

bool
controls_spend_token(
    struct controls *c, struct view token, struct view material)
{
	return (!c->takes_tokens_once ||
		spent_tokens_add(&c->spent, token, material));
}

unsigned long
controls_counter(const struct controls *c, size_t number)
{
	return (c->counters[number]);
}

unsigned long
controls_most_at_once(const struct controls *c)
{
	return (c->most_at_once);
}

void
controls_clear_counters(struct controls *c)
{
	for (size_t i = 0; i < CONTROLS_COUNTERS; i++)
		c->counters[i] = 0;
	c->most_at_once = 0;
}

bool
controls_add_fault(struct controls *c, const struct web_request *q, int *id,
    char *why, size_t size)
{
	bool ok;

	pthread_mutex_lock(&c->lock);
	ok = faults_add(&c->faults, q, id, why, size);
	c->has_faults |= ok;
	pthread_mutex_unlock(&c->lock);
	return (ok);
}

void
controls_remove_fault(struct controls *c, int id)
{
	pthread_mutex_lock(&c->lock);
	faults_remove(&c->faults, id);
	if (id == 0)
		c->has_faults = false;
	pthread_mutex_unlock(&c->lock);
}

size_t
controls_list_faults(struct controls *c, struct fault out[FAULTS_MAX])
{
	size_t n;

	pthread_mutex_lock(&c->lock);
	n = faults_list(&c->faults, out);
	pthread_mutex_unlock(&c->lock);
	return (n);
}

bool
controls_add_denial(struct controls *c, const struct denial *d)
{
	bool ok;

	pthread_mutex_lock(&c->lock);
	ok = c->denial_count < DENIALS_MAX;
	if (ok)
		c->denials[c->denial_count++] = *d;
	pthread_mutex_unlock(&c->lock);
	return (ok);
}

void
controls_clear_denials(struct controls *c)
{
	pthread_mutex_lock(&c->lock);
	c->denial_count = 0;
	pthread_mutex_unlock(&c->lock);
}

void
controls_move_clock(struct controls *c, int64_t forward, int64_t skew)
{
	c->forward_ms += forward * 1000;
	c->skew_ms += skew * 1000;
}

void
controls_enforce_quotas(struct controls *c, bool enforce)
{
	pthread_mutex_lock(&c->lock);
	memset(&c->quotas, 0, sizeof(c->quotas));
	c->has_quotas = enforce;
	pthread_mutex_unlock(&c->lock);
}

void
controls_share_wrapping_keys(struct controls *c, bool share)
{
	c->shares_wrapping_keys = share;
}

void
controls_refuse_in_use(struct controls *c, bool refuse)
{
	c->refuses_in_use = refuse;
}

void
controls_take_tokens_once(struct controls *c, bool once)
{
	c->takes_tokens_once = once;
	spent_tokens_clear(&c->spent);
}

void
controls_delay_changes(struct controls *c, int64_t ms)
{
	store_set_delay(c->store, ms);
}

void
controls_reset(struct controls *c)
{
	controls_remove_fault(c, 0);
	controls_clear_denials(c);
	controls_enforce_quotas(c, false);
	controls_delay_changes(c, 0);
	controls_share_wrapping_keys(c, false);
	controls_refuse_in_use(c, false);
	controls_take_tokens_once(c, false);
	controls_clear_counters(c);
	c->skew_ms = 0;
}
