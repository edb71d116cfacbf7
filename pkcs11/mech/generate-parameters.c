#include "generate-local.h"
#include "object/ffc-attrs.h"
#include "object/session-object.h"
#include "object/template-builder.h"

/* Domain parameters (PKCS#11 3.2, sections 6.2.7 and 6.4.9). */

static CK_RV
refused(struct call *c, enum err e)
{
	if (e == ERR_DATA)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "no domain parameters of such sizes are generated"));
	if (e == ERR_DEADLINE)
		return (call_error(c, CKR_FUNCTION_FAILED,
		    "no prime was found within the timeout of keyferry.conf"));
	return (call_fail(c, e));
}

/* Prime, subprime and base. */
static enum err
find_group(
    struct call *c, CK_KEY_TYPE type, struct template t, struct buf numbers[3])
{
	const struct crypto *crypto = c->module->crypto;
	const struct deadline *deadline = &c->kms.deadline;
	CK_ULONG p = template_ulong(t, CKA_PRIME_BITS, 0);
	CK_ULONG q = template_ulong(
	    t, CKA_SUBPRIME_BITS, p <= 1024 ? 160 : 256);
	enum err e;

	if (type == CKK_DSA)
		return (ffc_generate_dsa(crypto, p, q, deadline, numbers));
	if ((e = ffc_generate_dh(crypto, p, deadline, &numbers[0])) == ERR_OK)
		e = buf_append(&numbers[2], VIEW("\2", 1));
	return (e);
}

static CK_RV
generate_parameters(struct call *c, const CK_MECHANISM *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
	    CKA_PRIME, CKA_SUBPRIME, CKA_BASE};
	struct attr_target target = {CKO_DOMAIN_PARAMETERS,
	    mech_find(m->mechanism, CKF_GENERATE)->key_type, ATTR_GENERATE,
	    false};
	struct provenance origin = {m->mechanism, true, true};
	struct buf numbers[] = {BUF_INIT(FFC_BYTES_MAX),
	    BUF_INIT(FFC_BYTES_MAX), BUF_INIT(FFC_BYTES_MAX)};
	struct template_builder d = {.rows = NULL};
	CK_RV rv = builder_begin(c, &d, t, &target);
	enum err e = ERR_OK;

	if (rv == CKR_OK && !template_has(t, CKA_PRIME_BITS))
		rv = call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_PRIME_BITS is missing");
	if (rv == CKR_OK &&
	    (e = find_group(c, target.type, t, numbers)) != ERR_OK)
		rv = refused(c, e);
	builder_drop(&d, CKA_PRIME_BITS);
	builder_drop(&d, CKA_SUBPRIME_BITS);
	for (size_t i = 0; i < 3; i++)
		if (numbers[i].len != 0)
			builder_set(&d, types[i], buf_view(&numbers[i]));
	if (rv == CKR_OK && (rv = builder_finish(&d)) == CKR_OK)
		rv = session_object_make(
		    c, builder_template(&d), &origin, handle);
	builder_free(&d);
	for (size_t i = 0; i < 3; i++)
		buf_free(&numbers[i]);
	return (rv);
}

const struct key_ops generate_parameters_ops = {
    .generate = generate_parameters};
