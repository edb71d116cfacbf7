#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "array.h"
#include "message.h"
#include "move-names.h"
#include "move-plan.h"
#include "rv-said.h"

/* Which keys will be moved, and which not and why. Changes nothing. */

static bool
plan_has(const struct plan *p, const struct token *t, CK_OBJECT_HANDLE h)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->keys[i].from == t && p->keys[i].handle == h)
			return (true);
	return (false);
}

/* A name on the target: the wanted one, or the source's behind the prefix. */
static bool
make_name(struct buf *name, struct view wanted, struct view prefix,
    const struct buf *own)
{
	name->max = SIZE_MAX;
	if (wanted.len != 0)
		return (buf_append(name, wanted) == ERR_OK);
	return (
	    own->len == 0 || (buf_append(name, prefix) == ERR_OK &&
				 buf_append(name, buf_view(own)) == ERR_OK));
}

static bool
read_names(const struct plan *p, struct key *k)
{
	const struct move_options *o = &p->options;
	const struct key_id none = {.len = 0}, *id = NULL;
	const char *label = NULL;

	(void)token_get_attribute(k->from, k->handle, CKA_LABEL, &k->own_label);
	(void)token_get_attribute(k->from, k->handle, CKA_ID, &k->own_id);
	if (p->map != NULL)
		name_map_find(p->map, buf_view(&k->own_label),
		    buf_view(&k->own_id), &label, &id);
	id = id == NULL ? &none : id;
	return (
	    make_name(&k->label, view_str(label == NULL ? "" : label),
		view_str(o->prefix == NULL ? "" : o->prefix), &k->own_label) &&
	    make_name(&k->id, VIEW(id->bytes, id->len),
		VIEW(o->id_prefix.bytes, o->id_prefix.len), &k->own_id));
}

/* A certificate belongs to the key of its id. */
static void
look_for_certificate(struct key *k)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	const CK_ATTRIBUTE template[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_ID, k->own_id.ptr, k->own_id.len}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found = 0;

	if (k->class != CKO_PRIVATE_KEY || k->own_id.len == 0)
		return;
	k->certificate_rv = token_find_objects(
	    k->from, template, 2, &handles, &found);
	k->has_certificate = found != 0;
	free(handles);
}

struct key *
plan_new_key(struct plan *p)
{
	struct key *rows = array_grow(
	    p->keys, &p->cap, p->count + 1, sizeof(*rows));

	if (rows == NULL)
		return (NULL);
	p->keys = rows;
	memset(rows + p->count, 0, sizeof(*rows));
	rows[p->count].wish = p->options.wish;
	return (rows + p->count++);
}

static bool
add_key(
    struct plan *p, struct token *t, CK_OBJECT_HANDLE h, CK_OBJECT_CLASS class)
{
	struct key *k;
	bool done;

	if (plan_has(p, t, h))
		return (true);
	if ((k = plan_new_key(p)) == NULL)
		return (false);
	k->from = t;
	k->handle = h;
	k->class = class;
	token_forget_failure(t);
	done = read_names(p, k);
	key_read_spec(k);
	look_for_certificate(k);
	k->failure = *t->failure;
	return (done);
}

bool
plan_add_keys(struct plan *p, struct token *t, const CK_ATTRIBUTE *selection,
    CK_ULONG count, CK_ULONG *selected)
{
	static const CK_OBJECT_CLASS classes[] = {
	    CKO_SECRET_KEY, CKO_PRIVATE_KEY};
	CK_OBJECT_CLASS class, wanted = CKO_DATA; /* meaning both */
	CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE template[8] = {
	    {CKA_CLASS, &class, sizeof(class)}, {CKA_TOKEN, &yes, sizeof(yes)}};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found, n = 2;
	char room[RV_SAID_SIZE];
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
		message("token %s: looking for keys failed: %s", t->label,
		    rv == CKR_DATA_LEN_RANGE ? "C_FindObjects does not end"
					     : rv_said(rv, room));
	return (rv == CKR_OK);
}

/* A name that could not be read is not one that the key does not have. */
static bool
check_read(struct plan *p, struct key *k)
{
	char room[RV_SAID_SIZE];

	(void)p;
	if (k->failure.rv != CKR_OK)
		key_refuse(k, "reading its %s failed: %s",
		    attribute_name(k->failure.type).text,
		    rv_said(k->failure.rv, room));
	return (key_is_open(k));
}

static bool
check_spec(struct plan *p, struct key *k)
{
	const char *why = NULL;

	if (k->from != NULL)
		token_forget_failure(k->from);
	if (p->to_keyferry && (why = key_why_not_importable(k)) == NULL)
		(void)key_choose_hmac(k, k->wish.hmac, &why);
	if (why != NULL)
		key_refuse(k, "%s", why);
	else if (k->from != NULL)
		k->failure = *k->from->failure;
	return (key_is_open(k) && check_read(p, k));
}

static bool
check_end(struct plan *p, struct key *k)
{
	const char *why = key_wish_why_not(&k->wish, p->to_keyferry);

	if (why != NULL)
		key_refuse(k, "%s", why);
	return (key_is_open(k));
}

static bool
check_source(struct plan *p, struct key *k)
{
	(void)p;
	token_forget_failure(k->from);
	if (!token_get_bool(k->from, k->handle, CKA_EXTRACTABLE, false))
		key_refuse(k, "it is not extractable (CKA_EXTRACTABLE)");
	else if (token_get_bool(
		     k->from, k->handle, CKA_WRAP_WITH_TRUSTED, false))
		key_refuse(k, "it may be wrapped only by a trusted key "
			      "(CKA_WRAP_WITH_TRUSTED)");
	k->failure = *k->from->failure;
	return (check_read(p, k));
}

static bool
check_usage(struct plan *p, struct key *k)
{
	if (k->there != CK_INVALID_HANDLE &&
	    (k->from == NULL || k->into != NULL))
		k->uses = key_usage_there(p->to, k->there);
	k->usage = key_choose_usage(k, k->wish.usage);
	if (p->to_keyferry && k->usage == USAGE_ANY)
		key_refuse(k, "KMS has none of its usages; choose one with "
			      "--usage");
	return (key_is_open(k));
}

static bool
check_method(struct plan *p, struct key *k)
{
	bool again = k > p->keys && k[-1].from == k->from && k[-1].hash != 0;
	const char *why = NULL;

	k->hash = again ? k[-1].hash
			: choose_oaep_hash(k->from, p->options.hash);
	k->pair_bits = again ? k[-1].pair_bits
			     : choose_wrapping_bits(k->from, p->options.bits);
	if (!token_has_mechanism(
		p->to, CKM_RSA_PKCS_KEY_PAIR_GEN, CKF_GENERATE_KEY_PAIR))
		key_refuse(k, "the target cannot generate RSA wrapping keys");
	else if (k->pair_bits == 0)
		key_refuse(k, "the source takes no RSA key of 2048 bits or "
			      "more");
	else if ((k->method = method_find(k, p->to, NULL, &why)) == NULL)
		key_refuse(k, "%s", why);
	return (key_is_open(k));
}

/* The first check that fails gives the reason. */
static const struct {
	bool (*check)(struct plan *, struct key *);
	bool of_source; /* only for the keys of a token */
	bool of_names; /* not where the target's key is known already */
} checks[] = {
    {check_read, false, false},
    {names_check_source, false, true},
    {check_spec, false, false},
    {check_end, false, false},
    {names_check_run, false, true},
    {names_check_target, false, true},
    {check_source, true, false},
    {check_usage, false, false},
    {check_method, true, false},
};

static bool
applies(size_t check, const struct key *k)
{
	return ((k->from != NULL || !checks[check].of_source) &&
		(k->into == NULL || !checks[check].of_names));
}

bool
plan_check(struct plan *p)
{
	for (size_t i = 0; i < p->count && !p->target_failed; i++) {
		struct key *k = &p->keys[i];

		for (size_t j = 0; j < sizeof(checks) / sizeof(checks[0]); j++)
			if (applies(j, k) && !checks[j].check(p, k))
				break;
	}
	return (!p->target_failed);
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
