#include "cryptoki/constants.h"
#include "kms/material-end.h"
#include "keydata/hash.h"
#include "keydata/rsa.h"
#include "mech/families.h"
#include "message.h"
#include "object/pkey.h"

/* C_...Init, of all sorts of operations: which mechanism, key and family. */

#define RESULT_MAX (8 * 1024) /* of work in KMS; families raise it */

/* clang-format off */
static const struct {
	CK_FLAGS flag; /* of a mechanism */
	CK_ATTRIBUTE_TYPE usage; /* of a key */
	enum op_kind as; /* what a family takes it for */
} kinds[OP_COUNT] = {
#define SAME(name) [OP_##name] = { CKF_##name, CKA_##name, OP_##name }
#define MESSAGE(name)							\
	[OP_MESSAGE_##name] = { CKF_MESSAGE_##name, CKA_##name, OP_##name }, \
	[OP_CURRENT_MESSAGE_##name] = { CKF_MESSAGE_##name, CKA_##name, OP_##name }
	SAME(ENCRYPT), SAME(DECRYPT), SAME(SIGN), SAME(VERIFY),
	SAME(SIGN_RECOVER), SAME(VERIFY_RECOVER),
	[OP_DIGEST] = { CKF_DIGEST, 0, OP_DIGEST },
	[OP_VERIFY_SIGNATURE] = { CKF_VERIFY, CKA_VERIFY, OP_VERIFY },
	MESSAGE(ENCRYPT), MESSAGE(DECRYPT), MESSAGE(SIGN), MESSAGE(VERIFY),
};
/* clang-format on */

static CK_RV
end_with(struct op *op, CK_RV rv)
{
	op_end(op);
	return (rv);
}

void
op_cancel(struct op ops[OP_COUNT], CK_FLAGS flags)
{
	for (size_t i = 0; i < OP_COUNT; i++)
		if ((flags & kinds[i].flag) != 0)
			op_end(&ops[i]);
}

/*
 * Some programs give up when the result of a single part does not fit, instead
 * of giving more room or ending the operation: pkcs11-tool begins anew with
 * more, and Java uses the session for something else. PKCS#11 would refuse them
 * with CKR_OPERATION_ACTIVE for as long as the session lives.
 */
static bool
is_given_up(struct call *c, const struct op *op)
{
	/* Java's AES-CBC comes in parts */
	bool given_up = op->state == OP_SINGLE_PART_UNFIT ||
			(op->state == OP_PARTS_UNFIT &&
			    object_in_kms(&op->object));

	if (given_up)
		call_note(c,
		    "the result of the operation under way did not fit into "
		    "the program's buffer; the program begins another, so "
		    "that result is lost");
	return (given_up);
}

static bool
type_fits(const struct mech *m, CK_KEY_TYPE type)
{
	/* HMAC keys go by the name of their hash too, or by none */
	return (type == m->key_type ||
		(m->key_type == CKK_GENERIC_SECRET && m->digest != NULL &&
		    m->digest->hmac == type));
}

/* KMS's own keys have sizes that their rows are for. Old signatures of shorter
 * RSA keys are verified all the same. */
static bool
size_fits(const struct op *op)
{
	const struct mech *m = op->mech;
	const struct object *o = &op->object;
	bool verifies = op->kind == OP_VERIFY ||
			op->kind == OP_VERIFY_RECOVER ||
			op->kind == OP_VERIFY_SIGNATURE;
	size_t n;

	if (o->attrs == NULL)
		return (true);
	n = o->class != CKO_SECRET_KEY ? pkey_bits(o)
				       : attrset_view(o->attrs, CKA_VALUE).len;
	if (m->key_type == CKK_GENERIC_SECRET || m->type == CKM_CHACHA20)
		n *= 8;
	if (verifies && m->key_type == CKK_RSA)
		return (n >= RSA_BITS_MIN);
	return (n >= m->min && n <= m->max);
}

static CK_RV
not_permitted(struct call *c, const struct op *op)
{
	const struct object *o = &op->object;
	CK_RV rv = CKR_KEY_FUNCTION_NOT_PERMITTED;

	if (!object_in_kms(o))
		return (call_error(c, rv, "its %s is false",
		    attribute_name(kinds[op->kind].usage).text));
	if (!mech_is_enabled_in_kms(c, op->mech))
		return (call_error(c, rv, "%s",
		    mech_why_not_in_kms(op->mech, kinds[op->kind].flag)));
	return (call_error(c, rv, "key %s has the usage %s alone",
	    o->key->meta.id, o->key->meta.words.usage));
}

/* What CKM_TLS_MAC makes, CKM_TLS_KDF derives, too, and shows, of a key that is
 * not sensitive: pkcs11-provider makes the secret of both with CKA_DERIVE
 * alone. */
static bool
is_for_use(struct call *c, const struct op *op)
{
	const struct object *o = &op->object;

	return (attr_is_true(c, o, kinds[op->kind].usage) ||
		(op->mech->family == FAMILY_TLS_MAC &&
		    attr_is_true(c, o, CKA_DERIVE) &&
		    !attr_is_true(c, o, CKA_SENSITIVE)));
}

/* In the order of the standard: handle, type, use. */
static CK_RV
take_key(struct call *c, struct op *op, CK_OBJECT_HANDLE handle)
{
	const struct object *o = &op->object;
	CK_RV rv;

	if (!object_get(c, handle, &op->object))
		return (CKR_KEY_HANDLE_INVALID);
	if (!object_is_key(o))
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = object_check_is_key(c, o)) != CKR_OK)
		return (rv);
	if (!type_fits(op->mech, object_type(o)))
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (!size_fits(op))
		return (CKR_KEY_SIZE_RANGE);
	if (!is_for_use(c, op))
		return (not_permitted(c, op));
	return (mech_is_allowed(op->mech, o) ? CKR_OK : CKR_MECHANISM_INVALID);
}

/* What does the work with that key. */
static CK_RV
take_family(struct call *c, struct op *op)
{
	const struct object *o = &op->object;

	if (op->mech->key_type == CK_UNAVAILABLE_INFORMATION) {
		op->family = mech_family(c, op->mech, o);
		return (op->family != NULL ? CKR_OK
					   : CKR_KEY_FUNCTION_NOT_PERMITTED);
	}
	/* the token has the mechanism, this key does not */
	if (mech_family(c, op->mech, o) == NULL)
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED, "%s",
		    mech_why_not_in_kms(op->mech, kinds[op->kind].flag)));
	if (o->key != NULL && !mech_fits_key(c, op->mech, o))
		return (call_error(c, CKR_KEY_FUNCTION_NOT_PERMITTED,
		    "this key does not support this mechanism"));
	if (o->key != NULL)
		object_select_key(&op->object, mech_key(op->mech, o));
	op->family = mech_family(c, op->mech, o);
	return (CKR_OK);
}

static CK_RV
init_with_key(struct call *c, struct op *op, enum op_kind kind,
    const CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	CK_RV rv;

	op->result.max = op->context.max = RESULT_MAX;
	if (op->mech->key_type != CK_UNAVAILABLE_INFORMATION &&
	    (rv = take_key(c, op, key)) != CKR_OK)
		return (rv);
	if (kind == OP_MESSAGE_ENCRYPT || kind == OP_MESSAGE_DECRYPT)
		return (message_crypt_init(c, op, m));
	if ((rv = take_family(c, op)) != CKR_OK)
		return (rv);
	return (op->family->init(c, op, m));
}

CK_RV
op_init(struct call *c, enum op_kind kind, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE key)
{
	struct op *op = &c->session->ops[kind];
	CK_RV rv;

	/* PKCS#11 3.0: Init without a mechanism ends what is under way */
	if (m == NULL)
		return (end_with(
		    op, op->state != OP_INACTIVE ? CKR_OK : CKR_ARGUMENTS_BAD));
	if (!mech_is_given(m))
		return (CKR_ARGUMENTS_BAD);
	if (op->state != OP_INACTIVE && !is_given_up(c, op))
		return (CKR_OPERATION_ACTIVE);
	op_end(op);
	op->kind = kinds[kind].as;
	op->mech = mech_find(m->mechanism, kinds[kind].flag);
	if (op->mech == NULL ||
	    (mech_flags_here(c, op->mech) & kinds[kind].flag) == 0)
		return (CKR_MECHANISM_INVALID);
	if ((rv = init_with_key(c, op, kind, m, key)) != CKR_OK) {
		object_refresh_state(c, &op->object);
		return (end_with(op, rv));
	}
	op->state = op->object.attrs != NULL &&
			    attrset_bool(op->object.attrs,
				CKA_ALWAYS_AUTHENTICATE, false)
			? OP_WAITS_FOR_LOGIN
			: OP_READY;
	if (op->object.key != NULL)
		material_end_warn(c, op->object.key);
	return (CKR_OK);
}

CK_RV
op_verify_signature_init(struct call *c, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE key, struct view signature)
{
	struct op *op = &c->session->ops[OP_VERIFY_SIGNATURE];
	CK_RV rv;
	enum err e;

	if (m != NULL && signature.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = op_init(c, OP_VERIFY_SIGNATURE, m, key)) != CKR_OK ||
	    m == NULL)
		return (rv);
	op->signature.max = RESULT_MAX;
	/* what is longer is no signature of any mechanism here */
	if ((e = buf_append(&op->signature, signature)) != ERR_OK)
		return (end_with(op, e == ERR_TOO_BIG ? CKR_SIGNATURE_LEN_RANGE
						      : call_fail(c, e)));
	return (CKR_OK);
}

CK_RV
message_init(struct call *c, enum op_kind kind, const CK_MECHANISM *m,
    CK_OBJECT_HANDLE key)
{
	if (m == NULL || c->session->ops[kind].state == OP_INACTIVE)
		op_end(message_current(c, kind));
	return (op_init(c, kind, m, key));
}
