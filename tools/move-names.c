#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "cryptoki/keyferry.h"
#include "key-options.h"
#include "message.h"
#include "move-names.h"
#include "rv-said.h"

#define LABEL_MAX 250 /* bytes: behind alias/ */

bool
names_check_source(struct plan *p, struct key *k)
{
	if (k->label.len == 0 && k->id.len == 0)
		key_refuse(k, "it has neither label nor id: a second run "
			      "could not tell whether it was moved");
	else if (p->to_keyferry && k->id.len > KEY_ID_MAX)
		key_refuse(k, "an alias of KMS holds ids of at most %d bytes",
		    KEY_ID_MAX);
	else if (p->to_keyferry && k->label.len > LABEL_MAX)
		key_refuse(k,
		    "an alias of KMS holds labels of at most %d "
		    "bytes",
		    LABEL_MAX);
	return (key_is_open(k));
}

static bool
equal(const struct buf *a, const struct buf *b)
{
	return (view_equal(buf_view(a), buf_view(b)));
}

static bool
equal_and_not_empty(const struct buf *a, const struct buf *b)
{
	return (a->len != 0 && equal(a, b));
}

/* Names are unique on Keyferry's token: no two keys may need the same one. */
bool
names_check_run(struct plan *p, struct key *k)
{
	for (struct key *other = p->keys; other < k; other++) {
		bool label = equal_and_not_empty(&other->label, &k->label);
		bool id = equal_and_not_empty(&other->id, &k->id);

		if (other->status == STATUS_REFUSED ||
		    !(p->to_keyferry ? label || id
				     : equal(&other->label, &k->label) &&
					   equal(&other->id, &k->id) &&
					   other->class == k->class))
			continue;
		key_refuse(k, "another key of this run has its %s",
		    label ? "label" : "id");
		return (false);
	}
	return (true);
}

/* Whether a text attribute of a key of the target has that value. */
static bool
is_text(const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
    const char *wanted)
{
	struct buf value = BUF_INIT(0);
	bool yes;

	yes = token_get_attribute(t, h, type, &value) == CKR_OK &&
	      view_equal(buf_view(&value), view_str(wanted));
	buf_free(&value);
	return (yes);
}

static bool
has_name(const struct plan *p, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
    const struct buf *shown, const struct buf *name)
{
	return (p->to_keyferry
		    ? token_key_has_name(p->to, h, type, shown, buf_view(name))
		    : equal(shown, name));
}

/* Whether the object has every name that the key has. An import pair that was
 * left half made may lack its label, which it then gets with the key. */
static bool
has_names(
    const struct plan *p, const struct key *k, CK_OBJECT_HANDLE h, bool pair)
{
	struct buf label = BUF_INIT(0), id = BUF_INIT(0);
	bool yes;

	(void)token_get_attribute(p->to, h, CKA_LABEL, &label);
	(void)token_get_attribute(p->to, h, CKA_ID, &id);
	yes = (k->label.len == 0 || (pair && label.len == 0) ||
		  has_name(p, h, CKA_LABEL, &label, &k->label)) &&
	      (k->id.len == 0 || has_name(p, h, CKA_ID, &id, &k->id));
	buf_free(&label);
	buf_free(&id);
	return (yes);
}

/*
 * A secret key shows nothing that tells it from another, and so do private keys
 * of some tokens: what has the names may be another key. KMS takes the same
 * material alone, and so tells when it is brought again. Another token may show
 * a check value.
 */
static void
compare_secret(const struct plan *p, struct key *k, CK_OBJECT_HANDLE h)
{
	struct buf own = BUF_INIT(0), there = BUF_INIT(0);

	k->status = STATUS_SAME_NAME;
	if (p->to_keyferry) {
		k->there = h;
		if (is_text(p->to, h, CKA_KEYFERRY_ORIGIN, "EXTERNAL"))
			return;
		k->status = STATUS_PLANNED;
		key_refuse(k, "its label and its id are taken on the target "
			      "by a key that was not imported");
		return;
	}
	(void)token_get_attribute(k->from, k->handle, CKA_CHECK_VALUE, &own);
	(void)token_get_attribute(p->to, h, CKA_CHECK_VALUE, &there);
	if (own.len == 0 || there.len == 0)
		key_refuse(k, "the tokens show nothing to compare");
	else if (equal(&own, &there))
		k->status = STATUS_PRESENT;
	else {
		k->status = STATUS_DIFFERENT;
		snprintf(k->reason, sizeof(k->reason),
		    "the key of its label and id on the target has another "
		    "check value (CKA_CHECK_VALUE)");
	}
	buf_free(&own);
	buf_free(&there);
}

/* What the target's other keys may be hidden for. */
static void
refuse_for_state(
    const struct plan *p, struct key *k, CK_OBJECT_HANDLE h, const char *what)
{
	static const struct {
		const char *state, *advice;
	} rows[] = {
	    {"Disabled", ": keyferry enable"},
	    {"PendingDeletion", ": keyferry cancel-deletion"},
	    {"PendingReplicaDeletion", ": keyferry cancel-deletion"},
	};
	struct buf state = BUF_INIT(0);
	const char *advice = "";

	if (!p->to_keyferry || !key_is_open(k) ||
	    token_get_attribute(p->to, h, CKA_KEYFERRY_KEY_STATE, &state) !=
		CKR_OK ||
	    view_equal(buf_view(&state), view_str("Enabled")) ||
	    view_equal(buf_view(&state), view_str("PendingImport")))
		goto out;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (view_equal(buf_view(&state), view_str(rows[i].state)))
			advice = rows[i].advice;
	key_refuse(k, "the key of its %s on the target is %.*s%s", what,
	    (int)state.len, (const char *)state.ptr, advice);
out:
	buf_free(&state);
}

/* The object of the target has the key's `what`, its label or its id: is it the
 * key itself, its import pair, or another key? */
static void
compare_with_object(
    const struct plan *p, struct key *k, CK_OBJECT_HANDLE h, const char *what)
{
	CK_OBJECT_CLASS class = token_get_ulong(p->to, h, CKA_CLASS);
	bool pair = p->to_keyferry &&
		    is_text(p->to, h, CKA_KEYFERRY_KEY_STATE, "PendingImport");
	bool named = has_names(p, k, h, pair);

	if (k->status != STATUS_PLANNED ||
	    (class != CKO_SECRET_KEY && class != CKO_PRIVATE_KEY) ||
	    (!p->to_keyferry && (!named || class != k->class)))
		return;
	refuse_for_state(p, k, h, what);
	if (!key_is_open(k))
		return;
	if (named && pair) {
		k->has_import_pair = true;
		k->there = h;
		return;
	}
	if (!named || !key_matches_spec(k, p->to, h) ||
	    key_public_differs(k, p->to, h)) {
		key_refuse(
		    k, "its %s is taken on the target by another key", what);
		return;
	}
	(void)token_get_attribute(p->to, h, CKA_UNIQUE_ID, &k->unique_id);
	k->there = h;
	if (!key_public_is_same(k, p->to, h))
		compare_secret(p, k, h);
	else
		k->status = k->wish.expires && p->to_keyferry ? STATUS_SAME_NAME
							      : STATUS_PRESENT;
}

static void
report_lookup(struct plan *p, struct key *k, const char *what, CK_RV rv)
{
	char said[TOKEN_ERROR_SIZE], room[RV_SAID_SIZE];

	token_last_error(p->to, "C_FindObjectsInit", said);
	if (said[0] == '\0')
		snprintf(said, sizeof(said), "%s", rv_said(rv, room));
	p->target_failed = token_is_in_trouble(rv) || rv == CKR_DATA_LEN_RANGE;
	if (p->target_failed)
		message("token %s: looking for keys failed: %s", p->to->label,
		    said);
	else
		key_refuse(k, "looking for its %s on the target failed: %s",
		    what, said);
}

/* What the target failed to tell is not what it does not have. */
static void
check_target_reads(const struct plan *p, struct key *k)
{
	const struct read_failure *f = p->to->failure;
	char room[RV_SAID_SIZE];

	if (f->rv == CKR_OK)
		return;
	key_refuse(k,
	    "reading %s of the key of its name on the target "
	    "failed: %s",
	    attribute_name(f->type).text, rv_said(f->rv, room));
}

bool
names_check_target(struct plan *p, struct key *k)
{
	const struct {
		CK_ATTRIBUTE_TYPE type;
		const struct buf *name;
		const char *what;
	} names[] = {{CKA_LABEL, &k->label, "label"}, {CKA_ID, &k->id, "id"}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found;
	CK_RV rv;

	token_forget_failure(p->to);
	for (size_t i = 0;
	     i < 2 && k->status == STATUS_PLANNED && !p->target_failed; i++) {
		const CK_ATTRIBUTE named[] = {
		    {names[i].type, names[i].name->ptr, names[i].name->len},
		    {CKA_KEYFERRY_KEY_STATE, NULL, 0}};

		if (names[i].name->len == 0)
			continue;
		/* also what is hidden: its names are taken */
		rv = token_find_objects(
		    p->to, named, p->to_keyferry ? 2 : 1, &handles, &found);
		if (rv != CKR_OK)
			report_lookup(p, k, names[i].what, rv);
		for (CK_ULONG j = 0; j < found; j++)
			compare_with_object(p, k, handles[j], names[i].what);
		free(handles);
	}
	check_target_reads(p, k);
	return (key_is_open(k) && !p->target_failed);
}
