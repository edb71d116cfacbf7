#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "at-fork.h"
#include "module.h"
#include "read-config.h"

#define DRAIN_MS 2000 /* how long exit() waits for calls under way */
#define START_MS 2000 /* C_Initialize for another thread's */

/* The one global of the module. */
static struct {
	pthread_mutex_t lock;
	/* started or stopped, or a call ended while exiting */
	pthread_cond_t changed;
	/* INHERITED: in a forked child, before its first call; TAKING_OVER:
	 * while one thread of it makes the parent's module its own */
	enum { STOPPED, STARTING, STARTED, INHERITED, TAKING_OVER } state;
	pthread_t starter; /* while STARTING */
	struct module *now; /* while STARTED, INHERITED or TAKING_OVER */
	bool whole; /* while INHERITED or TAKING_OVER: see at-fork.h */
	struct abandoned abandoned;
	struct module *left; /* with next_left: ended, and never freed */
	unsigned calls; /* that hold a module */
	bool exiting, crypto_open;
	bool hooked; /* atexit and pthread_atfork know of us */
	struct descriptors descriptors;
	bool fork_waited; /* while fork() is under way */
	struct crypto crypto; /* for the life of the process */
	CK_INTERFACE interfaces[MODULE_INTERFACES]; /* handed out */
} global = {.lock = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .descriptors = DESCRIPTORS_INIT};

static struct at_fork
kept_at_fork(struct module *m)
{
	return ((struct at_fork){&m->sessions, m->tokens, m->token_count,
	    &m->iv_counters, &m->saved_states, m->kept_arena});
}

/* No thread is inside OpenSSL, or just opening a file that a child must not
 * keep: it may do so in its turn, so the file's lock comes later. */
static void
before_fork(void)
{
	struct at_fork f;

	global.fork_waited = crypto_before_fork(&global.crypto);
	descriptors_lock(&global.descriptors);
	pthread_mutex_lock(&global.lock);
	if (global.now != NULL) {
		f = kept_at_fork(global.now);
		at_fork_lock(&f);
	}
}

static void
unlock_after_fork(void)
{
	struct at_fork f;

	if (global.now != NULL) {
		f = kept_at_fork(global.now);
		at_fork_unlock(&f);
	}
	pthread_mutex_unlock(&global.lock);
	descriptors_unlock(&global.descriptors);
}

static void
in_forking_parent(void)
{
	unlock_after_fork();
	crypto_after_fork(&global.crypto, global.fork_waited);
}

/* A child has one thread and none of the parent's calls. What the parent
 * holds is not ours: its connections must not be touched, only let go of. The
 * rest waits until the child calls us: most never do. */
static void
in_forked_child(void)
{
	struct at_fork f;

	descriptors_drop(&global.descriptors);
	if (global.now != NULL) {
		f = kept_at_fork(global.now);
		at_fork_abandon(&f);
	}
	unlock_after_fork();
	crypto_in_child(&global.crypto);
	pthread_cond_init(&global.changed, NULL);
	global.calls = 0;
	/* of OpenSSL's context a thread that is gone may hold locks */
	if (!global.fork_waited)
		global.crypto_open = false;
	if (global.state == STARTED)
		global.whole = global.fork_waited;
	else if (global.state != INHERITED || !global.fork_waited)
		global.whole = false;
	global.state = global.now != NULL ? INHERITED : STOPPED;
}

/* Registered after OpenSSL is up, so this runs before its clean-up: a thread
 * inside TLS meanwhile would crash. */
static void
at_exit(void)
{
	struct deadline d = deadline_in(&clock_system, DRAIN_MS);

	pthread_mutex_lock(&global.lock);
	global.exiting = true;
	pthread_cond_broadcast(&global.changed);
	while (global.calls != 0 &&
	       deadline_wait(&d, &global.changed, &global.lock))
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
	rv = module_open(m, a);
	crypto_leave(&guard);
	return (rv);
}

/* Not under the lock: reading OpenSSL's configuration may load this module
 * once more and call C_Initialize. Ours is read before OpenSSL is touched: it
 * says which provider that uses. */
static CK_RV
start(const CK_C_INITIALIZE_ARGS *a, struct module **out)
{
	struct module *m = module_new(&global.crypto);
	CK_RV rv;

	if (m == NULL)
		return (CKR_HOST_MEMORY);
	if ((rv = read_config(a == NULL ? NULL : a->pReserved, &m->config,
		 &m->log)) == CKR_OK &&
	    (rv = open_crypto(m)) == CKR_OK)
		rv = start_inside(m, a);
	if (rv == CKR_OK)
		*out = m;
	else
		module_free_inside(m);
	return (rv);
}

/* What is in memory becomes the child's. */
static void
take_over(struct module *m)
{
	struct at_fork f = kept_at_fork(m);

	at_fork_take_over(&f, global.whole, &global.abandoned);
	m->refs = 1;
}

/* The host's mutex is the parent's: a thread that is not here may hold it. */
static void
free_inherited(struct module *m)
{
	take_over(m);
	m->host_mutex.mutex = NULL;
	module_free_inside(m);
}

static CK_RV
reopen(struct module *m)
{
	struct crypto_guard guard;
	CK_RV rv;

	take_over(m);
	if ((rv = open_crypto(m)) == CKR_OK) {
		crypto_enter(&global.crypto, &guard);
		rv = module_reopen(m);
		crypto_leave(&guard);
	}
	if (rv == CKR_OK || rv == CKR_HOST_MEMORY)
		return (rv);
	log_line(m->log, LOG_ERROR,
	    "the first call after fork() failed: the next one tries again");
	return (CKR_GENERAL_ERROR);
}

/* With the lock, which is let go meanwhile. The first thread of a forked child
 * makes the module its own; others wait for it. */
static CK_RV
reopen_inherited(void)
{
	struct module *m = global.now;
	CK_RV rv;

	while (global.state == TAKING_OVER)
		pthread_cond_wait(&global.changed, &global.lock);
	if (global.state != INHERITED || global.exiting)
		return (CKR_OK);
	global.state = TAKING_OVER;
	pthread_mutex_unlock(&global.lock);
	rv = reopen(m);
	pthread_mutex_lock(&global.lock);
	global.state = rv == CKR_OK ? STARTED : INHERITED;
	pthread_cond_broadcast(&global.changed);
	return (rv);
}

/* The module that a forked child has not used is not the child's any more, by
 * C_Initialize or C_Finalize. NULL: there is none. With the lock. */
static struct module *
leave_inherited(void)
{
	struct module *m = global.now;

	while (global.state == TAKING_OVER)
		pthread_cond_wait(&global.changed, &global.lock);
	if (global.state != INHERITED)
		return (NULL);
	global.now = NULL;
	global.state = STOPPED;
	return (m);
}

/* When C_Initialize says that the module is initialized, it is. But the thread
 * that does so may wait for this one inside OpenSSL. With the lock. */
static void
await_starter(void)
{
	struct deadline d = deadline_in(&clock_system, START_MS);

	while (global.state == STARTING &&
	       !pthread_equal(global.starter, pthread_self()) &&
	       deadline_wait(&d, &global.changed, &global.lock))
		continue;
}

CK_RV
module_start(const CK_C_INITIALIZE_ARGS *a)
{
	struct module *m = NULL, *inherited;
	CK_RV rv;

	if ((rv = host_mutex_check(a)) != CKR_OK)
		return (rv);
	pthread_mutex_lock(&global.lock);
	inherited = leave_inherited();
	await_starter();
	if (global.state != STOPPED || global.exiting)
		rv = CKR_CRYPTOKI_ALREADY_INITIALIZED;
	else {
		global.state = STARTING;
		global.starter = pthread_self();
	}
	pthread_mutex_unlock(&global.lock);
	if (inherited != NULL)
		free_inherited(inherited);
	if (rv != CKR_OK)
		return (rv);
	rv = start(a, &m);
	pthread_mutex_lock(&global.lock);
	global.now = m;
	global.state = m != NULL ? STARTED : STOPPED;
	pthread_cond_broadcast(&global.changed);
	pthread_mutex_unlock(&global.lock);
	return (rv);
}

CK_RV
module_stop(void)
{
	struct module *m, *inherited;

	pthread_mutex_lock(&global.lock);
	inherited = leave_inherited();
	m = global.now;
	if (m != NULL) {
		global.now = NULL;
		global.state = STOPPED;
		global.calls++; /* as a call that module_put() ends */
		module_stop_soon(m);
		pthread_cond_broadcast(&global.changed);
	}
	pthread_mutex_unlock(&global.lock);
	if (inherited != NULL) {
		free_inherited(inherited);
		return (CKR_OK);
	}
	if (m == NULL)
		return (CKR_CRYPTOKI_NOT_INITIALIZED);
	module_put(m);
	return (CKR_OK);
}

CK_RV
module_get(struct module **m)
{
	CK_RV rv;

	*m = NULL;
	pthread_mutex_lock(&global.lock);
	if ((rv = reopen_inherited()) == CKR_OK &&
	    (global.now == NULL || global.exiting))
		rv = CKR_CRYPTOKI_NOT_INITIALIZED;
	if (rv == CKR_OK) {
		*m = global.now;
		(*m)->refs++;
		global.calls++;
	}
	pthread_mutex_unlock(&global.lock);
	return (rv);
}

void
module_put(struct module *m)
{
	bool last;

	pthread_mutex_lock(&global.lock);
	last = --m->refs == 0 && !global.exiting;
	/* on the way out nothing is freed, as OpenSSL may be gone already, nor
	 * lost, which a search for leaks would tell */
	if (m->refs == 0 && !last) {
		m->next_left = global.left;
		global.left = m;
	}
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
	host_mutex_unlock(&m->host_mutex);
	pthread_mutex_lock(&global.lock);
	while (global.now == m && !global.exiting)
		pthread_cond_wait(&global.changed, &global.lock);
	pthread_mutex_unlock(&global.lock);
	(void)host_mutex_lock(&m->host_mutex);
}

struct token *
module_token(struct module *m, CK_SLOT_ID slot)
{
	for (size_t i = 0; i < m->token_count; i++)
		if (m->tokens[i].slot == slot)
			return (&m->tokens[i]);
	return (NULL);
}

/* What is right already is not written: another thread may be reading it. */
CK_INTERFACE *
module_interface(size_t n, const CK_INTERFACE *what)
{
	CK_INTERFACE *i = &global.interfaces[n];

	pthread_mutex_lock(&global.lock);
	if (memcmp(i, what, sizeof(*i)) != 0)
		*i = *what;
	pthread_mutex_unlock(&global.lock);
	return (i);
}
