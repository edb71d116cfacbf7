#include <stdlib.h>
#include <unistd.h>
#include "descriptors.h"

void
descriptors_lock(struct descriptors *d)
{
	pthread_mutex_lock(&d->lock);
}

void
descriptors_unlock(struct descriptors *d)
{
	pthread_mutex_unlock(&d->lock);
}

bool
descriptors_add(struct descriptors *d, int fd)
{
	size_t cap = d->cap == 0 ? 16 : 2 * d->cap;
	int *fds;

	if (d->count == d->cap) {
		if ((fds = realloc(d->fds, cap * sizeof(*fds))) == NULL)
			return (false);
		d->fds = fds;
		d->cap = cap;
	}
	d->fds[d->count++] = fd;
	return (true);
}

void
descriptors_close(struct descriptors *d, int fd)
{
	descriptors_lock(d);
	for (size_t i = 0; i < d->count; i++)
		if (d->fds[i] == fd) {
			d->fds[i] = d->fds[--d->count];
			(void)close(fd);
			break;
		}
	descriptors_unlock(d);
}

void
descriptors_drop(struct descriptors *d)
{
	for (size_t i = 0; i < d->count; i++)
		(void)close(d->fds[i]);
	d->count = 0;
}
