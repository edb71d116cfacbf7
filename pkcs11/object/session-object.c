#include <openssl/rand.h>
#include "attr.h"
#include "hex.h"
#include "object-schema.h"
#include "session-object.h"
#include "token/login.h"

#define ID_LEN 16 /* random bytes of CKA_UNIQUE_ID, which is their hex */

static enum err
put_unique_id(struct call *c, struct attrset *b)
{
	uint8_t id[ID_LEN];
	char text[2 * ID_LEN + 1];

	if (RAND_bytes_ex(c->module->crypto->lib, id, sizeof(id), 0) != 1)
		return (ERR_INTERNAL);
	hex_write(id, sizeof(id), text);
	return (attrset_set(b, CKA_UNIQUE_ID, VIEW(text, 2 * ID_LEN), false));
}

CK_RV
session_object_add(struct call *c, struct attrset *b, CK_OBJECT_HANDLE *handle)
{
	CK_OBJECT_HANDLE h;
	enum err e;
	CK_RV rv;

	if (attrset_bool(b, CKA_PRIVATE, false) &&
	    (rv = call_require_login(c)) != CKR_OK)
		return (rv);
	if ((e = put_unique_id(c, b)) != ERR_OK)
		return (call_fail(c, e));
	h = object_table_add(
	    &c->token->objects, c->session->handle, attrset_ref(b));
	if (h == CK_INVALID_HANDLE)
		return (CKR_HOST_MEMORY);
	*handle = h;
	return (CKR_OK);
}

static enum err
take_value(struct attrset *b, const CK_ATTRIBUTE *a)
{
	struct buf packed = BUF_INIT(ATTRSET_VALUE_MAX);
	struct template inner = {
	    a->pValue, a->ulValueLen / sizeof(CK_ATTRIBUTE)};
	enum err e;

	if (!attr_is_template(a->type))
		return (attrset_set(b, a->type, VIEW(a->pValue, a->ulValueLen),
		    attr_is_sensitive_value(b->class, b->type, a->type)));
	if ((e = template_pack(inner, &packed)) == ERR_OK)
		e = attrset_set(b, a->type, buf_view(&packed), false);
	buf_free(&packed);
	return (e);
}

/* Sets the attributes that the template has. */
static enum err
session_object_set_attrs(struct attrset *b, struct template t)
{
	enum err e = ERR_OK;

	for (CK_ULONG i = 0; i < t.count && e == ERR_OK; i++)
		e = take_value(b, &t.rows[i]);
	return (e);
}

/* What a key says of where it comes from. */
static enum err
put_origin(struct attrset *b, const struct provenance *origin)
{
	static const struct provenance brought = {
	    CK_UNAVAILABLE_INFORMATION, false, false};
	enum err e;

	if (origin == NULL)
		origin = &brought;
	e = attrset_set_bool(
	    b, CKA_LOCAL, origin->generator != CK_UNAVAILABLE_INFORMATION);
	if (e == ERR_OK && b->class != CKO_DOMAIN_PARAMETERS)
		e = attrset_set_ulong(
		    b, CKA_KEY_GEN_MECHANISM, origin->generator);
	if (e != ERR_OK || b->class == CKO_PUBLIC_KEY ||
	    b->class == CKO_DOMAIN_PARAMETERS)
		return (e);
	e = attrset_set_bool(b, CKA_ALWAYS_SENSITIVE,
	    origin->sensitive && attrset_bool(b, CKA_SENSITIVE, true));
	if (e == ERR_OK)
		e = attrset_set_bool(b, CKA_NEVER_EXTRACTABLE,
		    origin->unextractable &&
			!attrset_bool(b, CKA_EXTRACTABLE, false));
	return (e);
}

static CK_RV
put_rest(struct call *c, struct attrset *b, const struct provenance *origin)
{
	bool asks = attrset_bool(b, CKA_ALWAYS_AUTHENTICATE, false);
	/* before the login an object that does not ask for it is public */
	bool private = asks || (b->class != CKO_PUBLIC_KEY &&
				   b->class != CKO_CERTIFICATE &&
				   b->class != CKO_DOMAIN_PARAMETERS &&
				   !call_hides_private(c));
	enum err e = ERR_OK;

	if (asks && !attrset_bool(b, CKA_PRIVATE, true))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a key with CKA_ALWAYS_AUTHENTICATE has CKA_PRIVATE"));

	if (b->type != CK_UNAVAILABLE_INFORMATION)
		e = put_origin(b, origin);
	if (e == ERR_OK)
		e = attrset_set_bool(
		    b, CKA_PRIVATE, attrset_bool(b, CKA_PRIVATE, private));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
session_object_build(struct call *c, struct template t,
    const struct provenance *origin, struct attrset **out)
{
	struct attr_target target = {
	    .class = template_ulong(t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION),
	    .type = template_ulong(t, CKA_KEY_TYPE, CK_UNAVAILABLE_INFORMATION),
	    .purpose = ATTR_CREATE,
	};
	const struct object_schema *schema;
	struct attrset *b = NULL;
	CK_RV rv;
	enum err e;

	if ((rv = schema_find(c, t, &schema)) != CKR_OK ||
	    (rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	b = attrset_new(c->module->kept_arena, target.class, target.type);
	if (b == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = session_object_set_attrs(b, t)) != ERR_OK ||
	    (e = attr_put_defaults(b, origin == NULL)) != ERR_OK)
		rv = call_fail(c, e);
	else if ((rv = schema_complete(c, schema, b)) == CKR_OK)
		rv = put_rest(c, b, origin);
	if (rv == CKR_OK)
		*out = b;
	else
		attrset_unref(b);
	return (rv);
}

CK_RV
session_object_make(struct call *c, struct template t,
    const struct provenance *origin, CK_OBJECT_HANDLE *handle)
{
	struct attrset *b = NULL;
	CK_RV rv;

	if ((rv = session_object_build(c, t, origin, &b)) == CKR_OK)
		rv = session_object_add(c, b, handle);
	attrset_unref(b);
	return (rv);
}

/* *again: another thread has changed the object meanwhile. */
static CK_RV
set_once(struct call *c, const struct object *o, struct template t, bool *again)
{
	struct attrset *b;
	CK_RV rv;
	enum err e;

	*again = false;
	if (!attrset_bool(o->attrs, CKA_MODIFIABLE, true))
		return (CKR_ACTION_PROHIBITED);
	if ((rv = attr_check_change(c, o, t)) != CKR_OK)
		return (rv);
	if ((b = attrset_copy(o->attrs)) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = session_object_set_attrs(b, t)) != ERR_OK)
		rv = call_fail(c, e);
	else if (object_table_swap(&c->token->objects, o->handle, o->attrs, b))
		b = NULL;
	else
		*again = true;
	attrset_unref(b);
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
		return (attrset_bool(o->attrs, CKA_MODIFIABLE, true)
			    ? rv
			    : CKR_ACTION_PROHIBITED);
	now.attrs = attrset_ref(o->attrs);
	do {
		if (again) {
			attrset_unref(now.attrs);
			now.attrs = object_table_get(
			    &c->token->objects, o->handle, NULL);
		}
		rv = now.attrs == NULL ? CKR_OBJECT_HANDLE_INVALID
				       : set_once(c, &now, t, &again);
	} while (now.attrs != NULL && again);
	attrset_unref(now.attrs);
	return (rv);
}

CK_RV
session_object_copy(struct call *c, const struct object *o, struct template t,
    struct attrset **out)
{
	struct attrset *b;
	CK_RV rv = CKR_OK;
	enum err e;

	if ((rv = attr_check_change(c, o, t)) != CKR_OK)
		return (rv);
	if (attrset_bool(o->attrs, CKA_PRIVATE, false) &&
	    !template_bool(t, CKA_PRIVATE, true))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a private object cannot have a public copy"));
	if ((b = attrset_copy(o->attrs)) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = session_object_set_attrs(b, t)) == ERR_OK) {
		*out = b;
		return (CKR_OK);
	}
	attrset_unref(b);
	return (call_fail(c, e));
}

CK_RV
session_object_destroy(struct call *c, const struct object *o)
{
	if (!attrset_bool(o->attrs, CKA_DESTROYABLE, true))
		return (CKR_ACTION_PROHIBITED);
	return (object_table_remove(&c->token->objects, o->handle)
		    ? CKR_OK
		    : CKR_OBJECT_HANDLE_INVALID);
}
