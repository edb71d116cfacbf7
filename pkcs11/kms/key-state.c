#include <string.h>
#include "key-state.h"
#include "listing.h"
#include "removal.h"
#include "settle.h"

#define SHOWN_TRIES 6 /* 3 seconds in all */

enum steps { CANCEL = 1 << 0, ENABLE = 1 << 1, DISABLE = 1 << 2 };

/* What leads from one state to the other. */
static const struct transition {
	enum kms_key_state from, to;
	unsigned steps; /* enum steps, in that order */
} transitions[] = {
    {KMS_STATE_ENABLED, KMS_STATE_ENABLED, 0},
    {KMS_STATE_ENABLED, KMS_STATE_DISABLED, DISABLE},
    {KMS_STATE_DISABLED, KMS_STATE_DISABLED, 0},
    {KMS_STATE_DISABLED, KMS_STATE_ENABLED, ENABLE},
    {KMS_STATE_PENDING_IMPORT, KMS_STATE_PENDING_IMPORT, 0},
    {KMS_STATE_PENDING_DELETION, KMS_STATE_DISABLED, CANCEL},
    {KMS_STATE_PENDING_DELETION, KMS_STATE_ENABLED, CANCEL | ENABLE},
    {KMS_STATE_PENDING_DELETION, KMS_STATE_PENDING_IMPORT, CANCEL},
    {KMS_STATE_PENDING_REPLICA_DELETION, KMS_STATE_DISABLED, CANCEL},
    {KMS_STATE_PENDING_REPLICA_DELETION, KMS_STATE_ENABLED, CANCEL | ENABLE},
    {KMS_STATE_PENDING_REPLICA_DELETION, KMS_STATE_PENDING_IMPORT, CANCEL},
};

static const struct transition *
find_transition(enum kms_key_state from, enum kms_key_state to)
{
	for (size_t i = 0; i < sizeof(transitions) / sizeof(*transitions); i++)
		if (transitions[i].from == from && transitions[i].to == to)
			return (&transitions[i]);
	return (NULL);
}

/* One step; KMS may not show yet what the step before has done. */
static enum err
take_step(struct call *c, enum err (*change)(struct kms *, const char *),
    const char *key_id)
{
	int tries = 0;
	enum err e;

	do {
		e = change(&c->kms, key_id);
	} while (e == ERR_KEY_STATE &&
		 settle_pause(&c->kms.deadline, &tries, SHOWN_TRIES));
	return (e);
}

/* A destruction that an earlier call left must not go on after this. */
static enum err
forget_destruction(struct call *c, const char *key_id)
{
	struct removal r = REMOVAL_INIT(REMOVAL_DESTROY);
	enum err e = removal_open(c, &r, key_id);

	if (e == ERR_OK && r.exists)
		e = removal_finish(c, &r);
	removal_close(c, &r);
	return (e);
}

/* Whether the key is one that this machine takes back: it may hold material
 * that the state directory has in the clear. */
static enum err
is_taken_back(struct call *c, const char *key_id, bool *yes)
{
	struct removal r = REMOVAL_INIT(REMOVAL_TAKE_BACK);
	enum err e = removal_open(c, &r, key_id);

	*yes = r.exists;
	removal_close(c, &r);
	return (e);
}

static CK_RV
cancel_deletion(struct call *c, const struct key *k)
{
	bool taken_back;
	enum err e = is_taken_back(c, k->meta.id, &taken_back);

	if (e == ERR_OK && taken_back)
		return (call_error(c, CKR_ACTION_PROHIBITED,
		    "key %s is being taken back, and holds material that "
		    "others may know: let it be deleted",
		    k->meta.id));
	if (e == ERR_OK && (e = forget_destruction(c, k->meta.id)) == ERR_OK)
		e = take_step(c, kms_cancel_key_deletion, k->meta.id);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Looks at the key until KMS shows it in the state, or in none that could
 * become it; *now is the key as it is shown, held. */
static CK_RV
wait_for(struct call *c, const char *key_id, enum kms_key_state state,
    struct key **now)
{
	int tries = 0;
	CK_RV rv;

	do {
		key_unref(*now);
		*now = NULL;
		rv = listing_describe(c, key_id, now);
		if (rv == CKR_OK && *now == NULL)
			rv = call_fail(c, ERR_NOT_FOUND);
	} while (rv == CKR_OK && (*now)->meta.state != state &&
		 (*now)->meta.state != KMS_STATE_PENDING_IMPORT &&
		 settle_pause(&c->kms.deadline, &tries, SHOWN_TRIES));
	return (rv);
}

static CK_RV
carry_out(struct call *c, const struct key *k, const struct transition *t,
    const char *word)
{
	struct key *now = NULL;
	bool cancelled = false;
	enum err e = ERR_OK;
	CK_RV rv = CKR_OK;

	if ((t->steps & CANCEL) != 0) {
		if ((rv = cancel_deletion(c, k)) == CKR_OK)
			rv = wait_for(c, k->meta.id,
			    (t->steps & ENABLE) != 0 ? KMS_STATE_DISABLED
						     : t->to,
			    &now);
		cancelled = now != NULL;
	}
	if (rv == CKR_OK && (t->steps & ENABLE) != 0)
		e = take_step(c, kms_enable_key, k->meta.id);
	if (rv == CKR_OK && (t->steps & DISABLE) != 0)
		e = take_step(c, kms_disable_key, k->meta.id);
	if (e != ERR_OK)
		rv = call_fail(c, e);
	else if (rv == CKR_OK)
		rv = wait_for(c, k->meta.id, t->to, &now);
	if (rv != CKR_OK && cancelled)
		rv = call_error(c, rv,
		    "the deletion of key %s is cancelled, and it is not yet %s",
		    k->meta.id, word);
	else if (rv == CKR_OK && now->meta.state != t->to)
		rv = call_error(c, CKR_FUNCTION_FAILED,
		    "key %s is %s now, and not %s", k->meta.id,
		    now->meta.words.state, word);
	key_unref(now);
	return (rv);
}

static CK_RV
set_one(
    struct call *c, const char *key_id, enum kms_key_state to, const char *word)
{
	const struct transition *t = NULL;
	struct key *now = NULL;
	CK_RV rv = listing_describe(c, key_id, &now);

	if (rv == CKR_OK && now == NULL)
		rv = call_fail(c, ERR_NOT_FOUND);
	if (rv == CKR_OK && (t = find_transition(now->meta.state, to)) == NULL)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s is %s, and cannot be set to %s", key_id,
		    now->meta.words.state, word);
	if (rv == CKR_OK && t->steps != 0 &&
	    (rv = carry_out(c, now, t, word)) == CKR_OK)
		call_note(c, "key %s was %s, and is %s now", key_id,
		    now->meta.words.state, word);
	key_unref(now);
	return (rv);
}

CK_RV
key_state_set(struct call *c, struct key *k, struct view value)
{
	char word[KMS_WORD_SIZE] = "";
	const struct config_token *config = c->token->config;
	const struct key *companion = k->companion;
	enum kms_key_state to;
	CK_RV rv;

	if (value.len < sizeof(word) && value.len != 0)
		memcpy(word, value.ptr, value.len);
	to = kms_key_state_find(word);
	if (to != KMS_STATE_ENABLED && to != KMS_STATE_DISABLED &&
	    to != KMS_STATE_PENDING_IMPORT)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "a key can be set to Enabled or to Disabled"));
	call_set_deadline(c, config->timeout + config->settle);
	rv = set_one(c, k->meta.id, to, word);
	if (rv != CKR_OK || companion == NULL)
		return (rv);
	rv = set_one(c, companion->meta.id, to, word);
	if (rv != CKR_OK)
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s is %s, and key %s beside it is not", c->name,
		    k->meta.id, word, companion->meta.id);
	return (rv);
}
