#ifndef SEND_RATE_H
#define SEND_RATE_H
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * How many requests a second are sent, in the retry mode "adaptive" of AWS's
 * SDKs. Nobody waits until the service has asked to slow down. From then on the
 * rate follows its replies: less after each such request, more with time and
 * success, by the curve of TCP's CUBIC (RFC 9438), never more than twice what
 * was measured. Thread-safe. Times are milliseconds of one clock.
 */
struct send_rate {
	pthread_mutex_t lock;
	bool limited;
	double per_second; /* the rate */
	double tokens, tokens_max; /* a request takes one */
	int64_t filled_ms; /* when tokens was right */
	double measured; /* requests a second, smoothed */
	int64_t counted_ms; /* count is of the time since then */
	int count;
	double rate_at_most; /* when the service asked to slow down */
	int64_t slowed_ms; /* and when that was */
};

void send_rate_init(struct send_rate *, int64_t now_ms);
/* Takes a token for one request: how many milliseconds it has to wait. -1: more
 * than most_ms, and none is taken. */
int64_t send_rate_take(struct send_rate *, int64_t now_ms, int64_t most_ms);
/* A reply came, which may ask to slow down. */
void send_rate_reply(struct send_rate *, int64_t now_ms, bool slow_down);
void send_rate_free(struct send_rate *);
#endif
