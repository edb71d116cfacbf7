#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "config/config-file.h"
#include "module.h"
#include "arena.h"
#include "env.h"

#define ARENA_SIZE (64 * 1024)
#define DRAIN_MS 2000 /* how long exit() waits for calls under way */
#define GRACE_MS 1000 /* what KMS is answering just now may still come */
#define SLEEP_MS 250 /* before it is seen that the clock has stopped */
#define LOWEST_POINTER 4096 /* below it no string can be */

/* The one global of the module. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* stopped, or a call ended while exiting */
	enum { STOPPED, STARTING, STARTED } state;
	struct module *now; /* while STARTED */
	struct module *inherited; /* in a forked child: the parent's */
	unsigned calls; /* that hold a module */
	bool exiting;
	bool hooked; /* atexit and pthread_atfork know of us */
	struct descriptors descriptors;
	bool crypto_open;
	bool fork_waited; /* while fork() is under way */
	struct crypto crypto; /* for the life of the process */
} global = {.lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .descriptors = DESCRIPTORS_INIT};

/* No thread is inside OpenSSL, or just opening a file that a child must not
 * keep: it may do so in its turn, so the file's lock comes last. */
static void
before_fork(void)
{
	global.fork_waited = crypto_before_fork(&global.crypto);
	descriptors_lock(&global.descriptors);
}

static void
in_forking_parent(void)
{
	descriptors_unlock(&global.descriptors);
	crypto_after_fork(&global.crypto, global.fork_waited);
}

/* A child has one thread and none of the parent's calls. What the parent
 * holds is not ours: its connections must not be touched, only let go of. */
static void
in_forked_child(void)
{
	descriptors_drop(&global.descriptors);
	descriptors_unlock(&global.descriptors);
	crypto_in_child(&global.crypto);
	global.crypto_open = false; /* OpenSSL's context was the parent's */
	pthread_mutex_init(&global.lock, NULL);
	pthread_cond_init(&global.changed, NULL);
	if (global.now != NULL)
		global.inherited = global.now;
	global.now = NULL;
	global.state = STOPPED;
	global.calls = 0;
}

/* The system's clock, in whose waits OpenSSL is not used. Soon after C_Finalize
 * it stops: calls that are still under way end as if their time were up. */

static int64_t
mono_ms(void *ctx)
{
	(void)ctx;
	return (clock_system.mono_ms(clock_system.ctx));
}

static int64_t
wall_ms(void *ctx)
{
	(void)ctx;
	return (clock_system.wall_ms(clock_system.ctx));
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
	int64_t part;

	crypto_pause(&global.crypto);
	for (; ms > 0 && !is_stopped(ctx); ms -= part) {
		part = ms < SLEEP_MS ? ms : SLEEP_MS;
		clock_system.sleep_ms(clock_system.ctx, part);
	}
	crypto_resume(&global.crypto);
}

/* Registered after OpenSSL is up, so that this runs before its clean-up:
 * a thread inside TLS while OpenSSL is taken down would crash. */
static void
at_exit(void)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += DRAIN_MS / 1000;
	pthread_mutex_lock(&global.lock);
	global.exiting = true;
	pthread_cond_broadcast(&global.changed);
	while (global.calls != 0 &&
	       pthread_cond_clockwait(
		   &global.changed, &global.lock, CLOCK_MONOTONIC, &until) == 0)
		continue;
	pthread_mutex_unlock(&global.lock);
}

struct descriptors *
module_descriptors(void)
{
	return (&global.descriptors);
}

bool
module_is_exiting(void)
{
	bool yes;

	pthread_mutex_lock(&global.lock);
	yes = global.exiting;
	pthread_mutex_unlock(&global.lock);
	return (yes);
}

static void
module_free(struct module *m)
{
	if (m == NULL)
		return;
	if (m->mutex != NULL)
		(void)m->locks.DestroyMutex(m->mutex);
	sessions_free(&m->sessions);
	iv_counters_free(&m->iv_counters);
	for (size_t i = 0; i < m->token_count; i++)
		token_close(&m->tokens[i]);
	free(m->tokens);
	arena_close(m->arena);
	log_close(m->log);
	config_free(&m->config);
	free(m);
}

static void
module_free_inside(struct module *m)
{
	struct crypto_guard guard;

	if (!global.crypto_open) {
		module_free(m);
		return;
	}
	crypto_enter(&global.crypto, &guard);
	module_free(m);
	crypto_leave(&guard);
}

static CK_RV
open_tokens(struct module *m, bool no_threads)
{
	const struct token_setup setup = {
	    .crypto = m->crypto,
	    .clock = m->clock,
	    .log = m->log,
	    .arena = m->arena,
	    .file = m->config.file,
	    .state = m->config.state,
	    .last_object = &m->last_object,
	    .no_threads = no_threads,
	};
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

/* What is wrong with the file is told where it says, else to the system's log.
 */
static void
tell(struct log *log, enum log_level level, const char *text)
{
	struct log *l = log;

	if (l == NULL && log_open("syslog", &l) != ERR_OK)
		return;
	log_line(l, level, "C_Initialize: %s", text);
	if (l != log)
		log_close(l);
}

static void
tell_notes(const struct module *m)
{
	char *notes = m->config.notes, *end;

	for (; notes != NULL && (end = strchr(notes, '\n')) != NULL;
	     notes = end + 1) {
		*end = '\0';
		tell(m->log, LOG_INFO, notes);
	}
	for (size_t i = 0; i < m->config.token_count; i++)
		if (m->config.tokens[i].fault != NULL)
			tell(m->log, LOG_ERROR, m->config.tokens[i].fault);
}

/* The environment decides about the log before the file does. */
static CK_RV
read_config(struct module *m, const char *init_args)
{
	struct error_info error = {.status = 0};
	const char *spec = env_get("KEYFERRY_LOG");
	enum err e;

	e = config_load(init_args, &m->config, &error);
	if (spec == NULL)
		spec = m->config.log;
	/* without the log that was asked for: no call fails for that */
	if (log_open(spec, &m->log) == ERR_MEMORY)
		return (CKR_HOST_MEMORY);
	if (e == ERR_OK) {
		tell_notes(m);
		return (CKR_OK);
	}
	tell(m->log, LOG_ERROR,
	    error.message[0] != '\0' ? error.message : err_text(e));
	return (e == ERR_MEMORY ? CKR_HOST_MEMORY : CKR_GENERAL_ERROR);
}

/*
 * OpenSSL's context is for the life of the process, or of the forked child;
 * with fips it is of the FIPS provider alone. One that was made without cannot
 * become one: its random generator is there, and calls may be under way.
 */
static CK_RV
open_crypto(const struct module *m)
{
	const struct crypto_setup setup = {
	    m->config.fips, m->config.fips_config};
	struct error_info error = {.status = 0};
	enum err e = ERR_OK;

	if (global.crypto_open && m->config.fips && !global.crypto.fips)
		e = error_info_set(&error, ERR_CONFIG,
		    "this process has used the module without it: start the "
		    "program again");
	else if (!global.crypto_open)
		e = crypto_open(&global.crypto, &setup, &error);
	if (e == ERR_OK) {
		global.crypto_open = true;
		return (CKR_OK);
	}
	if (e != ERR_CONFIG)
		return (CKR_HOST_MEMORY);
	log_line(
	    m->log, LOG_ERROR, "C_Initialize: fips = yes: %s", error.message);
	return (CKR_GENERAL_ERROR);
}

static struct module *
module_new(void)
{
	struct module *m = calloc(1, sizeof(*m));

	if (m == NULL)
		return (NULL);
	m->refs = 1;
	m->crypto = &global.crypto;
	m->own_clock = (struct clock){
	    mono_ms, wall_ms, sleep_ms, m, is_stopped};
	m->clock = &m->own_clock;
	sessions_init(&m->sessions);
	iv_counters_init(&m->iv_counters);
	return (m);
}

static CK_RV
fill_module(struct module *m, bool no_threads)
{
	bool locked;

	if (arena_open(ARENA_SIZE, &m->arena, &locked) != ERR_OK)
		return (CKR_HOST_MEMORY);
	if (!locked)
		log_line(m->log, LOG_INFO,
		    "C_Initialize: memory for keys is not locked: see "
		    "ulimit -l");
	return (open_tokens(m, no_threads));
}

/* p11-kit and NSS hand a string in the reserved member; a value that cannot
 * be a pointer is what the standard forbids. */
static CK_RV
check_args(const CK_C_INITIALIZE_ARGS *a)
{
	int given;

	if (a == NULL)
		return (CKR_OK);
	given = (a->CreateMutex != NULL) + (a->DestroyMutex != NULL) +
		(a->LockMutex != NULL) + (a->UnlockMutex != NULL);
	if (given != 0 && given != 4)
		return (CKR_ARGUMENTS_BAD);
	if (a->pReserved != NULL && (uintptr_t)a->pReserved < LOWEST_POINTER)
		return (CKR_ARGUMENTS_BAD);
	return (CKR_OK);
}

/* Where the system's locks will do, they are what is used. */
static CK_RV
take_locks(struct module *m, const CK_C_INITIALIZE_ARGS *a)
{
	if (a == NULL || a->CreateMutex == NULL ||
	    (a->flags & CKF_OS_LOCKING_OK) != 0)
		return (CKR_OK);
	m->locks = *a;
	return (a->CreateMutex(&m->mutex) == CKR_OK ? CKR_OK : CKR_CANT_LOCK);
}

bool
module_lock(struct module *m)
{
	return (m->mutex == NULL || m->locks.LockMutex(m->mutex) == CKR_OK);
}

void
module_unlock(struct module *m)
{
	if (m->mutex != NULL)
		(void)m->locks.UnlockMutex(m->mutex);
}

/* With OpenSSL's context as the thread's. */
static CK_RV
start_inside(struct module *m, const CK_C_INITIALIZE_ARGS *a)
{
	struct crypto_guard guard;
	CK_RV rv;

	if (!global.hooked) {
		if (atexit(at_exit) != 0 ||
		    pthread_atfork(
			before_fork, in_forking_parent, in_forked_child) != 0)
			return (CKR_HOST_MEMORY);
		global.hooked = true;
	}
	crypto_enter(&global.crypto, &guard);
	rv = fill_module(m,
	    a != NULL && (a->flags & CKF_LIBRARY_CANT_CREATE_OS_THREADS) != 0);
	if (rv == CKR_OK)
		rv = take_locks(m, a);
	crypto_leave(&guard);
	return (rv);
}

/* Not under the lock: reading OpenSSL's configuration may load this module
 * once more and call C_Initialize. Ours is read before OpenSSL is touched: it
 * says which provider that uses. */
static CK_RV
start(const CK_C_INITIALIZE_ARGS *a, struct module **out)
{
	struct module *m = module_new();
	CK_RV rv;

	if (m == NULL)
		return (CKR_HOST_MEMORY);
	if ((rv = read_config(m, a == NULL ? NULL : a->pReserved)) == CKR_OK &&
	    (rv = open_crypto(m)) == CKR_OK)
		rv = start_inside(m, a);
	if (rv == CKR_OK)
		*out = m;
	else
		module_free_inside(m);
	return (rv);
}

static void
drop_inherited_module(void)
{
	struct module *m = global.inherited;

	global.inherited = NULL;
	for (size_t i = 0; m != NULL && i < m->token_count; i++)
		if (m->tokens[i].client != NULL) {
			client_abandon(m->tokens[i].client);
			regions_abandon(&m->tokens[i].regions);
		}
}

CK_RV
module_start(const CK_C_INITIALIZE_ARGS *a)
{
	struct module *m = NULL;
	CK_RV rv;

	if ((rv = check_args(a)) != CKR_OK)
		return (rv);
	pthread_mutex_lock(&global.lock);
	if (global.state != STOPPED || global.exiting)
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	else
		global.state = STARTING;
	pthread_mutex_unlock(&global.lock);
	if (rv != CKR_OK)
		return (rv);
	drop_inherited_module();
	rv = start(a, &m);
	pthread_mutex_lock(&global.lock);
	global.now = m;
	global.state = m != NULL ? STARTED : STOPPED;
	pthread_mutex_unlock(&global.lock);
	return (rv);
}

CK_RV
module_stop(void)
{
	struct module *m;
	bool inherited;

	pthread_mutex_lock(&global.lock);
	m = global.now;
	inherited = global.inherited != NULL;
	if (m != NULL) {
		global.now = NULL;
		global.state = STOPPED;
		global.calls++; /* as a call that module_put() ends */
		__atomic_store_n(&m->stops_at_ms, mono_ms(NULL) + GRACE_MS,
		    __ATOMIC_RELEASE);
		pthread_cond_broadcast(&global.changed);
	}
	pthread_mutex_unlock(&global.lock);
	if (m == NULL && inherited) {
		drop_inherited_module();
		return (CKR_OK);
	}
	if (m == NULL)
		return (CKR_CRYPTOKI_NOT_INITIALIZED);
	module_put(m);
	return (CKR_OK);
}

struct module *
module_get(void)
{
	struct module *m;

	pthread_mutex_lock(&global.lock);
	m = global.exiting ? NULL : global.now;
	if (m != NULL) {
		m->refs++;
		global.calls++;
	}
	pthread_mutex_unlock(&global.lock);
	return (m);
}

void
module_put(struct module *m)
{
	bool last;

	pthread_mutex_lock(&global.lock);
	/* on the way out nothing is freed: OpenSSL may be gone already */
	last = --m->refs == 0 && !global.exiting;
	pthread_mutex_unlock(&global.lock);
	if (last)
		module_free_inside(m);
	pthread_mutex_lock(&global.lock);
	global.calls--;
	if (global.exiting)
		pthread_cond_broadcast(&global.changed);
	pthread_mutex_unlock(&global.lock);
}

void
module_wait_stop(struct module *m)
{
	module_unlock(m);
	pthread_mutex_lock(&global.lock);
	while (global.now == m && !global.exiting)
		pthread_cond_wait(&global.changed, &global.lock);
	pthread_mutex_unlock(&global.lock);
	(void)module_lock(m);
}

struct token *
module_token(struct module *m, CK_SLOT_ID slot)
{
	for (size_t i = 0; i < m->token_count; i++)
		if (m->tokens[i].slot == slot)
			return (&m->tokens[i]);
	return (NULL);
}
