#include <stdio.h>
#include <string.h>
#include "keydata/names.h"
#include "lookup.h"
#include "key-trust.h"

/* Puts a key among those found, unless it is there; takes over the caller's
 * hold. */
static void
add_key(struct found_keys *f, struct key *k)
{
	bool there = k == NULL;

	for (size_t i = 0; i < f->count && !there; i++)
		there = strcmp(f->keys[i]->meta.id, k->meta.id) == 0;
	if (there)
		key_unref(k);
	else
		f->keys[f->count++] = k;
}

void
found_keys_free(struct found_keys *f)
{
	for (size_t i = 0; i < f->count; i++)
		key_unref(f->keys[i]);
	f->count = 0;
}

/* The key of that key id or ARN, or to which that alias leads. What KMS takes
 * for another key, or for none of its names at all, is none. */
static CK_RV
by_kms_name(struct call *c, struct view name, struct key **out)
{
	char text[KMS_ALIAS_SIZE];
	CK_RV rv;

	*out = NULL;
	if (name.len >= sizeof(text) ||
	    memchr(name.ptr, '\0', name.len) != NULL)
		return (CKR_OK);
	snprintf(
	    text, sizeof(text), "%.*s", (int)name.len, (const char *)name.ptr);
	rv = listing_describe(c, text, out);
	if (rv != CKR_OK && c->err == ERR_INVALID) {
		c->err = ERR_OK;
		rv = CKR_OK;
	}
	if (*out != NULL && !name_means_alias(name) &&
	    !key_trust_is_named(name, *out)) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}

/* Those beside the first. */
static CK_RV
by_number(struct call *c, struct view label, struct found_keys *f)
{
	struct kms_key_entry names[LISTING_NAMES_MAX];
	struct key *keys[LISTING_NAMES_MAX];
	size_t n = 0;
	CK_RV rv;

	for (unsigned i = NAME_FIRST_NUMBER; i <= NAME_LAST_NUMBER; i++)
		if (name_to_numbered_alias(label, i, names[n].id) == ERR_OK)
			n++;
	rv = listing_describe_several(c, names, n, 0, keys);
	for (size_t i = 0; i < n; i++)
		add_key(f, keys[i]);
	return (rv);
}

/* The plain alias and the marker at once; the marker says that there are more,
 * and not where. */
static CK_RV
by_label(struct call *c, struct view label, struct found_keys *f)
{
	struct kms_key_entry names[2];
	struct key *keys[2] = {NULL, NULL};
	size_t n = 1;
	CK_RV rv;

	if (name_to_alias(NAME_LABEL, label, names[0].id) != ERR_OK)
		return (CKR_OK);
	/* one that is too long for a number belongs to one key */
	if (name_to_alias(NAME_MARKER, label, names[1].id) == ERR_OK)
		n++;
	rv = listing_describe_several(c, names, n, 1, keys);
	add_key(f, keys[0]);
	if (rv == CKR_OK && keys[1] != NULL)
		rv = by_number(c, label, f);
	key_unref(keys[1]);
	return (rv);
}

/* The default id of a key that exists comes first: programs read it from one
 * object and look for the other by it. */
static CK_RV
by_id(struct call *c, struct view id, struct found_keys *f)
{
	struct kms_key_entry names[2];
	struct key *keys[2] = {NULL, NULL};
	char key_id[37];
	size_t n = 1;
	CK_RV rv = CKR_OK;

	if (name_key_of_id(id, key_id)) {
		rv = by_kms_name(c, view_str(key_id), &keys[0]);
		add_key(f, keys[0]);
	}
	if (rv != CKR_OK || f->count != 0 ||
	    name_to_alias(NAME_ID, id, names[0].id) != ERR_OK)
		return (rv);
	if (name_multi_region_key_of_id(id, key_id))
		snprintf(names[n++].id, sizeof(names[0].id), "%s", key_id);
	rv = listing_describe_several(c, names, n, 1, keys);
	if (n > 1 && keys[1] != NULL) {
		key_unref(keys[0]);
		keys[0] = keys[1];
	}
	add_key(f, keys[0]);
	return (rv);
}

bool
is_kms_name(CK_ATTRIBUTE_TYPE type, struct view name)
{
	return (name_means_key(name) ||
		(type == CKA_LABEL && name_means_alias(name)));
}

CK_RV
find_all_named(struct call *c, CK_ATTRIBUTE_TYPE type, struct view name,
    struct found_keys *f)
{
	struct key *k = NULL;
	CK_RV rv = CKR_OK;

	f->count = 0;
	if (type == CKA_UNIQUE_ID || is_kms_name(type, name))
		rv = by_kms_name(c, name, &k);
	/* a key id finds a key, too, but is not its unique id */
	if (k != NULL && type == CKA_UNIQUE_ID &&
	    !view_equal(name, view_str(k->meta.arn))) {
		key_unref(k);
		k = NULL;
	}
	add_key(f, k);
	if (rv != CKR_OK || f->count != 0 || type == CKA_UNIQUE_ID)
		return (rv);
	rv = type == CKA_ID ? by_id(c, name, f) : by_label(c, name, f);
	if (rv != CKR_OK)
		found_keys_free(f);
	return (rv);
}

CK_RV
find_named(
    struct call *c, CK_ATTRIBUTE_TYPE type, struct view name, struct key **out)
{
	struct found_keys f = {.count = 0};
	CK_RV rv = find_all_named(c, type, name, &f);

	*out = f.count != 0 ? key_ref(f.keys[0]) : NULL;
	found_keys_free(&f);
	return (rv);
}
