#include "kms/use-key.h"
#include "mech/kms-encrypt.h"
#include "data-key.h"
#include "object/template-builder.h"
#include "kms/lookup.h"
#include "mech/generate-local.h"
#include "cryptoki/keyferry.h"
#include "object/session-object.h"
#include "token/login.h"

#define CONTEXT_MAX 8192 /* KMS's limit */

/* The key of that unique id, as last seen or else as KMS says. */
static CK_RV
find_wrapping_key(struct call *c, struct view arn, struct key **out)
{
	struct snapshot *s;
	CK_RV rv;

	*out = NULL;
	if ((rv = call_require_login(c)) != CKR_OK)
		return (rv);
	s = store_snapshot(&c->token->store);
	for (size_t i = 0; i < s->count && *out == NULL; i++)
		if (view_equal(view_str(s->objects[i].key->meta.arn), arn))
			*out = key_ref(s->objects[i].key);
	snapshot_unref(s);
	if (*out == NULL && arn.len != 0 &&
	    (rv = find_named(c, CKA_UNIQUE_ID, arn, out)) != CKR_OK)
		return (rv);
	if (*out == NULL)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_KEYFERRY_WRAPPING_KEY is not a key of this token"));
	if ((*out)->spec != NULL && (*out)->spec->type == CKK_AES &&
	    (*out)->meta.usage == ENCRYPT_DECRYPT)
		return (CKR_OK);
	key_unref(*out);
	*out = NULL;
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "KMS generates data keys only with symmetric keys"));
}

/* Template and value become an object that knows what it is encrypted to. */
static CK_RV
add_object(struct call *c, const CK_MECHANISM *m, struct template_builder *d,
    struct view context, const struct kms_data_key *made,
    CK_OBJECT_HANDLE *handle)
{
	struct provenance origin = {m->mechanism, true, true};
	struct attrset *b = NULL;
	CK_RV rv;
	enum err e;

	builder_drop(d, CKA_KEYFERRY_WRAPPING_KEY);
	builder_drop(d, CKA_KEYFERRY_CONTEXT);
	builder_drop(d, CKA_VALUE_LEN);
	builder_set(d, CKA_VALUE, buf_view(&made->plaintext));
	if ((rv = builder_finish(d)) != CKR_OK ||
	    (rv = session_object_build(c, builder_template(d), &origin, &b)) !=
		CKR_OK)
		return (rv);
	if ((e = attrset_set(b, CKA_KEYFERRY_WRAPPING_KEY, view_str(made->arn),
		 false)) == ERR_OK &&
	    (e = attrset_set(b, CKA_KEYFERRY_CONTEXT, context, false)) ==
		ERR_OK)
		e = attrset_set(b, CKA_KEYFERRY_CIPHERTEXT,
		    buf_view(&made->ciphertext), false);
	rv = e == ERR_OK ? session_object_add(c, b, handle) : call_fail(c, e);
	attrset_unref(b);
	return (rv);
}

static CK_RV
check_template(struct call *c, struct template t,
    const struct attr_target *target, struct view context, size_t *len)
{
	CK_RV rv;

	if ((rv = generate_len(c, t, target->type, len)) != CKR_OK)
		return (rv);
	if (*len > KMS_DATA_KEY_MAX)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "KMS makes data keys of at most %d bytes",
		    KMS_DATA_KEY_MAX));
	if (!kms_context_is_valid(context) || context.len > CONTEXT_MAX)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_KEYFERRY_CONTEXT is not a valid encryption context"));
	return (CKR_OK);
}

CK_RV
data_key_generate(struct call *c, const CK_MECHANISM *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	const struct mech *row = mech_find(m->mechanism, CKF_GENERATE);
	struct attr_target target = {
	    CKO_SECRET_KEY, generate_type(row, t), ATTR_GENERATE, false};
	struct view context = template_view(t, CKA_KEYFERRY_CONTEXT);
	struct kms_data_key made = KMS_DATA_KEY_INIT(c->module->arena);
	struct kms_data_key_in in = {.context = context};
	struct template_builder d = {.rows = NULL};
	struct key *wrapping_key = NULL;
	size_t len = 0;
	CK_RV rv;
	int tries = 0;
	enum err e;

	if ((rv = builder_begin(c, &d, t, &target)) != CKR_OK ||
	    (rv = check_template(c, t, &target, context, &len)) != CKR_OK ||
	    (rv = find_wrapping_key(c,
		 template_view(t, CKA_KEYFERRY_WRAPPING_KEY), &wrapping_key)) !=
		CKR_OK)
		goto out;
	in.key = wrapping_key->meta.arn;
	in.n = (double)len;
	do
		e = kms_generate_data_key(&c->kms, &in, &made);
	while (use_key_again(c, wrapping_key, e, &tries));
	if (e != ERR_OK)
		rv = call_fail(c, e);
	else if (made.plaintext.len != len)
		rv = call_fail(c, ERR_REPLY);
	else
		rv = add_object(c, m, &d, context, &made, handle);
out:
	key_unref(wrapping_key);
	builder_free(&d);
	kms_data_key_free(&made);
	return (rv);
}
