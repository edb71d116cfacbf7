#include <string.h>
#include "describe.h"
#include "settle.h"

#define FIRST_PAUSE_MS 50
#define LONGEST_PAUSE_MS 5000
#define YOUNG_SECONDS 60
#define LOOKS 4 /* in the time that answers must stay the same */

/* By the service's clock, which is about ours. */
bool
settle_is_young(const struct call *c, const struct key *k)
{
	const struct clock *clock = c->module->clock;
	double now = (double)clock->wall_ms(clock->ctx) / 1000;

	return (k->meta.created > now - YOUNG_SECONDS);
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

/* One look at each. *changed: an answer is not the one before. */
static enum err
look_at_aliases(const struct kms *kms, struct settled_alias *aliases,
    size_t count, bool *changed)
{
	struct kms_key meta;
	const char *id;
	enum err e;

	*changed = false;
	for (size_t i = 0; i < count; i++) {
		meta = (struct kms_key)KMS_KEY_INIT;
		e = describe_keeping_error(kms, aliases[i].name, &meta);
		id = e == ERR_OK ? meta.id : "";
		*changed |= strcmp(aliases[i].key_id, id) != 0;
		memcpy(aliases[i].key_id, id, strlen(id) + 1);
		kms_key_free(&meta);
		if (e != ERR_OK && e != ERR_NOT_FOUND)
			return (e);
	}
	return (ERR_OK);
}

static bool
all_show_promise(const struct settled_alias *aliases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (aliases[i].promised == NULL ||
		    strcmp(aliases[i].promised, aliases[i].key_id) != 0)
			return (false);
	return (true);
}

enum err
settle_aliases(struct call *c, struct kms *kms, struct settled_alias *aliases,
    size_t count)
{
	int64_t pause_ms = c->token->config->settle * 1000 / LOOKS;
	int same = 0;
	bool changed;
	enum err e;

	for (size_t i = 0; i < count; i++)
		aliases[i].key_id[0] = '\0';
	if ((e = look_at_aliases(kms, aliases, count, &changed)) != ERR_OK)
		return (e);
	while (
	    pause_ms > 0 && same < LOOKS && !all_show_promise(aliases, count)) {
		if (!deadline_sleep(&kms->deadline, pause_ms))
			return (ERR_DEADLINE);
		e = look_at_aliases(kms, aliases, count, &changed);
		if (e != ERR_OK)
			return (e);
		same = changed ? 0 : same + 1;
	}
	return (ERR_OK);
}
