#include <string.h>
#include "listing.h"
#include "lookup.h"
#include "keydata/names.h"

#define ARN_MAX 255

/* The default id of a key that exists comes first: programs read it from one
 * object and look for the other by it. */
static CK_RV
named_by_id(struct call *c, struct view id, struct key **out)
{
	char alias[KMS_ALIAS_SIZE], key_id[37];
	CK_RV rv;

	if (name_key_of_id(id, key_id) &&
	    ((rv = listing_describe(c, key_id, out)) != CKR_OK || *out != NULL))
		return (rv);
	if (name_to_alias(NAME_ID, id, alias) != ERR_OK)
		return (CKR_OK);
	return (listing_describe(c, alias, out));
}

CK_RV
find_named(
    struct call *c, CK_ATTRIBUTE_TYPE type, struct view name, struct key **out)
{
	char text[KMS_ALIAS_SIZE];
	CK_RV rv;

	*out = NULL;
	if (type == CKA_ID)
		return (named_by_id(c, name, out));
	if (type == CKA_LABEL) {
		if (name_to_alias(NAME_LABEL, name, text) != ERR_OK)
			return (CKR_OK);
		return (listing_describe(c, text, out));
	}
	if (name.len > ARN_MAX || memchr(name.ptr, '\0', name.len) != NULL)
		return (CKR_OK);
	memcpy(text, name.ptr, name.len);
	text[name.len] = '\0';
	rv = listing_describe(c, text, out);
	/* an alias or a key id finds a key too, but is not its unique id */
	if (*out != NULL && strcmp((*out)->meta.arn, text) != 0) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}
