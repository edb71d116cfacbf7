#include <string.h>
#include "array.h"
#include "attr.h"
#include "certs.h"
#include "find.h"
#include "kms/lookup.h"
#include "kms/listing.h"
#include "token/login.h"
#include "keydata/names.h"
#include "kms/key-trust.h"
#include "token/pubkey.h"

static const CK_ATTRIBUTE_TYPE naming[] = {CKA_LABEL, CKA_ID, CKA_UNIQUE_ID};
#define NAMING_COUNT (sizeof(naming) / sizeof(naming[0]))

static bool
is_naming(const CK_ATTRIBUTE *a)
{
	if (a->ulValueLen == 0)
		return (false);
	for (size_t i = 0; i < NAMING_COUNT; i++)
		if (a->type == naming[i])
			return (true);
	return (false);
}

static CK_RV
add_handle(struct call *c, CK_OBJECT_HANDLE h)
{
	struct find *f = &c->session->find;
	CK_OBJECT_HANDLE *handles = array_grow(
	    f->handles, &f->cap, f->count + 1, sizeof(*handles));

	if (handles == NULL)
		return (CKR_HOST_MEMORY);
	f->handles = handles;
	handles[f->count++] = h;
	return (CKR_OK);
}

/* The rest of the template, without the names that are settled: first what
 * takes no call, and of that only what the answer could be. */
static bool
rest_matches(struct call *c, const struct object *o, struct template t)
{
	const CK_ATTRIBUTE *a;

	for (int asking = 0; asking < 2; asking++)
		for (CK_ULONG i = 0; i < t.count; i++) {
			a = &t.rows[i];
			if (is_naming(a) ||
			    attr_may_call_kms(a->type) != asking)
				continue;
			if (!pubkey_fits(c, o, a) ||
			    !attr_match(c, o, (struct template){a, 1}))
				return (false);
		}
	return (true);
}

/* Matches the objects of one key, or of all (key_id NULL). */
static CK_RV
collect(struct call *c, const char *key_id, struct template t)
{
	struct snapshot *s = store_snapshot(&c->token->store);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < s->count && rv == CKR_OK; i++) {
		const struct object *o = &s->objects[i];

		if (key_id != NULL && strcmp(o->key->meta.id, key_id) != 0)
			continue;
		if (store_shows(&c->token->store, o) && !call_hides(c, o) &&
		    rest_matches(c, o, t))
			rv = add_handle(c, o->handle);
	}
	snapshot_unref(s);
	return (rv);
}

/* Profiles are for those who ask for them: programs that list all objects
 * would not know what they see. */
static bool
is_profile_asked_for(struct template t, const struct object *o)
{
	return (template_ulong(t, CKA_CLASS, o->class) == o->class &&
		(o->class != CKO_PROFILE || template_has(t, CKA_CLASS) ||
		    template_has(t, CKA_PROFILE_ID)));
}

/* What is kept here. */
static CK_RV
collect_locals(struct call *c, struct template t)
{
	size_t count;
	struct table_object *rows = object_table_rows(
	    &c->token->objects, &count);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < count && rv == CKR_OK; i++) {
		struct object o = {.handle = rows[i].handle,
		    .class = rows[i].attrs->class,
		    .attrs = rows[i].attrs};

		/* first, because a certificate's names may cost calls */
		if (is_profile_asked_for(t, &o) && !call_hides(c, &o) &&
		    attr_match(c, &o, t))
			rv = add_handle(c, o.handle);
	}
	object_table_rows_free(rows, count);
	return (rv);
}

/* The key that one attribute of the template names, or NULL. A name that others
 * may have planted on a key is not the key's. */
static CK_RV
find_by(struct call *c, const CK_ATTRIBUTE *a, struct key **out)
{
	struct view name = VIEW(a->pValue, a->ulValueLen);
	CK_RV rv = find_named(c, a->type, name, out);

	if (*out != NULL && (*out)->names.withheld &&
	    !key_trust_is_named(name, *out)) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}

/*
 * All names in the template must lead to one key. *named tells whether there
 * is any name, *out is that key or NULL.
 */
static CK_RV
resolve(struct call *c, struct template t, bool *named, struct key **out)
{
	struct key *k = NULL;
	CK_RV rv;

	*named = false;
	*out = NULL;
	for (CK_ULONG i = 0; i < t.count; i++) {
		if (!is_naming(&t.rows[i]))
			continue;
		if ((rv = find_by(c, &t.rows[i], &k)) != CKR_OK)
			return (rv);
		*named = true;
		if (k == NULL || (*out != NULL && strcmp(k->meta.id,
						      (*out)->meta.id) != 0)) {
			key_unref(k);
			key_unref(*out);
			*out = NULL;
			return (CKR_OK);
		}
		key_unref(*out);
		*out = k;
	}
	return (CKR_OK);
}

/* What no key is or has is not worth a question to KMS. */
static bool
may_be_in_kms(struct call *c, struct template t)
{
	CK_ULONG class = template_ulong(t, CKA_CLASS, CKO_PUBLIC_KEY);

	if (class != CKO_PUBLIC_KEY && call_hides_private(c))
		return (false);
	return ((class == CKO_SECRET_KEY || class == CKO_PRIVATE_KEY ||
		    class == CKO_PUBLIC_KEY) &&
		template_bool(t, CKA_TOKEN, true) &&
		!template_has(t, CKA_PROFILE_ID) &&
		!template_has(t, CKA_CERTIFICATE_TYPE) &&
		!template_has(t, CKA_ISSUER) &&
		!template_has(t, CKA_SERIAL_NUMBER));
}

/* A certificate that is looked for by a key's name needs that key alone to be
 * known. Without KMS the names that were given are left. */
static void
fetch_named_public_key(struct call *c, struct template t)
{
	const struct pubkey *p;
	struct key *k = NULL;
	bool named = false;

	if (!certs_need_key_names(c) || resolve(c, t, &named, &k) != CKR_OK)
		named = true;
	else if (k != NULL && k->spec->class == CKO_PRIVATE_KEY &&
		 !key_is_pending_import(k))
		(void)pubkey_get(c, k, &p);
	if (c->err != ERR_OK)
		call_note(c, "the key of that name is not known: %s",
		    err_text(c->err));
	c->err = ERR_OK;
	c->skip_key_lookup = named;
	key_unref(k);
}

static CK_RV
collect_certificates(struct call *c, struct template t)
{
	CK_RV rv;

	if (template_ulong(t, CKA_CLASS, CKO_CERTIFICATE) != CKO_CERTIFICATE ||
	    !template_bool(t, CKA_TOKEN, true) ||
	    c->token->config->certificates == NULL)
		return (CKR_OK);
	if ((rv = certs_refresh(c)) == CKR_OK)
		fetch_named_public_key(c, t);
	return (rv);
}

static CK_RV
collect_from_kms(struct call *c, struct template t)
{
	struct key *k = NULL;
	bool named = false;
	CK_RV rv = resolve(c, t, &named, &k);

	if (rv == CKR_OK && !named)
		rv = listing_refresh(c);
	if (rv == CKR_OK && (!named || k != NULL))
		rv = collect(c, named ? k->meta.id : NULL, t);
	key_unref(k);
	return (rv);
}

CK_RV
find_begin(struct call *c, struct template t)
{
	struct find *f = &c->session->find;
	CK_RV rv = CKR_OK;

	if (f->active)
		return (CKR_OPERATION_ACTIVE);
	if (t.rows == NULL && t.count != 0)
		return (CKR_ARGUMENTS_BAD);
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.rows[i].pValue == NULL && t.rows[i].ulValueLen != 0)
			return (CKR_ATTRIBUTE_VALUE_INVALID);
	if (may_be_in_kms(c, t))
		rv = collect_from_kms(c, t);
	if (rv == CKR_OK && (rv = collect_certificates(c, t)) == CKR_OK)
		rv = collect_locals(c, t);
	if (rv != CKR_OK) {
		find_end(f);
		return (rv);
	}
	f->active = true;
	return (CKR_OK);
}

CK_RV
find_next(
    struct call *c, CK_OBJECT_HANDLE *handles, CK_ULONG max, CK_ULONG *count)
{
	struct find *f = &c->session->find;

	if (!f->active)
		return (CKR_OPERATION_NOT_INITIALIZED);
	if (count == NULL || (handles == NULL && max != 0))
		return (CKR_ARGUMENTS_BAD);
	for (*count = 0; *count < max && f->next < f->count; ++*count)
		handles[*count] = f->handles[f->next++];
	return (CKR_OK);
}
