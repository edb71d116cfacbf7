#include <string.h>
#include "cryptoki/constants.h"
#include "key-kinds.h"
#include "keydata/hash.h"

static bool
lists(struct view mechanisms, CK_MECHANISM_TYPE type)
{
	CK_MECHANISM_TYPE one;

	for (size_t i = 0; i + sizeof(one) <= mechanisms.len;
	     i += sizeof(one)) {
		memcpy(&one, mechanisms.ptr + i, sizeof(one));
		if (one == type)
			return (true);
	}
	return (false);
}

/* The KeySpec of HMAC keys that the type, or a mechanism allowed for a generic
 * secret, names a hash for; NULL: none. */
static const struct key_spec *
hmac_spec(CK_KEY_TYPE type, struct view allowed)
{
	const struct key_spec *s = NULL;

	for (size_t i = 0; i < digest_count && s == NULL; i++)
		if (type == digests[i].hmac ||
		    (type == CKK_GENERIC_SECRET &&
			lists(allowed, digests[i].hmac_mechanism)))
			s = key_spec_of_hmac(&digests[i]);
	return (s);
}

const struct key_spec *
key_kind_of_secret(struct template t, CK_KEY_TYPE type, bool known, size_t len)
{
	const struct key_spec *hmac = hmac_spec(
	    type, template_view(t, CKA_ALLOWED_MECHANISMS));

	if (hmac != NULL)
		type = hmac->type;
	if (!known)
		len = type == CKK_AES ? 32 : hmac != NULL ? hmac->min_len : 0;
	return (key_spec_of_secret(type, len, hmac != NULL ? hmac->bits : 0));
}

CK_RV
key_kind_refuse(struct call *c, CK_KEY_TYPE type, const char *why)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "KMS does not import this %s key: %s", key_type_name(type).text,
	    why));
}

CK_RV
key_kind_refuse_class(struct call *c, CK_OBJECT_CLASS class)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "KMS keeps keys alone, no object of %s: have the session keep it, "
	    "by CKA_TOKEN false",
	    class_name(class).text));
}

CK_RV
key_kind_check(struct call *c, struct template t, size_t len)
{
	CK_OBJECT_CLASS class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	CK_KEY_TYPE type = template_ulong(
	    t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION);
	CK_RV rv;

	if (!template_bool(t, CKA_TOKEN, false))
		return (CKR_OK);
	if ((rv = call_check_place(c, t)) != CKR_OK)
		return (rv);
	len = template_ulong(t, CKA_VALUE_LEN, len);
	switch (class) {
	case CKO_SECRET_KEY:
		return (
		    (type == CKK_GENERIC_SECRET && len == 0) ||
			    key_kind_of_secret(t, type, len != 0, len) != NULL
			? CKR_OK
			: key_kind_refuse(c, type, WHY_SECRETS));
	case CKO_PRIVATE_KEY:
		return (type == CKK_RSA || type == CKK_EC
			    ? CKR_OK
			    : key_kind_refuse(c, type, WHY_PAIRS));
	default:
		return (key_kind_refuse_class(c, class));
	}
}
