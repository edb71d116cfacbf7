#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "move.h"

/*
 * How a key gets from one token to another. Whatever the source does, what it
 * hands out is one of two blobs: the key encrypted by RSA-OAEP, or that of
 * CKM_RSA_AES_KEY_WRAP: an AES key encrypted by RSA-OAEP, then the key wrapped
 * with that AES key by AES key wrap with padding (RFC 5649).
 */

#define WRAPPED_MAX 8192
#define OAEP_MOST 190 /* bytes that fit into RSA-2048 with SHA-256 */
#define TEMPORARY_BYTES 32 /* of the AES key */
#define PROBE_BITS 2048

struct need {
	CK_MECHANISM_TYPE type;
	CK_FLAGS flag;
};

struct way {
	const char *name;
	CK_MECHANISM_TYPE blob; /* the mechanism that unwraps it */
	struct need needs[3]; /* on the source; the last one wraps the key */
	CK_RV (*wrap)(const struct way *, struct parcel *);
};

CK_RV
parcel_step(
    struct parcel *p, const char *function, const struct token *t, CK_RV rv)
{
	p->step = (struct step){function, t, rv};
	return (rv);
}

static CK_RSA_PKCS_OAEP_PARAMS
oaep_params(CK_MECHANISM_TYPE hash)
{
	return ((CK_RSA_PKCS_OAEP_PARAMS){
	    .hashAlg = hash,
	    .mgf = hash == CKM_SHA_1 ? CKG_MGF1_SHA1 : CKG_MGF1_SHA256,
	    .source = CKZ_DATA_SPECIFIED,
	});
}

/* Appends what C_WrapKey gives. */
static CK_RV
wrap_key(struct parcel *p, CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    CK_OBJECT_HANDLE key)
{
	const struct token *t = p->key->from;
	struct blob *out = &p->wrapped;
	CK_BYTE *longer = realloc(out->ptr, out->len + WRAPPED_MAX);
	CK_ULONG n = WRAPPED_MAX;
	CK_RV rv;

	if (longer == NULL)
		return (parcel_step(p, "C_WrapKey", t, CKR_HOST_MEMORY));
	out->ptr = longer;
	rv = t->p11->C_WrapKey(t->session, m, with, key, longer + out->len, &n);
	if (rv == CKR_OK)
		out->len += n;
	return (parcel_step(p, "C_WrapKey", t, rv));
}

static CK_RV
wrap_directly(const struct way *w, struct parcel *p)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(p->key->hash);
	CK_MECHANISM m = {w->blob, &oaep, sizeof(oaep)};

	return (wrap_key(p, &m, p->lent, p->key->handle));
}

static CK_RV
wrap_at_once(const struct way *w, struct parcel *p)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(p->key->hash);
	CK_RSA_AES_KEY_WRAP_PARAMS both = {TEMPORARY_BYTES * 8, &oaep};
	CK_MECHANISM m = {w->blob, &both, sizeof(both)};

	return (wrap_key(p, &m, p->lent, p->key->handle));
}

/* An AES key that lives as long as the session and leaves wrapped at most. */
static CK_RV
make_temporary(struct parcel *p, CK_OBJECT_HANDLE *h)
{
	const struct token *t = p->key->from;
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG bytes = TEMPORARY_BYTES;
	CK_ATTRIBUTE template[] = {
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_VALUE_LEN, &bytes, sizeof(bytes)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &yes, sizeof(yes)},
	    {CKA_WRAP, &yes, sizeof(yes)},
	};

	return (parcel_step(p, "C_GenerateKey", t,
	    t->p11->C_GenerateKey(t->session, &m, template,
		sizeof(template) / sizeof(template[0]), h)));
}

/* What CKM_RSA_AES_KEY_WRAP does, in two steps. */
static CK_RV
wrap_in_two(const struct way *w, struct parcel *p)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(p->key->hash);
	CK_MECHANISM first = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	CK_MECHANISM then = {w->needs[2].type, NULL, 0};
	const struct token *t = p->key->from;
	CK_OBJECT_HANDLE temporary;
	CK_RV rv;

	if ((rv = make_temporary(p, &temporary)) != CKR_OK)
		return (rv);
	rv = wrap_key(p, &first, p->lent, temporary);
	if (rv == CKR_OK)
		rv = wrap_key(p, &then, temporary, p->key->handle);
	(void)t->p11->C_DestroyObject(t->session, temporary);
	return (rv);
}

/* clang-format off */
/* The first that the source can do is taken. */
static const struct way ways[] = {
	{ "CKM_RSA_PKCS_OAEP", CKM_RSA_PKCS_OAEP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }}, wrap_directly },
	{ "CKM_RSA_AES_KEY_WRAP", CKM_RSA_AES_KEY_WRAP,
	    {{ CKM_RSA_AES_KEY_WRAP, CKF_WRAP }}, wrap_at_once },
	{ "CKM_RSA_PKCS_OAEP+CKM_AES_KEY_WRAP_KWP", CKM_RSA_AES_KEY_WRAP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }, { CKM_AES_KEY_GEN, CKF_GENERATE },
	    { CKM_AES_KEY_WRAP_KWP, CKF_WRAP }}, wrap_in_two },
	/* tokens from before PKCS#11 3.0 have RFC 5649 under this number */
	{ "CKM_RSA_PKCS_OAEP+CKM_AES_KEY_WRAP_PAD", CKM_RSA_AES_KEY_WRAP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }, { CKM_AES_KEY_GEN, CKF_GENERATE },
	    { CKM_AES_KEY_WRAP_PAD, CKF_WRAP }}, wrap_in_two },
};
/* clang-format on */

const char *
way_name(const struct way *w)
{
	return (w->name);
}

CK_MECHANISM_TYPE
way_mechanism(const struct way *w)
{
	return (w->blob);
}

const char *
hash_name(CK_MECHANISM_TYPE hash)
{
	return (hash == CKM_SHA_1 ? "SHA-1" : "SHA-256");
}

/* Whether a session may begin to encrypt with that hash; nothing is. */
static bool
hash_is_served(const struct token *t, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE public, CK_MECHANISM_TYPE hash)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(hash);
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};

	return (t->p11->C_EncryptInit(session, &m, public) == CKR_OK);
}

/* Any odd number of the size does for a modulus here. */
static CK_RV
make_probe(
    const struct token *t, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *public)
{
	CK_BYTE modulus[PROBE_BITS / 8], exponent[] = {1, 0, 1};
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_PRIVATE, &no, sizeof(no)},
	    {CKA_ENCRYPT, &yes, sizeof(yes)},
	    {CKA_MODULUS, modulus, sizeof(modulus)},
	    {CKA_PUBLIC_EXPONENT, exponent, sizeof(exponent)},
	};

	memset(modulus, 0xd3, sizeof(modulus));
	return (t->p11->C_CreateObject(
	    session, template, sizeof(template) / sizeof(template[0]), public));
}

/*
 * Mechanism lists do not tell hashes, and the import pair must be made for
 * one. So the source is asked to begin to encrypt, in a session that ends
 * before anything is encrypted. Where that tells nothing, it is SHA-256.
 */
CK_MECHANISM_TYPE
way_hash(const struct token *t, CK_MECHANISM_TYPE wish)
{
	static const CK_MECHANISM_TYPE hashes[] = {CKM_SHA256, CKM_SHA_1};
	CK_MECHANISM_TYPE hash = 0;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE public;

	if (wish != 0)
		return (wish);
	for (size_t i = 0; i < 2 && hash == 0; i++) {
		if (t->p11->C_OpenSession(t->slot, CKF_SERIAL_SESSION, NULL,
			NULL, &session) != CKR_OK)
			break;
		if (make_probe(t, session, &public) == CKR_OK &&
		    hash_is_served(t, session, public, hashes[i]))
			hash = hashes[i];
		(void)t->p11->C_CloseSession(session);
	}
	return (hash == 0 ? CKM_SHA256 : hash);
}

/* Which RFC 5649 the target has, for a blob that it cannot unwrap at once. */
static CK_MECHANISM_TYPE
second_step(const struct token *to)
{
	if (token_has(to, CKM_AES_KEY_WRAP_KWP, CKF_UNWRAP))
		return (CKM_AES_KEY_WRAP_KWP);
	if (token_has(to, CKM_AES_KEY_WRAP_PAD, CKF_UNWRAP))
		return (CKM_AES_KEY_WRAP_PAD);
	return (CK_UNAVAILABLE_INFORMATION);
}

static bool
target_can(const struct way *w, const struct token *to)
{
	if (token_has(to, w->blob, CKF_UNWRAP))
		return (true);
	return (w->blob == CKM_RSA_AES_KEY_WRAP && !token_is_keyferry(to) &&
		token_has(to, CKM_RSA_PKCS_OAEP, CKF_UNWRAP) &&
		second_step(to) != CK_UNAVAILABLE_INFORMATION);
}

static bool
source_can(const struct way *w, const struct key *k)
{
	/* PKCS#8 of a private key is too long for OAEP alone */
	if (w->blob == CKM_RSA_PKCS_OAEP &&
	    (k->class != CKO_SECRET_KEY || k->bits / 8 > OAEP_MOST))
		return (false);
	for (size_t i = 0; i < 3 && w->needs[i].flag != 0; i++)
		if (!token_has(k->from, w->needs[i].type, w->needs[i].flag))
			return (false);
	return (true);
}

const struct way *
way_find(const struct key *k, const struct token *to, const char **why)
{
	bool able = false;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (!source_can(&ways[i], k))
			continue;
		if (target_can(&ways[i], to))
			return (&ways[i]);
		able = true;
	}
	*why = able ? "the target unwraps none of the mechanisms with which "
		      "the source can wrap it"
		    : "the source has no mechanism to wrap it with an RSA key";
	return (NULL);
}

CK_RV
way_wrap(struct parcel *p)
{
	return (p->key->way->wrap(p->key->way, p));
}

static CK_RV
unwrap_key(struct parcel *p, CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    struct blob part, const CK_ATTRIBUTE *template, CK_ULONG count,
    CK_OBJECT_HANDLE *h)
{
	/* which is not changed, whatever the type says */
	CK_ATTRIBUTE *t = (CK_ATTRIBUTE *)(uintptr_t) template;

	return (parcel_step(p, "C_UnwrapKey", p->to,
	    p->to->p11->C_UnwrapKey(
		p->to->session, m, with, part.ptr, part.len, t, count, h)));
}

/* First the AES key, which stays in the session, then the key with it. */
static CK_RV
unwrap_in_two(struct parcel *p, CK_MECHANISM *oaep,
    const CK_ATTRIBUTE *template, CK_ULONG count)
{
	CK_MECHANISM then = {second_step(p->to), NULL, 0};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	const CK_ATTRIBUTE temporary[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &no, sizeof(no)},
	    {CKA_UNWRAP, &yes, sizeof(yes)},
	};
	CK_ULONG first = p->bits / 8;
	CK_OBJECT_HANDLE aes;
	CK_RV rv;

	if (p->wrapped.len <= first)
		return (parcel_step(
		    p, "C_WrapKey", p->key->from, CKR_WRAPPED_KEY_LEN_RANGE));
	rv = unwrap_key(p, oaep, p->pair.private,
	    (struct blob){p->wrapped.ptr, first}, temporary,
	    sizeof(temporary) / sizeof(temporary[0]), &aes);
	if (rv != CKR_OK)
		return (rv);
	rv = unwrap_key(p, &then, aes,
	    (struct blob){p->wrapped.ptr + first, p->wrapped.len - first},
	    template, count, &p->arrived);
	(void)p->to->p11->C_DestroyObject(p->to->session, aes);
	return (rv);
}

CK_RV
way_unwrap(struct parcel *p, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(p->key->hash);
	CK_RSA_AES_KEY_WRAP_PARAMS both = {TEMPORARY_BYTES * 8, &oaep};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};

	if (p->key->way->blob == CKM_RSA_AES_KEY_WRAP) {
		if (!token_has(p->to, CKM_RSA_AES_KEY_WRAP, CKF_UNWRAP))
			return (unwrap_in_two(p, &m, template, count));
		m = (CK_MECHANISM){CKM_RSA_AES_KEY_WRAP, &both, sizeof(both)};
	}
	return (unwrap_key(
	    p, &m, p->pair.private, p->wrapped, template, count, &p->arrived));
}
