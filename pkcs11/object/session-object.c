#include <stdio.h>
#include <openssl/rand.h>
#include "attr.h"
#include "object-schema.h"
#include "session-object.h"
#include "token/login.h"

#define ID_LEN 16 /* random bytes of CKA_UNIQUE_ID, which is their hex */

CK_RV
session_object_add(struct call *c, struct bag *b, CK_OBJECT_HANDLE *handle)
{
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if (bag_bool(b, CKA_PRIVATE, false) && (rv = login_allow(c)) != CKR_OK)
		return (rv);
	h = locals_add(&c->token->locals, c->session->handle, bag_ref(b));
	if (h == CK_INVALID_HANDLE)
		return (CKR_HOST_MEMORY);
	*handle = h;
	return (CKR_OK);
}

static enum err
take_value(struct bag *b, const CK_ATTRIBUTE *a)
{
	struct buf packed = BUF_INIT(BAG_VALUE_MAX);
	struct template inner = {
	    a->pValue, a->ulValueLen / sizeof(CK_ATTRIBUTE)};
	enum err e;

	if (!attr_is_template(a->type))
		return (bag_set(b, a->type, VIEW(a->pValue, a->ulValueLen),
		    attr_is_sensitive_value(b->class, b->type, a->type)));
	if ((e = template_pack(inner, &packed)) == ERR_OK)
		e = bag_set(b, a->type, buf_view(&packed), false);
	buf_free(&packed);
	return (e);
}

/* Sets a bag's attributes as the template has them. */
static enum err
session_object_set_attrs(struct bag *b, struct template t)
{
	enum err e = ERR_OK;

	for (CK_ULONG i = 0; i < t.count && e == ERR_OK; i++)
		e = take_value(b, &t.rows[i]);
	return (e);
}

static enum err
put_unique_id(struct call *c, struct bag *b)
{
	uint8_t id[ID_LEN];
	char text[2 * ID_LEN + 1];

	if (RAND_bytes_ex(c->module->crypto->lib, id, sizeof(id), 0) != 1)
		return (ERR_INTERNAL);
	for (size_t i = 0; i < sizeof(id); i++)
		snprintf(text + 2 * i, 3, "%02x", id[i]);
	return (bag_set(b, CKA_UNIQUE_ID, VIEW(text, 2 * ID_LEN), false));
}

/* What a key says of where it comes from. */
static enum err
put_origin(struct bag *b, const struct provenance *origin)
{
	static const struct provenance brought = {
	    CK_UNAVAILABLE_INFORMATION, false, false};
	enum err e;

	if (origin == NULL)
		origin = &brought;
	e = bag_set_bool(
	    b, CKA_LOCAL, origin->generator != CK_UNAVAILABLE_INFORMATION);
	if (e == ERR_OK)
		e = bag_set_ulong(b, CKA_KEY_GEN_MECHANISM, origin->generator);
	if (e != ERR_OK || b->class == CKO_PUBLIC_KEY)
		return (e);
	e = bag_set_bool(b, CKA_ALWAYS_SENSITIVE,
	    origin->sensitive && bag_bool(b, CKA_SENSITIVE, true));
	if (e == ERR_OK)
		e = bag_set_bool(b, CKA_NEVER_EXTRACTABLE,
		    origin->unextractable &&
			!bag_bool(b, CKA_EXTRACTABLE, false));
	return (e);
}

static CK_RV
put_rest(struct call *c, struct bag *b, const struct provenance *origin)
{
	bool private = b->class != CKO_PUBLIC_KEY &&
		       b->class != CKO_CERTIFICATE;
	enum err e = ERR_OK;

	if (bag_bool(b, CKA_TRUSTED, false))
		return (call_refuse(c, CKR_ATTRIBUTE_READ_ONLY,
		    "only a security officer says what is trusted, "
		    "and there is none"));
	if (b->type != CK_UNAVAILABLE_INFORMATION)
		e = put_origin(b, origin);
	if (e == ERR_OK)
		e = put_unique_id(c, b);
	if (e == ERR_OK)
		e = bag_set_bool(
		    b, CKA_PRIVATE, bag_bool(b, CKA_PRIVATE, private));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
session_object_build(struct call *c, struct template t,
    const struct provenance *origin, struct bag **out)
{
	struct attr_target target = {
	    .class = template_ulong(t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION),
	    .type = template_ulong(t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION),
	    .purpose = ATTR_CREATE,
	};
	const struct object_schema *schema;
	struct bag *b = NULL;
	CK_RV rv;
	enum err e;

	if ((rv = schema_find(c, t, &schema)) != CKR_OK ||
	    (rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	b = bag_new(c->module->arena, target.class, target.type);
	if (b == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = session_object_set_attrs(b, t)) != ERR_OK)
		rv = call_fail(c, e);
	else if ((rv = schema_complete(c, schema, b)) == CKR_OK)
		rv = put_rest(c, b, origin);
	if (rv == CKR_OK)
		*out = b;
	else
		bag_unref(b);
	return (rv);
}

CK_RV
session_object_make(struct call *c, struct template t,
    const struct provenance *origin, CK_OBJECT_HANDLE *handle)
{
	struct bag *b = NULL;
	CK_RV rv;

	if ((rv = session_object_build(c, t, origin, &b)) == CKR_OK)
		rv = session_object_add(c, b, handle);
	bag_unref(b);
	return (rv);
}

/* *again: another thread has changed the object meanwhile. */
static CK_RV
set_once(struct call *c, const struct object *o, struct template t, bool *again)
{
	struct bag *b;
	CK_RV rv;
	enum err e;

	*again = false;
	if (!bag_bool(o->bag, CKA_MODIFIABLE, true))
		return (CKR_ACTION_PROHIBITED);
	if ((rv = attr_check_change(c, o, t)) != CKR_OK)
		return (rv);
	if ((b = bag_copy(o->bag)) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = session_object_set_attrs(b, t)) != ERR_OK)
		rv = call_fail(c, e);
	else if (locals_swap(&c->token->locals, o->handle, o->bag, b))
		b = NULL;
	else
		*again = true;
	bag_unref(b);
	return (rv);
}

CK_RV
session_object_set(struct call *c, const struct object *o, struct template t)
{
	struct attr_target target = {o->class, object_type(o), ATTR_SET, false};
	struct object now = *o;
	bool again = false;
	CK_RV rv;

	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (bag_bool(o->bag, CKA_MODIFIABLE, true)
			    ? rv
			    : CKR_ACTION_PROHIBITED);
	now.bag = bag_ref(o->bag);
	do {
		if (again) {
			bag_unref(now.bag);
			now.bag = locals_get(
			    &c->token->locals, o->handle, NULL);
		}
		rv = now.bag == NULL ? CKR_OBJECT_HANDLE_INVALID
				     : set_once(c, &now, t, &again);
	} while (now.bag != NULL && again);
	bag_unref(now.bag);
	return (rv);
}

CK_RV
session_object_copy(
    struct call *c, const struct object *o, struct template t, struct bag **out)
{
	struct bag *b;
	CK_RV rv = CKR_OK;
	enum err e;

	if ((rv = attr_check_change(c, o, t)) != CKR_OK)
		return (rv);
	if (bag_bool(o->bag, CKA_PRIVATE, false) &&
	    !template_bool(t, CKA_PRIVATE, true))
		return (call_refuse(c, CKR_TEMPLATE_INCONSISTENT,
		    "what is private has no public copies"));
	if ((b = bag_copy(o->bag)) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = session_object_set_attrs(b, t)) == ERR_OK &&
	    (e = put_unique_id(c, b)) == ERR_OK) {
		*out = b;
		return (CKR_OK);
	}
	bag_unref(b);
	return (call_fail(c, e));
}

CK_RV
session_object_destroy(struct call *c, const struct object *o)
{
	if (!bag_bool(o->bag, CKA_DESTROYABLE, true))
		return (CKR_ACTION_PROHIBITED);
	return (locals_drop(&c->token->locals, o->handle)
		    ? CKR_OK
		    : CKR_OBJECT_HANDLE_INVALID);
}
