#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>

/* For LD_PRELOAD: a process whose clock is LATER seconds ahead of the
 * machine's. */

static time_t
later(void)
{
	const char *text = getenv("LATER");

	return (text == NULL ? 0 : (time_t)atoll(text));
}

__attribute__((visibility("default"))) int
clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	int r;

	if (real == NULL)
		real = (int (*)(clockid_t, struct timespec *))dlsym(
		    RTLD_NEXT, "clock_gettime");
	r = real(id, t);
	if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
		t->tv_sec += later();
	return (r);
}

__attribute__((visibility("default"))) time_t
time(time_t *out)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	if (out != NULL)
		*out = t.tv_sec;
	return (t.tv_sec);
}
