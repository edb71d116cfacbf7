#include "attr.h"
#include "local.h"

CK_RV
local_add(struct call *c, struct bag *b, CK_OBJECT_HANDLE *handle)
{
	CK_OBJECT_HANDLE h = locals_add(
	    &c->token->locals, c->session->handle, bag_ref(b));

	if (h == CK_INVALID_HANDLE)
		return (CKR_HOST_MEMORY);
	*handle = h;
	return (CKR_OK);
}

/* The template's values, as they are. */
static enum err
take_values(struct bag *b, struct template t)
{
	enum err e = ERR_OK;

	for (CK_ULONG i = 0; i < t.count && e == ERR_OK; i++)
		e = bag_set(b, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen),
		    attr_is_secret(b->class, b->type, t.rows[i].type));
	return (e);
}

CK_RV
local_create(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct attr_target target = {
	    .class = template_ulong(t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION),
	    .type = template_ulong(t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION),
	    .purpose = ATTR_CREATE,
	};
	struct bag *b;
	CK_RV rv;
	enum err e;

	if (!template_has(t, CKA_CLASS))
		return (call_refuse(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_CLASS is missing"));
	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	b = bag_new(c->module->arena, target.class, target.type);
	if (b == NULL)
		return (CKR_HOST_MEMORY);
	e = take_values(b, t);
	rv = e == ERR_OK ? local_add(c, b, handle) : call_fail(c, e);
	bag_unref(b);
	return (rv);
}

CK_RV
local_set(struct call *c, const struct object *o, struct template t)
{
	struct attr_target target = {o->class, object_type(o), ATTR_SET, false};
	struct bag *b = NULL;
	CK_RV rv;
	enum err e;

	if (!bag_bool(o->bag, CKA_MODIFIABLE, true))
		return (CKR_ACTION_PROHIBITED);
	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	if ((b = bag_copy(o->bag)) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = take_values(b, t)) != ERR_OK)
		rv = call_fail(c, e);
	else if (!locals_swap(&c->token->locals, o->handle, o->bag, b))
		rv = CKR_OBJECT_HANDLE_INVALID;
	else
		b = NULL;
	bag_unref(b);
	return (rv);
}

CK_RV
local_destroy(struct call *c, const struct object *o)
{
	if (!bag_bool(o->bag, CKA_DESTROYABLE, true))
		return (CKR_ACTION_PROHIBITED);
	return (locals_drop(&c->token->locals, o->handle)
		    ? CKR_OK
		    : CKR_OBJECT_HANDLE_INVALID);
}
