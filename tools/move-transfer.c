#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/rv-name.h"
#include "move-transfer.h"

/*
 * Moving one key:
 *
 *   1 The target generates an RSA wrapping pair. Keyferry makes one for each
 *     key, with the key's label and id, or finds the one that an earlier run
 *     left.
 *   2 The source imports its public half as a session object.
 *   3 The source wraps the key with it.
 *   4 The target unwraps the key.
 *
 * If a run is killed, the pair on Keyferry stays and the next run uses it.
 * Other tokens need one pair a run, a session object like all that is made on
 * the source.
 */

#define OTHER_ATTRIBUTES_MAX 12
#define TEMPLATE_MAX (USAGE_TEMPLATE_MAX + OTHER_ATTRIBUTES_MAX)

struct attribute_list {
	CK_ATTRIBUTE rows[TEMPLATE_MAX];
	CK_ULONG count;
};

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* A token does not change a template's values, whatever their types say. */
static void
add_attribute(struct attribute_list *t, CK_ATTRIBUTE_TYPE type, const void *ptr,
    size_t len)
{
	t->rows[t->count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)ptr, len};
}

static void
add_names(struct attribute_list *t, const struct key *k)
{
	if (k->label.len != 0)
		add_attribute(t, CKA_LABEL, k->label.ptr, k->label.len);
	if (k->id.len != 0)
		add_attribute(t, CKA_ID, k->id.ptr, k->id.len);
}

/* Describes the key to be unwrapped: Keyferry creates the KMS key for it. */
static void
add_key_description(
    struct attribute_list *t, const struct key *k, CK_ULONG *size)
{
	add_attribute(t, CKA_CLASS, &k->class, sizeof(k->class));
	add_attribute(t, CKA_KEY_TYPE, &k->type, sizeof(k->type));
	*size = k->class == CKO_SECRET_KEY ? k->bits / 8 : k->bits;
	if (k->params.len != 0)
		add_attribute(t, CKA_EC_PARAMS, k->params.ptr, k->params.len);
	else if (*size != 0)
		add_attribute(t,
		    k->class == CKO_SECRET_KEY ? CKA_VALUE_LEN
					       : CKA_MODULUS_BITS,
		    size, sizeof(*size));
	t->count += key_usage_template(k, true, t->rows + t->count);
}

static CK_RV
generate(const struct plan *plan, struct transfer *tr,
    struct attribute_list *public, struct attribute_list *private,
    struct key_pair *pair)
{
	static const CK_BYTE exponent[] = {1, 0, 1};
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};

	add_attribute(
	    public, CKA_MODULUS_BITS, &tr->pair_bits, sizeof(tr->pair_bits));
	add_attribute(public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	add_attribute(public, CKA_WRAP, &yes, sizeof(yes));
	add_attribute(private, CKA_UNWRAP, &yes, sizeof(yes));
	add_attribute(private, CKA_SENSITIVE, &yes, sizeof(yes));
	return (transfer_record(tr, "C_GenerateKeyPair", plan->to,
	    plan->to->p11->C_GenerateKeyPair(plan->to->session, &m,
		public->rows, public->count, private->rows, private->count,
		&pair->public, &pair->private)));
}

/*
 * Keyferry's import pair is made for this one key. CKA_ALLOWED_MECHANISMS says
 * how the key will be wrapped and with which hash. An import pair is for
 * AES-256 unless CKA_UNWRAP_TEMPLATE says otherwise.
 */
static CK_RV
make_import_pair(const struct plan *plan, struct transfer *tr)
{
	const struct key *k = tr->key;
	CK_MECHANISM_TYPE allowed[] = {
	    method_unwrap_mechanism(k->method), k->hash};
	struct attribute_list public = {.count = 0}, private = {.count = 0};
	struct attribute_list unwrapped = {.count = 0};
	CK_ULONG size;

	add_attribute(&public, CKA_TOKEN, &yes, sizeof(yes));
	add_names(&public, k);
	add_attribute(&private, CKA_TOKEN, &yes, sizeof(yes));
	add_names(&private, k);
	add_attribute(
	    &private, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed));
	add_key_description(&unwrapped, k, &size);
	if (k->type != CKK_AES)
		add_attribute(&private, CKA_UNWRAP_TEMPLATE, unwrapped.rows,
		    unwrapped.count * sizeof(unwrapped.rows[0]));
	return (generate(plan, tr, &public, &private, &tr->pair));
}

static CK_RV
make_session_pair(struct plan *plan, struct transfer *tr)
{
	struct attribute_list public = {.count = 0}, private = {.count = 0};
	CK_RV rv = CKR_OK;

	add_attribute(&public, CKA_TOKEN, &no, sizeof(no));
	add_attribute(&private, CKA_TOKEN, &no, sizeof(no));
	if (plan->pair.private == CK_INVALID_HANDLE)
		rv = generate(plan, tr, &public, &private, &plan->pair);
	tr->pair = plan->pair;
	return (rv);
}

static CK_RV
make_pair(struct plan *plan, struct transfer *tr)
{
	return (plan->to_keyferry ? make_import_pair(plan, tr)
				  : make_session_pair(plan, tr));
}

/* Makes the pair's public half a session object of the source. */
static CK_RV
import_wrapping_key(struct transfer *tr)
{
	static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	static const CK_KEY_TYPE type = CKK_RSA;
	const struct token *from = tr->key->from;
	struct buf modulus = BUF_INIT(0), exponent = BUF_INIT(0);
	struct attribute_list t = {.count = 0};
	CK_RV rv;

	rv = token_get_attribute(
	    tr->to, tr->pair.public, CKA_MODULUS, &modulus);
	if (rv == CKR_OK)
		rv = token_get_attribute(
		    tr->to, tr->pair.public, CKA_PUBLIC_EXPONENT, &exponent);
	if (transfer_record(tr, "C_GetAttributeValue", tr->to, rv) != CKR_OK)
		goto out;
	(void)rsa_fingerprint(
	    buf_view(&modulus), buf_view(&exponent), tr->fingerprint);
	add_attribute(&t, CKA_CLASS, &class, sizeof(class));
	add_attribute(&t, CKA_KEY_TYPE, &type, sizeof(type));
	add_attribute(&t, CKA_TOKEN, &no, sizeof(no));
	add_attribute(&t, CKA_PRIVATE, &no, sizeof(no));
	add_attribute(&t, CKA_WRAP, &yes, sizeof(yes));
	add_attribute(&t, CKA_MODULUS, modulus.ptr, modulus.len);
	add_attribute(&t, CKA_PUBLIC_EXPONENT, exponent.ptr, exponent.len);
	rv = transfer_record(tr, "C_CreateObject", from,
	    from->p11->C_CreateObject(
		from->session, t.rows, t.count, &tr->source_wrapping_key));
out:
	buf_free(&modulus);
	buf_free(&exponent);
	return (rv);
}

static CK_RV
unwrap(const struct plan *plan, struct transfer *tr)
{
	const struct key *k = tr->key;
	const struct move_options *w = &plan->options;
	struct attribute_list t = {.count = 0};

	add_attribute(&t, CKA_CLASS, &k->class, sizeof(k->class));
	add_attribute(&t, CKA_KEY_TYPE, &k->type, sizeof(k->type));
	add_attribute(&t, CKA_TOKEN, &yes, sizeof(yes));
	if (!plan->to_keyferry)
		add_attribute(&t, CKA_PRIVATE, &yes, sizeof(yes));
	add_attribute(&t, CKA_SENSITIVE, &yes, sizeof(yes));
	add_attribute(&t, CKA_EXTRACTABLE, &no, sizeof(no));
	add_names(&t, k);
	if (w->expires)
		add_attribute(
		    &t, CKA_END_DATE, &w->end_date, sizeof(w->end_date));
	t.count += key_usage_template(k,
	    plan->to_keyferry ||
		(w->usage != USAGE_ANY && k->usage == w->usage),
	    t.rows + t.count);
	return (method_unwrap(tr, t.rows, t.count));
}

/* Whether the other keys would fail with it, too. */
static bool
ends_run(CK_RV rv)
{
	return (rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
		rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
		rv == CKR_USER_NOT_LOGGED_IN ||
		rv == CKR_CRYPTOKI_NOT_INITIALIZED);
}

/* Destroys a pair that this run made for a key that the source refused to wrap.
 * Any other stays for the next run. Returns what to add to the reason. */
static const char *
clean_up_pair(const struct plan *plan, const struct transfer *tr)
{
	const struct token *to = plan->to;

	if (!plan->to_keyferry || tr->pair.private == CK_INVALID_HANDLE)
		return ("");
	if (tr->last_call.on == tr->key->from && !tr->key->has_import_pair &&
	    to->p11->C_DestroyObject(to->session, tr->pair.private) == CKR_OK)
		return ("");
	return ("; its import pair stays on the target");
}

static void
record_failure(struct key *k, const struct call_result *c, const char *more)
{
	char name[RV_NAME_SIZE];

	k->status = STATUS_FAILED;
	snprintf(k->reason, sizeof(k->reason), "%s on %s: %s%s", c->function,
	    c->on->label, rv_name(c->rv, name), more);
}

static void
record_success(struct key *k, const struct transfer *tr)
{
	k->status = STATUS_MOVED;
	(void)token_get_attribute(
	    tr->to, tr->target_key, CKA_UNIQUE_ID, &k->unique_id);
	if (!key_public_differs(k, tr->to, tr->target_key))
		return;
	k->status = STATUS_FAILED;
	snprintf(k->reason, sizeof(k->reason),
	    "the key on the target has another public half");
}

bool
transfer_key(struct plan *plan, struct key *k)
{
	struct transfer tr = {
	    .key = k, .to = plan->to, .pair_bits = plan->options.bits};
	const struct token *from = k->from;
	struct call_result last;

	if (make_pair(plan, &tr) == CKR_OK &&
	    import_wrapping_key(&tr) == CKR_OK && method_wrap(&tr) == CKR_OK &&
	    unwrap(plan, &tr) == CKR_OK) {
		record_success(k, &tr);
		last = tr.last_call;
	} else {
		last = tr.last_call;
		record_failure(k, &last, clean_up_pair(plan, &tr));
	}
	if (tr.source_wrapping_key != CK_INVALID_HANDLE)
		(void)from->p11->C_DestroyObject(
		    from->session, tr.source_wrapping_key);
	memcpy(k->wrapping_key, tr.fingerprint, sizeof(k->wrapping_key));
	buf_free(&tr.wrapped);
	return (!ends_run(last.rv));
}
