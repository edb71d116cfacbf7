/* The figures are those of AWS's SDKs. */
#include <math.h>
#include <string.h>
#include "send-rate.h"

#define SLOWER 0.7 /* of the rate that was too much */
#define CURVE 0.4 /* how fast the rate grows again */
#define FASTER 2.0 /* than measured, at most */
#define RATE_MIN 0.5
#define MEASURE_MS 500
#define SMOOTHING 0.8 /* the share of the latest measurement */

void
send_rate_init(struct send_rate *r, int64_t now_ms)
{
	memset(r, 0, sizeof(*r));
	pthread_mutex_init(&r->lock, NULL);
	r->filled_ms = r->counted_ms = r->slowed_ms = now_ms;
}

void
send_rate_free(struct send_rate *r)
{
	pthread_mutex_destroy(&r->lock);
}

static void
fill(struct send_rate *r, int64_t now_ms)
{
	double more = (double)(now_ms - r->filled_ms) / 1000 * r->per_second;

	r->tokens = fmin(r->tokens_max, r->tokens + more);
	r->filled_ms = now_ms;
}

int64_t
send_rate_take(struct send_rate *r, int64_t now_ms, int64_t most_ms)
{
	int64_t wait = 0;

	pthread_mutex_lock(&r->lock);
	if (r->limited) {
		fill(r, now_ms);
		if (r->tokens < 1)
			wait = (int64_t)ceil(
			    (1 - r->tokens) / r->per_second * 1000);
		if (wait <= most_ms)
			r->tokens -= 1;
		else
			wait = -1;
	}
	pthread_mutex_unlock(&r->lock);
	return (wait);
}

static void
measure(struct send_rate *r, int64_t now_ms)
{
	int64_t passed = now_ms - r->counted_ms;

	r->count++;
	passed -= passed % MEASURE_MS;
	if (passed <= 0)
		return;
	r->measured = SMOOTHING * r->count * 1000 / (double)passed +
		      (1 - SMOOTHING) * r->measured;
	r->count = 0;
	r->counted_ms += passed;
}

/* The rate that was too much is reached again after this many seconds. */
static double
plateau(const struct send_rate *r)
{
	return (cbrt(r->rate_at_most * (1 - SLOWER) / CURVE));
}

static double
rate_after(struct send_rate *r, int64_t now_ms, bool slow_down)
{
	double seconds;

	if (slow_down) {
		r->rate_at_most = r->limited ? fmin(r->measured, r->per_second)
					     : r->measured;
		r->slowed_ms = now_ms;
		r->limited = true;
		return (SLOWER * r->rate_at_most);
	}
	seconds = (double)(now_ms - r->slowed_ms) / 1000;
	return (CURVE * pow(seconds - plateau(r), 3) + r->rate_at_most);
}

void
send_rate_reply(struct send_rate *r, int64_t now_ms, bool slow_down)
{
	double rate;

	pthread_mutex_lock(&r->lock);
	measure(r, now_ms);
	if (r->limited || slow_down) {
		fill(r, now_ms);
		rate = fmin(
		    rate_after(r, now_ms, slow_down), FASTER * r->measured);
		r->per_second = fmax(rate, RATE_MIN);
		r->tokens_max = fmax(rate, 1);
		r->tokens = fmin(r->tokens, r->tokens_max);
	}
	pthread_mutex_unlock(&r->lock);
}
