#ifndef MODULE_DATA_H
#define MODULE_DATA_H
#include "clock.h"
#include "config/config.h"
#include "crypto.h"
#include "host-mutex.h"
#include "iv-counters.h"
#include "log.h"
#include "saved-states.h"
#include "session.h"
#include "token.h"

/*
 * Everything between C_Initialize and C_Finalize. Calls hold it while they
 * run: it is freed when the last of them ends, and never by a process on its
 * way out. A forked child goes on with it from its first call on, unless that
 * is C_Initialize or C_Finalize.
 */
struct module {
	/* under module.c's lock: one for being initialised, one a call */
	unsigned refs;
	struct config config;
	struct log *log;
	const struct crypto *crypto;
	const struct clock *clock;
	struct clock own_clock; /* the system's, which C_Finalize stops */
	int64_t stops_at_ms; /* atomic; 0: not yet */
	struct arena *arena; /* for secrets on their way: a fork wipes it */
	struct arena
	    *kept_arena; /* for keys that are kept here, a fork or no */
	struct token *tokens; /* in the order of the file */
	size_t token_count;
	struct sessions sessions;
	CK_OBJECT_HANDLE last_object; /* atomic */
	struct iv_counters iv_counters;
	struct saved_states saved_states;
	bool no_threads; /* the application forbids libraries to start any */
	struct host_mutex host_mutex;
	struct module *next_left; /* see module_put() */
};

/* Without tokens or memory for keys; or NULL. The crypto need not be open yet
 * and outlives it. */
struct module *module_new(const struct crypto *);
/* With its configuration read, and OpenSSL's context as the thread's: what
 * C_Initialize makes. */
CK_RV module_open(struct module *, const CK_C_INITIALIZE_ARGS *);
/* The same in a forked child, for what it cannot have of its parent's. What was
 * on its way there is wiped here. */
CK_RV module_reopen(struct module *);
void module_free(struct module *); /* or NULL */
/* Calls that are under way are to end, in a second. */
void module_stop_soon(struct module *);
/* Whether that second is over. */
bool module_is_stopped(const struct module *);
#endif
