#include <string.h>
#include "key-trust.h"
#include "list-keys.h"
#include "listing.h"
#include "new-key.h"
#include "orphans.h"
#include "take-back.h"

/* Whether the key can be one of them: with the nonce, without a name, and not
 * used. */
static bool
is_orphan(struct call *c, const struct provision *p, const struct key *k)
{
	return (
	    new_key_has_note(p, k) &&
	    (p->request->generated_by_kms
		    ? k->meta.origin == KMS_ORIGIN_AWS_KMS && key_is_usable(k)
		    : key_is_pending_import(k)) &&
	    k->names.label[0] == '\0' && k->names.id[0] == '\0' &&
	    !key_trust_is_recorded(c, k));
}

/* Nothing proves that a key which KMS generated is not in use. */
static void
report(struct call *c, const struct key *k)
{
	log_line(c->module->log, LOG_ERROR,
	    "%s: key %s may have been made by a CreateKey whose reply was "
	    "lost: use it, or delete it",
	    c->name, k->meta.id);
}

/* Whether back-KEYID leads to it from now on. */
static bool
remove_one(struct call *c, const struct key *k)
{
	bool recorded;

	if (take_back(c, k, &alias_list_none, TAKE_BACK_DAYS, false,
		&recorded) == ERR_OK)
		call_note(c,
		    "key %s, made by a CreateKey without a reply, is "
		    "scheduled for deletion",
		    k->meta.id);
	return (recorded);
}

/* How many of them are dealt with. */
static double
find_among(struct call *c, struct provision *p, const struct snapshot *s)
{
	bool generated = p->request->generated_by_kms;
	double found = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct key *k = s->objects[i].key;

		/* a pair's halves are two objects of one key */
		if ((i != 0 && s->objects[i - 1].key == k) ||
		    !is_orphan(c, p, k))
			continue;
		if (generated)
			report(c, k);
		found += generated || remove_one(c, k);
	}
	/* those that stay are found again until all of them are shown */
	return (generated && found < p->journal.unanswered ? 0 : found);
}

void
orphans_remove(struct call *c, struct provision *p)
{
	struct kms before = c->kms;
	struct journal *j = &p->journal;
	struct snapshot *s = NULL;
	double found = 0;
	enum err err = c->err;

	call_set_deadline(c, c->token->config->list_timeout);
	listing_invalidate(c);
	if (listing_refresh(c) == CKR_OK) {
		s = store_snapshot(&c->token->store);
		found = find_among(c, p, s);
		if (c->token->store.undescribed == 0 &&
		    call_wall_seconds(c) - j->asked > UNSEEN_SECONDS)
			found = j->unanswered;
		snapshot_unref(s);
	}
	if (found > 0)
		(void)journal_found(c, j, found);
	c->kms = before;
	c->err = err;
}
