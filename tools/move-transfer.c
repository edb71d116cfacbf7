#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "move-transfer.h"
#include "rv-said.h"

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
 * A key whose names the target has already is brought again in the same way, by
 * a pair beside the key there, which goes on being used: KMS takes the same
 * material alone, and so tells whether it is the same key.
 *
 * If a run is killed, the pair on Keyferry stays and the next run uses it.
 * Other tokens need one pair a run, a session object like all that is made on
 * the source.
 */

#define SAME_FAILURES_MAX 3 /* of keys in a row, before the run ends */
#define WANTS_LOGIN                         \
	"; it asks for a login of its own " \
	"(CKA_ALWAYS_AUTHENTICATE), which C_WrapKey cannot give"

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* A token does not change a template's values, whatever their types say. */
void
add_attribute(struct attribute_list *t, CK_ATTRIBUTE_TYPE type, const void *ptr,
    size_t len)
{
	t->rows[t->count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)ptr, len};
}

static void
add_names(struct attribute_list *t, const struct key *k)
{
	if (k->into != NULL)
		add_attribute(t, CKA_LABEL, k->into, strlen(k->into));
	if (k->into != NULL)
		return;
	if (k->label.len != 0)
		add_attribute(t, CKA_LABEL, k->label.ptr, k->label.len);
	if (k->id.len != 0)
		add_attribute(t, CKA_ID, k->id.ptr, k->id.len);
}

void
add_key_description(struct attribute_list *t, const struct key *k,
    CK_KEY_TYPE *type, CK_ULONG *size)
{
	*type = key_target_type(k);
	add_attribute(t, CKA_CLASS, &k->class, sizeof(k->class));
	add_attribute(t, CKA_KEY_TYPE, type, sizeof(*type));
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

void
transfer_describe_new(const struct key *k, struct attribute_list *t)
{
	const struct key_wish *w = &k->wish;

	if (w->tags != NULL)
		add_attribute(t, CKA_KEYFERRY_TAGS, w->tags, strlen(w->tags));
	if (w->multi_region != NOT_SAID)
		add_attribute(t, CKA_KEYFERRY_MULTI_REGION,
		    w->multi_region == SAID_YES ? &yes : &no, sizeof(yes));
}

static CK_RV
generate(const struct plan *plan, struct transfer *tr,
    struct attribute_list *public, struct attribute_list *private,
    struct key_pair *pair)
{
	static const CK_BYTE exponent[] = {1, 0, 1};
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};

	add_attribute(public, CKA_MODULUS_BITS, &tr->key->pair_bits,
	    sizeof(tr->key->pair_bits));
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
 * AES-256 unless CKA_UNWRAP_TEMPLATE says otherwise. One beside a key that is
 * on the target is named by that key's CKA_UNIQUE_ID, and is for what that key
 * is.
 */
static CK_RV
make_import_pair(const struct plan *plan, struct transfer *tr)
{
	const struct key *k = tr->key;
	CK_MECHANISM_TYPE allowed[] = {
	    method_unwrap_mechanism(tr->method), k->hash};
	struct attribute_list public = {.count = 0}, private = {.count = 0};
	struct attribute_list unwrapped = {.count = 0};
	bool again = k->status == STATUS_SAME_NAME || k->new_material;
	CK_KEY_TYPE type;
	CK_ULONG size;

	add_attribute(&public, CKA_TOKEN, &yes, sizeof(yes));
	add_attribute(&private, CKA_TOKEN, &yes, sizeof(yes));
	if (again)
		add_attribute(
		    &private, CKA_ID, k->unique_id.ptr, k->unique_id.len);
	else {
		add_names(&public, k);
		add_names(&private, k);
		transfer_describe_new(k, &private);
	}
	add_attribute(
	    &private, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed));
	add_key_description(&unwrapped, k, &type, &size);
	if (k->type != CKK_AES && !again)
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
	struct buf modulus = BUF_INIT(0), exponent = BUF_INIT(0);
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
	rv = method_import_wrapping_key(
	    tr, buf_view(&modulus), buf_view(&exponent));
out:
	buf_free(&modulus);
	buf_free(&exponent);
	return (rv);
}

/* A source may refuse in a read-only session what it does in another. */
static CK_RV
wrap(struct transfer *tr)
{
	struct token *from = tr->key->from;
	CK_RV rv = import_wrapping_key(tr);

	if (rv == CKR_OK)
		rv = method_wrap(tr);
	if (rv == CKR_OK || tr->last_call.on != from || from->writable ||
	    token_make_writable(from) != CKR_OK)
		return (rv);
	buf_reset(&tr->wrapped);
	if ((rv = import_wrapping_key(tr)) == CKR_OK)
		rv = method_wrap(tr);
	return (rv);
}

static void
add_new_key(
    struct attribute_list *t, const struct plan *plan, const struct key *k)
{
	const struct key_wish *w = &k->wish;

	if (!plan->to_keyferry)
		add_attribute(t, CKA_PRIVATE, &yes, sizeof(yes));
	add_attribute(t, CKA_SENSITIVE, &yes, sizeof(yes));
	add_attribute(t, CKA_EXTRACTABLE, &no, sizeof(no));
	add_names(t, k);
	t->count += key_usage_template(k,
	    plan->to_keyferry ||
		(w->usage != USAGE_ANY && k->usage == w->usage),
	    t->rows + t->count);
}

void
transfer_describe(const struct plan *plan, const struct key *k,
    CK_KEY_TYPE *type, struct attribute_list *t)
{
	const struct key_wish *w = &k->wish;

	*type = key_target_type(k);
	add_attribute(t, CKA_CLASS, &k->class, sizeof(k->class));
	add_attribute(t, CKA_KEY_TYPE, type, sizeof(*type));
	add_attribute(t, CKA_TOKEN, &yes, sizeof(yes));
	if ((k->status != STATUS_SAME_NAME && !k->new_material) ||
	    k->from == NULL)
		add_new_key(t, plan, k);
	/* an ARN says that the key is the caller's */
	if (k->new_material && k->from != NULL && k->into != NULL &&
	    strncmp(k->into, "arn:", 4) == 0)
		add_attribute(t, CKA_LABEL, k->into, strlen(k->into));
	if (k->new_material)
		add_attribute(t, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	if (w->expires)
		add_attribute(
		    t, CKA_END_DATE, &w->end_date, sizeof(w->end_date));
}

static CK_RV
unwrap(const struct plan *plan, struct transfer *tr)
{
	const struct key *k = tr->key;
	CK_KEY_TYPE type;
	struct attribute_list t = {.count = 0};

	token_forget_failure(k->from);
	transfer_describe(plan, k, &type, &t);
	if (k->from->failure->rv != CKR_OK)
		return (transfer_record(
		    tr, "C_GetAttributeValue", k->from, k->from->failure->rv));
	return (method_unwrap(tr, t.rows, t.count));
}

/* KMS says so of material that is well wrapped, and not the key's. */
static bool
is_other_material(const char *said)
{
	return (strstr(said, "IncorrectKeyMaterialException") != NULL);
}

/* Whether what the source gave is no wrapped key, whatever C_WrapKey said. */
static bool
is_garbage(const struct transfer *tr)
{
	char said[TOKEN_ERROR_SIZE];
	CK_RV rv = tr->last_call.rv;

	if (tr->last_call.on != tr->to ||
	    (rv != CKR_WRAPPED_KEY_INVALID && rv != CKR_WRAPPED_KEY_LEN_RANGE))
		return (false);
	token_last_error(tr->to, tr->last_call.function, said);
	return (!is_other_material(said));
}

/* By the first method that does it. A pair is made for what is unwrapped with
 * it, and serves another method of the same result. */
static CK_RV
move_by_any_method(struct plan *plan, struct transfer *tr)
{
	const struct wrap_method *next = tr->key->method;
	const char *why;
	CK_RV rv = CKR_OK;

	do {
		bool same = tr->method != NULL &&
			    method_unwrap_mechanism(tr->method) ==
				method_unwrap_mechanism(next);

		tr->method = next;
		buf_reset(&tr->wrapped);
		if (!same && (rv = make_pair(plan, tr)) != CKR_OK)
			return (rv);
		if ((rv = wrap(tr)) == CKR_OK)
			rv = unwrap(plan, tr);
		if (rv == CKR_OK ||
		    (tr->last_call.on == tr->to && !is_garbage(tr)))
			return (rv);
		next = method_find(tr->key, tr->to, tr->method, &why);
	} while (next != NULL);
	return (rv);
}

/* The pair beside a key of the target, and not one that stands in its place. */
static bool
is_renewal_pair(const struct transfer *tr)
{
	static const char prefix[] = "renew:";
	struct buf id = BUF_INIT(0);
	bool is;

	is = token_get_attribute(
		 tr->to, tr->pair.private, CKA_UNIQUE_ID, &id) == CKR_OK &&
	     id.len >= sizeof(prefix) - 1 &&
	     memcmp(id.ptr, prefix, sizeof(prefix) - 1) == 0;
	buf_free(&id);
	return (is);
}

/* Whether the next run would fail in the same way, so that it needs no pair:
 * the source refused, or KMS denied what it was asked. */
static bool
is_refused(const struct transfer *tr, const struct call_result *failed)
{
	return (failed->on == tr->key->from ||
		failed->rv == CKR_ACTION_PROHIBITED ||
		(failed->rv == CKR_FUNCTION_FAILED && tr->wrapped.len == 0));
}

/* Destroys a pair that this run made for a key that was refused, or to compare
 * one. Any other stays for the next run. Returns what to add to the reason. */
static const char *
clean_up_pair(const struct plan *plan, const struct transfer *tr,
    const struct call_result *failed)
{
	const struct token *to = plan->to;
	bool again = tr->key->status == STATUS_SAME_NAME ||
		     tr->key->new_material;

	if (!plan->to_keyferry || tr->pair.private == CK_INVALID_HANDLE)
		return ("");
	if ((again ? is_renewal_pair(tr)
		   : is_refused(tr, failed) && !tr->key->has_import_pair) &&
	    to->p11->C_DestroyObject(to->session, tr->pair.private) == CKR_OK)
		return ("");
	return ("; its import pair stays on the target");
}

static void
record_different(struct key *k, const struct token *to)
{
	struct buf id = BUF_INIT(0);

	k->status = STATUS_DIFFERENT;
	(void)token_get_attribute(
	    to, k->there, CKA_KEYFERRY_KEY_MATERIAL_ID, &id);
	snprintf(k->reason, sizeof(k->reason),
	    "KMS refuses it for the key of its label and id, which has other "
	    "material%s%.*s",
	    id.len == 0 ? "" : ": KeyMaterialId ", (int)id.len,
	    id.len == 0 ? "" : (const char *)id.ptr);
	buf_free(&id);
}

/* said: what the target says of the failure, or "". */
static void
record_failure(struct key *k, const struct transfer *tr,
    const struct call_result *c, const char *said, const char *more)
{
	char name[RV_SAID_SIZE];

	if (k->status == STATUS_SAME_NAME && c->on == tr->to &&
	    is_other_material(said)) {
		record_different(k, tr->to);
		return;
	}
	k->status = k->status == STATUS_SAME_NAME ? STATUS_NOT_COMPARED
						  : STATUS_FAILED;
	snprintf(k->reason, sizeof(k->reason), "%s on %s: %.800s%s",
	    c->function, c->on->label,
	    said[0] != '\0' ? said : rv_said(c->rv, name), more);
}

static void
record_success(struct key *k, const struct transfer *tr)
{
	k->method = tr->method;
	if (k->status == STATUS_SAME_NAME) {
		k->status = k->wish.expires ? STATUS_RENEWED : STATUS_PRESENT;
		return;
	}
	k->status = STATUS_MOVED;
	(void)token_get_attribute(
	    tr->to, tr->target_key, CKA_UNIQUE_ID, &k->unique_id);
	if (!key_public_differs(k, tr->to, tr->target_key))
		return;
	k->status = STATUS_FAILED;
	snprintf(k->reason, sizeof(k->reason),
	    "the key on the target has another public half");
}

/* What is wrong with one key says nothing about the next. A key may ask for a
 * login of its own. */
static bool
is_of_the_key(const struct plan *plan, const struct call_result *failed)
{
	CK_RV rv = failed->rv;

	if (rv == CKR_USER_NOT_LOGGED_IN)
		return (
		    failed->on != plan->to && token_is_logged_in(failed->on));
	return (rv == CKR_KEY_UNEXTRACTABLE || rv == CKR_KEY_NOT_WRAPPABLE ||
		rv == CKR_KEY_SIZE_RANGE || rv == CKR_WRAPPED_KEY_INVALID ||
		rv == CKR_ATTRIBUTE_VALUE_INVALID ||
		rv == CKR_WRAPPED_KEY_LEN_RANGE);
}

/* The general ones, too: a token that dies may say one thing and another. */
static bool
may_be_of_token(CK_RV rv)
{
	return (token_is_in_trouble(rv) || rv == CKR_GENERAL_ERROR ||
		rv == CKR_FUNCTION_FAILED || rv == CKR_DEVICE_MEMORY);
}

static bool
is_same_failure(const struct call_result *a, const struct call_result *b)
{
	if (a->on != b->on)
		return (false);
	return ((may_be_of_token(a->rv) && may_be_of_token(b->rv)) ||
		(a->rv == b->rv && strcmp(a->function, b->function) == 0));
}

/* False: a few keys in a row failed in the same way, as the others would. */
static bool
may_go_on(struct plan *plan, const struct call_result *failed)
{
	struct call_result *last = &plan->last_failure;

	if (failed == NULL || is_of_the_key(plan, failed)) {
		plan->same_failures = 0;
		return (true);
	}
	if (plan->same_failures != 0 && !is_same_failure(last, failed))
		plan->same_failures = 0;
	*last = *failed;
	return (++plan->same_failures < SAME_FAILURES_MAX);
}

/* Before a key is made in KMS for it. */
static CK_RV
check_source(struct transfer *tr)
{
	const struct token *from = tr->key->from;
	CK_SESSION_INFO info;

	return (transfer_record(tr, "C_GetSessionInfo", from,
	    from->p11->C_GetSessionInfo(from->session, &info)));
}

/* C_WrapKey has no login for the one key: its token refuses them all. */
static bool
wants_login(const struct key *k)
{
	return (k->from != NULL && token_get_bool(k->from, k->handle,
				       CKA_ALWAYS_AUTHENTICATE, false));
}

static void
note_wanted_login(struct key *k, const struct call_result *failed)
{
	size_t len = strlen(k->reason);

	if (failed->rv != CKR_USER_NOT_LOGGED_IN || failed->on != k->from ||
	    !token_is_logged_in(failed->on) || !wants_login(k))
		return;
	k->from->wants_logins = true;
	snprintf(k->reason + len, sizeof(k->reason) - len, "%s", WANTS_LOGIN);
}

/* True: it is not tried, for another was refused for the same. */
static bool
refuse_without_login(struct key *k)
{
	if (!k->from->wants_logins || !wants_login(k))
		return (false);
	k->status = k->status == STATUS_SAME_NAME ? STATUS_NOT_COMPARED
						  : STATUS_FAILED;
	snprintf(k->reason, sizeof(k->reason),
	    "not tried, as %s refused another such key%s", k->from->label,
	    WANTS_LOGIN);
	return (true);
}

bool
transfer_end(struct plan *plan, struct key *k, struct transfer *tr, bool done)
{
	struct call_result failed = tr->last_call;
	char said[TOKEN_ERROR_SIZE] = "";

	if (done)
		record_success(k, tr);
	else {
		if (failed.on == plan->to)
			token_last_error(plan->to, failed.function, said);
		record_failure(
		    k, tr, &failed, said, clean_up_pair(plan, tr, &failed));
		note_wanted_login(k, &failed);
	}
	memcpy(k->wrapping_key, tr->fingerprint, sizeof(k->wrapping_key));
	buf_free(&tr->wrapped);
	return (may_go_on(plan, done ? NULL : &failed));
}

bool
transfer_key(struct plan *plan, struct key *k)
{
	struct transfer tr = {.key = k, .to = plan->to};
	const struct token *from = k->from;
	bool go_on;

	if (refuse_without_login(k))
		return (true);
	go_on = transfer_end(plan, k, &tr,
	    check_source(&tr) == CKR_OK &&
		move_by_any_method(plan, &tr) == CKR_OK);
	if (tr.source_wrapping_key != CK_INVALID_HANDLE)
		(void)from->p11->C_DestroyObject(
		    from->session, tr.source_wrapping_key);
	return (go_on);
}
