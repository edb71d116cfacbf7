#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "env.h"
#include "retry.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define TOKENS 500 /* while most requests fail, few are tried again */
#define WAIT_MAX_MS 20000

/* clang-format off */
/* The first row that fits. Where no mode is set, what KMS throttles is tried
 * until the deadline, and so is what a slow link or a loaded machine does not
 * get through: a program that calls C_Sign cannot do better itself. */
static const struct retry_mode {
	const char *name, *text;
	bool is_new; /* for AWS_NEW_RETRIES_2026 alone */
	long attempts;
	bool counts_all; /* what is throttled or slow, too */
	bool adapts; /* the rate of sending */
	struct {
		int cost; /* tokens of one more try */
		int64_t first_ms; /* the wait, doubled from try to try */
	} after[RETRY_REASONS]; /* failed, unanswered, throttled */
} modes[] = {
	{ "standard", "standard of 2026", true, 3, true, false,
	    { { 14, 50 }, { 14, 50 }, { 5, 1000 } } },
	{ "adaptive", "adaptive of 2026", true, 3, true, true,
	    { { 14, 50 }, { 14, 50 }, { 5, 1000 } } },
	{ "standard", "standard", false, 3, true, false,
	    { { 5, 1000 }, { 10, 1000 }, { 5, 1000 } } },
	{ "adaptive", "adaptive", false, 3, true, true,
	    { { 5, 1000 }, { 10, 1000 }, { 5, 1000 } } },
	{ "legacy", "legacy", false, 5, true, false,
	    { { 0, 1000 }, { 0, 1000 }, { 0, 1000 } } },
	{ "", "none is set", false, 3, false, false,
	    { { 5, 50 }, { 10, 50 }, { 5, 1000 } } },
};
/* clang-format on */

static const char *
setting(const struct profile *p, const char *variable, const char *key)
{
	const char *s = env_get(variable);

	return (s != NULL ? s : profile_get(p, key));
}

static enum err
mode_find(struct retry *r, const struct profile *p, struct error_info *error)
{
	bool is_new = env_is_true(env_get("AWS_NEW_RETRIES_2026"));
	const char *s = setting(p, "AWS_RETRY_MODE", "retry_mode");

	if (s == NULL)
		s = is_new ? "standard" : "";
	for (size_t i = 0; i < ELEMS(modes) && r->mode == NULL; i++)
		if (strcasecmp(modes[i].name, s) == 0 &&
		    (is_new || !modes[i].is_new))
			r->mode = &modes[i];
	if (r->mode == NULL)
		return (error_info_set(error, ERR_CONFIG,
		    "AWS_RETRY_MODE or retry_mode: \"%s\" is not standard, "
		    "adaptive or legacy",
		    s));
	return (ERR_OK);
}

static enum err
attempts_find(
    struct retry *r, const struct profile *p, struct error_info *error)
{
	const char *s = setting(p, "AWS_MAX_ATTEMPTS", "max_attempts");
	char *end;

	r->attempts = r->mode->attempts;
	if (s == NULL)
		return (ERR_OK);
	r->attempts_are_set = true;
	r->attempts = strtol(s, &end, 10);
	if (*end != '\0' || r->attempts < 1 || r->attempts > 1000)
		return (error_info_set(error, ERR_CONFIG,
		    "AWS_MAX_ATTEMPTS or max_attempts: \"%s\" is not a number "
		    "from 1 to 1000",
		    s));
	return (ERR_OK);
}

enum err
retry_open(struct retry *r, const struct profile *p, const struct clock *clock,
    struct error_info *error)
{
	enum err e;

	*r = (struct retry){.tokens = TOKENS};
	send_rate_init(&r->rate, clock->mono_ms(clock->ctx));
	if ((e = mode_find(r, p, error)) != ERR_OK)
		return (e);
	return (attempts_find(r, p, error));
}

void
retry_close(struct retry *r)
{
	send_rate_free(&r->rate);
}

const char *
retry_mode_text(const struct retry *r)
{
	return (r->mode->text);
}

bool
retry_is_counted(const struct retry *r, enum retry_reason why,
    bool waits_its_turn, bool slow)
{
	return ((why != RETRY_THROTTLED && !slow) || r->attempts_are_set ||
		(r->mode->counts_all && !waits_its_turn));
}

int
retry_tokens_take(struct retry *r, enum retry_reason why)
{
	int cost = r->mode->after[why].cost, left = r->tokens;

	while (left >= cost)
		if (atomic_compare_exchange_weak(
			&r->tokens, &left, left - cost))
			return (cost);
	return (-1);
}

void
retry_tokens_put(struct retry *r, int cost)
{
	int back = cost != 0 ? cost : 1, left = r->tokens, sum;

	do
		sum = left < TOKENS - back ? left + back : TOKENS;
	while (left != sum &&
	       !atomic_compare_exchange_weak(&r->tokens, &left, sum));
}

int64_t
retry_wait_ms(
    const struct retry *r, enum retry_reason why, int failures, uint32_t random)
{
	int64_t most = r->mode->after[why].first_ms;

	while (--failures > 0 && most < WAIT_MAX_MS)
		most *= 2;
	if (most > WAIT_MAX_MS)
		most = WAIT_MAX_MS;
	return (1 + (int64_t)((double)(most - 1) * random / UINT32_MAX));
}

int64_t
retry_pace_ms(struct retry *r, const struct deadline *d)
{
	if (!r->mode->adapts)
		return (0);
	return (send_rate_take(
	    &r->rate, d->clock->mono_ms(d->clock->ctx), deadline_left(d)));
}

void
retry_reply(struct retry *r, const struct clock *clock, bool slow_down)
{
	if (r->mode->adapts)
		send_rate_reply(
		    &r->rate, clock->mono_ms(clock->ctx), slow_down);
}
