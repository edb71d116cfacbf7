#include <stdio.h>
#include <string.h>
#include "find-key.h"
#include "keydata/names.h"
#include "key-trust.h"
#include "listing.h"
#include "lookup.h"
#include "make-key.h"
#include "settle.h"

#define WAIT_TRIES 30 /* for a key that another machine is just making */

static CK_RV
refuse_taken(struct call *c, const char *what, const struct key *k)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "the %s belongs to another key, %s (%s, %s, %s)", what, k->meta.id,
	    k->meta.spec, k->meta.words.origin, k->meta.words.state));
}

/* Whether the key can be filled so, whatever state it is in. */
static bool
is_of_request(const struct key_request *r, const struct key *k)
{
	return (k->spec == r->spec &&
		(r->accepted_usages == 0 ||
		    (k->meta.usage & r->accepted_usages) != 0) &&
		key_is_imported(k));
}

static CK_RV
refuse_kms_name(struct call *c, struct view name)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "there is no key %.*s; that a new key has such a text as its name "
	    "is not possible",
	    (int)name.len, (const char *)name.ptr));
}

/* A key id, key ARN or alias as label, beside an id, means the same key. */
static CK_RV
check_same(struct call *c, const struct provision *p)
{
	struct view label = p->request->label;
	struct key *k = NULL;
	CK_RV rv = find_named(c, CKA_LABEL, label, &k);

	if (rv == CKR_OK && k == NULL)
		rv = refuse_kms_name(c, label);
	else if (rv == CKR_OK &&
		 (p->key == NULL || strcmp(k->meta.id, p->key->meta.id) != 0))
		rv = refuse_taken(c, "label", k);
	key_unref(k);
	return (rv);
}

/* The key that one of the names leads to. */
static CK_RV
find_named_key(struct call *c, struct provision *p, const char **what)
{
	const struct key_request *r = p->request;
	struct view name = r->id.ptr != NULL ? r->id : r->label;
	char alias[KMS_ALIAS_SIZE];
	CK_RV rv = CKR_OK;

	*what = r->id.ptr != NULL ? "id" : "label";
	if (p->companion_of != NULL) {
		*what = "alias of the second usage";
		name_companion_alias(p->companion_of, alias);
		rv = listing_describe(c, alias, &p->key);
	} else if (name.len != 0) {
		rv = find_named(
		    c, r->id.ptr != NULL ? CKA_ID : CKA_LABEL, name, &p->key);
	}
	if (rv == CKR_OK && p->key == NULL &&
	    is_kms_name(r->id.ptr != NULL ? CKA_ID : CKA_LABEL, name))
		rv = refuse_kms_name(c, name);
	if (rv == CKR_OK && r->id.ptr != NULL &&
	    is_kms_name(CKA_LABEL, r->label))
		rv = check_same(c, p);
	return (rv);
}

void
find_key_let_go(struct provision *p)
{
	key_unref(p->key);
	p->key = NULL;
	p->made = p->found_waiting = false;
	p->named = 0;
}

/* The same, where KMS does not show yet what it has promised. */
static CK_RV
look(struct call *c, struct provision *p, const char **what)
{
	int tries = 0;
	CK_RV rv = find_named_key(c, p, what);

	while (rv == CKR_OK && p->key == NULL && p->promised[0] != '\0') {
		rv = listing_describe(c, p->promised, &p->key);
		if (p->key != NULL && key_is_pending_deletion(p->key)) {
			find_key_let_go(p);
			p->promised[0] = '\0';
		} else if (rv == CKR_OK && p->key == NULL &&
			   !settle_pause(
			       &c->kms.deadline, &tries, SETTLE_TRIES)) {
			return (call_fail(c, ERR_NOT_FOUND));
		}
	}
	return (rv);
}

/* Where the identity's own name leads, settled: "" to no key, or there is no
 * such name. */
static enum err
settle_name(struct call *c, const struct provision *p, char id[KMS_ID_SIZE])
{
	struct alias_list l = {.names = NULL};
	struct settled_alias a = {.name = NULL};
	enum err e = make_key_aliases(p, &l);

	id[0] = '\0';
	if (e == ERR_OK && l.count != 0) {
		a.name = l.names[0];
		if ((e = settle_aliases(c, &c->kms, &a, 1)) == ERR_OK)
			snprintf(id, KMS_ID_SIZE, "%s", a.key_id);
	}
	alias_list_free(&l);
	return (e);
}

/* Whether the request says by key id or ARN which key is meant. */
bool
find_key_is_named_by_id(const struct provision *p, const struct key *k)
{
	const struct key_request *r = p->request;

	return (key_trust_is_named(r->id, k) ||
		(r->id.ptr == NULL && key_trust_is_named(r->label, k)));
}

/* Whether the name leads elsewhere than to the key by now; p->promised is the
 * key to which it does. */
enum err
find_key_check_moved(
    struct call *c, struct provision *p, const struct key *k, bool *moved)
{
	char id[KMS_ID_SIZE];
	enum err e;

	*moved = false;
	if (find_key_is_named_by_id(p, k))
		return (ERR_OK);
	if ((e = settle_name(c, p, id)) == ERR_OK &&
	    strcmp(id, k->meta.id) != 0) {
		*moved = true;
		memcpy(p->promised, id, sizeof(id));
	}
	return (e);
}

/* A key that cannot be filled, but for one that is just going: its name may be
 * free already. */
static CK_RV
refuse_unless_moved(
    struct call *c, struct provision *p, const char *what, bool *moved)
{
	*moved = false;
	if (key_is_pending_deletion(p->key) &&
	    find_key_check_moved(c, p, p->key, moved) == ERR_OK && *moved)
		return (CKR_OK);
	if (is_of_request(p->request, p->key) &&
	    p->key->meta.state == KMS_STATE_DISABLED)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "key %s, which has that %s, is disabled: enable it with "
		    "aws kms enable-key",
		    p->key->meta.id, what));
	return (refuse_taken(c, what, p->key));
}

/*
 * The key that the names lead to, if it can take the material and may. One that
 * another machine is just making is waited for until it has its material, or is
 * gone.
 */
CK_RV
find_key_existing(struct call *c, struct provision *p)
{
	const char *what;
	bool moved = false;
	int tries = 0;
	CK_RV rv;

	for (;; find_key_let_go(p)) {
		if ((rv = look(c, p, &what)) != CKR_OK || p->key == NULL)
			return (rv);
		if (!is_of_request(p->request, p->key) ||
		    !(key_is_pending_import(p->key) || key_is_usable(p->key))) {
			rv = refuse_unless_moved(c, p, what, &moved);
			if (rv != CKR_OK || !moved || ++tries > WAIT_TRIES)
				return (rv);
			continue;
		}
		if (key_trust_for_request(c, p->request, p->key))
			break;
		if (!key_is_pending_import(p->key) ||
		    !settle_is_young(c, p->key) ||
		    !settle_pause(&c->kms.deadline, &tries, WAIT_TRIES))
			return (key_trust_refuse(
			    c, p->key, CKR_ATTRIBUTE_VALUE_INVALID));
	}
	p->promised[0] = '\0';
	p->found_waiting = key_is_pending_import(p->key) &&
			   !find_key_is_named_by_id(p, p->key);
	return (CKR_OK);
}

/* The name of a key that KMS generates must be free: only the key that a killed
 * call left may have it. */
static CK_RV
check_free(struct call *c, const struct provision *p, CK_ATTRIBUTE_TYPE type,
    struct view name)
{
	struct key *k = NULL;
	CK_RV rv = CKR_OK;

	if (name.len != 0)
		rv = find_named(c, type, name, &k);
	if (rv == CKR_OK && k == NULL && name.len != 0 &&
	    p->promised[0] != '\0')
		rv = listing_describe(c, p->promised, &k);
	if (rv == CKR_OK && k != NULL &&
	    strcmp(k->meta.id, p->journal.key_id) != 0)
		rv = refuse_taken(c, type == CKA_ID ? "id" : "label", k);
	else if (rv == CKR_OK && k == NULL && is_kms_name(type, name))
		rv = refuse_kms_name(c, name);
	key_unref(k);
	return (rv);
}

CK_RV
find_key_check_free(struct call *c, const struct provision *p)
{
	const struct key_request *r = p->request;
	CK_RV rv = check_free(c, p, CKA_ID, r->id);

	/* a label may belong to several keys that have ids of their own */
	if (rv == CKR_OK &&
	    (r->id.len == 0 || is_kms_name(CKA_LABEL, r->label)))
		rv = check_free(c, p, CKA_LABEL, r->label);
	return (rv);
}
