#include "describe.h"
#include "key-deletion.h"
#include "replica-deletion.h"
#include "settle.h"

bool
key_deletion_may_pass(enum err e)
{
	return (e == ERR_UNKNOWN || e == ERR_NETWORK || e == ERR_DEADLINE ||
		e == ERR_SERVICE || e == ERR_REPLY || e == ERR_THROTTLED ||
		e == ERR_UNAVAILABLE || e == ERR_CANCELLED);
}

bool
key_deletion_is_left(struct call *c, const char *key_id)
{
	struct removal r = REMOVAL_INIT(REMOVAL_DESTROY);
	struct error_info error = c->kms.error;
	bool left;

	left = removal_open(c, &r, key_id) == ERR_OK && r.exists &&
	       r.give_back != JSON_TRUE;
	removal_close(c, &r);
	c->kms.error = error;
	return (left);
}

enum err
key_deletion_cancel(struct call *c, const struct key *k, bool enable)
{
	struct deadline *deadline = &c->kms.deadline;
	int tries = 0;
	enum err e;

	do {
		e = kms_cancel_key_deletion(&c->kms, k->meta.id);
		/* a try before did it, or KMS does not know of the deletion */
		if (e == ERR_KEY_STATE && tries > 0 &&
		    !is_pending_deletion_now(&c->kms, k))
			e = ERR_OK;
	} while ((e == ERR_KEY_STATE || key_deletion_may_pass(e)) &&
		 settle_pause(deadline, &tries, SETTLE_TRIES));
	tries = 0;
	while (e == ERR_OK && enable) {
		e = kms_enable_key(&c->kms, k->meta.id);
		enable = e != ERR_OK;
		if ((e == ERR_KEY_STATE || key_deletion_may_pass(e)) &&
		    settle_pause(deadline, &tries, SETTLE_TRIES))
			e = ERR_OK;
	}
	return (e);
}

/* Keeps the error for whoever reports it. */
static void
give_back(struct call *c, struct removal *r, const struct key *k)
{
	struct error_info error = c->kms.error;
	struct deadline before = c->kms.deadline;
	enum err e;

	call_set_deadline(c, REMOVAL_SECONDS);
	e = removal_give_back(c, r, k);
	if (e != ERR_OK && e != ERR_EXISTS)
		call_note(c,
		    "key %s did not get all its names back: the next call "
		    "tries again",
		    k->meta.id);
	c->kms.error = error;
	c->kms.deadline = before;
}

static enum err
carry_out(struct call *c, struct removal *r, const struct key *k,
    const struct alias_list *known)
{
	enum err e = removal_free_names(c, r, k, known);

	if (e != ERR_OK) {
		give_back(c, r, k);
		return (e);
	}
	e = removal_schedule(c, r, k);
	if (e != ERR_OK && !key_deletion_may_pass(e))
		give_back(c, r, k);
	return (e);
}

enum err
key_deletion_schedule(
    struct call *c, const struct key *k, const struct alias_list *known)
{
	struct removal r = REMOVAL_INIT(REMOVAL_DESTROY);
	enum err e = removal_open(c, &r, k->meta.id);

	r.days = (double)c->token->config->deletion_days;
	r.give_back = JSON_UNSET;
	if (e == ERR_OK && (e = removal_write(c, &r)) == ERR_OK)
		e = carry_out(c, &r, k, known);
	removal_close(c, &r);
	return (e);
}

/* It stays, and so do the replicas that were scheduled before it. */
static enum err
give_up(struct call *c, struct removal *r, const struct key *k)
{
	enum err e = replica_deletion_give_up(
	    c, k, &r->regions, buf_view(&r->aliases), key_is_usable(k));

	/* what is refused is in the log */
	return (key_deletion_may_pass(e) ? e : removal_give_back(c, r, k));
}

enum err
key_deletion_resume(struct call *c, struct removal *r, const struct key *k)
{
	bool named = r->give_back == JSON_TRUE;
	enum err e = ERR_OK;

	if (!named && !key_is_pending_deletion(k))
		e = removal_has_name(c, r, k, &named);
	if (e == ERR_OK)
		e = named ? give_up(c, r, k)
			  : carry_out(c, r, k, &alias_list_none);
	return (e);
}
