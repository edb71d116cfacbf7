#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "move-method.h"

/*
 * How a key gets from one token to another. Whatever mechanisms the source has,
 * it produces one of two formats: the key encrypted with RSA-OAEP, or that of
 * CKM_RSA_AES_KEY_WRAP: an AES key encrypted with RSA-OAEP, followed by the key
 * wrapped under that AES key by AES key wrap with padding (RFC 5649).
 */

#define WRAPPED_MAX 8192
#define TEMPORARY_BYTES 32 /* length of the temporary AES key */
#define PROBE_KEY_BITS 2048
#define WRAPPING_BITS_MAX 4096

struct requirement {
	CK_MECHANISM_TYPE type;
	CK_FLAGS flag;
};

struct wrap_method {
	const char *name;
	CK_MECHANISM_TYPE unwrap; /* the mechanism that unwraps the result */
	struct requirement
	    requirements[3]; /* of the source; the last one wraps the key */
	CK_RV (*wrap)(const struct wrap_method *, struct transfer *);
};

CK_RV
transfer_record(
    struct transfer *tr, const char *function, const struct token *t, CK_RV rv)
{
	tr->last_call = (struct call_result){function, t, rv};
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

/* Appends what C_WrapKey returns. */
static CK_RV
wrap_key(struct transfer *tr, CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    CK_OBJECT_HANDLE key)
{
	const struct token *t = tr->key->from;
	struct buf *out = &tr->wrapped;
	CK_ULONG n = WRAPPED_MAX;
	CK_RV rv;

	out->max = 2 * WRAPPED_MAX;
	if (buf_reserve(out, out->len + WRAPPED_MAX) != ERR_OK)
		return (transfer_record(tr, "C_WrapKey", t, CKR_HOST_MEMORY));
	rv = t->p11->C_WrapKey(
	    t->session, m, with, key, out->ptr + out->len, &n);
	if (rv == CKR_OK && n > WRAPPED_MAX)
		rv = CKR_WRAPPED_KEY_LEN_RANGE;
	if (rv == CKR_OK)
		out->len += n;
	return (transfer_record(tr, "C_WrapKey", t, rv));
}

static CK_RV
wrap_oaep(const struct wrap_method *method, struct transfer *tr)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(tr->key->hash);
	CK_MECHANISM m = {method->unwrap, &oaep, sizeof(oaep)};

	return (wrap_key(tr, &m, tr->source_wrapping_key, tr->key->handle));
}

static CK_RV
wrap_rsa_aes(const struct wrap_method *method, struct transfer *tr)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(tr->key->hash);
	CK_RSA_AES_KEY_WRAP_PARAMS both = {TEMPORARY_BYTES * 8, &oaep};
	CK_MECHANISM m = {method->unwrap, &both, sizeof(both)};

	return (wrap_key(tr, &m, tr->source_wrapping_key, tr->key->handle));
}

/* A sensitive AES key of the session, which may leave it only wrapped. */
static CK_RV
generate_temporary_key(struct transfer *tr, CK_OBJECT_HANDLE *h)
{
	const struct token *t = tr->key->from;
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

	return (transfer_record(tr, "C_GenerateKey", t,
	    t->p11->C_GenerateKey(t->session, &m, template,
		sizeof(template) / sizeof(template[0]), h)));
}

/* The same result as CKM_RSA_AES_KEY_WRAP, by two mechanisms. */
static CK_RV
wrap_rsa_aes_in_two_steps(const struct wrap_method *method, struct transfer *tr)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(tr->key->hash);
	CK_MECHANISM first = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	CK_MECHANISM then = {method->requirements[2].type, NULL, 0};
	const struct token *t = tr->key->from;
	CK_OBJECT_HANDLE temporary;
	CK_RV rv;

	if ((rv = generate_temporary_key(tr, &temporary)) != CKR_OK)
		return (rv);
	rv = wrap_key(tr, &first, tr->source_wrapping_key, temporary);
	if (rv == CKR_OK)
		rv = wrap_key(tr, &then, temporary, tr->key->handle);
	(void)t->p11->C_DestroyObject(t->session, temporary);
	return (rv);
}

/* clang-format off */
/* The first that both tokens can do is used. */
static const struct wrap_method methods[] = {
	{ "CKM_RSA_PKCS_OAEP", CKM_RSA_PKCS_OAEP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }}, wrap_oaep },
	{ "CKM_RSA_AES_KEY_WRAP", CKM_RSA_AES_KEY_WRAP,
	    {{ CKM_RSA_AES_KEY_WRAP, CKF_WRAP }}, wrap_rsa_aes },
	{ "CKM_RSA_PKCS_OAEP+CKM_AES_KEY_WRAP_KWP", CKM_RSA_AES_KEY_WRAP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }, { CKM_AES_KEY_GEN, CKF_GENERATE },
	    { CKM_AES_KEY_WRAP_KWP, CKF_WRAP }}, wrap_rsa_aes_in_two_steps },
	/* older than PKCS#11 3.0, tokens offer RFC 5649 under this name */
	{ "CKM_RSA_PKCS_OAEP+CKM_AES_KEY_WRAP_PAD", CKM_RSA_AES_KEY_WRAP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }, { CKM_AES_KEY_GEN, CKF_GENERATE },
	    { CKM_AES_KEY_WRAP_PAD, CKF_WRAP }}, wrap_rsa_aes_in_two_steps },
	/* a private key that is short enough, where the source has no more */
	{ "CKM_RSA_PKCS_OAEP", CKM_RSA_PKCS_OAEP,
	    {{ CKM_RSA_PKCS_OAEP, CKF_WRAP }}, wrap_oaep },
};
#define METHOD_COUNT (sizeof(methods) / sizeof(methods[0]))
#define METHOD_LAST (METHOD_COUNT - 1)
/* clang-format on */

const char *
method_name(const struct wrap_method *method)
{
	return (method->name);
}

CK_MECHANISM_TYPE
method_unwrap_mechanism(const struct wrap_method *method)
{
	return (method->unwrap);
}

const char *
hash_name(CK_MECHANISM_TYPE hash)
{
	return (hash == CKM_SHA_1 ? "SHA-1" : "SHA-256");
}

/* Whether the token lets a session begin to encrypt with that hash. */
static bool
accepts_oaep_hash(const struct token *t, CK_SESSION_HANDLE session,
    CK_OBJECT_HANDLE public, CK_MECHANISM_TYPE hash)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(hash);
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};

	return (t->p11->C_EncryptInit(session, &m, public) == CKR_OK);
}

/* A session object, for that use alone. */
static CK_RV
make_public_key(const struct token *t, CK_SESSION_HANDLE session,
    CK_ATTRIBUTE_TYPE use, struct view modulus, struct view exponent,
    CK_OBJECT_HANDLE *public)
{
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_RSA;
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ATTRIBUTE template[] = {
	    {CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_TOKEN, &no, sizeof(no)},
	    {CKA_PRIVATE, &no, sizeof(no)},
	    {use, &yes, sizeof(yes)},
	    /* C_CreateObject does not change them */
	    {CKA_MODULUS, (void *)(uintptr_t)modulus.ptr, modulus.len},
	    {CKA_PUBLIC_EXPONENT, (void *)(uintptr_t)exponent.ptr,
		exponent.len},
	};

	return (t->p11->C_CreateObject(
	    session, template, sizeof(template) / sizeof(template[0]), public));
}

/* Nothing is encrypted, so any odd number of this size can be the modulus. */
static CK_RV
make_probe_key(const struct token *t, CK_SESSION_HANDLE session, CK_ULONG bits,
    CK_OBJECT_HANDLE *public)
{
	CK_BYTE modulus[WRAPPING_BITS_MAX / 8], exponent[] = {1, 0, 1};

	memset(modulus, 0xd3, sizeof(modulus));
	return (make_public_key(t, session, CKA_ENCRYPT,
	    VIEW(modulus, bits / 8), VIEW(exponent, sizeof(exponent)), public));
}

/* A source may refuse in a read-only session what it does in another. */
static const CK_FLAGS probe_sessions[] = {
    CKF_SERIAL_SESSION, CKF_SERIAL_SESSION | CKF_RW_SESSION};

/* In a session that ends before anything is encrypted. */
static bool
takes_oaep_hash(const struct token *t, CK_FLAGS flags, CK_MECHANISM_TYPE hash)
{
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE public;
	bool yes;

	if (t->p11->C_OpenSession(t->slot, flags, NULL, NULL, &session) !=
	    CKR_OK)
		return (false);
	yes = make_probe_key(t, session, PROBE_KEY_BITS, &public) == CKR_OK &&
	      accepts_oaep_hash(t, session, public, hash);
	(void)t->p11->C_CloseSession(session);
	return (yes);
}

/*
 * An import pair is made for one hash, but mechanism lists do not name hashes.
 * So the source is asked to begin to encrypt with each. If it accepts neither,
 * SHA-256 is assumed.
 */
CK_MECHANISM_TYPE
choose_oaep_hash(const struct token *t, CK_MECHANISM_TYPE wanted)
{
	static const CK_MECHANISM_TYPE hashes[] = {CKM_SHA256, CKM_SHA_1};

	if (wanted != 0)
		return (wanted);
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < 2; j++)
			if (takes_oaep_hash(t, probe_sessions[i], hashes[j]))
				return (hashes[j]);
	return (CKM_SHA256);
}

/* The largest RSA key that the source's mechanisms say they take, in bits. */
static CK_ULONG
rsa_limit(const struct token *t)
{
	static const CK_MECHANISM_TYPE types[] = {
	    CKM_RSA_PKCS_OAEP, CKM_RSA_AES_KEY_WRAP};
	CK_ULONG limit = WRAPPING_BITS_MAX;
	CK_MECHANISM_INFO info;

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		/* some say it in bytes, and some say nothing */
		if (token_has_mechanism(t, types[i], CKF_WRAP) &&
		    t->p11->C_GetMechanismInfo(t->slot, types[i], &info) ==
			CKR_OK &&
		    info.ulMaxKeySize >= 1024 && info.ulMaxKeySize < limit)
			limit = info.ulMaxKeySize;
	return (limit);
}

static bool
is_about_size(CK_RV rv)
{
	return (rv == CKR_KEY_SIZE_RANGE || rv == CKR_ATTRIBUTE_VALUE_INVALID);
}

/* Whether the source makes an object of an RSA key of that size. A refusal for
 * another reason is found when a key is wrapped. */
static bool
takes_rsa(const struct token *t, CK_ULONG bits)
{
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE public;
	CK_RV rv = CKR_SESSION_READ_ONLY;

	for (size_t i = 0; i < 2 && rv != CKR_OK && !is_about_size(rv); i++) {
		if (t->p11->C_OpenSession(t->slot, probe_sessions[i], NULL,
			NULL, &session) != CKR_OK)
			continue;
		rv = make_probe_key(t, session, bits, &public);
		(void)t->p11->C_CloseSession(session);
	}
	return (!is_about_size(rv));
}

CK_ULONG
choose_wrapping_bits(const struct token *t, CK_ULONG wanted)
{
	static const CK_ULONG sizes[] = {4096, 3072, 2048};
	CK_ULONG limit = rsa_limit(t), first = 0;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		if (sizes[i] > wanted || sizes[i] > limit)
			continue;
		first = first == 0 ? sizes[i] : first;
		if (takes_rsa(t, sizes[i]))
			return (sizes[i]);
	}
	return (first);
}

/* The target's mechanism for RFC 5649, where it lacks CKM_RSA_AES_KEY_WRAP. */
static CK_MECHANISM_TYPE
target_aes_key_wrap(const struct token *to)
{
	if (token_has_mechanism(to, CKM_AES_KEY_WRAP_KWP, CKF_UNWRAP))
		return (CKM_AES_KEY_WRAP_KWP);
	if (token_has_mechanism(to, CKM_AES_KEY_WRAP_PAD, CKF_UNWRAP))
		return (CKM_AES_KEY_WRAP_PAD);
	return (CK_UNAVAILABLE_INFORMATION);
}

/* KMS takes secret keys by OAEP alone, RSA keys by CKM_RSA_AES_KEY_WRAP alone,
 * and EC keys by both. */
static bool
kms_takes(const struct wrap_method *method, const struct key *k)
{
	return (method->unwrap == CKM_RSA_PKCS_OAEP
		    ? k->type != CKK_RSA
		    : k->class == CKO_PRIVATE_KEY);
}

static bool
target_can(const struct wrap_method *method, const struct key *k,
    const struct token *to)
{
	if (token_is_keyferry(to) && !kms_takes(method, k))
		return (false);
	if (token_has_mechanism(to, method->unwrap, CKF_UNWRAP))
		return (true);
	return (method->unwrap == CKM_RSA_AES_KEY_WRAP &&
		!token_is_keyferry(to) &&
		token_has_mechanism(to, CKM_RSA_PKCS_OAEP, CKF_UNWRAP) &&
		target_aes_key_wrap(to) != CK_UNAVAILABLE_INFORMATION);
}

/* Whether the key fits into one block of OAEP (RFC 8017, section 7.1.1). */
static bool
fits_oaep(const struct key *k)
{
	CK_ULONG hash = k->hash == CKM_SHA_1 ? 20 : 32;
	CK_ULONG len = key_wrapped_bytes(k);

	return (len != 0 && len + 2 * hash + 2 <= k->pair_bits / 8);
}

static bool
has_mechanisms(const struct wrap_method *method, const struct token *t)
{
	for (size_t i = 0; i < 3 && method->requirements[i].flag != 0; i++)
		if (!token_has_mechanism(t, method->requirements[i].type,
			method->requirements[i].flag))
			return (false);
	return (true);
}

static bool
source_can(const struct wrap_method *method, const struct key *k,
    const struct token *to)
{
	bool short_private = method == &methods[METHOD_LAST];

	if (short_private && (k->class != CKO_PRIVATE_KEY ||
				 !token_is_keyferry(to) || !fits_oaep(k)))
		return (false);
	if (!short_private && method->unwrap == CKM_RSA_PKCS_OAEP &&
	    (k->class != CKO_SECRET_KEY || !fits_oaep(k)))
		return (false);
	return (has_mechanisms(method, k->from));
}

const struct wrap_method *
method_of_source(const struct token *t, CK_MECHANISM_TYPE unwrap,
    const struct wrap_method *behind)
{
	for (size_t i = behind == NULL ? 0 : (size_t)(behind - methods) + 1;
	     i < METHOD_LAST; i++)
		if (methods[i].unwrap == unwrap &&
		    has_mechanisms(&methods[i], t))
			return (&methods[i]);
	return (NULL);
}

const struct wrap_method *
method_find(const struct key *k, const struct token *to,
    const struct wrap_method *behind, const char **why)
{
	bool source_has_one = false;

	for (size_t i = behind == NULL ? 0 : (size_t)(behind - methods) + 1;
	     i < METHOD_COUNT; i++) {
		if (!source_can(&methods[i], k, to))
			continue;
		if (target_can(&methods[i], k, to))
			return (&methods[i]);
		source_has_one = true;
	}
	*why = source_has_one
		   ? "the target can unwrap none of the mechanisms that the "
		     "source can wrap it with"
		   : "the source has no mechanism to wrap it with an RSA key";
	return (NULL);
}

CK_RV
method_import_wrapping_key(
    struct transfer *tr, struct view modulus, struct view exponent)
{
	const struct token *t = tr->key->from;

	return (transfer_record(tr, "C_CreateObject", t,
	    make_public_key(t, t->session, CKA_WRAP, modulus, exponent,
		&tr->source_wrapping_key)));
}

CK_RV
method_wrap(struct transfer *tr)
{
	return (tr->method->wrap(tr->method, tr));
}

static CK_RV
unwrap_key(struct transfer *tr, CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    struct view part, const CK_ATTRIBUTE *template, CK_ULONG count,
    CK_OBJECT_HANDLE *h)
{
	/* C_UnwrapKey does not change it, whatever its type says */
	CK_ATTRIBUTE *t = (CK_ATTRIBUTE *)(uintptr_t) template;

	return (transfer_record(tr, "C_UnwrapKey", tr->to,
	    tr->to->p11->C_UnwrapKey(tr->to->session, m, with,
		(CK_BYTE *)(uintptr_t)part.ptr, part.len, t, count, h)));
}

/* First the AES key, as a session object, then the key under it. */
static CK_RV
unwrap_in_two_steps(struct transfer *tr, CK_MECHANISM *oaep,
    const CK_ATTRIBUTE *template, CK_ULONG count)
{
	CK_MECHANISM then = {target_aes_key_wrap(tr->to), NULL, 0};
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
	CK_ULONG first = tr->key->pair_bits / 8;
	CK_OBJECT_HANDLE aes;
	CK_RV rv;

	if (tr->wrapped.len <= first)
		return (transfer_record(
		    tr, "C_WrapKey", tr->key->from, CKR_WRAPPED_KEY_LEN_RANGE));
	rv = unwrap_key(tr, oaep, tr->pair.private,
	    VIEW(tr->wrapped.ptr, first), temporary,
	    sizeof(temporary) / sizeof(temporary[0]), &aes);
	if (rv != CKR_OK)
		return (rv);
	rv = unwrap_key(tr, &then, aes,
	    VIEW(tr->wrapped.ptr + first, tr->wrapped.len - first), template,
	    count, &tr->target_key);
	(void)tr->to->p11->C_DestroyObject(tr->to->session, aes);
	return (rv);
}

CK_RV
method_unwrap(struct transfer *tr, const CK_ATTRIBUTE *template, CK_ULONG count)
{
	CK_RSA_PKCS_OAEP_PARAMS oaep = oaep_params(tr->key->hash);
	CK_RSA_AES_KEY_WRAP_PARAMS both = {TEMPORARY_BYTES * 8, &oaep};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};

	if (tr->method->unwrap == CKM_RSA_AES_KEY_WRAP) {
		if (!token_has_mechanism(
			tr->to, CKM_RSA_AES_KEY_WRAP, CKF_UNWRAP))
			return (unwrap_in_two_steps(tr, &m, template, count));
		m = (CK_MECHANISM){CKM_RSA_AES_KEY_WRAP, &both, sizeof(both)};
	}
	return (unwrap_key(tr, &m, tr->pair.private, buf_view(&tr->wrapped),
	    template, count, &tr->target_key));
}
