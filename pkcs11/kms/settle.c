#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "settle.h"

#define FIRST_PAUSE_MS 50
#define LONGEST_LOOK_PAUSE_MS 800

bool
settle_retry_living(struct call *c, struct kms *kms, const struct key *k,
    enum err e, int *tries)
{
	return ((e != ERR_KEY_STATE || !is_pending_deletion_now(kms, k)) &&
		settle_retry(c, &kms->deadline, k, e, tries));
}

static int64_t
now_ms(const struct call *c)
{
	return (c->module->clock->mono_ms(c->module->clock->ctx));
}

/* One look at each alias that is not at rest yet; *resting: all are. */
static enum err
look_at_aliases(struct call *c, const struct kms *kms,
    struct settled_alias *aliases, size_t count, bool *resting)
{
	int64_t settle_ms = c->token->config->settle * 1000, asked;
	struct settled_alias *a;
	struct kms_key meta;
	const char *id;
	enum err e;

	*resting = true;
	for (a = aliases; a < aliases + count; a++) {
		if (a->rests)
			continue;
		meta = (struct kms_key)KMS_KEY_INIT;
		/* what comes back is at least as old as the request */
		asked = now_ms(c);
		e = describe_keeping_error(kms, a->name, &meta);
		id = e == ERR_OK ? meta.id : "";
		if (a->since_ms == 0 || strcmp(a->key_id, id) != 0)
			a->since_ms = now_ms(c);
		snprintf(a->key_id, sizeof(a->key_id), "%s", id);
		kms_key_free(&meta);
		if (e != ERR_OK && e != ERR_NOT_FOUND)
			return (e);
		a->rests = asked - a->since_ms >= settle_ms || settle_ms == 0 ||
			   (a->promised != NULL &&
			       strcmp(a->promised, a->key_id) == 0);
		*resting &= a->rests;
	}
	return (ERR_OK);
}

enum err
settle_aliases(struct call *c, struct kms *kms, struct settled_alias *aliases,
    size_t count)
{
	int64_t pause_ms = FIRST_PAUSE_MS;
	bool resting;
	enum err e;

	for (size_t i = 0; i < count; i++) {
		aliases[i].key_id[0] = '\0';
		aliases[i].since_ms = 0;
		aliases[i].rests = false;
	}
	while (
	    (e = look_at_aliases(c, kms, aliases, count, &resting)) == ERR_OK &&
	    !resting) {
		if (!deadline_sleep(&kms->deadline, pause_ms))
			return (error_info_set(&kms->error, ERR_DEADLINE,
			    "the time did not suffice to see where aliases "
			    "lead: see settle in keyferry.conf(5)"));
		if (pause_ms < LONGEST_LOOK_PAUSE_MS)
			pause_ms *= 2;
	}
	return (e);
}
