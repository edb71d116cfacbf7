#include <errno.h>
#include <stddef.h>
#include <time.h>
#include "clock.h"

#define WAIT_MS 1000 /* before it is seen that the clock is stopped */

static int64_t
read_ms(clockid_t id)
{
	struct timespec t = {0, 0};

	(void)clock_gettime(id, &t);
	return ((int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static int64_t
system_mono_ms(void *ctx)
{
	(void)ctx;
	return (read_ms(CLOCK_MONOTONIC));
}

static int64_t
system_wall_ms(void *ctx)
{
	(void)ctx;
	return (read_ms(CLOCK_REALTIME));
}

static void
system_sleep_ms(void *ctx, int64_t ms)
{
	struct timespec t = {(time_t)(ms / 1000), (long)(ms % 1000) * 1000000};

	(void)ctx;
	while (nanosleep(&t, &t) == -1 && errno == EINTR)
		continue;
}

const struct clock clock_system = {
    system_mono_ms, system_wall_ms, system_sleep_ms, NULL, NULL};

struct deadline
deadline_in(const struct clock *c, int64_t ms)
{
	return ((struct deadline){c, c->mono_ms(c->ctx) + ms});
}

int64_t
deadline_left(const struct deadline *d)
{
	const struct clock *c = d->clock;
	int64_t left = d->at_ms - c->mono_ms(c->ctx);

	if (c->is_stopped != NULL && c->is_stopped(c->ctx))
		return (0);
	return (left > 0 ? left : 0);
}

bool
deadline_sleep(const struct deadline *d, int64_t ms)
{
	if (ms >= deadline_left(d))
		return (false);
	d->clock->sleep_ms(d->clock->ctx, ms);
	return (true);
}

bool
deadline_wait(
    const struct deadline *d, pthread_cond_t *c, pthread_mutex_t *lock)
{
	struct timespec until;
	int64_t left = deadline_left(d);

	if (left == 0)
		return (false);
	if (left > WAIT_MS)
		left = WAIT_MS;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(left / 1000);
	until.tv_nsec += (long)(left % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	return (pthread_cond_clockwait(c, lock, CLOCK_MONOTONIC, &until) == 0 ||
		deadline_left(d) != 0);
}
