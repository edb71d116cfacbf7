#include "copy.h"
#include "generate.h"
#include "kms/find-key.h"
#include "mech/families.h"
#include "object/template-builder.h"
#include "public-half.h"

/*
 * A pair with two usages is two keys in KMS of the same material. KMS makes no
 * two keys alike, so this process makes the pair and imports it twice.
 */

/* The template of the same object in this process. */
static CK_RV
session_template(struct template t, struct template_builder *d)
{
	static const CK_BBOOL off = CK_FALSE;

	for (CK_ULONG i = 0; i < t.count; i++)
		builder_set(d, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen));
	builder_set(d, CKA_TOKEN, VIEW(&off, sizeof(off)));
	return (builder_finish(d));
}

static CK_RV
make_here(struct call *c, const struct mech *row, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE here[2])
{
	struct template_builder public = {.rows = NULL};
	struct template_builder private = {.rows = NULL};
	CK_MECHANISM m = {row->type, NULL, 0};
	CK_RV rv;

	if ((rv = session_template(public_t, &public)) == CKR_OK &&
	    (rv = session_template(private_t, &private)) == CKR_OK)
		rv = mech_key_ops(row)->generate_pair(c, &m,
		    builder_template(&public), builder_template(&private),
		    &here[0], &here[1]);
	builder_free(&public);
	builder_free(&private);
	return (rv);
}

/* The private half goes to KMS, whose key has both halves. */
static CK_RV
import(struct call *c, CK_OBJECT_HANDLE here, struct template public_t,
    CK_OBJECT_HANDLE *public_key, CK_OBJECT_HANDLE *private_key)
{
	struct object from, made = {.key = NULL};
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (object_get(c, here, &from)) {
		rv = object_import(c, from.attrs, private_key);
		object_put(&from);
	}
	if (rv != CKR_OK)
		return (rv);
	if (!object_get(c, *private_key, &made))
		return (CKR_FUNCTION_FAILED);
	rv = public_half_make(
	    c, made.key, public_t, CK_UNAVAILABLE_INFORMATION, public_key);
	object_put(&made);
	return (rv);
}

CK_RV
generate_pair_of_two_usages(struct call *c, const struct mech *row,
    const struct key_request *r, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	struct provision p = PROVISION_INIT(r);
	CK_OBJECT_HANDLE here[2] = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
	CK_RV rv;

	if ((rv = find_key_check_free(c, &p)) != CKR_OK ||
	    (rv = make_here(c, row, public_t, private_t, here)) != CKR_OK)
		return (rv);
	call_note(c,
	    "KMS makes no two keys of the same material: this process makes "
	    "the key and imports it for each usage");
	rv = import(c, here[1], public_t, public_key, private_key);
	for (size_t i = 0; i < sizeof(here) / sizeof(here[0]); i++)
		(void)object_table_remove(&c->token->objects, here[i]);
	return (rv);
}
