#include <string.h>
#include "alias.h"
#include "describe.h"
#include "key-names.h"
#include "listing.h"
#include "lookup.h"
#include "key-trust.h"
#include "rename.h"

#define LOOKS_OF_STEP 3
#define NOT_SHOWN_PAUSE_MS 200
#define UNDO_SECONDS 30 /* the call's own time may be over */

static const char *
name_of(const struct key *k, enum name_kind kind)
{
	return (kind == NAME_ID ? k->names.id : k->names.label);
}

/* Whether the import set that the key is known by has that name for it. The
 * caller may not be allowed to ask KMS, nor to give names. */
static bool
is_told_by_set(const struct key *k, enum name_kind kind, struct view name)
{
	char alias[KMS_ALIAS_SIZE];

	return (k->by_set && name_to_alias(kind, name, alias) == ERR_OK &&
		strcmp(alias, name_of(k, kind)) == 0);
}

CK_RV
rename_check(
    struct call *c, const struct key *k, enum name_kind kind, struct view name)
{
	char alias[KMS_ALIAS_SIZE];
	struct key *other = NULL;
	CK_RV rv;

	/* its own id or ARN only says which key: whoever may import need not be
	 * allowed to ask */
	if (name.len == 0 || key_trust_is_named(name, k))
		return (CKR_OK);
	if (name_to_alias(kind, name, alias) != ERR_OK)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the name is too long for a KMS alias, or begins "
		    "with " NAME_RENEWAL));
	if (is_told_by_set(k, kind, name))
		return (CKR_OK);
	rv = find_named(c, kind == NAME_ID ? CKA_ID : CKA_LABEL, name, &other);
	if (rv == CKR_OK && other != NULL &&
	    strcmp(other->meta.id, k->meta.id) != 0)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the %s belongs to another key, %s",
		    kind == NAME_ID ? "id" : "label", other->meta.id);
	key_unref(other);
	return (rv);
}

/* Whether the alias is that name of the key, as KMS says now. */
static bool
is_name_now(struct call *c, enum name_kind kind, const char *alias,
    struct view name, const struct key *k)
{
	struct buf text = BUF_INIT(KMS_ALIAS_SIZE);
	struct settled_alias look = {.name = alias, .promised = k->meta.id};
	bool yes = name_from_alias(kind, alias, &text) &&
		   view_equal(buf_view(&text), name) &&
		   settle_aliases(c, &c->kms, &look, 1) == ERR_OK &&
		   strcmp(look.key_id, k->meta.id) == 0;

	buf_free(&text);
	return (yes);
}

static CK_RV
refuse_taken(struct call *c, enum name_kind kind, const char *alias)
{
	struct kms_key meta = KMS_KEY_INIT;
	bool known = describe_keeping_error(&c->kms, alias, &meta) == ERR_OK;
	CK_RV rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    kind == NAME_ID ? "the id belongs to another key%s%s"
			    : "the label belongs to another key%s%s; it can "
			      "be shared by a key that has a CKA_ID of its own",
	    known ? ", " : "", known ? meta.id : "");

	kms_key_free(&meta);
	return (rv);
}

/* KMS's own names, and the bytes of a key id, mean the key that they mean: this
 * one, which they do not rename, or another, which has them. */
static CK_RV
check_meaning(struct call *c, const struct key *k, enum name_kind kind,
    struct view name, bool *nothing_to_do)
{
	CK_ATTRIBUTE_TYPE type = kind == NAME_ID ? CKA_ID : CKA_LABEL;
	struct key *meant = NULL;
	CK_RV rv;

	*nothing_to_do = false;
	if (!is_kms_name(type, name) && (kind != NAME_ID || name.len != 16))
		return (CKR_OK);
	rv = find_named(c, type, name, &meant);
	if (rv == CKR_OK && meant != NULL &&
	    strcmp(meant->meta.id, k->meta.id) != 0)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "that %s means another key, %s",
		    kind == NAME_ID ? "id" : "label", meant->meta.id);
	else if (rv == CKR_OK && meant == NULL && is_kms_name(type, name))
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "a key id, a key ARN or an alias is no label and no id");
	*nothing_to_do = meant != NULL;
	key_unref(meant);
	return (rv);
}

/* Claims one name. seen: the key as the caller saw it, which a late list does
 * not take back. Only a key that has an id shares a label. */
static CK_RV
claim(struct call *c, struct rename *r, const struct key *seen,
    enum name_kind kind, struct view name, bool has_id)
{
	const struct key *k = r->key;
	struct rename_step *s = &r->steps[r->count];
	const char *from = name_of(
	    name_of(seen, kind)[0] != '\0' ? seen : k, kind);
	bool nothing_to_do;
	CK_RV rv;
	enum err e;

	*s = (struct rename_step){.kind = kind};
	if (is_told_by_set(k, kind, name))
		return (CKR_OK);
	rv = check_meaning(c, k, kind, name, &nothing_to_do);
	if (rv != CKR_OK || nothing_to_do)
		return (rv);
	if (from[0] != '\0' && is_name_now(c, kind, from, name, k))
		return (CKR_OK);
	memcpy(s->from, from, KMS_ALIAS_SIZE);
	if (kind == NAME_LABEL)
		e = key_names_claim_label(
		    c, &c->kms, k, name, has_id, s->to, &s->made);
	else if ((e = name_to_alias(kind, name, s->to)) == ERR_OK)
		e = alias_create_noting(c, &c->kms, s->to, k, &s->made);
	if (e == ERR_OK || s->made)
		r->count++;
	if (e == ERR_DATA)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the name is empty, too long for a KMS alias, or "
		    "begins with " NAME_RENEWAL));
	if (e == ERR_EXISTS)
		return (refuse_taken(c, kind, s->to));
	if (e != ERR_OK)
		return (call_fail(c, e));
	if (strcmp(s->from, s->to) == 0)
		s->from[0] = '\0'; /* a look was late */
	return (CKR_OK);
}

CK_RV
rename_begin(struct call *c, struct rename *r, struct key *k,
    const struct view *label, const struct view *id)
{
	CK_RV rv = listing_all_names(c, k, &r->key);

	if (rv == CKR_OK && id != NULL)
		rv = claim(c, r, k, NAME_ID, *id, true);
	if (rv == CKR_OK && label != NULL)
		rv = claim(c, r, k, NAME_LABEL, *label,
		    id != NULL || r->key->names.id[0] != '\0');
	return (rv == CKR_OK ? CKR_OK : rename_end(c, r, rv));
}

/* Looks at the new names, the old ones and their markers until they have
 * settled and the new ones are shown. */
static enum err
wait_settled(
    struct call *c, struct rename *r, struct settled_alias *looks, size_t *n)
{
	bool shown;
	enum err e;

	*n = 0;
	for (size_t i = 0; i < r->count; i++) {
		struct rename_step *s = &r->steps[i];

		looks[(*n)++] = (struct settled_alias){
		    .name = s->to, .promised = r->key->meta.id};
		if (s->from[0] == '\0')
			continue;
		looks[(*n)++] = (struct settled_alias){.name = s->from};
		if (s->kind == NAME_LABEL && name_marker(s->from, s->marker))
			looks[(*n)++] = (struct settled_alias){
			    .name = s->marker};
	}
	do {
		shown = true;
		e = settle_aliases(c, &c->kms, looks, *n);
		for (size_t i = 0; i < *n && e == ERR_OK; i++) {
			if (looks[i].promised == NULL ||
			    strcmp(looks[i].key_id, looks[i].promised) == 0)
				continue;
			shown = false;
			if (looks[i].key_id[0] != '\0')
				e = error_info_set(&c->kms.error, ERR_EXISTS,
				    "%s leads to key %s by now", looks[i].name,
				    looks[i].key_id);
		}
		if (e == ERR_OK && !shown &&
		    !deadline_sleep(&c->kms.deadline, NOT_SHOWN_PAUSE_MS))
			e = error_info_set(&c->kms.error, ERR_DEADLINE,
			    "KMS does not show the new name; the old one "
			    "stays until the same call is made again");
	} while (e == ERR_OK && !shown);
	return (e);
}

/* The step whose old name the look is at; NULL: it is at another name. */
static struct rename_step *
step_from(struct rename *r, const struct settled_alias *look)
{
	for (size_t i = 0; i < r->count; i++)
		if (look->name == r->steps[i].from)
			return (&r->steps[i]);
	return (NULL);
}

/* Deletes the old names, as far as they still are the key's. */
static enum err
drop_old(struct call *c, struct rename *r, const struct settled_alias *looks,
    size_t n)
{
	const char *id = r->key->meta.id;
	struct rename_step *s;
	enum err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if ((s = step_from(r, &looks[i])) != NULL) {
			e = alias_delete_settled(c, &c->kms, &looks[i], id);
			s->dropped = e == ERR_OK &&
				     strcmp(looks[i].key_id, id) == 0;
		}
	for (size_t i = 0; i < n && e == ERR_OK; i++)
		if (name_is(NAME_MARKER, looks[i].name))
			e = key_names_leave_marker(c, &c->kms, &looks[i], id);
	return (e);
}

/* The names as they were: first the old ones that are gone, then without the
 * new ones. The error that the caller reports stays. */
static void
undo(struct call *c, struct rename *r)
{
	struct kms before = c->kms;
	enum err e = ERR_OK;

	call_set_deadline(c, UNDO_SECONDS);
	for (size_t i = 0; i < r->count && e == ERR_OK; i++)
		if (r->steps[i].dropped)
			e = alias_create(c, &c->kms, r->steps[i].from, r->key);
	for (size_t i = 0; i < r->count && e == ERR_OK; i++)
		if (r->steps[i].made)
			e = alias_delete(
			    c, &c->kms, r->steps[i].to, r->key->meta.id);
	if (e != ERR_OK)
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s has names of before and new ones, among them "
		    "%s: the same call goes on from there",
		    c->name, r->key->meta.id, r->steps[0].to);
	c->kms = before;
}

/* The store knows the key by its new names, if it has them now, and by what
 * else was learned of it meanwhile. */
static enum err
tell_store(struct call *c, const struct rename *r, bool done)
{
	struct store *store = &c->token->store;
	struct key *latest = store_key(store, r->key->meta.id), *k;
	enum err e = ERR_OK;

	if (latest == NULL)
		return (ERR_OK);
	if ((k = key_copy(latest)) == NULL)
		e = ERR_MEMORY;
	key_unref(latest);
	if (e != ERR_OK)
		return (e);
	k->names = r->key->names;
	for (size_t i = 0; i < r->count; i++)
		memcpy(
		    r->steps[i].kind == NAME_ID ? k->names.id : k->names.label,
		    r->steps[i].to, KMS_ALIAS_SIZE);
	/* what KMS made of them, the next reader asks it */
	if (!done)
		k->names = (struct key_names){.known = false};
	e = store_put(store, k);
	key_unref(k);
	return (e);
}

CK_RV
rename_end(struct call *c, struct rename *r, CK_RV rv)
{
	struct settled_alias looks[2 * LOOKS_OF_STEP];
	struct kms failed = c->kms;
	enum err e = ERR_OK;
	size_t n;

	if (r->count > 0)
		call_set_deadline(
		    c, c->token->config->timeout +
			   SETTLED_LOOKS * c->token->config->settle);
	if (rv == CKR_OK && r->count > 0) {
		if ((e = wait_settled(c, r, looks, &n)) == ERR_OK &&
		    (e = drop_old(c, r, looks, n)) != ERR_OK)
			undo(c, r);
		if (e != ERR_OK)
			rv = call_fail(c, e);
		e = tell_store(c, r, rv == CKR_OK);
		if (e != ERR_OK && rv == CKR_OK)
			rv = call_fail(c, e);
	} else if (r->count > 0) {
		for (size_t i = 0; i < r->count; i++)
			if (r->steps[i].made && c->err != ERR_WRONG_MATERIAL)
				(void)alias_delete(c, &c->kms, r->steps[i].to,
				    r->key->meta.id);
		c->kms = failed;
	}
	key_unref(r->key);
	*r = (struct rename)RENAME_INIT;
	return (rv);
}
