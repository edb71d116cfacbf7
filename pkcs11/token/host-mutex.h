#ifndef HOST_MUTEX_H
#define HOST_MUTEX_H
#include <stdbool.h>
#include "cryptoki/cryptoki.h"

/* The lock of an application that has locks of its own and not the system's:
 * one of them is taken around each call. mutex NULL: there is none. */
struct host_mutex {
	CK_C_INITIALIZE_ARGS locks;
	void *mutex;
};

/* Whether C_Initialize's argument, which may be NULL, is one that the standard
 * allows. CKR_ARGUMENTS_BAD. */
CK_RV host_mutex_check(const CK_C_INITIALIZE_ARGS *);
/* As C_Initialize's argument says. CKR_CANT_LOCK: the application refused. */
CK_RV host_mutex_open(struct host_mutex *, const CK_C_INITIALIZE_ARGS *);
void host_mutex_close(struct host_mutex *);
/* In a forked child: another, for a thread that is gone may hold the one that
 * was. */
CK_RV host_mutex_renew(struct host_mutex *);
bool host_mutex_lock(struct host_mutex *); /* false: refused */
void host_mutex_unlock(struct host_mutex *);
#endif
