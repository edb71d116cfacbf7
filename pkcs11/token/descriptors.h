#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * Descriptors that a forked child must not keep: the lock of a file that both
 * have open lives as long as either. They are opened and added under the lock,
 * which fork() waits for.
 */
struct descriptors {
	pthread_mutex_t lock;
	int *fds;
	size_t count, cap;
};
#define DESCRIPTORS_INIT                          \
	{                                         \
		.lock = PTHREAD_MUTEX_INITIALIZER \
	}

void descriptors_lock(struct descriptors *);
void descriptors_unlock(struct descriptors *);
/* Under the lock. False: no memory. */
bool descriptors_add(struct descriptors *, int fd);
/* Closes one that was added, and forgets it. */
void descriptors_close(struct descriptors *, int fd);
/* In a forked child: closes all. */
void descriptors_drop(struct descriptors *);
#endif
