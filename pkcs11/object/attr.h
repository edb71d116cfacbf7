#ifndef ATTR_H
#define ATTR_H
#include "token/call.h"
#include "object.h"
#include "cryptoki/template.h"
#include "token/attr-value.h"

/* Attributes are rows of one table: type, form, which objects have it, how it
 * is read, and whether a caller may set it. */

/* Whether a boolean attribute is there and true. Asks KMS nothing. */
bool attr_is_true(struct call *, const struct object *, CK_ATTRIBUTE_TYPE);
/* C_GetAttributeValue: every entry is filled, even when one fails. */
CK_RV attr_fill(struct call *, const struct object *, CK_ATTRIBUTE *, CK_ULONG);
/* Whether reading that attribute of a key in KMS may take a call. */
bool attr_may_call_kms(CK_ATTRIBUTE_TYPE);
/* Whether each attribute of the template has that value. */
bool attr_match(struct call *, const struct object *, struct template);
/* Whether the value is one that an object of this kind does not show. */
bool attr_is_sensitive_value(CK_OBJECT_CLASS, CK_KEY_TYPE, CK_ATTRIBUTE_TYPE);
/* Whether its value is attributes: an attribute set keeps them packed. */
bool attr_is_template(CK_ATTRIBUTE_TYPE);

/*
 * Of a key that is kept here, what its template left open, in place of "true"
 * for all: a usage that is named excludes those that are not, but for its own
 * opposite, and for what public keys do that harms nobody; CKA_SENSITIVE of
 * a secret key is false (PKCS#11 3.2, section 4.11), of a private key true;
 * CKA_EXTRACTABLE is true of a key that the program brought. ERR_MEMORY.
 */
enum err attr_put_defaults(struct attrset *, bool brought);

/* What a template speaks of. */
struct attr_target {
	CK_OBJECT_CLASS class;
	/* CK_UNAVAILABLE_INFORMATION: not said, or no key */
	CK_KEY_TYPE type;
	enum attr_purpose purpose;
	bool token; /* of a key in KMS: some truths cannot be had there */
};
/*
 * Every attribute known for the target, of one value, of the right size, and
 * one that a caller may give for the purpose: the specification's code if not.
 */
CK_RV attr_check(struct call *, struct template, struct attr_target);
/* Whether an object that is as it is may get these values, too: some never go
 * back (CKR_ATTRIBUTE_READ_ONLY), some follow from the key
 * (CKR_ATTRIBUTE_VALUE_INVALID for another's). */
CK_RV attr_check_change(struct call *, const struct object *, struct template);
#endif
