#include "wish.h"

CK_RV
wish_place(struct call *c, struct template t)
{
	if (!template_bool(t, CKA_TOKEN, false))
		return (call_refuse(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "session objects are not served: set CKA_TOKEN"));
	if (!session_is_rw(c->session))
		return (CKR_SESSION_READ_ONLY);
	return (CKR_OK);
}

unsigned wish_uses(struct template t)
{
	static const struct {
		CK_ATTRIBUTE_TYPE flag;
		unsigned uses;
	} rows[] = {{CKA_ENCRYPT, USE_CRYPT}, {CKA_DECRYPT, USE_CRYPT},
	    {CKA_WRAP, USE_CRYPT}, {CKA_UNWRAP, USE_CRYPT},
	    {CKA_SIGN, USE_SIGN | USE_MAC}, {CKA_VERIFY, USE_SIGN | USE_MAC},
	    {CKA_SIGN_RECOVER, USE_SIGN}, {CKA_VERIFY_RECOVER, USE_SIGN},
	    {CKA_DERIVE, USE_AGREE}, {CKA_ENCAPSULATE, USE_ENCAPSULATE},
	    {CKA_DECAPSULATE, USE_ENCAPSULATE}};
	unsigned uses = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (template_bool(t, rows[i].flag, false))
			uses |= rows[i].uses;
	return (uses);
}

CK_RV
wish_use(
    struct call *c, const struct spec *spec, unsigned wanted, enum use *use)
{
	static const enum use order[] = {
	    USE_SIGN, USE_MAC, USE_CRYPT, USE_AGREE, USE_ENCAPSULATE};
	unsigned fit = wanted & spec->uses;

	if (wanted != 0 && fit == 0)
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "KMS has no %s key for what the template asks", spec->kms));
	if (fit == 0)
		fit = spec->uses;
	for (size_t i = sizeof(order) / sizeof(order[0]); i > 0; i--)
		if ((fit & order[i - 1]) != 0)
			*use = order[i - 1];
	if ((wanted & ~(unsigned)*use & spec->uses) != 0)
		call_note(c, "of the usages asked for, the key has %s alone",
		    use_name(*use));
	return (CKR_OK);
}

CK_RV
wish_name(struct call *c, struct template public_t, struct template private_t,
    CK_ATTRIBUTE_TYPE type, struct view *name)
{
	struct view a = template_view(private_t, type);
	struct view b = template_view(public_t, type);

	if (a.len != 0 && b.len != 0 && !view_equal(a, b))
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "the halves of a pair have one label and one id"));
	*name = a.len != 0 ? a : b.len != 0 ? b : VIEW(NULL, 0);
	return (CKR_OK);
}
