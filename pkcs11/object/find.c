#include <string.h>
#include "array.h"
#include "attr.h"
#include "certs.h"
#include "cryptoki/keyferry.h"
#include "find.h"
#include "kms/set-keys.h"
#include "kms/list-keys.h"
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

/* The name of a key that stands in a template, without what says of which of
 * its objects it is. Whether that is its renewal pair. */
static bool
read_name(const CK_ATTRIBUTE *a, struct view *name)
{
	*name = VIEW(a->pValue, a->ulValueLen);
	if (a->type == CKA_UNIQUE_ID)
		(void)name_of_public(*name, name);
	return (name_of_renewed(*name, name));
}

/* The halves of a pair have one label and one id, but each its unique id. */
static bool
is_of_half(const struct object *o, const CK_ATTRIBUTE *a)
{
	struct view own;

	return (a->type != CKA_UNIQUE_ID ||
		name_of_public(VIEW(a->pValue, a->ulValueLen), &own) ==
		    (o->class == CKO_PUBLIC_KEY));
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

/* One that only says: keys in whatever state. */
static bool
is_any_state(const CK_ATTRIBUTE *a)
{
	return (a->type == CKA_KEYFERRY_KEY_STATE && a->ulValueLen == 0);
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
			if (is_naming(a) && !is_of_half(o, a))
				return (false);
			if (is_naming(a) || is_any_state(a) ||
			    attr_may_call_kms(a->type) != asking)
				continue;
			if (!pubkey_fits(c, o, a) ||
			    !attr_match(c, o, (struct template){a, 1}))
				return (false);
		}
	return (true);
}

static bool
is_among(const struct found_keys *f, const struct key *k)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->keys[i]->meta.id, k->meta.id) == 0)
			return (true);
	return (false);
}

/* Matches the objects of these keys, or their renewal pairs; or all (NULL). */
static CK_RV
collect(
    struct call *c, const struct found_keys *f, bool renewal, struct template t)
{
	struct snapshot *s = store_snapshot(&c->token->store);
	bool all = template_has(t, CKA_KEYFERRY_KEY_STATE);
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < s->count && rv == CKR_OK; i++) {
		const struct object *o = &s->objects[i];

		if (f != NULL &&
		    (o->is_renewal != renewal || !is_among(f, o->key)))
			continue;
		if (store_shows(&c->token->store, o, all) &&
		    !call_hides(c, o) && rest_matches(c, o, t))
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

/* What is kept here: the token's certificates, or all else. */
static CK_RV
collect_locals(struct call *c, struct template t, bool certificates)
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
		if (is_token_certificate(&o) == certificates &&
		    is_profile_asked_for(t, &o) && !call_hides(c, &o) &&
		    attr_match(c, &o, t))
			rv = add_handle(c, o.handle);
	}
	object_table_rows_free(rows, count);
	return (rv);
}

/* Keeps those keys of *f for which keep() is true. */
static void
filter(struct found_keys *f, bool (*keep)(const void *arg, const struct key *),
    const void *arg)
{
	size_t n = 0;

	for (size_t i = 0; i < f->count; i++)
		if (keep(arg, f->keys[i]))
			f->keys[n++] = f->keys[i];
		else
			key_unref(f->keys[i]);
	f->count = n;
}

/* A name that others may have planted on a key is not the key's. */
static bool
is_shown_by(const void *name, const struct key *k)
{
	return (!k->names.withheld ||
		key_trust_is_named(*(const struct view *)name, k));
}

static bool
is_found(const void *other, const struct key *k)
{
	return (is_among(other, k));
}

/* Who asks for keys in all states relies on the answer being complete. */
static bool wants_all_states(struct template t)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		if (is_any_state(&t.rows[i]))
			return (true);
	return (false);
}

/* Who may import need not be allowed to see keys: import sets tell of some.
 * Else it is as in a listing. */
static CK_RV
find_by_set(struct call *c, CK_ATTRIBUTE_TYPE type, struct view name,
    bool complete, struct found_keys *f)
{
	const char *denied = err_text(c->err);

	if (!set_keys_find(c, type, name, f)) {
		if (complete)
			return (call_error(c, CKR_FUNCTION_FAILED,
			    "whether a key has that name is not known: %s; "
			    "allow kms:DescribeKey",
			    denied));
		call_note(c,
		    "a key of that name is not looked at: %s; allow "
		    "kms:DescribeKey",
		    denied);
	}
	c->err = ERR_OK;
	return (CKR_OK);
}

/* All keys; where listing is denied, those that are known by now, and those of
 * the import sets. */
static CK_RV
list_keys(struct call *c, struct template t)
{
	CK_RV rv = listing_refresh(c);

	if (rv == CKR_OK || c->err != ERR_DENIED)
		return (rv);
	if (wants_all_states(t))
		return (call_error(c, rv,
		    "keys are not listed: %s [%s]; allow kms:ListKeys",
		    err_text(c->err), c->kms.error.message));
	call_note(c,
	    "keys are not listed%s: %s [%s]; allow kms:ListKeys, or name keys "
	    "by the option keys",
	    set_keys_are_there(c) ? ", but for those of import sets" : "",
	    err_text(c->err), c->kms.error.message);
	c->err = ERR_OK;
	return (CKR_OK);
}

/* Whether the template names a renewal pair: then all of its names do. */
static bool names_renewal(struct template t)
{
	struct view own;

	for (CK_ULONG i = 0; i < t.count; i++)
		if (is_naming(&t.rows[i]))
			return (read_name(&t.rows[i], &own));
	return (false);
}

/*
 * All names in the template must lead to a key, or to the key of a renewal
 * pair. *named tells whether there is any name, *out is the keys, held.
 */
static CK_RV
resolve(struct call *c, struct template t, bool *named, struct found_keys *out)
{
	bool renewal = names_renewal(t);
	struct found_keys f = {.count = 0};
	struct view name;
	CK_RV rv;

	*named = false;
	out->count = 0;
	for (CK_ULONG i = 0; i < t.count; i++) {
		if (!is_naming(&t.rows[i]))
			continue;
		if (read_name(&t.rows[i], &name) != renewal) {
			found_keys_free(out);
			*named = true;
			return (CKR_OK);
		}
		rv = find_all_named(c, t.rows[i].type, name, &f);
		if (rv != CKR_OK && c->err == ERR_DENIED)
			rv = find_by_set(
			    c, t.rows[i].type, name, wants_all_states(t), &f);
		if (rv != CKR_OK) {
			found_keys_free(out);
			return (rv);
		}
		filter(&f, is_shown_by, &name);
		if (*named) {
			filter(out, is_found, &f);
			found_keys_free(&f);
		} else {
			*out = f;
		}
		*named = true;
		if (out->count == 0)
			break;
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
	struct found_keys f = {.count = 0};
	bool named = false;

	if (!certs_need_key_names(c) || names_renewal(t) ||
	    resolve(c, t, &named, &f) != CKR_OK)
		named = true;
	for (size_t i = 0; i < f.count; i++)
		if (f.keys[i]->spec != NULL &&
		    f.keys[i]->spec->class == CKO_PRIVATE_KEY &&
		    !key_is_pending_import(f.keys[i]))
			(void)pubkey_get(c, f.keys[i], &p);
	if (c->err != ERR_OK)
		call_note(c, "the key of that name is not known: %s",
		    err_text(c->err));
	c->err = ERR_OK;
	c->skip_key_lookup = named;
	found_keys_free(&f);
}

static CK_RV
collect_certificates(struct call *c, struct template t)
{
	CK_RV rv;

	if (template_ulong(t, CKA_CLASS, CKO_CERTIFICATE) != CKO_CERTIFICATE ||
	    !template_bool(t, CKA_TOKEN, true) ||
	    c->token->config->certificates == NULL)
		return (CKR_OK);
	if ((rv = certs_refresh(c)) != CKR_OK)
		return (rv);
	fetch_named_public_key(c, t);
	return (collect_locals(c, t, true));
}

static CK_RV
collect_from_kms(struct call *c, struct template t)
{
	struct found_keys f = {.count = 0};
	bool named = false;
	enum err e = set_keys_refresh(c);
	CK_RV rv = e == ERR_OK ? resolve(c, t, &named, &f) : call_fail(c, e);

	/* others change states, and what this process destroys it forgets */
	if (!named && template_has(t, CKA_KEYFERRY_KEY_STATE))
		listing_invalidate(c);
	if (rv == CKR_OK && !named)
		rv = list_keys(c, t);
	if (rv == CKR_OK && (!named || f.count != 0))
		rv = collect(c, named ? &f : NULL, names_renewal(t), t);
	found_keys_free(&f);
	return (rv);
}

/* A search has no code to say that a login must come first. Before the one that
 * gets credentials with a code of an MFA device there is nothing of KMS to be
 * shown yet. */
static CK_RV
collect_keys(struct call *c, struct template t)
{
	CK_RV rv = collect_from_kms(c, t);

	if (rv != CKR_USER_NOT_LOGGED_IN)
		return (rv);
	if (login_has_user(&c->module->sessions, c->token))
		return (CKR_DEVICE_ERROR);
	call_note(c, "no keys are found: %s", c->kms.error.message);
	c->err = ERR_OK;
	return (CKR_OK);
}

/* PKCS#11 Profiles 3.2, CERT-M-1-32, reads the label of the first object and
 * the value of the second, which has to be a certificate: certificates come
 * first, but a single one second. */
static void
order_for_profile(struct find *f, size_t certificates)
{
	CK_OBJECT_HANDLE first;

	if (certificates != 1 || f->count < 2)
		return;
	first = f->handles[0];
	f->handles[0] = f->handles[1];
	f->handles[1] = first;
}

CK_RV
find_begin(struct call *c, struct template t)
{
	struct find *f = &c->session->find;
	size_t certificates;
	CK_RV rv = CKR_OK;

	c->context = RV_LOOK;
	if (f->active)
		return (CKR_OPERATION_ACTIVE);
	if (t.rows == NULL && t.count != 0)
		return (CKR_ARGUMENTS_BAD);
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.rows[i].pValue == NULL && t.rows[i].ulValueLen != 0)
			return (CKR_ATTRIBUTE_VALUE_INVALID);
	rv = collect_certificates(c, t);
	certificates = f->count;
	if (rv == CKR_OK && may_be_in_kms(c, t))
		rv = collect_keys(c, t);
	if (rv == CKR_OK)
		rv = collect_locals(c, t, false);
	if (rv != CKR_OK) {
		find_end(f);
		return (rv);
	}
	order_for_profile(f, certificates);
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
