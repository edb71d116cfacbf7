#include <string.h>
#include "keydata/names.h"
#include "listing.h"
#include "lookup.h"
#include "key-trust.h"

#define ARN_MAX 255
#define KEY_ID_LEN 36 /* a UUID, or mrk- and 32 digits */

bool
is_key_arn(struct view name)
{
	char text[ARN_MAX + 1];

	if (name.len == 0 || name.len > ARN_MAX)
		return (false);
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return (strncmp(text, "arn:", 4) == 0 &&
		strstr(text, ":kms:") != NULL && strstr(text, ":key/") != NULL);
}

static bool
is_key_id(struct view name)
{
	uint8_t id[16];
	char text[KEY_ID_LEN + 1];

	if (name.len != KEY_ID_LEN)
		return (false);
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	return (strlen(text) == name.len && name_default_id(text, id));
}

/* The key of that key id or ARN. What KMS takes for another key, or for none of
 * its names at all, is none. */
static CK_RV
by_key_name(struct call *c, struct view name, struct key **out)
{
	char text[ARN_MAX + 1];
	CK_RV rv;

	if (name.len > ARN_MAX || memchr(name.ptr, '\0', name.len) != NULL)
		return (CKR_OK);
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	rv = listing_describe(c, text, out);
	if (rv != CKR_OK && c->err == ERR_INVALID) {
		c->err = ERR_OK;
		rv = CKR_OK;
	}
	if (*out != NULL && !key_trust_is_named(name, *out)) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}

static CK_RV
by_alias(
    struct call *c, enum name_kind kind, struct view name, struct key **out)
{
	char alias[KMS_ALIAS_SIZE];

	if (name_to_alias(kind, name, alias) != ERR_OK)
		return (CKR_OK);
	return (listing_describe(c, alias, out));
}

/* The default id of a key that exists comes first: programs read it from one
 * object and look for the other by it. */
static CK_RV
by_label_or_id(
    struct call *c, enum name_kind kind, struct view name, struct key **out)
{
	char key_id[37];
	CK_RV rv = CKR_OK;

	if (kind == NAME_ID && name_key_of_id(name, key_id))
		rv = by_key_name(c, view_str(key_id), out);
	else if (is_key_arn(name) || is_key_id(name))
		rv = by_key_name(c, name, out);
	if (rv == CKR_OK && *out == NULL)
		rv = by_alias(c, kind, name, out);
	return (rv);
}

CK_RV
find_named(
    struct call *c, CK_ATTRIBUTE_TYPE type, struct view name, struct key **out)
{
	CK_RV rv;

	*out = NULL;
	if (type == CKA_ID)
		return (by_label_or_id(c, NAME_ID, name, out));
	if (type == CKA_LABEL)
		return (by_label_or_id(c, NAME_LABEL, name, out));
	rv = by_key_name(c, name, out);
	/* a key id finds a key, too, but is not its unique id */
	if (*out != NULL && !view_equal(name, view_str((*out)->meta.arn))) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}
