#ifndef MODULE_H
#define MODULE_H
#include "clock.h"
#include "config/config.h"
#include "crypto.h"
#include "descriptors.h"
#include "host-mutex.h"
#include "iv-counters.h"
#include "log.h"
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
	bool no_threads; /* the application forbids libraries to start any */
	struct host_mutex host_mutex;
	struct module *next_left; /* see module_put() */
};

CK_RV module_start(const CK_C_INITIALIZE_ARGS *);
CK_RV module_stop(void);
/* The module, held. CKR_CRYPTOKI_NOT_INITIALIZED; CKR_HOST_MEMORY or
 * CKR_GENERAL_ERROR where a forked child could not go on with its parent's: its
 * next call tries again. */
CK_RV module_get(struct module **);
void module_put(struct module *);
/* Whether calls are to end, for C_Finalize was called a second ago. */
bool module_is_stopped(const struct module *);
/* Those that no forked child keeps. */
struct descriptors *module_descriptors(void);
/* The process is in exit(): OpenSSL may be gone. */
bool module_is_exiting(void);
/* Waits, without the application's lock, until the module, which the caller
 * holds, is no longer the one that is initialised. */
void module_wait_stop(struct module *);
struct token *module_token(struct module *, CK_SLOT_ID); /* or NULL */
/* For C_GetInterface: *what, in its place n of memory that a program may write
 * to. OpenSC's pkcs11-spy puts its own functions there. */
#define MODULE_INTERFACES 3
CK_INTERFACE *module_interface(size_t n, const CK_INTERFACE *what);
#endif
