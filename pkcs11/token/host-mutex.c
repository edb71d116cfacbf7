#include <stdint.h>
#include "host-mutex.h"

#define LOWEST_POINTER 4096 /* below it no string can be */

/* p11-kit and NSS hand a string in the reserved member; a value that cannot
 * be a pointer is what the standard forbids. */
CK_RV
host_mutex_check(const CK_C_INITIALIZE_ARGS *a)
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

static CK_RV
create(struct host_mutex *m)
{
	void *mutex = NULL;

	if (m->locks.CreateMutex(&mutex) != CKR_OK)
		return (CKR_CANT_LOCK);
	m->mutex = mutex;
	return (CKR_OK);
}

/* Where the system's locks will do, they are what is used. */
CK_RV
host_mutex_open(struct host_mutex *m, const CK_C_INITIALIZE_ARGS *a)
{
	if (a == NULL || a->CreateMutex == NULL ||
	    (a->flags & CKF_OS_LOCKING_OK) != 0)
		return (CKR_OK);
	m->locks = *a;
	return (create(m));
}

void
host_mutex_close(struct host_mutex *m)
{
	if (m->mutex != NULL)
		(void)m->locks.DestroyMutex(m->mutex);
	m->mutex = NULL;
}

CK_RV
host_mutex_renew(struct host_mutex *m)
{
	return (m->mutex != NULL ? create(m) : CKR_OK);
}

bool
host_mutex_lock(struct host_mutex *m)
{
	return (m->mutex == NULL || m->locks.LockMutex(m->mutex) == CKR_OK);
}

void
host_mutex_unlock(struct host_mutex *m)
{
	if (m->mutex != NULL)
		(void)m->locks.UnlockMutex(m->mutex);
}
