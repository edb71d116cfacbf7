#include "data-key.h"
#include "generate.h"
#include "cryptoki/keyferry.h"
#include "keydata/parameter-set.h"
#include "mech/families.h"

/* The row that makes such keys. */
static CK_RV
find_row(struct call *c, const CK_MECHANISM *m, CK_FLAGS flag,
    const struct mech **row)
{
	*row = mech_find(m->mechanism, flag);
	if (*row == NULL || mech_flags_here(c, *row) == 0)
		return (CKR_MECHANISM_INVALID);
	if (m->ulParameterLen != 0 &&
	    (*row)->family != FAMILY_GENERATE_FROM_PASSWORD)
		return (CKR_MECHANISM_PARAM_INVALID);
	c->context = RV_CREATE;
	return (CKR_OK);
}

static CK_RV
domain_parameters(struct call *c, const CK_MECHANISM *m, const struct mech *row,
    struct template t, CK_OBJECT_HANDLE *handle)
{
	if (template_bool(t, CKA_TOKEN, false))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS keeps keys alone, no domain parameters: have the "
		    "session keep them, by CKA_TOKEN false"));
	return (mech_key_ops(row)->generate(c, m, t, handle));
}

CK_RV
generate_key(struct call *c, const CK_MECHANISM *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	const struct mech *row;
	CK_RV rv;

	if ((rv = find_row(c, m, CKF_GENERATE, &row)) != CKR_OK)
		return (rv);
	if (row->family == FAMILY_GENERATE_FROM_PASSWORD)
		return (mech_key_ops(row)->generate(c, m, t, handle));
	if (row->family == FAMILY_GENERATE_PARAMETERS)
		return (domain_parameters(c, m, row, t, handle));
	if (template_bool(t, CKA_TOKEN, false))
		return (generate_key_in_kms(c, row, t, handle));
	if (template_has(t, CKA_KEYFERRY_WRAPPING_KEY))
		return (data_key_generate(c, m, t, handle));
	return (mech_key_ops(row)->generate(c, m, t, handle));
}

/* RSA that unwraps and does nothing else: material will come in with it. */
static bool
is_import_pair(const struct mech *row, struct template private_t)
{
	static const CK_ATTRIBUTE_TYPE others[] = {
	    CKA_SIGN, CKA_SIGN_RECOVER, CKA_DECRYPT, CKA_DERIVE};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (template_bool(private_t, others[i], false))
			return (false);
	return (row->key_type == CKK_RSA &&
		template_bool(private_t, CKA_UNWRAP, false));
}

CK_RV
generate_pair(struct call *c, const CK_MECHANISM *m, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	const struct mech *row;
	CK_RV rv;

	if ((rv = find_row(c, m, CKF_GENERATE_KEY_PAIR, &row)) != CKR_OK)
		return (rv);
	if (template_bool(private_t, CKA_TOKEN, false)) {
		if (is_import_pair(row, private_t))
			return (import_pair_make(
			    c, public_t, private_t, public_key, private_key));
		return (generate_pair_in_kms(
		    c, row, public_t, private_t, public_key, private_key));
	}
	if (!key_type_is_in_openssl(c->module->crypto, row->key_type))
		return (call_error(c, CKR_MECHANISM_INVALID,
		    "this OpenSSL makes no such session keys%s",
		    parameter_set_has(row->key_type)
			? ", as 3.5 does: with CKA_TOKEN true KMS makes a key"
			: ""));
	return (mech_key_ops(row)->generate_pair(
	    c, m, public_t, private_t, public_key, private_key));
}
