/* ML-KEM with session keys, where OpenSSL has it (3.5): it gives and opens what
 * the module opens and gives. */
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static const struct set {
	CK_ULONG number;
	const char *name;
	CK_ULONG private, public, ciphertext;
} sets[] = {
    {CKP_ML_KEM_512, "ML-KEM-512", 1632, 800, 768},
    {CKP_ML_KEM_768, "ML-KEM-768", 2400, 1184, 1088},
    {CKP_ML_KEM_1024, "ML-KEM-1024", 3168, 1568, 1568},
};
static CK_FUNCTION_LIST_3_2 *list;
static CK_KEY_TYPE type = CKK_ML_KEM;
static CK_MECHANISM generator = {CKM_ML_KEM_KEY_PAIR_GEN, NULL, 0},
		    kem = {CKM_ML_KEM, NULL, 0};
static CK_ATTRIBUTE shown[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
static CK_BYTE sealed[1568];
static CK_ULONG sealed_len;

static CK_RV
generate(CK_ULONG set, struct pair_handles *p)
{
	CK_ATTRIBUTE t[] = {A(CKA_PARAMETER_SET, set)};

	return (p11->C_GenerateKeyPair(
	    rw, &generator, t, 1, shown, 2, &p->public, &p->private));
}

static CK_RV
create(CK_OBJECT_CLASS class, CK_ULONG set, CK_ATTRIBUTE a, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type),
	    A(CKA_PARAMETER_SET, set), a};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

static CK_RV
encapsulate(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *secret)
{
	sealed_len = sizeof(sealed);
	return (list->C_EncapsulateKey(
	    rw, &kem, key, shown, 2, sealed, &sealed_len, secret));
}

static CK_RV
decapsulate(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *secret)
{
	return (list->C_DecapsulateKey(
	    rw, &kem, key, shown, 2, sealed, sealed_len, secret));
}

static bool
is_value(CK_OBJECT_HANDLE h, const CK_BYTE *secret)
{
	return (attr_is(h, CKA_VALUE, secret, 32));
}

static EVP_PKEY *
pkey_of(const struct set *s, CK_OBJECT_HANDLE private)
{
	CK_BYTE value[4000];
	CK_ULONG n = attr(private, CKA_VALUE, value, sizeof(value));
	EVP_PKEY *k = n == s->private ? EVP_PKEY_new_raw_private_key_ex(
					    NULL, s->name, NULL, value, n)
				      : NULL;

	NEED(k != NULL, "OpenSSL's key of %s", s->name);
	return (k);
}

static void
test_attributes(const struct set *s, struct pair_handles p, EVP_PKEY *k)
{
	CK_BYTE value[4000];
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k, &der);

	COUNT(
	    attr_number(p.public, CKA_PARAMETER_SET), s->number, "%s", s->name);
	COUNT(attr_number(p.private, CKA_PARAMETER_SET), s->number, "both");
	COUNT(attr(p.public, CKA_VALUE, value, sizeof(value)), s->public,
	    "the public value");
	COUNT(attr(p.private, CKA_SEED, value, sizeof(value)), 64, "a seed");
	OK(n > 0 && attr_is(p.public, CKA_PUBLIC_KEY_INFO, der, (size_t)n) &&
		attr_is(p.private, CKA_PUBLIC_KEY_INFO, der, (size_t)n),
	    "one public key of both");
	OK(attr_is(p.public, CKA_ENCAPSULATE, &yes, 1) &&
		attr_is(p.private, CKA_DECAPSULATE, &yes, 1) &&
		attr_is(p.public, CKA_VERIFY, &no, 1) &&
		attr_is(p.private, CKA_SIGN, &no, 1) &&
		attr_is(p.private, CKA_DERIVE, &no, 1),
	    "they do what they can, if nothing is said");
	OPENSSL_free(der);
}

static void
test_secret(const struct set *s, struct pair_handles p, EVP_PKEY *k)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, k, NULL);
	CK_BYTE secret[32];
	size_t n = 32, room = sizeof(sealed);
	CK_OBJECT_HANDLE h, g;

	RV(list->C_EncapsulateKey(
	       rw, &kem, p.public, shown, 2, NULL, &sealed_len, &h),
	    CKR_OK, "%s: a length", s->name);
	COUNT(sealed_len, s->ciphertext, "is known");
	RV(encapsulate(p.public, &h), CKR_OK, "encapsulated");
	COUNT(sealed_len, s->ciphertext, "to that length");
	NEED(EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
		 EVP_PKEY_decapsulate(ctx, secret, &n, sealed, sealed_len) ==
		     1 &&
		 n == 32,
	    "OpenSSL opens it");
	OK(is_value(h, secret), "to the same");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_GENERIC_SECRET, "a secret");
	OK(attr_is(h, CKA_LOCAL, &no, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1),
	    "that was not made here");
	RV(decapsulate(p.private, &g), CKR_OK, "decapsulated");
	OK(is_value(g, secret), "to the same");
	NEED(EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
		 EVP_PKEY_encapsulate(ctx, sealed, &room, secret, &n) == 1,
	    "OpenSSL encapsulates");
	RV(decapsulate(p.private, &g), CKR_OK, "which is opened");
	OK(is_value(g, secret), "to the same");
	sealed[7] ^= 1;
	RV(decapsulate(p.private, &g), CKR_OK, "a ciphertext that was changed");
	OK(!is_value(g, secret), "is another key: FIPS 203, algorithm 18");
	sealed_len--;
	RV(decapsulate(p.private, &g), CKR_WRAPPED_KEY_LEN_RANGE, "cut");
	EVP_PKEY_CTX_free(ctx);
}

/* kryoptic and Luna take CKA_VALUE_LEN for a key shorter than the secret. */
static void
test_shorter(struct pair_handles p)
{
	CK_ULONG len = 16;
	CK_ATTRIBUTE t[] = {A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, len),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE short_key, same, whole;
	CK_BYTE secret[32];

	sealed_len = sizeof(sealed);
	RV(list->C_EncapsulateKey(rw, &kem, p.public, t, ELEMS(t), sealed,
	       &sealed_len, &short_key),
	    CKR_OK, "a key of AES-128");
	RV(list->C_DecapsulateKey(
	       rw, &kem, p.private, t, ELEMS(t), sealed, sealed_len, &same),
	    CKR_OK, "decapsulated");
	RV(decapsulate(p.private, &whole), CKR_OK, "the whole secret");
	COUNT(attr(whole, CKA_VALUE, secret, 32), 32, "has 32 bytes");
	OK(attr_is(short_key, CKA_VALUE, secret, 16) &&
		attr_is(same, CKA_VALUE, secret, 16),
	    "which begin with the key");
	len = 17;
	RV(list->C_DecapsulateKey(
	       rw, &kem, p.private, t, ELEMS(t), sealed, sealed_len, &same),
	    CKR_ATTRIBUTE_VALUE_INVALID, "no length of AES");
}

static void
test_by_value(const struct set *s, struct pair_handles p)
{
	CK_BYTE value[4000], seed[64], public[2000];
	CK_OBJECT_HANDLE h, secret, opened;
	CK_BYTE got[32];

	(void)attr(p.private, CKA_VALUE, value, sizeof(value));
	(void)attr(p.private, CKA_SEED, seed, sizeof(seed));
	(void)attr(p.public, CKA_VALUE, public, sizeof(public));
	RV(create(CKO_PUBLIC_KEY, s->number,
	       (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, public, s->public), &h),
	    CKR_OK, "%s: a public half", s->name);
	RV(encapsulate(h, &secret), CKR_OK, "encapsulates");
	(void)attr(secret, CKA_VALUE, got, sizeof(got));
	RV(create(CKO_PRIVATE_KEY, s->number,
	       (CK_ATTRIBUTE)A_BYTES(CKA_SEED, seed, 64), &h),
	    CKR_OK, "a seed");
	RV(decapsulate(h, &opened), CKR_OK, "decapsulates");
	OK(is_value(opened, got), "to the same");
	RV(create(CKO_PRIVATE_KEY, s->number,
	       (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, value, s->private), &h),
	    CKR_OK, "a value");
	RV(decapsulate(h, &opened), CKR_OK, "decapsulates");
	OK(is_value(opened, got), "to the same");
	value[s->private - 40] ^= 1; /* H(ek), which FIPS 203 has checked */
	RV(create(CKO_PRIVATE_KEY, s->number,
	       (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, value, s->private), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a value that is no key");
	RV(create(CKO_PRIVATE_KEY, s->number,
	       (CK_ATTRIBUTE)A_BYTES(CKA_SEED, seed, 32), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "half a seed");
	memset(public, 0xff, sizeof(public)); /* no coefficients below q */
	RV(create(CKO_PUBLIC_KEY, s->number,
	       (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, public, s->public), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a public half that is none");
}

static void
test_refusals(struct pair_handles p)
{
	CK_MECHANISM_TYPE other = CKM_ML_DSA;
	CK_ATTRIBUTE does_not = A(CKA_DECAPSULATE, no),
		     on_token = A(CKA_TOKEN, yes);
	CK_ULONG set = CKP_ML_KEM_512;
	CK_ATTRIBUTE t[] = {A(CKA_PARAMETER_SET, set),
	    A(CKA_ALLOWED_MECHANISMS, other), A(CKA_ENCAPSULATE, yes)};
	struct pair_handles q;
	CK_OBJECT_HANDLE h;

	RV(encapsulate(p.private, &h), CKR_KEY_TYPE_INCONSISTENT,
	    "with the private half");
	(void)encapsulate(p.public, &h);
	RV(decapsulate(p.public, &h), CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
	    "with the public half");
	RV(p11->C_CopyObject(rw, p.private, &does_not, 1, &h), CKR_OK,
	    "a copy that does not");
	RV(decapsulate(h, &h), CKR_KEY_FUNCTION_NOT_PERMITTED, "does not");
	RV(p11->C_CopyObject(rw, p.private, &on_token, 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "KMS does not import it");
	RV(p11->C_GenerateKeyPair(
	       rw, &generator, t, 3, NULL, 0, &q.public, &q.private),
	    CKR_OK, "a key for another mechanism");
	RV(encapsulate(q.public, &h), CKR_MECHANISM_INVALID, "is not for this");
	RV(generate(4, &q), CKR_PARAMETER_SET_NOT_SUPPORTED, "no such set");
}

/* What the halves say of the secrets that they give. */
static void
test_templates(void)
{
	CK_ULONG set = CKP_ML_KEM_512;
	CK_ATTRIBUTE inner[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
	    A(CKA_DERIVE, yes), A(CKA_SIGN, no)},
		     other[] = {A(CKA_SENSITIVE, yes)},
		     public[] = {A(CKA_PARAMETER_SET, set),
			 {CKA_ENCAPSULATE_TEMPLATE, inner, sizeof(inner)}},
		     private[] = {
			 {CKA_DECAPSULATE_TEMPLATE, inner, sizeof(inner)}};
	CK_OBJECT_HANDLE h;
	struct pair_handles p;

	RV(p11->C_GenerateKeyPair(
	       rw, &generator, public, 2, private, 1, &p.public, &p.private),
	    CKR_OK, "a pair with templates");
	RV(encapsulate(p.public, &h), CKR_OK, "encapsulated");
	OK(attr_is(h, CKA_DERIVE, &yes, 1) && attr_is(h, CKA_SIGN, &no, 1),
	    "as the public half has it");
	RV(list->C_EncapsulateKey(
	       rw, &kem, p.public, other, 1, sealed, &sealed_len, &h),
	    CKR_TEMPLATE_INCONSISTENT, "a secret that hides is another");
	RV(decapsulate(p.private, &h), CKR_OK, "decapsulated");
	OK(attr_is(h, CKA_DERIVE, &yes, 1) && attr_is(h, CKA_SIGN, &no, 1),
	    "as the private half has it");
	RV(list->C_DecapsulateKey(
	       rw, &kem, p.private, other, 1, sealed, sealed_len, &h),
	    CKR_TEMPLATE_INCONSISTENT, "but not a secret that hides");
}

static void
test_without(void)
{
	CK_BYTE seed[64] = {1};
	CK_MECHANISM_INFO info;
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	RV(generate(CKP_ML_KEM_512, &p), CKR_MECHANISM_INVALID,
	    "no session keys");
	RV(create(CKO_PRIVATE_KEY, CKP_ML_KEM_512,
	       (CK_ATTRIBUTE)A_BYTES(CKA_SEED, seed, 64), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "nor by value");
	RV(p11->C_GetMechanismInfo(0, CKM_ML_KEM, &info), CKR_MECHANISM_INVALID,
	    "is not listed, though keys in KMS have it");
}

int
main(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-KEM-512");
	bool has = k != NULL;
	struct pair_handles p;

	EVP_PKEY_free(k);
	testenv_open();
	p11_start();
	list = p11_list_3_2();
	for (size_t i = 0; i < ELEMS(sets) && has; i++) {
		NEED(generate(sets[i].number, &p) == CKR_OK, "a pair of %s",
		    sets[i].name);
		k = pkey_of(&sets[i], p.private);
		test_attributes(&sets[i], p, k);
		test_secret(&sets[i], p, k);
		test_shorter(p);
		test_by_value(&sets[i], p);
		test_refusals(p);
		EVP_PKEY_free(k);
	}
	if (has)
		test_templates();
	else
		test_without();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
