#include "cryptoki/constants.h"
#include "attr.h"
#include "certfile.h"
#include "certs.h"
#include "kms/listing.h"
#include "session-object.h"
#include "x509.h"

static bool
is_of_token(const struct table_object *l)
{
	return (l->owner == OWNER_TOKEN && l->attrs->class == CKO_CERTIFICATE);
}

/* An object of the token, out of a file. */
static enum err
make_attrset(struct call *c, const struct certfile *f, struct attrset **out)
{
	struct attrset *b;
	enum err e;

	b = attrset_new(
	    c->module->kept_arena, CKO_CERTIFICATE, CK_UNAVAILABLE_INFORMATION);
	if (b == NULL)
		return (ERR_MEMORY);
	if ((e = attrset_set_ulong(b, CKA_CLASS, CKO_CERTIFICATE)) == ERR_OK &&
	    (e = attrset_set_bool(b, CKA_TOKEN, true)) == ERR_OK &&
	    (e = attrset_set_bool(b, CKA_MODIFIABLE, f->ours)) == ERR_OK &&
	    (e = attrset_set_bool(b, CKA_DESTROYABLE, f->ours)) == ERR_OK &&
	    (e = attrset_set(b, CKA_VALUE, buf_view(&f->der), false)) == ERR_OK)
		e = x509_set_attrs(c, b);
	if (e == ERR_OK && f->label.len != 0)
		e = attrset_set(b, CKA_LABEL, buf_view(&f->label), false);
	if (e == ERR_OK && f->id.len != 0)
		e = attrset_set(b, CKA_ID, buf_view(&f->id), false);
	if (e == ERR_OK)
		*out = b;
	else
		attrset_unref(b);
	return (e);
}

static bool
is_same(const struct attrset *a, const struct attrset *b)
{
	static const CK_ATTRIBUTE_TYPE types[] = {
	    CKA_VALUE, CKA_LABEL, CKA_ID, CKA_MODIFIABLE};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!view_equal(
			attrset_view(a, types[i]), attrset_view(b, types[i])))
			return (false);
	return (true);
}

static bool
is_value(const struct table_object *l, struct view der)
{
	return (is_of_token(l) &&
		view_equal(attrset_view(l->attrs, CKA_VALUE), der));
}

/* The certificate takes the place that it had, or a new one. Under the lock. */
static enum err
show_certificate(struct call *c, const struct certfile *f,
    const struct table_object *rows, size_t count, CK_OBJECT_HANDLE *handle)
{
	struct object_table *ls = &c->token->objects;
	struct attrset *b = NULL;
	enum err e;

	if ((e = make_attrset(c, f, &b)) != ERR_OK)
		return (e);
	for (size_t i = 0; i < count; i++) {
		if (!is_value(&rows[i], buf_view(&f->der)))
			continue;
		*handle = rows[i].handle;
		if (is_same(rows[i].attrs, b) ||
		    !object_table_swap(ls, rows[i].handle, rows[i].attrs, b))
			attrset_unref(b);
		return (ERR_OK);
	}
	*handle = object_table_add(ls, OWNER_TOKEN, b);
	return (*handle != CK_INVALID_HANDLE ? ERR_OK : ERR_MEMORY);
}

static bool
is_in(const struct certfiles *files, const struct attrset *b)
{
	for (size_t i = 0; i < files->count; i++)
		if (view_equal(buf_view(&files->rows[i].der),
			attrset_view(b, CKA_VALUE)))
			return (true);
	return (false);
}

/* Under the lock. */
static enum err
read_all(struct call *c)
{
	struct certfiles files;
	struct table_object *rows = NULL;
	CK_OBJECT_HANDLE h;
	size_t count = 0;
	enum err e;

	e = certfile_read(c, c->token->config->certificates, &files);
	if (e != ERR_OK)
		return (e);
	rows = object_table_rows(&c->token->objects, &count);
	for (size_t i = 0; i < files.count && e == ERR_OK; i++)
		e = show_certificate(c, &files.rows[i], rows, count, &h);
	for (size_t i = 0; i < count && e == ERR_OK; i++)
		if (is_of_token(&rows[i]) && !is_in(&files, rows[i].attrs))
			(void)object_table_remove(
			    &c->token->objects, rows[i].handle);
	object_table_rows_free(rows, count);
	certfile_free(&files);
	return (e);
}

CK_RV
certs_refresh(struct call *c)
{
	struct certs *cs = &c->token->certs;
	const char *dir = c->token->config->certificates;
	uint64_t stamp;
	enum err e = ERR_OK;

	if (dir == NULL)
		return (CKR_OK);
	/* before it is read: what changes meanwhile is seen next time */
	stamp = certfile_stamp(dir);
	pthread_mutex_lock(&cs->lock);
	if (stamp == 0 || stamp != cs->stamp) {
		e = read_all(c);
		cs->stamp = e == ERR_OK ? stamp : 0;
	}
	pthread_mutex_unlock(&cs->lock);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

bool
certs_need_key_names(struct call *c)
{
	size_t count;
	struct table_object *rows = object_table_rows(
	    &c->token->objects, &count);
	bool any = false;

	for (size_t i = 0; i < count; i++)
		any |= is_of_token(&rows[i]) &&
		       (attrset_view(rows[i].attrs, CKA_ID).len == 0 ||
			   attrset_view(rows[i].attrs, CKA_LABEL).len == 0);
	object_table_rows_free(rows, count);
	return (any);
}

/* A certificate that is elsewhere has no value, but a URL and hashes of its
 * keys, by which it is found (PKCS#11 3.2, section 4.6.3). */
static bool is_elsewhere(struct template t)
{
	return (template_has(t, CKA_VALUE) &&
		template_view(t, CKA_URL).len != 0 &&
		template_view(t, CKA_HASH_OF_SUBJECT_PUBLIC_KEY).len != 0 &&
		template_view(t, CKA_HASH_OF_ISSUER_PUBLIC_KEY).len != 0);
}

/* What the standard wants of every certificate. */
static CK_RV
check_create(struct call *c, struct template t)
{
	static const CK_ATTRIBUTE_TYPE needed[] = {
	    CKA_CERTIFICATE_TYPE, CKA_SUBJECT, CKA_VALUE};
	struct attr_target target = {
	    CKO_CERTIFICATE, CK_UNAVAILABLE_INFORMATION, ATTR_CREATE, false};
	CK_RV rv;

	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (template_view(t, needed[i]).len == 0 &&
		    !(needed[i] == CKA_VALUE && is_elsewhere(t)))
			return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
			    "%s is missing", attribute_name(needed[i]).text));
	if (template_ulong(t, CKA_CERTIFICATE_TYPE, CKC_X_509) != CKC_X_509)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "only X.509 certificates are supported"));
	if (template_view(t, CKA_VALUE).len > CERTFILE_DER_MAX)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "a certificate has at most %d bytes", CERTFILE_DER_MAX));
	return (CKR_OK);
}

static bool
is_what_the_certificate_says(const CK_ATTRIBUTE *a, const struct attrset *b)
{
	struct view own = attrset_view(b, a->type);
	struct view v = VIEW(a->pValue, a->ulValueLen);

	return (a->type == CKA_SERIAL_NUMBER ? x509_is_same_serial(own, v)
					     : view_equal(own, v));
}

static bool
is_bool(const CK_ATTRIBUTE *a)
{
	return (
	    a->ulValueLen == sizeof(CK_BBOOL) && a->type != CKA_SERIAL_NUMBER);
}

/* libp11 gives the hash of the certificate's signature. Those of which this
 * attribute tells are made here, with CKM_SHA_1. */
static bool
is_name_hash(const CK_ATTRIBUTE *a)
{
	return (a->type == CKA_NAME_HASH_ALGORITHM &&
		a->ulValueLen == sizeof(CK_ULONG));
}

/* What the program alone knows of a certificate, and a file does not hold. */
static bool
is_of_program(const CK_ATTRIBUTE *a, const struct attrset *b)
{
	return (a->type == CKA_CERTIFICATE_CATEGORY || a->type == CKA_URL ||
		a->type == CKA_JAVA_MIDP_SECURITY_DOMAIN ||
		attrset_view(b, a->type).len == 0);
}

/* What a file cannot hold must not be asked for. */
static CK_RV
check_token(struct call *c, struct template t, const struct attrset *b)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		bool value;
	} fixed[] = {{CKA_PRIVATE, false}, {CKA_MODIFIABLE, true},
	    {CKA_DESTROYABLE, true}, {CKA_COPYABLE, true}};
	const CK_ATTRIBUTE *a;

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		if (template_bool(t, fixed[i].type, fixed[i].value) !=
		    fixed[i].value)
			return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
			    "%s of a certificate in a file must be %s",
			    attribute_name(fixed[i].type).text,
			    fixed[i].value ? "true" : "false"));
	for (CK_ULONG i = 0; i < t.count; i++) {
		a = &t.rows[i];
		if (is_bool(a) || a->ulValueLen == 0 || a->type == CKA_LABEL ||
		    a->type == CKA_ID || is_name_hash(a))
			continue;
		if (is_of_program(a, b))
			call_note(c, "the certificate's file holds no %s",
			    attribute_name(a->type).text);
		else if (!is_what_the_certificate_says(a, b))
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "%s differs from what the certificate says",
			    attribute_name(a->type).text));
	}
	return (CKR_OK);
}

static CK_RV
fail_file(struct call *c, enum err e, bool read_only)
{
	CK_RV rv = call_fail(c, e);

	return (read_only ? CKR_TOKEN_WRITE_PROTECTED : rv);
}

/* Writes the file, and shows what it says. */
static CK_RV
write_certificate(
    struct call *c, const struct certfile *f, CK_OBJECT_HANDLE *handle)
{
	struct certs *cs = &c->token->certs;
	struct table_object *rows;
	size_t count;
	bool read_only;
	enum err e;

	pthread_mutex_lock(&cs->lock);
	e = certfile_write(c, c->token->config->certificates, f, &read_only);
	if (e == ERR_OK) {
		rows = object_table_rows(&c->token->objects, &count);
		e = show_certificate(c, f, rows, count, handle);
		object_table_rows_free(rows, count);
	}
	pthread_mutex_unlock(&cs->lock);
	return (e == ERR_OK ? CKR_OK : fail_file(c, e, read_only));
}

static CK_RV
check_place(struct call *c)
{
	if (c->token->config->certificates == NULL)
		return (call_error(c, CKR_TOKEN_WRITE_PROTECTED,
		    "set certificates in keyferry.conf to a directory"));
	return (session_is_rw(c->session) ? CKR_OK : CKR_SESSION_READ_ONLY);
}

static enum err
names_of(struct certfile *f, struct view der, struct view label, struct view id)
{
	enum err e;

	*f = (struct certfile){.der = BUF_INIT(CERTFILE_DER_MAX),
	    .label = BUF_INIT(CERTFILE_NAME_MAX),
	    .id = BUF_INIT(CERTFILE_NAME_MAX),
	    .ours = true};
	if ((e = buf_append(&f->der, der)) == ERR_OK &&
	    (e = buf_append(&f->label, label)) == ERR_OK)
		e = buf_append(&f->id, id);
	return (e);
}

static void
names_free(struct certfile *f)
{
	buf_free(&f->der);
	buf_free(&f->label);
	buf_free(&f->id);
}

static CK_RV
create_in_file(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct certfile f;
	struct attrset *b = NULL;
	CK_RV rv;
	enum err e;

	if ((rv = check_place(c)) != CKR_OK)
		return (rv);
	e = names_of(&f, template_view(t, CKA_VALUE),
	    template_view(t, CKA_LABEL), template_view(t, CKA_ID));
	if (e == ERR_OK)
		e = make_attrset(c, &f, &b);
	if (e != ERR_OK)
		rv = call_fail(c, e);
	else if ((rv = check_token(c, t, b)) == CKR_OK)
		rv = write_certificate(c, &f, handle);
	attrset_unref(b);
	names_free(&f);
	return (rv);
}

/* As it was given; what was not is read out of it. */
static CK_RV
create_for_session(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	struct attrset *b;
	CK_RV rv;
	enum err e = ERR_OK;

	b = attrset_new(
	    c->module->kept_arena, CKO_CERTIFICATE, CK_UNAVAILABLE_INFORMATION);
	if (b == NULL)
		return (CKR_HOST_MEMORY);
	for (CK_ULONG i = 0; i < t.count && e == ERR_OK; i++)
		e = attrset_set(b, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen), false);
	if (e == ERR_OK && (e = x509_set_attrs(c, b)) == ERR_DATA)
		e = ERR_OK;
	rv = e == ERR_OK ? session_object_add(c, b, handle) : call_fail(c, e);
	attrset_unref(b);
	return (rv);
}

CK_RV
certs_create(struct call *c, struct template t, CK_OBJECT_HANDLE *handle)
{
	CK_RV rv;

	if ((rv = check_create(c, t)) != CKR_OK)
		return (rv);
	return (template_bool(t, CKA_TOKEN, false)
		    ? create_in_file(c, t, handle)
		    : create_for_session(c, t, handle));
}

static struct view
new_name(const struct object *o, struct template t, CK_ATTRIBUTE_TYPE type)
{
	return (template_has(t, type) ? template_view(t, type)
				      : attrset_view(o->attrs, type));
}

CK_RV
certs_set(struct call *c, const struct object *o, struct template t)
{
	struct attr_target target = {
	    CKO_CERTIFICATE, CK_UNAVAILABLE_INFORMATION, ATTR_SET, true};
	CK_OBJECT_HANDLE same;
	struct certfile f;
	CK_RV rv;
	enum err e;

	if ((rv = check_place(c)) != CKR_OK)
		return (rv);
	if (!attrset_bool(o->attrs, CKA_MODIFIABLE, true))
		return (call_error(c, CKR_ACTION_PROHIBITED,
		    "the certificate is in a file that was put there by hand"));
	if ((rv = attr_check(c, t, target)) != CKR_OK)
		return (rv);
	e = names_of(&f, attrset_view(o->attrs, CKA_VALUE),
	    new_name(o, t, CKA_LABEL), new_name(o, t, CKA_ID));
	rv = e == ERR_OK ? write_certificate(c, &f, &same) : call_fail(c, e);
	names_free(&f);
	return (rv);
}

CK_RV
certs_destroy(struct call *c, const struct object *o)
{
	struct certs *cs = &c->token->certs;
	bool read_only;
	CK_RV rv;
	enum err e;

	if ((rv = check_place(c)) != CKR_OK)
		return (rv);
	if (!attrset_bool(o->attrs, CKA_DESTROYABLE, true))
		return (call_error(c, CKR_ACTION_PROHIBITED,
		    "the certificate is in a file that was put there by hand"));
	pthread_mutex_lock(&cs->lock);
	e = certfile_remove(c, c->token->config->certificates,
	    attrset_view(o->attrs, CKA_VALUE), &read_only);
	if (e == ERR_OK) {
		/* the same may be in another file, too */
		(void)object_table_remove(&c->token->objects, o->handle);
		cs->stamp = 0;
	}
	pthread_mutex_unlock(&cs->lock);
	return (e == ERR_OK ? CKR_OK : fail_file(c, e, read_only));
}
