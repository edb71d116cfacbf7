#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "secret.h"

#define UNIT 64 /* bytes; what is got starts on one */

struct arena {
	pthread_mutex_t lock;
	uint8_t *map; /* guard page, units, guard page */
	size_t map_len, guard;
	size_t units;
	uint16_t *run; /* at a run's first unit its length, elsewhere 0 */
	bool *used; /* by unit */
};

static uint8_t *
unit_at(const struct arena *a, size_t i)
{
	return (a->map + a->guard + i * UNIT);
}

static bool
arena_map(struct arena *a, bool *locked)
{
	uint8_t *inside;
	size_t len = a->units * UNIT;

	a->map_len = len + 2 * a->guard;
	a->map = mmap(
	    NULL, a->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (a->map == MAP_FAILED) {
		a->map = NULL;
		return (false);
	}
	inside = a->map + a->guard;
	/* a child of fork sees zeros, a core dump nothing */
	if (mprotect(inside, len, PROT_READ | PROT_WRITE) != 0 ||
	    madvise(inside, len, MADV_DONTDUMP) != 0 ||
	    madvise(inside, len, MADV_WIPEONFORK) != 0) {
		(void)munmap(a->map, a->map_len);
		a->map = NULL;
		return (false);
	}
	*locked = mlock(inside, len) == 0;
	return (true);
}

enum err
arena_open(size_t size, struct arena **out, bool *locked)
{
	struct arena *a;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (size == 0 || size > UINT16_MAX * (size_t)UNIT ||
	    (a = calloc(1, sizeof(*a))) == NULL)
		return (ERR_MEMORY);
	pthread_mutex_init(&a->lock, NULL);
	a->guard = page;
	a->units = (size + page - 1) / page * page / UNIT;
	a->run = calloc(a->units, sizeof(*a->run));
	a->used = calloc(a->units, sizeof(*a->used));
	if (a->run == NULL || a->used == NULL || !arena_map(a, locked)) {
		arena_close(a);
		return (ERR_MEMORY);
	}
	*out = a;
	return (ERR_OK);
}

/* First fit: the arena is small, and little of it is ever in use. */
void *
arena_get(struct arena *a, size_t n)
{
	size_t want = n == 0 ? 1 : n / UNIT + (n % UNIT != 0);
	size_t i, have = 0;
	void *p = NULL;

	pthread_mutex_lock(&a->lock);
	for (i = 0; i < a->units && have < want; i++)
		have = a->used[i] ? 0 : have + 1;
	if (have == want && want <= UINT16_MAX) {
		i -= want;
		a->run[i] = (uint16_t)want;
		memset(a->used + i, true, want);
		p = unit_at(a, i);
	}
	pthread_mutex_unlock(&a->lock);
	return (p);
}

void
arena_put(struct arena *a, void *p)
{
	size_t i, n;

	if (p == NULL)
		return;
	i = (size_t)((uint8_t *)p - unit_at(a, 0)) / UNIT;
	pthread_mutex_lock(&a->lock);
	n = a->run[i];
	OPENSSL_cleanse(p, n * UNIT);
	a->run[i] = 0;
	memset(a->used + i, false, n);
	pthread_mutex_unlock(&a->lock);
}

void
arena_close(struct arena *a)
{
	if (a == NULL)
		return;
	if (a->map != NULL) {
		OPENSSL_cleanse(unit_at(a, 0), a->units * UNIT);
		(void)munmap(a->map, a->map_len);
	}
	pthread_mutex_destroy(&a->lock);
	free(a->run);
	free(a->used);
	free(a);
}
