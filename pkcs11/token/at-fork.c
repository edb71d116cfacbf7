#include "arena.h"
#include "array.h"
#include "at-fork.h"

/* In the order in which one is taken while another is held. */

void
at_fork_lock(const struct at_fork *f)
{
	pthread_mutex_lock(&f->sessions->lock);
	for (size_t i = 0; i < f->token_count; i++) {
		struct token *t = &f->tokens[i];

		pthread_mutex_lock(&t->listing.lock);
		pthread_mutex_lock(&t->store.lock);
		pthread_mutex_lock(&t->pubkeys.lock);
		pthread_mutex_lock(&t->end_warnings.lock);
		pthread_mutex_lock(&t->objects.lock);
	}
	iv_counters_before_fork(f->iv_counters);
	pthread_mutex_lock(&f->saved_states->lock);
	arena_before_fork(f->arena);
}

void
at_fork_unlock(const struct at_fork *f)
{
	arena_after_fork(f->arena);
	pthread_mutex_unlock(&f->saved_states->lock);
	iv_counters_after_fork(f->iv_counters);
	for (size_t i = 0; i < f->token_count; i++) {
		struct token *t = &f->tokens[i];

		pthread_mutex_unlock(&t->objects.lock);
		pthread_mutex_unlock(&t->end_warnings.lock);
		pthread_mutex_unlock(&t->pubkeys.lock);
		pthread_mutex_unlock(&t->store.lock);
		pthread_mutex_unlock(&t->listing.lock);
	}
	pthread_mutex_unlock(&f->sessions->lock);
}

void
at_fork_abandon(const struct at_fork *f)
{
	for (size_t i = 0; i < f->token_count; i++)
		if (f->tokens[i].client != NULL) {
			client_abandon(f->tokens[i].client);
			regions_abandon(&f->tokens[i].regions);
		}
}

/* Where a thread was in a call, what it was doing is over; and where one was
 * inside OpenSSL, so is all that OpenSSL is needed for. */
static void
take_over_session(struct session *s, bool whole)
{
	bool in_use = s->refs > 1;

	s->refs = 1;
	pthread_mutex_init(&s->lock, NULL);
	for (size_t i = 0; i < OP_COUNT; i++)
		if (!whole)
			s->ops[i] = (struct op){.mech = NULL};
		else if (in_use)
			op_end(&s->ops[i]);
	if (!whole && in_use)
		s->find = (struct find){.active = false};
	else if (in_use)
		find_end(&s->find);
}

static void
take_over_certs(struct certs *cs)
{
	bool in_use = pthread_mutex_trylock(&cs->lock) != 0;

	if (in_use) {
		cs->stamp = 0; /* to be read again */
		pthread_mutex_init(&cs->lock, NULL);
	} else {
		pthread_mutex_unlock(&cs->lock);
	}
}

/* So that what they hold is not lost, which a search for leaks would tell. */
static void
keep_client(struct abandoned *a, struct client *c)
{
	struct client **rows = array_grow(
	    a->rows, &a->cap, a->count + 1, sizeof(struct client *));

	if (rows == NULL)
		return;
	a->rows = rows;
	rows[a->count++] = c;
}

static void
take_over_token(struct token *t, bool whole, struct abandoned *a)
{
	if (t->client != NULL)
		keep_client(a, t->client);
	t->client = NULL;
	for (size_t i = 0; i < t->regions.count; i++)
		keep_client(a, t->regions.clients[i]);
	t->regions.count = 0;
	t->listing.under_way = false;
	pthread_cond_init(&t->listing.ended, NULL);
	t->store.asking = 0;
	t->store.dropped_count = 0;
	if (!whole) {
		t->pubkeys.rows = NULL;
		t->pubkeys.count = t->pubkeys.cap = 0;
	}
	take_over_certs(&t->certs);
}

void
at_fork_take_over(const struct at_fork *f, bool whole, struct abandoned *a)
{
	for (size_t i = 0; i < f->sessions->count; i++)
		take_over_session(f->sessions->rows[i], whole);
	for (size_t i = 0; i < f->token_count; i++)
		take_over_token(&f->tokens[i], whole, a);
	iv_counters_in_child(f->iv_counters);
	saved_states_in_child(f->saved_states, whole);
}
