#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "arena.h"

#define UNIT 64 /* bytes; what is got starts on one */

/* One mapping. An arena grows by another when all are full. */
struct slab {
	struct slab *next;
	uint8_t *map; /* guard page, units, guard page */
	size_t map_len, guard;
	bool open; /* the units may be written */
	size_t units;
	uint16_t *run; /* at a run's first unit its length, elsewhere 0 */
	bool *used; /* by unit */
};

struct arena {
	pthread_mutex_t lock;
	size_t size; /* of a slab */
	bool kept; /* by a forked child */
	struct slab *slabs;
};

static uint8_t *
unit_at(const struct slab *s, size_t i)
{
	return (s->map + s->guard + i * UNIT);
}

static bool
slab_map(struct slab *s, bool kept, bool *locked)
{
	uint8_t *inside;
	size_t len = s->units * UNIT;

	s->map_len = len + 2 * s->guard;
	s->map = mmap(
	    NULL, s->map_len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (s->map == MAP_FAILED) {
		s->map = NULL;
		return (false);
	}
	inside = s->map + s->guard;
	/* a core dump has nothing of it, and a forked child sees zeros */
	s->open = mprotect(inside, len, PROT_READ | PROT_WRITE) == 0;
	if (!s->open || madvise(inside, len, MADV_DONTDUMP) != 0 ||
	    (!kept && madvise(inside, len, MADV_WIPEONFORK) != 0))
		return (false);
	*locked = mlock(inside, len) == 0;
	return (true);
}

static void
slab_free(struct slab *s)
{
	if (s->map != NULL) {
		if (s->open)
			OPENSSL_cleanse(unit_at(s, 0), s->units * UNIT);
		(void)munmap(s->map, s->map_len);
	}
	free(s->run);
	free(s->used);
	free(s);
}

static struct slab *
slab_new(size_t size, bool kept, bool *locked)
{
	struct slab *s;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (size == 0 || size > UINT16_MAX * (size_t)UNIT ||
	    (s = calloc(1, sizeof(*s))) == NULL)
		return (NULL);
	s->guard = page;
	s->units = (size + page - 1) / page * page / UNIT;
	s->run = calloc(s->units, sizeof(*s->run));
	s->used = calloc(s->units, sizeof(*s->used));
	if (s->run == NULL || s->used == NULL || !slab_map(s, kept, locked)) {
		slab_free(s);
		return (NULL);
	}
	return (s);
}

static enum err
open_arena(size_t size, bool kept, struct arena **out, bool *locked)
{
	struct arena *a;

	if ((a = calloc(1, sizeof(*a))) == NULL)
		return (ERR_MEMORY);
	a->size = size;
	a->kept = kept;
	if ((a->slabs = slab_new(size, kept, locked)) == NULL) {
		free(a);
		return (ERR_MEMORY);
	}
	pthread_mutex_init(&a->lock, NULL);
	*out = a;
	return (ERR_OK);
}

enum err
arena_open(size_t size, struct arena **out, bool *locked)
{
	return (open_arena(size, false, out, locked));
}

enum err
arena_open_kept(size_t size, struct arena **out, bool *locked)
{
	return (open_arena(size, true, out, locked));
}

/* First fit: little of a slab is ever in use. */
static void *
slab_get(struct slab *s, size_t n)
{
	size_t want = n == 0 ? 1 : n / UNIT + (n % UNIT != 0);
	size_t i, have = 0;

	for (i = 0; i < s->units && have < want; i++)
		have = s->used[i] ? 0 : have + 1;
	if (have != want || want > UINT16_MAX)
		return (NULL);
	i -= want;
	s->run[i] = (uint16_t)want;
	memset(s->used + i, true, want);
	return (unit_at(s, i));
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct slab *s;
	bool locked;
	void *p = NULL;

	pthread_mutex_lock(&a->lock);
	for (s = a->slabs; s != NULL && p == NULL; s = s->next)
		p = slab_get(s, n);
	if (p == NULL && (s = slab_new(n > a->size ? n : a->size, a->kept,
			      &locked)) != NULL) {
		/* the first stays first: it is the one that is locked surely */
		s->next = a->slabs->next;
		a->slabs->next = s;
		p = slab_get(s, n);
	}
	pthread_mutex_unlock(&a->lock);
	return (p);
}

static bool
slab_holds(const struct slab *s, const void *p)
{
	const uint8_t *at = p;

	return (at >= s->map && at < s->map + s->map_len);
}

void
arena_free(struct arena *a, void *p)
{
	struct slab *s;
	size_t i, n;

	if (p == NULL)
		return;
	pthread_mutex_lock(&a->lock);
	for (s = a->slabs; !slab_holds(s, p); s = s->next)
		continue;
	i = (size_t)((uint8_t *)p - unit_at(s, 0)) / UNIT;
	n = s->run[i];
	OPENSSL_cleanse(p, n * UNIT);
	s->run[i] = 0;
	memset(s->used + i, false, n);
	pthread_mutex_unlock(&a->lock);
}

void
arena_close(struct arena *a)
{
	struct slab *s;

	if (a == NULL)
		return;
	while ((s = a->slabs) != NULL) {
		a->slabs = s->next;
		slab_free(s);
	}
	pthread_mutex_destroy(&a->lock);
	free(a);
}

void
arena_before_fork(struct arena *a)
{
	pthread_mutex_lock(&a->lock);
}

void
arena_after_fork(struct arena *a)
{
	pthread_mutex_unlock(&a->lock);
}

bool
arena_lock_in_child(struct arena *a)
{
	bool locked = true;

	pthread_mutex_lock(&a->lock);
	for (const struct slab *s = a->slabs; s != NULL; s = s->next)
		if (mlock(unit_at(s, 0), s->units * UNIT) != 0)
			locked = false;
	pthread_mutex_unlock(&a->lock);
	return (locked);
}
