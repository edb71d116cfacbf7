/* ML-DSA with session keys: OpenSSL has it from 3.5 on, which checks here what
 * the module makes; before, the module says that it has not. */
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "mldsa.h"
#include "p11.h"

static const struct set {
	CK_ULONG number;
	const char *name;
	CK_ULONG private, public, signature;
} sets[] = {
    {CKP_ML_DSA_44, "ML-DSA-44", 2560, 1312, 2420},
    {CKP_ML_DSA_65, "ML-DSA-65", 4032, 1952, 3309},
    {CKP_ML_DSA_87, "ML-DSA-87", 4896, 2592, 4627},
};
static CK_KEY_TYPE type = CKK_ML_DSA;
static CK_MECHANISM generator = {CKM_ML_DSA_KEY_PAIR_GEN, NULL, 0};
static CK_BYTE message[5000];

static CK_RV
generate(CK_ULONG set, struct pair_handles *p)
{
	CK_ATTRIBUTE public_t[] = {A(CKA_PARAMETER_SET, set)},
		     private_t[] = {
			 A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};

	return (p11->C_GenerateKeyPair(rw, &generator, public_t, 1, private_t,
	    2, &p->public, &p->private));
}

static CK_RV
create(CK_OBJECT_CLASS class, CK_ULONG set, void *value, CK_ULONG len,
    void *seed, CK_ULONG seed_len, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[7] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type),
	    A(CKA_PARAMETER_SET, set)};
	CK_ULONG n = 3;

	if (value != NULL)
		t[n++] = (CK_ATTRIBUTE)A_BYTES(CKA_VALUE, value, len);
	if (seed != NULL)
		t[n++] = (CK_ATTRIBUTE)A_BYTES(CKA_SEED, seed, seed_len);
	if (class == CKO_PRIVATE_KEY)
		t[n++] = (CK_ATTRIBUTE)A(CKA_SENSITIVE, no);
	return (p11->C_CreateObject(rw, t, n, h));
}

/* OpenSSL's key of a public object. */
static EVP_PKEY *
pkey_of(CK_OBJECT_HANDLE h)
{
	CK_BYTE info[3000];
	const CK_BYTE *p = info;
	CK_ULONG n = attr(h, CKA_PUBLIC_KEY_INFO, info, sizeof(info));
	EVP_PKEY *k = n <= sizeof(info) ? d2i_PUBKEY(NULL, &p, (long)n) : NULL;

	NEED(k != NULL, "OpenSSL reads CKA_PUBLIC_KEY_INFO");
	return (k);
}

static void
test_attributes(const struct set *s, struct pair_handles p)
{
	CK_BYTE value[5000], info[2][3000];
	CK_ULONG n;

	COUNT(
	    attr_number(p.public, CKA_PARAMETER_SET), s->number, "%s", s->name);
	COUNT(attr_number(p.private, CKA_PARAMETER_SET), s->number, "both");
	COUNT(attr(p.public, CKA_VALUE, value, sizeof(value)), s->public,
	    "the public value");
	COUNT(attr(p.private, CKA_VALUE, value, sizeof(value)), s->private,
	    "the private value");
	COUNT(attr(p.private, CKA_SEED, value, sizeof(value)), 32, "a seed");
	OK(attr_is(p.private, CKA_LOCAL, &yes, 1) &&
		attr_is(p.public, CKA_LOCAL, &yes, 1) &&
		attr_number(p.private, CKA_KEY_GEN_MECHANISM) ==
		    CKM_ML_DSA_KEY_PAIR_GEN,
	    "made here");
	n = attr(p.public, CKA_PUBLIC_KEY_INFO, info[0], sizeof(info[0]));
	OK(n == s->public + 22 &&
		attr(p.private, CKA_PUBLIC_KEY_INFO, info[1],
		    sizeof(info[1])) == n &&
		memcmp(info[0], info[1], n) == 0,
	    "one public key of both");
}

static void
test_pure(const struct set *s, struct pair_handles p, EVP_PKEY *k)
{
	static const size_t lens[] = {0, 1, 5000};
	struct ck_sign_context c = {CKH_HEDGE_REQUIRED, mldsa_context, 255};
	CK_MECHANISM m = {CKM_ML_DSA, NULL, 0},
		     with = {CKM_ML_DSA, &c, sizeof(c)};
	CK_BYTE first[MLDSA_SIG_MAX];

	for (size_t i = 0; i < 2 * ELEMS(lens); i++) {
		size_t len = lens[i / 2];

		RV(mldsa_sign(p.private, &m, message, len, i % 2 != 0), CKR_OK,
		    "%s: %zu bytes", s->name, len);
		COUNT(mldsa_sig_len, s->signature, "a signature");
		OK(mldsa_openssl_verifies(k, message, len, 0, false),
		    "that is one");
		RV(mldsa_verify(p.public, &m, message, len), CKR_OK,
		    "to us as well");
	}
	RV(mldsa_verify(p.public, &with, message, 5000), CKR_SIGNATURE_INVALID,
	    "not with a context");
	RV(mldsa_sign(p.private, &with, message, 100, false), CKR_OK,
	    "with it");
	OK(mldsa_openssl_verifies(k, message, 100, 255, false),
	    "OpenSSL verifies");
	memcpy(first, mldsa_sig, mldsa_sig_len);
	RV(mldsa_sign(p.private, &with, message, 100, false), CKR_OK,
	    "once more");
	OK(memcmp(first, mldsa_sig, mldsa_sig_len) != 0,
	    "gives another signature");
	c.hedgeVariant = CKH_DETERMINISTIC_REQUIRED;
	RV(mldsa_sign(p.private, &with, message, 100, false), CKR_OK,
	    "unhedged");
	memcpy(first, mldsa_sig, mldsa_sig_len);
	RV(mldsa_sign(p.private, &with, message, 100, true), CKR_OK,
	    "once more");
	OK(memcmp(first, mldsa_sig, mldsa_sig_len) == 0, "gives the same");
	OK(mldsa_openssl_verifies(k, message, 100, 255, false),
	    "which is good");
	RV(mldsa_verify(p.public, &with, message, 100), CKR_OK, "to us too");
	c.hedgeVariant = CKH_DETERMINISTIC_REQUIRED + 1;
	RV(mldsa_verify(p.public, &with, message, 100), CKR_OK,
	    "who verifies has no choice");
	RV(mldsa_sign(p.private, &with, message, 100, false),
	    CKR_MECHANISM_PARAM_INVALID, "a choice that there is not");
	c = (struct ck_sign_context){CKH_HEDGE_PREFERRED, mldsa_context, 256};
	RV(mldsa_sign(p.private, &with, message, 1, false),
	    CKR_MECHANISM_PARAM_INVALID, "a context too long");
}

/* M' of HashML-DSA: FIPS 204, algorithm 4. */
static size_t
encode(CK_BYTE oid, const void *hash, size_t hash_len, size_t context_len,
    CK_BYTE *to)
{
	CK_BYTE der[] = {6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, oid};

	to[0] = 1;
	to[1] = (CK_BYTE)context_len;
	memcpy(to + 2, mldsa_context, context_len);
	memcpy(to + 2 + context_len, der, sizeof(der));
	memcpy(to + 2 + context_len + sizeof(der), hash, hash_len);
	return (2 + context_len + sizeof(der) + hash_len);
}

static const struct hash {
	CK_MECHANISM_TYPE type, hash;
	const char *name;
	size_t len;
	CK_BYTE oid;
} hashes[] = {
    {CKM_HASH_ML_DSA_SHA224, CKM_SHA224, "SHA2-224", 28, 4},
    {CKM_HASH_ML_DSA_SHA256, CKM_SHA256, "SHA2-256", 32, 1},
    {CKM_HASH_ML_DSA_SHA384, CKM_SHA384, "SHA2-384", 48, 2},
    {CKM_HASH_ML_DSA_SHA512, CKM_SHA512, "SHA2-512", 64, 3},
    {CKM_HASH_ML_DSA_SHA3_224, CKM_SHA3_224, "SHA3-224", 28, 7},
    {CKM_HASH_ML_DSA_SHA3_256, CKM_SHA3_256, "SHA3-256", 32, 8},
    {CKM_HASH_ML_DSA_SHA3_384, CKM_SHA3_384, "SHA3-384", 48, 9},
    {CKM_HASH_ML_DSA_SHA3_512, CKM_SHA3_512, "SHA3-512", 64, 10},
    {CKM_HASH_ML_DSA_SHAKE128, 0, "SHAKE128", 32, 11},
    {CKM_HASH_ML_DSA_SHAKE256, 0, "SHAKE256", 64, 12},
};

static void
hash_of(const struct hash *h, size_t len, CK_BYTE *to)
{
	EVP_MD *md = EVP_MD_fetch(NULL, h->name, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	NEED(EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
		 EVP_DigestUpdate(ctx, message, len) == 1 &&
		 (h->hash != 0 ? EVP_DigestFinal_ex(ctx, to, NULL)
			       : EVP_DigestFinalXOF(ctx, to, h->len)) == 1,
	    "%s", h->name);
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
}

static void
test_hash(const struct hash *h, struct pair_handles p, EVP_PKEY *k)
{
	struct ck_hash_sign_context c = {
	    CKH_DETERMINISTIC_REQUIRED, mldsa_context, 7, h->hash};
	CK_MECHANISM plain = {h->type, NULL, 0},
		     with = {h->type, &c, sizeof(struct ck_sign_context)},
		     of_hash = {CKM_HASH_ML_DSA, &c, sizeof(c)};
	CK_BYTE hash[64 + 1], encoded[400], first[MLDSA_SIG_MAX];
	size_t n;

	hash_of(h, 3000, hash);
	RV(mldsa_sign(p.private, &plain, message, 3000, true), CKR_OK, "%s",
	    h->name);
	n = encode(h->oid, hash, h->len, 0, encoded);
	OK(mldsa_openssl_verifies(k, encoded, n, 0, true), "OpenSSL verifies");
	RV(mldsa_verify(p.public, &plain, message, 3000), CKR_OK, "so do we");
	RV(mldsa_verify(p.public, &plain, message, 2999), CKR_SIGNATURE_INVALID,
	    "nothing else");
	RV(mldsa_sign(p.private, &with, message, 3000, false), CKR_OK,
	    "a context");
	n = encode(h->oid, hash, h->len, 7, encoded);
	OK(mldsa_openssl_verifies(k, encoded, n, 0, true), "OpenSSL verifies");
	RV(mldsa_verify(p.public, &with, message, 3000), CKR_OK, "so do we");
	RV(mldsa_verify(p.public, &plain, message, 3000), CKR_SIGNATURE_INVALID,
	    "not without it");
	memcpy(first, mldsa_sig, mldsa_sig_len);
	if (h->hash == 0) /* PKCS#11 has no number for the hash alone */
		return;
	RV(mldsa_sign(p.private, &of_hash, hash, h->len, false), CKR_OK,
	    "of the hash");
	OK(memcmp(first, mldsa_sig, mldsa_sig_len) == 0, "it is the same");
	RV(mldsa_verify(p.public, &of_hash, hash, h->len), CKR_OK,
	    "and verifies");
	RV(mldsa_verify(p.public, &of_hash, hash, h->len - 1),
	    CKR_DATA_LEN_RANGE, "a hash that is cut");
	RV(mldsa_sign(p.private, &of_hash, hash, h->len + 1, false),
	    CKR_DATA_LEN_RANGE, "and one too long");
}

static void
test_hash_parameters(struct pair_handles p)
{
	struct ck_hash_sign_context c = {
	    CKH_HEDGE_PREFERRED, NULL, 0, CKM_SHA_1};
	CK_MECHANISM m = {CKM_HASH_ML_DSA, &c, sizeof(c)};

	RV(mldsa_sign(p.private, &m, message, 20, false),
	    CKR_MECHANISM_PARAM_INVALID, "SHA-1");
	c.hash = CKM_SHA256;
	RV(mldsa_sign(p.private, &m, message, 32, true),
	    CKR_FUNCTION_NOT_SUPPORTED, "a hash in parts");
	m.ulParameterLen = sizeof(struct ck_sign_context);
	RV(mldsa_sign(p.private, &m, message, 32, false),
	    CKR_MECHANISM_PARAM_INVALID, "no hash named");
	m = (CK_MECHANISM){CKM_HASH_ML_DSA, NULL, 0};
	RV(mldsa_sign(p.private, &m, message, 32, false),
	    CKR_MECHANISM_PARAM_INVALID, "no parameter");
}

static void
test_by_value(const struct set *s, struct pair_handles p)
{
	CK_BYTE value[5000], other[5000], seed[32], public[3000];
	CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
	CK_OBJECT_HANDLE h;

	(void)attr(p.private, CKA_VALUE, value, sizeof(value));
	(void)attr(p.private, CKA_SEED, seed, sizeof(seed));
	(void)attr(p.public, CKA_VALUE, public, sizeof(public));
	RV(create(CKO_PRIVATE_KEY, s->number, NULL, 0, seed, 32, &h), CKR_OK,
	    "%s of its seed", s->name);
	OK(attr(h, CKA_VALUE, other, sizeof(other)) == s->private &&
		memcmp(value, other, s->private) == 0,
	    "has the value");
	OK(attr_is(h, CKA_LOCAL, &no, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1),
	    "and comes from elsewhere");
	RV(mldsa_sign(h, &m, message, 10, false), CKR_OK, "it signs");
	RV(mldsa_verify(p.public, &m, message, 10), CKR_OK, "as the pair");
	RV(create(CKO_PRIVATE_KEY, s->number, value, s->private, NULL, 0, &h),
	    CKR_OK, "of its value");
	COUNT(attr(h, CKA_SEED, other, sizeof(other)), 0, "without a seed");
	RV(mldsa_sign(h, &m, message, 10, false), CKR_OK, "it signs");
	RV(create(CKO_PUBLIC_KEY, s->number, public, s->public, NULL, 0, &h),
	    CKR_OK, "the public half");
	RV(mldsa_verify(h, &m, message, 10), CKR_OK, "verifies");
	RV(create(CKO_PRIVATE_KEY, s->number, value, s->private, seed, 32, &h),
	    CKR_OK, "of both");
	seed[0] ^= 1;
	RV(create(CKO_PRIVATE_KEY, s->number, value, s->private, seed, 32, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "of two that disagree");
	RV(create(CKO_PRIVATE_KEY, s->number, NULL, 0, seed, 31, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "of a seed that is cut");
	RV(create(
	       CKO_PRIVATE_KEY, s->number, value, s->private - 1, NULL, 0, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "of a value that is cut");
	value[s->private - 1] ^= 1;
	RV(create(CKO_PRIVATE_KEY, s->number, value, s->private, NULL, 0, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "of a value that is no key");
	RV(create(CKO_PRIVATE_KEY, s->number, NULL, 0, NULL, 0, &h),
	    CKR_TEMPLATE_INCOMPLETE, "of nothing");
	RV(create(
	       CKO_PUBLIC_KEY, s->number, public, s->public - 1, NULL, 0, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a public half that is cut");
	RV(create(CKO_PUBLIC_KEY, 4, public, s->public, NULL, 0, &h),
	    CKR_PARAMETER_SET_NOT_SUPPORTED, "of no set");
}

/* Wycheproof, mldsa_44_sign_seed_test, cases 1 and 3: the commitment hash that
 * a signature begins with. */
static void
test_known(void)
{
	static const CK_BYTE plain[] = {0x1a, 0xa6, 0x9c, 0xb5, 0xed, 0x35,
	    0x20, 0x45, 0x34, 0xf2, 0x5f, 0x40, 0xa1, 0x7e, 0xb0, 0xd7, 0x67,
	    0xf8, 0x98, 0x1f, 0x5e, 0x7c, 0xec, 0x46, 0xd3, 0xbf, 0x32, 0x52,
	    0xbf, 0xc7, 0x8e, 0x09};
	static const CK_BYTE with[] = {0xe1, 0x1d, 0x24, 0x77, 0x2c, 0x24, 0xef,
	    0xc1, 0x07, 0xae, 0x3a, 0xbb, 0x01, 0x49, 0x81, 0x74, 0x36, 0xf1,
	    0x16, 0x84, 0xd3, 0x54, 0x87, 0x48, 0xcb, 0xa1, 0x9f, 0xc0, 0xb3,
	    0x73, 0xdd, 0xcb};
	static const CK_BYTE public[] = {
	    0xdb, 0x9a, 0xc6, 0x77, 0x08, 0xf2, 0xba, 0x0f};
	CK_BYTE text[] = "Hello world", word[] = "Context";
	struct ck_sign_context c = {CKH_DETERMINISTIC_REQUIRED, word, 0};
	CK_MECHANISM m = {CKM_ML_DSA, &c, sizeof(c)};
	CK_BYTE seed[32], info[3000];
	CK_OBJECT_HANDLE h;

	memset(seed, 0x2a, sizeof(seed));
	NEED(create(CKO_PRIVATE_KEY, CKP_ML_DSA_44, NULL, 0, seed, 32, &h) ==
		 CKR_OK,
	    "the key of a known seed");
	OK(attr(h, CKA_PUBLIC_KEY_INFO, info, sizeof(info)) == 1334 &&
		memcmp(info + 22, public, sizeof(public)) == 0,
	    "has the known public half");
	RV(mldsa_sign(h, &m, text, 11, false), CKR_OK, "signs");
	OK(memcmp(mldsa_sig, plain, sizeof(plain)) == 0, "as it is known");
	c.ulContextLen = 7;
	RV(mldsa_sign(h, &m, text, 11, false), CKR_OK, "signs with a context");
	OK(memcmp(mldsa_sig, with, sizeof(with)) == 0, "as it is known");
}

static void
test_refusals(struct pair_handles p)
{
	CK_ULONG first = sets[0].number;
	CK_ATTRIBUTE set_44[] = {A(CKA_PARAMETER_SET, first)};
	CK_ATTRIBUTE none[1], bad_set[] = {A(CKA_PARAMETER_SET, yes)};
	CK_ATTRIBUTE on_token = A(CKA_TOKEN, yes);
	CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
	struct pair_handles q;
	CK_OBJECT_HANDLE h;

	RV(generate(0, &q), CKR_PARAMETER_SET_NOT_SUPPORTED, "no such set");
	RV(p11->C_GenerateKeyPair(
	       rw, &generator, none, 0, NULL, 0, &q.public, &q.private),
	    CKR_TEMPLATE_INCOMPLETE, "no set");
	RV(p11->C_GenerateKeyPair(
	       rw, &generator, bad_set, 1, NULL, 0, &q.public, &q.private),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a set of the wrong size");
	RV(p11->C_SignInit(rw, &m, p.public), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "the public half does not sign");
	RV(p11->C_CopyObject(rw, p.private, &on_token, 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "KMS does not import it");
	RV(p11->C_CopyObject(rw, p.private, NULL, 0, &h), CKR_OK, "a copy");
	RV(mldsa_sign(h, &m, message, 10, false), CKR_OK, "signs too");
	RV(mldsa_verify(p.public, &m, message, 10), CKR_OK, "as the first");
	mldsa_sig_len--;
	RV(mldsa_verify(p.public, &m, message, 10), CKR_SIGNATURE_LEN_RANGE,
	    "cut");
	RV(p11->C_GenerateKeyPair(
	       rw, &generator, set_44, 1, NULL, 0, &q.public, &q.private),
	    CKR_OK, "nothing said");
	RV(p11->C_GetAttributeValue(
	       rw, q.private, (CK_ATTRIBUTE[]){{CKA_SEED, NULL, 0}}, 1),
	    CKR_ATTRIBUTE_SENSITIVE, "hides the seed");
	RV(p11->C_GetAttributeValue(
	       rw, q.private, (CK_ATTRIBUTE[]){{CKA_VALUE, NULL, 0}}, 1),
	    CKR_ATTRIBUTE_SENSITIVE, "and the value");
}

/* What is claimed of an OpenSSL without it is what keys in KMS do. */
static void
test_without(void)
{
	CK_MECHANISM m = {CKM_ML_DSA, NULL, 0};
	CK_MECHANISM_INFO info;
	struct pair_handles p;
	CK_BYTE seed[32] = {1};
	CK_OBJECT_HANDLE h;

	RV(generate(CKP_ML_DSA_44, &p), CKR_MECHANISM_INVALID,
	    "no session keys");
	RV(create(CKO_PRIVATE_KEY, CKP_ML_DSA_44, NULL, 0, seed, 32, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "nor by value");
	RV(p11->C_GetMechanismInfo(0, CKM_ML_DSA, &info), CKR_MECHANISM_INVALID,
	    "is not listed, though keys in KMS have it");
	RV(p11->C_VerifyInit(rw, &m, 1), CKR_MECHANISM_INVALID,
	    "and is not verified");
	RV(p11->C_SignInit(rw, &m, 1), CKR_KEY_HANDLE_INVALID,
	    "but signs, where there is a key");
	RV(p11->C_GetMechanismInfo(0, CKM_HASH_ML_DSA_SHA256, &info),
	    CKR_MECHANISM_INVALID, "nor is HashML-DSA");
}

static void
test_with(void)
{
	CK_MECHANISM_INFO info;

	NEED(p11->C_GetMechanismInfo(0, CKM_ML_DSA, &info) == CKR_OK, "listed");
	OK((info.flags & CKF_SIGN) != 0 && (info.flags & CKF_VERIFY) != 0,
	    "for both");
	COUNT(info.ulMinKeySize, 1312, "bytes of the shortest public key");
	COUNT(info.ulMaxKeySize, 2592, "and of the longest");
	test_known();
	for (size_t i = 0; i < ELEMS(sets); i++) {
		struct pair_handles p;
		EVP_PKEY *k;

		NEED(generate(sets[i].number, &p) == CKR_OK, "a pair of %s",
		    sets[i].name);
		k = pkey_of(p.public);
		test_attributes(&sets[i], p);
		test_pure(&sets[i], p, k);
		for (size_t j = 0; j < ELEMS(hashes); j++)
			test_hash(&hashes[j], p, k);
		test_hash_parameters(p);
		test_by_value(&sets[i], p);
		test_refusals(p);
		EVP_PKEY_free(k);
	}
}

int
main(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");

	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (CK_BYTE)(i * 7 + 1);
	for (size_t i = 0; i < sizeof(mldsa_context); i++)
		mldsa_context[i] = (CK_BYTE)i;
	testenv_open();
	p11_start();
	if (k != NULL)
		test_with();
	else
		test_without();
	EVP_PKEY_free(k);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
