#include <unistd.h>
#include "array.h"
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
	int *fds = array_grow(d->fds, &d->cap, d->count + 1, sizeof(*fds));

	if (fds == NULL)
		return (false);
	d->fds = fds;
	fds[d->count++] = fd;
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
