#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "cryptoki/rv-name.h"
#include "array.h"
#include "move-plan.h"

/* Which keys will be moved, and which not and why. Changes nothing. */

static void refuse(struct key *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
refuse(struct key *k, const char *fmt, ...)
{
	va_list ap;

	k->status = STATUS_REFUSED;
	va_start(ap, fmt);
	vsnprintf(k->reason, sizeof(k->reason), fmt, ap);
	va_end(ap);
}

static bool
plan_has(const struct plan *p, const struct token *t, CK_OBJECT_HANDLE h)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].from == t && p->keys[i].handle == h)
			return (true);
	return (false);
}

/* The label that the key will have on the target. */
static bool
read_label(const struct plan *p, struct key *k)
{
	const char *prefix = p->options.prefix;
	struct buf own = BUF_INIT(0);
	bool done = true;

	(void)token_get_attribute(k->from, k->handle, CKA_LABEL, &own);
	k->label.max = SIZE_MAX;
	if (prefix != NULL && own.len != 0)
		done = buf_puts(&k->label, prefix) == ERR_OK;
	done = done && buf_append(&k->label, buf_view(&own)) == ERR_OK;
	buf_free(&own);
	return (done);
}

static bool
add_key(struct plan *p, const struct token *t, CK_OBJECT_HANDLE h,
    CK_OBJECT_CLASS class)
{
	struct key *k;

	if (plan_has(p, t, h))
		return (true);
	k = array_grow(p->keys, &p->cap, p->count + 1, sizeof(*k));
	if (k == NULL)
		return (false);
	p->keys = k;
	k += p->count++;
	memset(k, 0, sizeof(*k));
	k->from = t;
	k->handle = h;
	k->class = class;
	(void)token_get_attribute(t, h, CKA_ID, &k->id);
	key_read_spec(k);
	return (read_label(p, k));
}

bool
plan_add_keys(struct plan *p, const struct token *t,
    const CK_ATTRIBUTE *selection, CK_ULONG count, CK_ULONG *selected)
{
	static const CK_OBJECT_CLASS classes[] = {
	    CKO_SECRET_KEY, CKO_PRIVATE_KEY};
	CK_OBJECT_CLASS class, wanted = CKO_DATA; /* meaning both */
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[8] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_TOKEN, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found, n = 2;
	char room[RV_NAME_SIZE];
	CK_RV rv = CKR_OK;

	for (CK_ULONG i = 0; i < count && n < 8; i++)
		if (selection[i].type != CKA_CLASS)
			template[n++] = selection[i];
		else
			memcpy(&wanted, selection[i].pValue, sizeof(wanted));
	for (size_t i = 0; i < 2 && rv == CKR_OK; i++) {
		if (wanted != CKO_DATA && wanted != classes[i])
			continue;
		class = classes[i];
		rv = token_find_objects(t, template, n, &handles, &found);
		*selected += found;
		for (CK_ULONG j = 0; rv == CKR_OK && j < found; j++)
			if (!add_key(p, t, handles[j], class))
				rv = CKR_HOST_MEMORY;
		free(handles);
	}
	if (rv != CKR_OK)
		fprintf(stderr,
		    "keyferry: token %s: looking for keys failed: %s\n",
		    t->label, rv_name(rv, room));
	return (rv == CKR_OK);
}

static bool
check_names(const struct plan *p, struct key *k)
{
	(void)p;
	if (k->label.len == 0 && k->id.len == 0)
		refuse(k, "it has neither label nor id: a second run "
			  "could not tell whether it was moved");
	return (k->status == STATUS_PLANNED);
}

static bool
check_spec(const struct plan *p, struct key *k)
{
	const char *why = p->to_keyferry ? key_why_not_importable(k) : NULL;

	if (why != NULL)
		refuse(k, "%s", why);
	return (why == NULL);
}

static bool
equal(const struct buf *a, const struct buf *b)
{
	return (view_equal(buf_view(a), buf_view(b)));
}

static bool
equal_and_not_empty(const struct buf *a, const struct buf *b)
{
	return (a->len != 0 && equal(a, b));
}

/* Names are unique on Keyferry's token: no two keys may need the same one. */
static bool
check_duplicates(const struct plan *p, struct key *k)
{
	for (struct key *other = p->keys; other < k; other++) {
		bool label = equal_and_not_empty(&other->label, &k->label);
		bool id = equal_and_not_empty(&other->id, &k->id);

		if (other->status == STATUS_REFUSED ||
		    !(p->to_keyferry ? label || id
				     : equal(&other->label, &k->label) &&
					   equal(&other->id, &k->id) &&
					   other->class == k->class))
			continue;
		refuse(k, "another key of this run has its %s",
		    label ? "label" : "id");
		return (false);
	}
	return (true);
}

static bool
is_import_pair(const struct token *t, CK_OBJECT_HANDLE h)
{
	static const char pending[] = "PendingImport";
	struct buf state = BUF_INIT(0);
	bool yes;

	yes = token_get_attribute(t, h, CKA_KEYFERRY_KEY_STATE, &state) ==
		  CKR_OK &&
	      state.len == sizeof(pending) - 1 &&
	      memcmp(state.ptr, pending, state.len) == 0;
	buf_free(&state);
	return (yes);
}

/* Whether the object has every name that the key has. An import pair that was
 * left half made may lack its label, which it then gets with the key. */
static bool
has_names(
    const struct key *k, const struct token *t, CK_OBJECT_HANDLE h, bool pair)
{
	struct buf label = BUF_INIT(0), id = BUF_INIT(0);
	bool yes;

	(void)token_get_attribute(t, h, CKA_LABEL, &label);
	(void)token_get_attribute(t, h, CKA_ID, &id);
	yes = (k->label.len == 0 || equal(&label, &k->label) ||
		  (pair && label.len == 0)) &&
	      (k->id.len == 0 || equal(&id, &k->id));
	buf_free(&label);
	buf_free(&id);
	return (yes);
}

/* The object of the target has the key's `what`, its label or its id: is it the
 * key itself, its import pair, or another key? */
static void
compare_with_object(
    const struct plan *p, struct key *k, CK_OBJECT_HANDLE h, const char *what)
{
	CK_OBJECT_CLASS class = token_get_ulong(p->to, h, CKA_CLASS);
	bool pair = p->to_keyferry && is_import_pair(p->to, h);
	bool named = has_names(k, p->to, h, pair);

	if (k->status != STATUS_PLANNED ||
	    (class != CKO_SECRET_KEY && class != CKO_PRIVATE_KEY) ||
	    (!p->to_keyferry && (!named || class != k->class)))
		return;
	if (named && pair) {
		k->has_import_pair = true;
		return;
	}
	if (!named || !key_matches_spec(k, p->to, h) ||
	    key_public_differs(k, p->to, h)) {
		refuse(k, "its %s is taken on the target by another key", what);
		return;
	}
	k->status = STATUS_PRESENT;
	(void)token_get_attribute(p->to, h, CKA_UNIQUE_ID, &k->unique_id);
}

static bool
check_target_names(const struct plan *p, struct key *k)
{
	const struct {
		CK_ATTRIBUTE_TYPE type;
		const struct buf *name;
		const char *what;
	} names[] = {{CKA_LABEL, &k->label, "label"}, {CKA_ID, &k->id, "id"}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found;
	char room[RV_NAME_SIZE];
	CK_RV rv;

	for (size_t i = 0; i < 2 && k->status == STATUS_PLANNED; i++) {
		const CK_ATTRIBUTE named = {
		    names[i].type, names[i].name->ptr, names[i].name->len};

		if (names[i].name->len == 0)
			continue;
		rv = token_find_objects(p->to, &named, 1, &handles, &found);
		if (rv != CKR_OK)
			refuse(k, "looking for its %s on the target failed: %s",
			    names[i].what, rv_name(rv, room));
		for (CK_ULONG j = 0; j < found; j++)
			compare_with_object(p, k, handles[j], names[i].what);
		free(handles);
	}
	return (k->status == STATUS_PLANNED);
}

static bool
check_source(const struct plan *p, struct key *k)
{
	(void)p;
	if (!token_get_bool(k->from, k->handle, CKA_EXTRACTABLE, false))
		refuse(k, "it is not extractable (CKA_EXTRACTABLE)");
	else if (token_get_bool(
		     k->from, k->handle, CKA_WRAP_WITH_TRUSTED, false))
		refuse(k, "it may be wrapped only by a trusted key "
			  "(CKA_WRAP_WITH_TRUSTED)");
	return (k->status == STATUS_PLANNED);
}

static bool
check_usage(const struct plan *p, struct key *k)
{
	k->usage = key_choose_usage(k, p->options.usage);
	if (p->to_keyferry && k->usage == USAGE_ANY)
		refuse(k, "KMS has none of its usages; choose one with "
			  "--usage");
	return (k->status == STATUS_PLANNED);
}

static bool
check_method(const struct plan *p, struct key *k)
{
	const char *why = NULL;

	k->hash = k > p->keys && k[-1].from == k->from && k[-1].hash != 0
		      ? k[-1].hash
		      : choose_oaep_hash(k->from, p->options.hash);
	if (!token_has_mechanism(
		p->to, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR))
		refuse(k, "the target cannot generate RSA wrapping keys");
	else if ((k->method = method_find(k, p->to, &why)) == NULL)
		refuse(k, "%s", why);
	return (k->status == STATUS_PLANNED);
}

/* The first check that fails gives the reason. */
static bool (*const checks[])(const struct plan *, struct key *) = {
    check_names,
    check_spec,
    check_duplicates,
    check_target_names,
    check_source,
    check_usage,
    check_method,
};

void
plan_check(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];

		for (size_t j = 0; j < sizeof(checks) / sizeof(checks[0]); j++)
			if (!checks[j](p, k))
				break;
	}
}

size_t
plan_count(const struct plan *p, enum key_status status)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->keys[i].status == status;
	return (n);
}

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++)
		key_free(&p->keys[i]);
	free(p->keys);
	p->keys = NULL;
	p->count = 0;
}
