#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "move.h"

/*
 * One key goes over:
 *
 *   1 a wrapping pair on the target. Keyferry makes one for each key, with the
 *     key's label and id, or finds the one that an earlier run left
 *   2 its public half on the source, for this session
 *   3 the source wraps the key with it
 *   4 the target unwraps it
 *
 * The pair of a run that was killed stays, and the next run goes on with it.
 * Other tokens have one pair for a run; that and all on the source go with
 * the session.
 */

#define TEMPLATE_MAX (USAGE_TEMPLATE_MAX + UNWRAP_TEMPLATE_MAX)

struct template
{
	CK_ATTRIBUTE rows[TEMPLATE_MAX];
	CK_ULONG count;
};

static const CK_BBOOL yes = CK_TRUE, no = CK_FALSE;

/* A token does not change what it is given, whatever the types say. */
static void
add(struct template *t, CK_ATTRIBUTE_TYPE type, const void *ptr, size_t len)
{
	t->rows[t->count++] = (CK_ATTRIBUTE){type, (void *)(uintptr_t)ptr, len};
}

static void
add_names(struct template *t, const struct key *k)
{
	if (k->label.len != 0)
		add(t, CKA_LABEL, k->label.ptr, k->label.len);
	if (k->id.len != 0)
		add(t, CKA_ID, k->id.ptr, k->id.len);
}

/* What the key to come will be: Keyferry makes the KMS key for it. */
static void
describe_key(struct template *t, const struct key *k, CK_ULONG *size)
{
	add(t, CKA_CLASS, &k->class, sizeof(k->class));
	add(t, CKA_KEY_TYPE, &k->type, sizeof(k->type));
	*size = k->class == CKO_SECRET_KEY ? k->bits / 8 : k->bits;
	if (k->params.len != 0)
		add(t, CKA_EC_PARAMS, k->params.ptr, k->params.len);
	else if (*size != 0)
		add(t,
		    k->class == CKO_SECRET_KEY ? CKA_VALUE_LEN
					       : CKA_MODULUS_BITS,
		    size, sizeof(*size));
	t->count += key_usage_template(k, true, t->rows + t->count);
}

static CK_RV
generate(const struct plan *plan, struct parcel *p, struct template *public,
    struct template *private, struct pair *pair)
{
	static const CK_BYTE exponent[] = {1, 0, 1};
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};

	add(public, CKA_MODULUS_BITS, &p->bits, sizeof(p->bits));
	add(public, CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent));
	add(public, CKA_WRAP, &yes, sizeof(yes));
	add(private, CKA_UNWRAP, &yes, sizeof(yes));
	add(private, CKA_SENSITIVE, &yes, sizeof(yes));
	return (parcel_step(p, "C_GenerateKeyPair", plan->to,
	    plan->to->p11->C_GenerateKeyPair(plan->to->session, &m,
		public->rows, public->count, private->rows, private->count,
		&pair->public, &pair->private)));
}

/*
 * Keyferry's import pair, made for this key alone. The allowed mechanisms say
 * how it will be wrapped, and with which hash, which a pair has to be made for.
 * An AES-256 key needs no description.
 */
static CK_RV
make_import_pair(const struct plan *plan, struct parcel *p)
{
	const struct key *k = p->key;
	CK_MECHANISM_TYPE allowed[] = {way_mechanism(k->way), k->hash};
	struct template public = {.count = 0}, private = {.count = 0};
	struct template coming = {.count = 0};
	CK_ULONG size;

	add(&public, CKA_TOKEN, &yes, sizeof(yes));
	add_names(&public, k);
	add(&private, CKA_TOKEN, &yes, sizeof(yes));
	add_names(&private, k);
	add(&private, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed));
	describe_key(&coming, k, &size);
	if (k->type != CKK_AES)
		add(&private, CKA_UNWRAP_TEMPLATE, coming.rows,
		    coming.count * sizeof(coming.rows[0]));
	return (generate(plan, p, &public, &private, &p->pair));
}

static CK_RV
make_session_pair(struct plan *plan, struct parcel *p)
{
	struct template public = {.count = 0}, private = {.count = 0};
	CK_RV rv = CKR_OK;

	add(&public, CKA_TOKEN, &no, sizeof(no));
	add(&private, CKA_TOKEN, &no, sizeof(no));
	if (plan->pair.private == CK_INVALID_HANDLE)
		rv = generate(plan, p, &public, &private, &plan->pair);
	p->pair = plan->pair;
	return (rv);
}

static CK_RV
make_pair(struct plan *plan, struct parcel *p)
{
	return (plan->to_keyferry ? make_import_pair(plan, p)
				  : make_session_pair(plan, p));
}

/* The target's public half becomes a session object of the source. */
static CK_RV
lend_public(struct parcel *p)
{
	static const CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	static const CK_KEY_TYPE type = CKK_RSA;
	const struct token *from = p->key->from;
	struct blob modulus = BLOB_INIT, exponent = BLOB_INIT;
	struct template t = {.count = 0};
	CK_RV rv;

	rv = p11_read(p->to, p->pair.public, CKA_MODULUS, &modulus);
	if (rv == CKR_OK)
		rv = p11_read(
		    p->to, p->pair.public, CKA_PUBLIC_EXPONENT, &exponent);
	if (parcel_step(p, "C_GetAttributeValue", p->to, rv) != CKR_OK)
		goto out;
	add(&t, CKA_CLASS, &class, sizeof(class));
	add(&t, CKA_KEY_TYPE, &type, sizeof(type));
	add(&t, CKA_TOKEN, &no, sizeof(no));
	add(&t, CKA_PRIVATE, &no, sizeof(no));
	add(&t, CKA_WRAP, &yes, sizeof(yes));
	add(&t, CKA_MODULUS, modulus.ptr, modulus.len);
	add(&t, CKA_PUBLIC_EXPONENT, exponent.ptr, exponent.len);
	rv = parcel_step(p, "C_CreateObject", from,
	    from->p11->C_CreateObject(
		from->session, t.rows, t.count, &p->lent));
out:
	blob_free(&modulus);
	blob_free(&exponent);
	return (rv);
}

static CK_RV
unwrap(const struct plan *plan, struct parcel *p)
{
	const struct key *k = p->key;
	const struct wishes *w = &plan->wishes;
	struct template t = {.count = 0};

	add(&t, CKA_CLASS, &k->class, sizeof(k->class));
	add(&t, CKA_KEY_TYPE, &k->type, sizeof(k->type));
	add(&t, CKA_TOKEN, &yes, sizeof(yes));
	if (!plan->to_keyferry)
		add(&t, CKA_PRIVATE, &yes, sizeof(yes));
	add(&t, CKA_SENSITIVE, &yes, sizeof(yes));
	add(&t, CKA_EXTRACTABLE, &no, sizeof(no));
	add_names(&t, k);
	if (w->expires)
		add(&t, CKA_END_DATE, &w->end_date, sizeof(w->end_date));
	t.count += key_usage_template(k,
	    plan->to_keyferry ||
		(w->usage != USAGE_ANY && k->usage == w->usage),
	    t.rows + t.count);
	return (way_unwrap(p, t.rows, t.count));
}

/* With these the other keys would fail, too. */
static bool
is_the_end(CK_RV rv)
{
	return (rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT ||
		rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED ||
		rv == CKR_USER_NOT_LOGGED_IN ||
		rv == CKR_CRYPTOKI_NOT_INITIALIZED);
}

/* A pair that this run made for a key that the source does not wrap goes; any
 * other stays, and the next run uses it. */
static const char *
leave_pair(const struct plan *plan, const struct parcel *p)
{
	const struct token *to = plan->to;

	if (!plan->to_keyferry || p->pair.private == CK_INVALID_HANDLE)
		return ("");
	if (p->step.on == p->key->from && !p->key->pair_left &&
	    to->p11->C_DestroyObject(to->session, p->pair.private) == CKR_OK)
		return ("");
	return ("; its import pair waits on the target");
}

static void
key_failed(struct key *k, const struct step *s, const char *after)
{
	char room[P11_NAME_SIZE];

	k->fate = FATE_FAILED;
	snprintf(k->reason, sizeof(k->reason), "%s on %s: %s%s", s->function,
	    s->on->label, p11_rv_name(s->rv, room), after);
}

static void
key_arrived(struct key *k, const struct parcel *p)
{
	k->fate = FATE_MOVED;
	(void)p11_read(p->to, p->arrived, CKA_UNIQUE_ID, &k->unique_id);
	if (!key_differs(k, p->to, p->arrived))
		return;
	k->fate = FATE_FAILED;
	snprintf(k->reason, sizeof(k->reason),
	    "the key that arrived has another public half");
}

bool
carry(struct plan *plan, struct key *k)
{
	struct parcel p = {.key = k, .to = plan->to, .bits = plan->wishes.bits};
	const struct token *from = k->from;
	struct step s;

	if (make_pair(plan, &p) == CKR_OK && lend_public(&p) == CKR_OK &&
	    way_wrap(&p) == CKR_OK && unwrap(plan, &p) == CKR_OK) {
		key_arrived(k, &p);
		s = p.step;
	} else {
		s = p.step;
		key_failed(k, &s, leave_pair(plan, &p));
	}
	if (p.lent != CK_INVALID_HANDLE)
		(void)from->p11->C_DestroyObject(from->session, p.lent);
	blob_free(&p.wrapped);
	return (!is_the_end(s.rv));
}
