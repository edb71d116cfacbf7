#include "copy.h"
#include "create.h"
#include "object/certs.h"
#include "object/template-builder.h"
#include "object/session-object.h"

/*
 * A template that makes an object of the token of what is kept here. What no
 * key in KMS can be (CKA_EXTRACTABLE) is left out: the copy may be less than
 * its original.
 */
static void
collect(struct call *c, const struct attrset *b, struct template_builder *d)
{
	struct attr_target target = {b->class, b->type, ATTR_CREATE, true};
	CK_ATTRIBUTE_TYPE type;
	struct view v;

	for (size_t i = 0; attrset_at(b, i, &type, &v); i++) {
		CK_ATTRIBUTE a = {type, (void *)(uintptr_t)v.ptr, v.len};

		if (!attr_is_template(type) &&
		    attr_check(c, (struct template){&a, 1}, target) == CKR_OK)
			builder_set(d, type, v);
	}
	c->why[0] = '\0'; /* no refusal of what the caller asked for */
}

CK_RV
object_import(struct call *c, const struct attrset *b, CK_OBJECT_HANDLE *handle)
{
	static const CK_BBOOL on = CK_TRUE;
	struct template_builder d = {.rows = NULL};
	CK_RV rv;

	collect(c, b, &d);
	builder_set(&d, CKA_TOKEN, VIEW(&on, sizeof(on)));
	if ((rv = builder_finish(&d)) == CKR_OK)
		rv = b->class == CKO_CERTIFICATE
			 ? certs_create(c, builder_template(&d), handle)
			 : object_from_template(
			       c, builder_template(&d), NULL, handle, NULL);
	builder_free(&d);
	return (rv);
}

static CK_RV
copy_to_token(struct call *c, const struct attrset *b, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	struct attr_target target = {b->class, b->type, ATTR_CREATE, true};
	CK_RV rv = attr_check(c, t, target);

	if (rv == CKR_OK)
		rv = object_import(c, b, handle);
	/* C_CopyObject has no code of its own for curves */
	return (
	    rv == CKR_CURVE_NOT_SUPPORTED ? CKR_ATTRIBUTE_VALUE_INVALID : rv);
}

static CK_RV
copy_checked(struct call *c, const struct object *o, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	struct attr_target target = {
	    o->class, object_type(o), ATTR_COPY, false};
	struct attrset *b = NULL;
	CK_RV rv;

	if (o->attrs == NULL)
		return (call_error(c, CKR_ACTION_PROHIBITED,
		    "nobody reads a key out of KMS, so it has no copy (a "
		    "program that wants one with CKA_MODIFIABLE false must do "
		    "without)"));
	if (!attr_is_true(c, o, CKA_COPYABLE))
		return (call_error(
		    c, CKR_ACTION_PROHIBITED, "its CKA_COPYABLE is false"));
	if ((rv = attr_check(c, t, target)) != CKR_OK ||
	    (rv = session_object_copy(c, o, t, &b)) != CKR_OK)
		return (rv);
	rv = attrset_bool(b, CKA_TOKEN, false)
		 ? copy_to_token(c, b, t, handle)
		 : session_object_add(c, b, handle);
	attrset_unref(b);
	return (rv);
}

CK_RV
object_copy(struct call *c, CK_OBJECT_HANDLE from, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	struct object o;
	CK_RV rv;

	c->context = RV_CREATE;
	if (!object_get(c, from, &o))
		return (CKR_OBJECT_HANDLE_INVALID);
	rv = copy_checked(c, &o, t, handle);
	object_put(&o);
	return (rv);
}
