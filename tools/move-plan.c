#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "move.h"

/* Which keys go, and which cannot and why. Nothing is changed here. */

static void key_cannot(struct key *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
key_cannot(struct key *k, const char *fmt, ...)
{
	va_list ap;

	k->fate = FATE_CANNOT;
	va_start(ap, fmt);
	vsnprintf(k->reason, sizeof(k->reason), fmt, ap);
	va_end(ap);
}

static bool
is_there(const struct plan *p, const struct token *t, CK_OBJECT_HANDLE h)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].from == t && p->keys[i].handle == h)
			return (true);
	return (false);
}

/* The label that it will have. */
static bool
read_label(const struct plan *p, struct key *k)
{
	const char *prefix = p->wishes.prefix;
	struct blob with = BLOB_INIT;
	size_t n;

	(void)p11_read(k->from, k->handle, CKA_LABEL, &k->label);
	if (prefix == NULL || k->label.len == 0)
		return (true);
	n = strlen(prefix);
	if ((with.ptr = malloc(n + k->label.len + 1)) == NULL)
		return (false);
	memcpy(with.ptr, prefix, n);
	memcpy(with.ptr + n, k->label.ptr, k->label.len + 1);
	with.len = n + k->label.len;
	blob_free(&k->label);
	k->label = with;
	return (true);
}

static bool
add_key(struct plan *p, const struct token *t, CK_OBJECT_HANDLE h,
    CK_OBJECT_CLASS class)
{
	struct key *k;

	if (is_there(p, t, h))
		return (true);
	k = realloc(p->keys, (p->count + 1) * sizeof(*k));
	if (k == NULL)
		return (false);
	p->keys = k;
	k += p->count++;
	memset(k, 0, sizeof(*k));
	k->from = t;
	k->handle = h;
	k->class = class;
	(void)p11_read(t, h, CKA_ID, &k->id);
	key_read_kind(k);
	return (read_label(p, k));
}

bool
plan_add(struct plan *p, const struct token *t, const CK_ATTRIBUTE *selection,
    CK_ULONG count, CK_ULONG *selected)
{
	static const CK_OBJECT_CLASS classes[] = {
	    CKO_SECRET_KEY, CKO_PRIVATE_KEY};
	CK_OBJECT_CLASS class, wanted = CKO_DATA; /* that is: both */
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[8] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_TOKEN, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found, n = 2;
	char room[P11_NAME_SIZE];
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
		rv = p11_find(t, template, n, &handles, &found);
		*selected += found;
		for (CK_ULONG j = 0; rv == CKR_OK && j < found; j++)
			if (!add_key(p, t, handles[j], class))
				rv = CKR_HOST_MEMORY;
		free(handles);
	}
	if (rv != CKR_OK)
		fprintf(stderr, "keyferry: token %s: looking for keys: %s\n",
		    t->label, p11_rv_name(rv, room));
	return (rv == CKR_OK);
}

static bool
check_names(const struct plan *p, struct key *k)
{
	(void)p;
	if (k->label.len == 0 && k->id.len == 0)
		key_cannot(k, "it has neither label nor id: a second run "
			      "could not tell whether it is there");
	return (k->fate == FATE_GOES);
}

static bool
check_kind(const struct plan *p, struct key *k)
{
	const char *why = p->to_keyferry ? key_not_for_kms(k) : NULL;

	if (why != NULL)
		key_cannot(k, "%s", why);
	return (why == NULL);
}

static bool
same(const struct blob *a, const struct blob *b)
{
	return (a->len != 0 && blob_equal(a, b));
}

/* Two keys of one run may not want the same name. */
static bool
check_twins(const struct plan *p, struct key *k)
{
	for (struct key *other = p->keys; other < k; other++) {
		bool label = same(&other->label, &k->label);
		bool id = same(&other->id, &k->id);

		if (other->fate == FATE_CANNOT ||
		    !(p->to_keyferry ? label || id
				     : blob_equal(&other->label, &k->label) &&
					   blob_equal(&other->id, &k->id) &&
					   other->class == k->class))
			continue;
		key_cannot(k, "another key of this run has its %s",
		    label ? "label" : "id");
		return (false);
	}
	return (true);
}

static bool
is_import_pair(const struct token *t, CK_OBJECT_HANDLE h)
{
	static const char pending[] = "PendingImport";
	struct blob state = BLOB_INIT;
	bool yes;

	yes = p11_read(t, h, CKA_KEYFERRY_KEY_STATE, &state) == CKR_OK &&
	      state.len == sizeof(pending) - 1 &&
	      memcmp(state.ptr, pending, state.len) == 0;
	blob_free(&state);
	return (yes);
}

/* Whether the object has all the names that the key has. A pair that was left
 * half made may have no label yet: it gets it with the key. */
static bool
has_names(
    const struct key *k, const struct token *t, CK_OBJECT_HANDLE h, bool pair)
{
	struct blob label = BLOB_INIT, id = BLOB_INIT;
	bool yes;

	(void)p11_read(t, h, CKA_LABEL, &label);
	(void)p11_read(t, h, CKA_ID, &id);
	yes = (k->label.len == 0 || blob_equal(&label, &k->label) ||
		  (pair && label.len == 0)) &&
	      (k->id.len == 0 || blob_equal(&id, &k->id));
	blob_free(&label);
	blob_free(&id);
	return (yes);
}

/* An object of the target that has one of the key's names. */
static void
compare(
    const struct plan *p, struct key *k, CK_OBJECT_HANDLE h, const char *what)
{
	CK_OBJECT_CLASS class = p11_ulong(p->to, h, CKA_CLASS);
	bool pair = p->to_keyferry && is_import_pair(p->to, h);
	bool named = has_names(k, p->to, h, pair);

	if (k->fate != FATE_GOES ||
	    (class != CKO_SECRET_KEY && class != CKO_PRIVATE_KEY) ||
	    (!p->to_keyferry && (!named || class != k->class)))
		return;
	if (named && pair) {
		k->pair_left = true;
		return;
	}
	if (!named || !key_is_like(k, p->to, h) || key_differs(k, p->to, h)) {
		key_cannot(
		    k, "its %s is taken on the target by another key", what);
		return;
	}
	k->fate = FATE_THERE;
	(void)p11_read(p->to, h, CKA_UNIQUE_ID, &k->unique_id);
}

static bool
check_target(const struct plan *p, struct key *k)
{
	const struct {
		CK_ATTRIBUTE_TYPE type;
		const struct blob *name;
		const char *what;
	} names[] = {{CKA_LABEL, &k->label, "label"}, {CKA_ID, &k->id, "id"}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found;
	char room[P11_NAME_SIZE];
	CK_RV rv;

	for (size_t i = 0; i < 2 && k->fate == FATE_GOES; i++) {
		const CK_ATTRIBUTE named = {
		    names[i].type, names[i].name->ptr, names[i].name->len};

		if (names[i].name->len == 0)
			continue;
		rv = p11_find(p->to, &named, 1, &handles, &found);
		if (rv != CKR_OK)
			key_cannot(k, "looking for its %s on the target: %s",
			    names[i].what, p11_rv_name(rv, room));
		for (CK_ULONG j = 0; j < found; j++)
			compare(p, k, handles[j], names[i].what);
		free(handles);
	}
	return (k->fate == FATE_GOES);
}

static bool
check_source(const struct plan *p, struct key *k)
{
	(void)p;
	if (!p11_bool(k->from, k->handle, CKA_EXTRACTABLE, false))
		key_cannot(k, "it is not extractable (CKA_EXTRACTABLE)");
	else if (p11_bool(k->from, k->handle, CKA_WRAP_WITH_TRUSTED, false))
		key_cannot(k, "it leaves only under a trusted wrapping key "
			      "(CKA_WRAP_WITH_TRUSTED)");
	return (k->fate == FATE_GOES);
}

static bool
check_usage(const struct plan *p, struct key *k)
{
	k->usage = key_choose_usage(k, p->wishes.usage);
	if (p->to_keyferry && k->usage == USAGE_ANY)
		key_cannot(k, "KMS has none of its usages; --usage gives it "
			      "one");
	return (k->fate == FATE_GOES);
}

static bool
check_way(const struct plan *p, struct key *k)
{
	const char *why = NULL;

	k->hash = k > p->keys && k[-1].from == k->from && k[-1].hash != 0
		      ? k[-1].hash
		      : way_hash(k->from, p->wishes.hash);
	if (!token_has(p->to, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR))
		key_cannot(k, "the target makes no RSA keys to wrap with");
	else if ((k->way = way_find(k, p->to, &why)) == NULL)
		key_cannot(k, "%s", why);
	return (k->fate == FATE_GOES);
}

/* The first that says no gives the reason. */
static bool (*const checks[])(const struct plan *, struct key *) = {
    check_names,
    check_kind,
    check_twins,
    check_target,
    check_source,
    check_usage,
    check_way,
};

void
plan_decide(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];

		for (size_t j = 0; j < sizeof(checks) / sizeof(checks[0]); j++)
			if (!checks[j](p, k))
				break;
	}
}

size_t
plan_count(const struct plan *p, enum fate fate)
{
	size_t n = 0;

	for (size_t i = 0; i < p->count; i++)
		n += p->keys[i].fate == fate;
	return (n);
}

void
plan_free(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];

		blob_free(&k->label);
		blob_free(&k->id);
		blob_free(&k->params);
		blob_free(&k->public);
		blob_free(&k->unique_id);
	}
	free(p->keys);
	p->keys = NULL;
	p->count = 0;
}
