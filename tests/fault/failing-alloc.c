#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "failing-alloc.h"

#define SHOWN __attribute__((visibility("default")))
#define BLOCKS (1 << 16) /* at once, of those that are watched */
#define FRAMES 14
#define PRINTED 12
#define TRASH 0xdb

/* glibc's own allocator, which ours stands before. */
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
extern void __libc_free(void *);
SHOWN void *malloc(size_t);
SHOWN void *calloc(size_t, size_t);
SHOWN void *realloc(void *, size_t);
SHOWN void *memalign(size_t, size_t);
SHOWN void *aligned_alloc(size_t, size_t);
SHOWN int posix_memalign(void **, size_t, size_t);
SHOWN void free(void *);

static bool keeps_freed;
static __thread bool armed, fail_all, inside;
static __thread size_t fail_at, count;

/* An open hash table of blocks. */
static struct block {
	void *ptr; /* NULL: never used; &gone: given back */
	void *frames[FRAMES];
	int depth;
} blocks[BLOCKS];
static char gone;
static size_t block_count;
static bool watching;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void
alloc_arm(size_t n, bool all)
{
	fail_at = n;
	fail_all = all;
	count = 0;
	armed = true;
}

size_t
alloc_disarm(void)
{
	armed = false;
	return (count);
}

void
alloc_keep_freed(bool keep)
{
	keeps_freed = keep;
}

void
alloc_pause(bool paused)
{
	inside = paused;
}

static bool
fails(void)
{
	if (!armed || inside)
		return (false);
	count++;
	return (fail_at != 0 &&
		(count == fail_at || (fail_all && count > fail_at)));
}

static struct block *
slot(const void *ptr)
{
	return (&blocks[((uintptr_t)ptr >> 4) * 2654435761U % BLOCKS]);
}

static void
watch(void *ptr)
{
	struct block *b = slot(ptr);

	if (ptr == NULL || !watching || !armed || inside)
		return;
	inside = true;
	pthread_mutex_lock(&lock);
	while (b->ptr != NULL && b->ptr != (void *)&gone)
		if (++b == blocks + BLOCKS)
			b = blocks;
	b->ptr = ptr;
	b->depth = backtrace(b->frames, FRAMES);
	block_count++;
	pthread_mutex_unlock(&lock);
	inside = false;
}

static void
forget(const void *ptr)
{
	struct block *b = slot(ptr);

	if (ptr == NULL || !watching)
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < BLOCKS && b->ptr != NULL; i++) {
		if (b->ptr == ptr) {
			b->ptr = &gone;
			block_count--;
			break;
		}
		if (++b == blocks + BLOCKS)
			b = blocks;
	}
	pthread_mutex_unlock(&lock);
}

void
alloc_mark(void)
{
	void *warm[1];

	(void)backtrace(warm, 1); /* it allocates the first time */
	memset(blocks, 0, sizeof(blocks));
	block_count = 0;
	watching = true;
}

/* A caller as "file+0xoffset", for addr2line. */
static void
print_frame(const void *frame)
{
	Dl_info info;

	if (dladdr(frame, &info) == 0 || info.dli_fname == NULL)
		return;
	printf("#     %s+0x%tx %s\n", info.dli_fname,
	    (const char *)frame - (const char *)info.dli_fbase,
	    info.dli_sname != NULL ? info.dli_sname : "");
}

void
alloc_on_crash(int sig)
{
	void *frames[FRAMES];
	int depth;

	inside = true;
	depth = backtrace(frames, FRAMES);
	for (int i = 2; i < depth; i++)
		print_frame(frames[i]);
	fflush(stdout);
	signal(sig, SIG_DFL);
	raise(sig);
}

size_t
alloc_unmark(size_t most)
{
	size_t printed = 0, kept = block_count;

	watching = false;
	for (size_t i = 0; i < BLOCKS && kept > most && printed < PRINTED;
	     i++) {
		if (blocks[i].ptr == NULL || blocks[i].ptr == (void *)&gone)
			continue;
		printf("# kept by\n");
		for (int f = 2; f < blocks[i].depth; f++)
			print_frame(blocks[i].frames[f]);
		printed++;
	}
	return (kept);
}

void *
malloc(size_t n)
{
	void *ptr;

	if (fails()) {
		errno = ENOMEM;
		return (NULL);
	}
	ptr = __libc_malloc(n);
	watch(ptr);
	return (ptr);
}

void *
calloc(size_t n, size_t size)
{
	void *ptr;

	if (fails()) {
		errno = ENOMEM;
		return (NULL);
	}
	ptr = __libc_calloc(n, size);
	watch(ptr);
	return (ptr);
}

void *
realloc(void *old, size_t n)
{
	void *ptr;

	if (fails()) {
		errno = ENOMEM;
		return (NULL);
	}
	forget(old);
	ptr = __libc_realloc(old, n);
	watch(ptr);
	return (ptr);
}

void *
memalign(size_t alignment, size_t n)
{
	void *ptr;

	if (fails()) {
		errno = ENOMEM;
		return (NULL);
	}
	ptr = __libc_memalign(alignment, n);
	watch(ptr);
	return (ptr);
}

void *
aligned_alloc(size_t alignment, size_t n)
{
	return (memalign(alignment, n));
}

int
posix_memalign(void **out, size_t alignment, size_t n)
{
	void *ptr = memalign(alignment, n);

	if (ptr == NULL)
		return (ENOMEM);
	*out = ptr;
	return (0);
}

void
free(void *ptr)
{
	if (ptr == NULL)
		return;
	forget(ptr);
	if (!keeps_freed)
		memset(ptr, TRASH, malloc_usable_size(ptr));
	__libc_free(ptr);
}
