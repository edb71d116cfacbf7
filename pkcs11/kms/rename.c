#include <string.h>
#include "alias.h"
#include "lookup.h"
#include "listing.h"
#include "rename.h"

static CK_RV
replace_alias(
    struct call *c, const struct key *k, const char *from, const char *to)
{
	enum err e;

	call_set_deadline(
	    c, c->token->config->timeout + c->token->config->settle);
	e = alias_create(c, &c->kms, to, k);
	if (e == ERR_OK && from[0] != '\0')
		e = alias_delete(c, &c->kms, from, k->meta.id);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
rename_check(
    struct call *c, const struct key *k, enum name_kind kind, struct view name)
{
	char alias[KMS_ALIAS_SIZE];
	struct key *other = NULL;
	CK_RV rv;

	if (name.len == 0)
		return (CKR_OK);
	if (name_to_alias(kind, name, alias) != ERR_OK)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the name is too long for a KMS alias"));
	rv = find_named(c, kind == NAME_ID ? CKA_ID : CKA_LABEL, name, &other);
	if (rv == CKR_OK && other != NULL &&
	    strcmp(other->meta.id, k->meta.id) != 0)
		rv = call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the %s belongs to another key, %s",
		    kind == NAME_ID ? "id" : "label", other->meta.id);
	key_unref(other);
	return (rv);
}

CK_RV
rename_key(struct call *c, struct key *k, enum name_kind kind, struct view name)
{
	char alias[KMS_ALIAS_SIZE] = "";
	struct key *latest = NULL, *named = NULL, *next = NULL;
	char *old;
	CK_RV rv;

	if (name_to_alias(kind, name, alias) != ERR_OK)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the name is empty, or too long for a KMS alias"));
	/* another rename may have come since k was got */
	if ((latest = store_key(&c->token->store, k->meta.id)) == NULL)
		return (CKR_OBJECT_HANDLE_INVALID);
	rv = listing_all_names(c, latest, &named);
	key_unref(latest);
	if (rv != CKR_OK)
		return (rv);
	if ((next = key_copy(named)) == NULL) {
		rv = CKR_HOST_MEMORY;
		goto out;
	}
	old = kind == NAME_ID ? next->names.id : next->names.label;
	if (strcmp(old, alias) == 0)
		goto out;
	/* the oldest is the one shown: the new label would not be */
	if (kind == NAME_LABEL && named->names.labels > 1) {
		rv = call_error(c, CKR_ACTION_PROHIBITED,
		    "key %s has %u labels: choose among its aliases with aws "
		    "kms",
		    k->meta.id, named->names.labels);
		goto out;
	}
	if ((rv = replace_alias(c, k, old, alias)) != CKR_OK)
		goto out;
	memcpy(old, alias, KMS_ALIAS_SIZE);
	if (kind == NAME_LABEL)
		next->names.labels = 1;
	if (store_put(&c->token->store, next) != ERR_OK)
		rv = CKR_HOST_MEMORY;
out:
	key_unref(next);
	key_unref(named);
	return (rv);
}
