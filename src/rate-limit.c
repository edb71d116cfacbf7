#include <string.h>
#include "rate-limit.h"

#define REMEMBER_MS 60000 /* how long a quota is thought to be used up */

/* clang-format off */
/* AWS's quotas of requests a second, as time between two of them. */
static const struct row {
	const char *operation;
	int64_t interval_ms;
} rows[RATE_LIMIT_OPERATIONS] = {
	{ "GetParametersForImport",	1000 },
	{ "CreateKey",			200 },
	{ "CreateAlias",		200 },
	{ "UpdateAlias",		200 },
	{ "ReplicateKey",		200 },
	{ "RotateKeyOnDemand",		200 },
};
/* clang-format on */

static size_t
row_of(const char *operation)
{
	size_t i = 0;

	while (i < RATE_LIMIT_OPERATIONS &&
	       strcmp(rows[i].operation, operation) != 0)
		i++;
	return (i);
}

void
rate_limit_init(struct rate_limit *p)
{
	memset(p->turns, 0, sizeof(p->turns));
	pthread_mutex_init(&p->lock, NULL);
}

void
rate_limit_free(struct rate_limit *p)
{
	pthread_mutex_destroy(&p->lock);
}

bool
rate_limit_wait(struct rate_limit *p, const char *operation,
    const struct deadline *d, bool *turn)
{
	size_t i = row_of(operation);
	int64_t now, wait = 0;
	struct rate_limit_schedule *t;

	*turn = false;
	if (i == RATE_LIMIT_OPERATIONS)
		return (true);
	t = &p->turns[i];
	pthread_mutex_lock(&p->lock);
	now = d->clock->mono_ms(d->clock->ctx);
	*turn = now < t->until_ms;
	if (*turn && t->next_ms > now) {
		wait = t->next_ms - now;
		t->until_ms = t->next_ms + REMEMBER_MS;
	}
	/* a turn that is never used would be lost to the others */
	if (*turn && wait <= deadline_left(d))
		t->next_ms = now + wait + rows[i].interval_ms;
	pthread_mutex_unlock(&p->lock);
	return (wait == 0 || deadline_sleep(d, wait));
}

bool
rate_limit_throttled(struct rate_limit *p, const char *operation,
    const struct clock *clock, bool turn, uint32_t random)
{
	size_t i = row_of(operation);
	int64_t soonest;
	struct rate_limit_schedule *t;

	if (i == RATE_LIMIT_OPERATIONS)
		return (false);
	t = &p->turns[i];
	soonest = clock->mono_ms(clock->ctx) + rows[i].interval_ms;
	pthread_mutex_lock(&p->lock);
	if (t->next_ms < soonest)
		t->next_ms = soonest;
	if (turn)
		t->next_ms += random % rows[i].interval_ms;
	t->until_ms = t->next_ms + REMEMBER_MS;
	pthread_mutex_unlock(&p->lock);
	return (true);
}
