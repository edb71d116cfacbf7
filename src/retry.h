#ifndef RETRY_H
#define RETRY_H
#include <stdatomic.h>
#include <stdbool.h>
#include "clock.h"
#include "profile.h"
#include "send-rate.h"

/*
 * How often and when a request that failed is tried again: the retry modes of
 * AWS's SDKs, with what the environment and the profile say of them.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
 * Thread-safe.
 */
enum retry_reason {
	RETRY_FAILED, /* a reply says that the service failed */
	RETRY_UNANSWERED, /* no reply came */
	RETRY_THROTTLED, /* the service asks to slow down */
	RETRY_REASONS
};

struct retry {
	const struct retry_mode *mode; /* see retry.c */
	long attempts; /* of one request */
	bool attempts_are_set; /* by the environment or the profile */
	_Atomic int tokens; /* what further tries may still cost */
	struct send_rate rate;
};

/* ERR_CONFIG: AWS_RETRY_MODE, AWS_MAX_ATTEMPTS or the profile's settings. What
 * was opened is to be closed then, too. */
enum err retry_open(struct retry *, const struct profile *,
    const struct clock *, struct error_info *);
/* For people: "standard", and the figures' year. */
const char *retry_mode_text(const struct retry *);
/* Whether such a failure is one of the attempts, which are limited. If not, the
 * request is tried until its deadline. waits_its_turn: see rate-limit.h. slow:
 * no reply came in all the time that the try had. */
bool retry_is_counted(
    const struct retry *, enum retry_reason, bool waits_its_turn, bool slow);
/* What another try costs, which is taken; -1: too many fail, try no more. */
int retry_tokens_take(struct retry *, enum retry_reason);
/* A request succeeded; cost: what its last try took, 0 for none. */
void retry_tokens_put(struct retry *, int cost);
/* The wait after the failures-th failure of a request, at least 1 millisecond.
 * random is any number: clients that failed together come back apart. */
int64_t retry_wait_ms(
    const struct retry *, enum retry_reason, int failures, uint32_t random);
/* Before each try: the milliseconds that it has to wait for the mode's sake.
 * -1: past the deadline. */
int64_t retry_pace_ms(struct retry *, const struct deadline *);
/* After each reply. */
void retry_reply(struct retry *, const struct clock *, bool slow_down);
void retry_close(struct retry *);
#endif
