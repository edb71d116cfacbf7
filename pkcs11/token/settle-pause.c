#include "settle-pause.h"

#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 5000
#define YOUNG_SECONDS 60

bool
settle_is_young(const struct call *c, const struct key *k)
{
	double now = (double)client_service_ms(c->token->client) / 1000;

	return (k->meta.created > now - YOUNG_SECONDS &&
		k->meta.created < now + YOUNG_SECONDS);
}

bool
settle_pause(struct deadline *deadline, int *tries, int max_tries)
{
	int64_t ms = (int64_t)FIRST_PAUSE_MS << (*tries < 10 ? *tries : 10);

	if (*tries >= max_tries)
		return (false);
	++*tries;
	return (deadline_sleep(
	    deadline, ms < LONGEST_PAUSE_MS ? ms : LONGEST_PAUSE_MS));
}

bool
settle_retry(struct call *c, struct deadline *deadline, const struct key *k,
    enum err e, int *tries)
{
	return ((e == ERR_NOT_FOUND || e == ERR_KEY_STATE) &&
		settle_is_young(c, k) &&
		settle_pause(deadline, tries, SETTLE_TRIES));
}
