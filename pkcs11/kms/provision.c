#include <string.h>
#include "describe.h"
#include "find-key.h"
#include "key-trust.h"
#include "listing.h"
#include "make-key.h"
#include "new-key.h"
#include "orphans.h"
#include "provision.h"
#include "settle.h"
#include "take-back.h"
#include "unfinished.h"

/*
 * The steps, and what is there if the process dies after each:
 *
 *   1 lock     nothing
 *   2 journal  a file with a nonce
 *   3 CreateKey, the nonce in its description: a key in PendingImport that
 *     nothing but its description leads to
 *   4 the key id in the journal, and made-KEYID, out of the reply to step 3
 *   5 CreateAlias, id then label: that key, found by its name
 *   6 GetParametersForImport, ImportKeyMaterial: the key, or the key in use
 *   7 UpdateKeyDescription takes the nonce away, where the configuration has
 *     a description: the same
 *   8 journal removed
 *
 * The next call for the same key goes on where this one stopped. A key that
 * only a description leads to (step 3, or a reply that never came) is never
 * filled, for descriptions can be copied: it is deleted, and another made. A
 * key that KMS generates is in use after step 5, and has no step 6; one that
 * only a description leads to stays, and the log names it.
 *
 * Two machines that make the same key at once come to step 5 together:
 * CreateAlias gives the name to one of them, whatever reads show. The other
 * takes its own key back and goes on with that one. docs/consistency.md says
 * why no order of their steps loses, doubles or orphans a key.
 */

#define ROUNDS 9 /* more than that would be a circle */
#define SHOWN_TRIES \
	1000 /* for one that we made: as long as the call may take */

/* Takes a key back in a time of its own: the call's may be what ran out. The
 * error that the caller reports stays. */
static enum err
take_back_key(struct call *c, struct provision *p, const struct key *k,
    const struct alias_list *known)
{
	struct kms before = c->kms;
	enum err err = c->err, e;
	bool recorded;

	call_set_deadline(c, REMOVAL_SECONDS);
	e = take_back(c, k, known, TAKE_BACK_DAYS, false, &recorded);
	/* what was filled is another's; what is recorded is found so */
	if ((e == ERR_OK || e == ERR_WRONG_MATERIAL || recorded) &&
	    strcmp(p->journal.key_id, k->meta.id) == 0)
		(void)journal_finish(c, &p->journal);
	if (e == ERR_WRONG_MATERIAL)
		call_note(c,
		    "key %s stays, for KMS shows it with material: if nobody "
		    "wants it, delete it with aws kms schedule-key-deletion",
		    k->meta.id);
	else
		call_note(c,
		    e == ERR_OK
			? "key %s, made by this call, is scheduled for deletion"
			: "key %s, made by this call, could not be deleted: "
			  "the next call will finish it",
		    k->meta.id);
	c->kms = before;
	c->err = err;
	return (e);
}

/* What this call, or an unfinished one, made. */
static void
take_back_made(struct call *c, struct provision *p)
{
	struct alias_list known = {.promised = true};

	if (make_key_aliases(p, &known) == ERR_OK) {
		if (known.count > p->named)
			known.count = p->named;
		(void)take_back_key(c, p, p->key, &known);
	}
	alias_list_free(&known);
	p->made = false;
}

/* Whether the journal's key is as this request would have made it. Its id came
 * out of CreateKey's reply. */
static bool
is_unfinished(const struct provision *p, const struct key *k)
{
	const struct key_request *r = p->request;

	return (k->spec == r->spec && k->meta.usage == r->usage &&
		(r->generated_by_kms ? k->meta.origin == KMS_ORIGIN_AWS_KMS &&
					   key_is_usable(k)
				     : key_is_pending_import(k)));
}

/* The journal's key, held; NULL: it is gone. One that KMS does not show yet is
 * waited for: nobody else knows of it. */
static CK_RV
find_journal_key(struct call *c, const struct provision *p, struct key **out)
{
	const struct journal *j = &p->journal;
	int tries = 0;
	CK_RV rv;

	for (;;) {
		rv = listing_describe(c, j->key_id, out);
		if (rv != CKR_OK || *out != NULL ||
		    call_wall_seconds(c) - j->asked > UNSEEN_SECONDS)
			return (rv);
		if (!settle_pause(&c->kms.deadline, &tries, SHOWN_TRIES))
			return (call_fail(c, ERR_NOT_FOUND));
	}
}

/* The journal's key is not the one that is asked for. */
static enum err
drop_journal_key(struct call *c, struct provision *p, const struct key *k)
{
	enum err e;

	if (k != NULL && key_is_pending_import(k)) {
		e = take_back_key(c, p, k, &alias_list_none);
		/* nothing else leads to it */
		return (p->journal.key_id[0] == '\0' ? ERR_OK : e);
	}
	if (k != NULL && k->meta.origin == KMS_ORIGIN_AWS_KMS &&
	    !key_is_pending_deletion(k))
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s, which an earlier call generated, is not what "
		    "is asked for now: use it, or delete it",
		    c->name, k->meta.id);
	return (journal_finish(c, &p->journal));
}

/* The key that an earlier call made and did not finish. */
static enum err
find_unfinished(struct call *c, struct provision *p)
{
	struct key *k = NULL;
	enum err e = ERR_OK;

	if (p->journal.key_id[0] == '\0')
		return (ERR_OK);
	if (find_journal_key(c, p, &k) != CKR_OK)
		return (c->err);
	if (k != NULL && is_unfinished(p, k)) {
		p->key = k;
		/* one that KMS generated may be in use by now */
		p->made = !p->request->generated_by_kms;
		call_note(c, "finishing key %s, which an earlier call left",
		    k->meta.id);
		return (key_trust_record(c, k, p->companion_of));
	}
	e = drop_journal_key(c, p, k);
	key_unref(k);
	return (e);
}

static CK_RV
make_key(struct call *c, struct provision *p)
{
	enum err e = ERR_OK;

	if (p->key == NULL)
		e = find_unfinished(c, p);
	if (e == ERR_OK && p->key == NULL)
		e = make_key_create(c, p);
	if (e == ERR_OK)
		e = make_key_name(c, p);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Where the names lead to a key, the journal's may be another. */
static CK_RV
use_existing(struct call *c, struct provision *p)
{
	struct key *k = NULL;
	enum err e;
	CK_RV rv;

	if (p->journal.key_id[0] == '\0')
		return (CKR_OK);
	if (strcmp(p->journal.key_id, p->key->meta.id) == 0) {
		if (!is_unfinished(p, p->key))
			return (CKR_OK);
		p->made = true;
		p->found_waiting = false;
		return (make_key(c, p));
	}
	if ((rv = find_journal_key(c, p, &k)) != CKR_OK)
		return (rv);
	e = drop_journal_key(c, p, k);
	key_unref(k);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
find_or_make(struct call *c, struct provision *p)
{
	CK_RV rv;

	if (p->request->generated_by_kms) {
		rv = find_key_check_free(c, p);
		return (rv == CKR_OK ? make_key(c, p) : rv);
	}
	if ((rv = find_key_existing(c, p)) != CKR_OK)
		return (rv);
	return (p->key != NULL ? use_existing(c, p) : make_key(c, p));
}

/*
 * The name of a key that was found while it waited may have been taken from it
 * by who takes the key back. Its material is in by now, so that it stays, and
 * where nobody has the name the key gets it again; else whoever has it is
 * meant.
 */
static CK_RV
check_name(struct call *c, struct provision *p, bool *again)
{
	struct alias_list l = {.names = NULL};
	enum err e;

	if (!p->found_waiting)
		return (CKR_OK);
	e = find_key_check_moved(c, p, p->key, again);
	if (e == ERR_OK && *again && p->promised[0] == '\0' &&
	    (e = make_key_aliases(p, &l)) == ERR_OK && l.count != 0) {
		e = alias_create(c, &c->kms, l.names[0], p->key);
		*again = e == ERR_EXISTS || e == ERR_KEY_STATE;
	}
	alias_list_free(&l);
	return (e == ERR_OK || *again ? CKR_OK : call_fail(c, e));
}

/* The key is another's, or on its way out: never taken back by this call. */
static void
disown(struct call *c, struct provision *p)
{
	if (strcmp(p->journal.key_id, p->key->meta.id) == 0)
		(void)journal_finish(c, &p->journal);
	p->made = p->was_made = false;
}

/* Whether the call failed because another was quicker, and the key that the
 * names mean now is to be looked for again. */
static bool
is_lost_race(struct call *c, struct provision *p)
{
	struct error_info error = c->kms.error;
	bool moved = false;

	if (p->companion_failed || p->key == NULL)
		return (false);
	if (c->err == ERR_EXISTS && p->made) {
		take_back_made(c, p);
		moved = p->promised[0] != '\0';
	} else if (c->err == ERR_WRONG_MATERIAL) {
		/* perhaps it was a fence: then its name is gone by now */
		disown(c, p);
		(void)find_key_check_moved(c, p, p->key, &moved);
	} else if (c->err == ERR_KEY_STATE &&
		   is_pending_deletion_now(&c->kms, p->key)) {
		disown(c, p);
		moved = !find_key_is_named_by_id(p, p->key);
	}
	c->kms.error = error;
	return (moved);
}

static CK_RV
end(struct call *c, struct provision *p, CK_RV rv, struct key **out)
{
	enum err e = ERR_OK;

	if (rv == CKR_OK && strcmp(p->journal.key_id, p->key->meta.id) == 0) {
		new_key_remove_note(c, p);
		e = journal_finish(c, &p->journal);
	}
	/* a later call that makes such a key would be given this one */
	if (e != ERR_OK && p->request->generated_by_kms)
		rv = call_fail(c, e);
	else if (e != ERR_OK)
		call_note(c, "%s: the journal of a finished import stays",
		    c->kms.error.message);
	if (rv != CKR_OK && p->made)
		take_back_made(c, p);
	if (p->reply_lost)
		orphans_remove(c, p);
	journal_close(c, &p->journal);
	if (rv == CKR_OK)
		*out = key_ref(p->key);
	find_key_let_go(p);
	material_end_free(&p->end);
	return (rv);
}

CK_RV
provision_run(
    struct call *c, struct provision *p, provision_use *use, struct key **out)
{
	bool again = false;
	enum err e;
	CK_RV rv;

	*out = NULL;
	unfinished_removals(c);
	call_set_deadline(c, c->token->config->import_timeout);
	e = journal_open(c, &p->journal, p->request, p->companion_of);
	if (e != ERR_OK) {
		journal_close(c, &p->journal);
		return (call_fail(c, e));
	}
	if (p->journal.unanswered > 0)
		orphans_remove(c, p);
	for (int round = 1; round == 1 || again; round++) {
		find_key_let_go(p);
		again = false;
		c->err = ERR_OK;
		c->why[0] = '\0';
		rv = find_or_make(c, p);
		if (rv == CKR_OK && !again &&
		    (use == NULL || (rv = use(c, p)) == CKR_OK))
			rv = check_name(c, p, &again);
		else if (rv != CKR_OK)
			again = is_lost_race(c, p);
		if (again && round == ROUNDS) {
			rv = call_error(c, CKR_FUNCTION_FAILED,
			    "the names lead to another key each time");
			break;
		}
	}
	return (end(c, p, rv, out));
}
