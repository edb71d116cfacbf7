#include "describe.h"
#include "fence.h"
#include "keydata/names.h"
#include "key-deletion.h"
#include "key-trust.h"
#include "settle.h"
#include "take-back.h"

static bool
is_generated(const struct key *k)
{
	return (k->meta.origin == KMS_ORIGIN_AWS_KMS);
}

/* Somebody filled it, or may use it: it keeps its names. */
static enum err
leave(struct call *c, struct removal *r, const struct key *k)
{
	enum err e = removal_give_back(c, r, k);

	call_note(c, "key %s is in use and stays", k->meta.id);
	return (e == ERR_OK || e == ERR_EXISTS ? ERR_WRONG_MATERIAL : e);
}

/* The state that KMS shows for as long as settle says. */
static enum err
settled_state(struct call *c, const struct key *k, enum kms_key_state *state)
{
	const struct clock *clock = c->module->clock;
	int64_t settle_ms = c->token->config->settle * 1000, since = 0, asked;
	struct kms_key meta;
	int tries = 0;
	enum err e;

	*state = KMS_STATE_UNKNOWN;
	for (;;) {
		meta = (struct kms_key)KMS_KEY_INIT;
		asked = clock->mono_ms(clock->ctx);
		e = describe_keeping_error(&c->kms, k->meta.id, &meta);
		if (e == ERR_OK && (since == 0 || meta.state != *state)) {
			since = clock->mono_ms(clock->ctx);
			*state = meta.state;
		}
		kms_key_free(&meta);
		if (e != ERR_OK && e != ERR_NOT_FOUND)
			return (e);
		if (e == ERR_OK &&
		    (settle_ms == 0 || asked - since >= settle_ms))
			return (ERR_OK);
		if (!settle_pause(&c->kms.deadline, &tries, 2 * SETTLE_TRIES))
			return (ERR_DEADLINE);
	}
}

/* Whether KMS takes no material of ours, now and when asked again. */
static bool
is_lasting(enum err why)
{
	return (why == ERR_DENIED || why == ERR_WRONG_MATERIAL);
}

/* A deletion that took a filled key is undone. Unless our imports are refused,
 * that may be our own throw-away material: the journal stays, the next fence
 * tells. */
static enum err
cancel(struct call *c, struct removal *r, const struct key *k, enum err why)
{
	enum err e = key_deletion_cancel(c, k, true);

	log_line(c->module->log, LOG_ERROR,
	    "%s: key %s got its material while it was scheduled for deletion: "
	    "%s",
	    c->name, k->meta.id,
	    e == ERR_OK ? "it is in use again"
			: "bring it back with aws kms cancel-key-deletion "
			  "and enable-key");
	if (e != ERR_OK)
		return (e);
	return (is_lasting(why) ? leave(c, r, k) : why);
}

/*
 * Without the right to import, or while KMS imports nothing, there is no fence;
 * nor for a key that had material, to which KMS binds it: it refuses any other.
 * Then the key is scheduled as it is seen, and looked at again when the
 * deletion is seen: what came in until then is brought back. A process that is
 * killed in between leaves it to be deleted. why: the fence failed.
 */
static enum err
schedule_unproved(
    struct call *c, struct removal *r, const struct key *k, enum err why)
{
	bool had_material = false;
	enum kms_key_state state;
	int tries = 0;
	enum err e;

	call_note(c,
	    "nothing can be imported into key %s: that it is empty is looked "
	    "at and not proved [%s]",
	    k->meta.id, err_text(why));
	if ((e = settled_state(c, k, &state)) != ERR_OK)
		return (e);
	if (kms_state_has_material(state))
		return (is_lasting(why) ? leave(c, r, k) : why);
	if (state == KMS_STATE_PENDING_IMPORT)
		do {
			e = kms_schedule_key_deletion(
			    &c->kms, k->meta.id, (int)r->days);
		} while (settle_retry_living(c, &c->kms, k, e, &tries));
	if ((e == ERR_OK || e == ERR_KEY_STATE) &&
	    (e = removal_wait(c, k, &had_material)) == ERR_OK)
		e = had_material ? cancel(c, r, k, why)
				 : removal_clean_up(c, r, k);
	return (e);
}

static bool
is_second_usage(
    struct call *c, const struct key *k, const struct key *companion)
{
	return (companion->meta.origin == KMS_ORIGIN_EXTERNAL &&
		companion->spec == k->spec &&
		companion->meta.usage != k->meta.usage &&
		key_trust_is_recorded(c, companion));
}

/* A second usage that was made beside the key goes with it: with the key empty,
 * nobody has been told of the two. The state directory says which that is: an
 * alias can be led to any key. */
static enum err
drop_companion(struct call *c, const struct key *k)
{
	struct alias_list known = {.names = NULL};
	struct key *companion = NULL;
	char alias[KMS_ALIAS_SIZE], id[KMS_ID_SIZE];
	enum err e;

	if ((e = key_trust_companion(c, k->meta.id, id)) == ERR_OK)
		e = describe_key(&c->kms, id, &companion);
	name_companion_alias(k->meta.id, alias);
	if (e == ERR_OK && !key_is_pending_deletion(companion) &&
	    is_second_usage(c, k, companion) &&
	    (e = alias_list_add(&known, alias)) == ERR_OK)
		e = key_deletion_schedule(c, companion, &known);
	alias_list_free(&known);
	key_unref(companion);
	return (e == ERR_NOT_FOUND || e == ERR_DENIED ? ERR_OK : e);
}

/* The fence holds: nobody filled it. */
static enum err
schedule_empty(struct call *c, struct removal *r, const struct key *k)
{
	enum err e = drop_companion(c, k);

	return (e == ERR_OK ? removal_schedule(c, r, k) : e);
}

/* From step 3 on. */
static enum err
carry_out(struct call *c, struct removal *r, const struct key *k,
    const struct alias_list *known)
{
	bool had_material;
	enum err e = removal_free_names(c, r, k, known);

	if (e != ERR_OK)
		return (e);
	if (is_generated(k))
		return (removal_schedule(c, r, k));
	e = fence_import(c, k, buf_view(&r->material));
	if (e == ERR_OK)
		return (schedule_empty(c, r, k));
	if (e == ERR_WRONG_MATERIAL && !r->emptied)
		return (leave(c, r, k));
	if (e == ERR_KEY_STATE) {
		e = removal_wait(c, k, &had_material);
		return (e == ERR_OK ? removal_clean_up(c, r, k) : e);
	}
	/* of a key that nobody else knows of */
	if (is_lasting(e) || r->just_made)
		return (schedule_unproved(c, r, k, e));
	return (e);
}

/* Whether it is left alone at once. One that KMS does not show yet is not. */
static enum err
check_waits(struct call *c, const struct key *k)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	if (is_generated(k))
		return (ERR_OK);
	e = kms_describe_key(&c->kms, k->meta.id, &meta);
	if (e == ERR_OK && kms_key_has_material(&meta))
		e = ERR_WRONG_MATERIAL;
	kms_key_free(&meta);
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}

/* Steps 1 and 2. */
static enum err
begin(struct call *c, struct removal *r, const struct key *k,
    const struct alias_list *known, long days)
{
	enum err e = check_waits(c, k);

	if (e != ERR_OK)
		return (e);
	r->days = (double)days;
	/* nothing but its names will tell whether it is in use */
	if (is_generated(k))
		return (removal_add_names(c, r, known));
	e = fence_make_material(c, k->spec, &r->material);
	return (e == ERR_OK ? removal_write(c, r) : e);
}

enum err
take_back(struct call *c, const struct key *k, const struct alias_list *known,
    long days, bool emptied, bool *recorded)
{
	struct removal r = REMOVAL_INIT(REMOVAL_TAKE_BACK);
	enum err e = removal_open(c, &r, k->meta.id);

	if (e == ERR_OK && !r.exists)
		e = begin(c, &r, k, known, days);
	*recorded = r.exists;
	r.just_made = known->promised;
	r.emptied = emptied;
	if (e == ERR_OK)
		e = carry_out(c, &r, k, known);
	removal_close(c, &r);
	return (e);
}

enum err
take_back_resume(struct call *c, struct removal *r, const struct key *k)
{
	bool stays = r->give_back == JSON_TRUE;
	enum err e = ERR_OK;

	/* no fence proves that nobody has used it since it had its name */
	if (!stays && is_generated(k) && !key_is_pending_deletion(k))
		e = removal_has_name(c, r, k, &stays);
	if (e != ERR_OK)
		return (e);
	return (stays ? leave(c, r, k) : carry_out(c, r, k, &alias_list_none));
}
