#include <stdlib.h>
#include "arena.h"
#include "module-data.h"

#define ARENA_SIZE (64 * 1024)
#define GRACE_MS 1000 /* what KMS is answering just now may still come */
#define SLEEP_MS 250 /* before it is seen that the clock has stopped */

/* The system's clock, in whose waits OpenSSL is not used. Soon after C_Finalize
 * it stops: calls that are still under way end as if their time were up. */

static int64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return (clock_system.mono_ms(clock_system.ctx));
}

bool
module_is_stopped(const struct module *m)
{
	int64_t at = __atomic_load_n(&m->stops_at_ms, __ATOMIC_ACQUIRE);

	return (at != 0 && mono_ms(NULL) >= at);
}

static bool
is_stopped(void *ctx)
{
	return (module_is_stopped(ctx));
}

static void
sleep_ms(void *ctx, int64_t ms)
{
	const struct module *m = ctx;
	int64_t part;

	crypto_pause(m->crypto);
	for (; ms > 0 && !module_is_stopped(m); ms -= part) {
		part = ms < SLEEP_MS ? ms : SLEEP_MS;
		clock_system.sleep_ms(clock_system.ctx, part);
	}
	crypto_resume(m->crypto);
}

void
module_stop_soon(struct module *m)
{
	__atomic_store_n(
	    &m->stops_at_ms, mono_ms(NULL) + GRACE_MS, __ATOMIC_RELEASE);
}

struct module *
module_new(const struct crypto *crypto)
{
	struct module *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return (NULL);
	m->refs = 1;
	m->crypto = crypto;
	m->own_clock = (struct clock){
	    mono_ms, clock_system.wall_ms, sleep_ms, m, is_stopped};
	m->clock = &m->own_clock;
	sessions_init(&m->sessions);
	iv_counters_init(&m->iv_counters);
	saved_states_init(&m->saved_states);
	return (m);
}

void
module_free(struct module *m)
{
	if (m == NULL)
		return;
	host_mutex_close(&m->host_mutex);
	sessions_free(&m->sessions);
	iv_counters_free(&m->iv_counters);
	saved_states_free(&m->saved_states);
	for (size_t i = 0; i < m->token_count; i++)
		token_close(&m->tokens[i]);
	free(m->tokens);
	arena_close(m->arena);
	arena_close(m->kept_arena);
	log_close(m->log);
	config_free(&m->config);
	free(m);
}

static struct token_setup
token_setup(struct module *m, const char *when)
{
	return ((struct token_setup){
	    .crypto = m->crypto,
	    .clock = m->clock,
	    .log = m->log,
	    .arena = m->kept_arena,
	    .file = m->config.file,
	    .state = m->config.state,
	    .when = when,
	    .last_object = &m->last_object,
	    .no_threads = m->no_threads,
	});
}

static CK_RV
open_tokens(struct module *m)
{
	const struct token_setup setup = token_setup(m, "C_Initialize");
	enum err e;

	m->tokens = calloc(m->config.token_count, sizeof(*m->tokens));
	if (m->tokens == NULL)
		return (CKR_HOST_MEMORY);
	for (; m->token_count < m->config.token_count; m->token_count++) {
		struct token *t = &m->tokens[m->token_count];

		t->config = &m->config.tokens[m->token_count];
		e = token_open(t, &setup);
		if (e != ERR_OK)
			return (CKR_HOST_MEMORY);
	}
	return (CKR_OK);
}

static void
tell_locked(struct module *m, const char *when, bool locked)
{
	if (!locked)
		log_line(m->log, LOG_INFO,
		    "%s: memory for keys is not locked: see ulimit -l", when);
}

CK_RV
module_open(struct module *m, const CK_C_INITIALIZE_ARGS *a)
{
	bool locked, kept_locked;
	CK_RV rv;

	m->no_threads = a != NULL &&
			(a->flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS) != 0;
	if (arena_open(ARENA_SIZE, &m->arena, &locked) != ERR_OK ||
	    arena_open_kept(ARENA_SIZE, &m->kept_arena, &kept_locked) != ERR_OK)
		return (CKR_HOST_MEMORY);
	tell_locked(m, "C_Initialize", locked && kept_locked);
	if ((rv = open_tokens(m)) == CKR_OK)
		rv = host_mutex_open(&m->host_mutex, a);
	return (rv);
}

/* What was on its way in the parent is wiped here: the arena is another. */
CK_RV
module_reopen(struct module *m)
{
	static const char when[] = "the first call after fork()";
	const struct token_setup setup = token_setup(m, when);
	bool locked;

	arena_close(m->arena);
	m->arena = NULL;
	if (arena_open(ARENA_SIZE, &m->arena, &locked) != ERR_OK)
		return (CKR_HOST_MEMORY);
	tell_locked(m, when, arena_lock_in_child(m->kept_arena) && locked);
	for (size_t i = 0; i < m->token_count; i++)
		if (m->tokens[i].why_absent[0] == '\0' &&
		    token_reopen(&m->tokens[i], &setup) != ERR_OK)
			return (CKR_HOST_MEMORY);
	return (host_mutex_renew(&m->host_mutex));
}
