/* Domain parameters of DSA and Diffie-Hellman: generated, by value, and the keys
 * that are made of them. */
#include <string.h>
#include <openssl/bn.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "keypair-ref.h"

#define NO_ATTRIBUTE ((CK_ULONG)-1)

static CK_OBJECT_CLASS domain = CKO_DOMAIN_PARAMETERS;

/* q: 0: the template does not say it. */
static CK_RV
generate(CK_MECHANISM_TYPE type, CK_ULONG p, CK_ULONG q, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_PRIME_BITS, p), A(CKA_SUBPRIME_BITS, q)};

	return (p11->C_GenerateKey(rw, &m, t, q != 0 ? 2 : 1, h));
}

static void
read_group(CK_OBJECT_HANDLE h, struct ffc_key *k)
{
	memset(k, 0, sizeof(*k));
	k->type = attr_number(h, CKA_KEY_TYPE);
	k->p.len = attr(h, CKA_PRIME, k->p.bytes, sizeof(k->p.bytes));
	k->g.len = attr(h, CKA_BASE, k->g.bytes, sizeof(k->g.bytes));
	if (k->type == CKK_DSA)
		k->q.len = attr(
		    h, CKA_SUBPRIME, k->q.bytes, sizeof(k->q.bytes));
	NEED(k->p.len <= 1024 && k->g.len <= 1024, "prime and base");
}

static bool
is_prime(const struct number *n, int shift)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *p = BN_bin2bn(n->bytes, (int)n->len, NULL);
	bool prime;

	BN_rshift(p, p, shift);
	prime = BN_check_prime(p, ctx, NULL) == 1;
	BN_free(p);
	BN_CTX_free(ctx);
	return (prime);
}

static void
test_dsa(void)
{
	static const struct {
		CK_ULONG p, q, q_bits;
		CK_RV rv;
	} rows[] = {
	    {512, 0, 160, CKR_OK},
	    {576, 160, 160, CKR_OK},
	    {1024, 0, 160, CKR_OK},
	    {2048, 224, 224, CKR_OK},
	    {0, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {448, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {513, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {1024, 256, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {1088, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {2048, 160, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {3072, 224, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {4096, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {(CK_ULONG)1 << 32, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {(CK_ULONG)-1, 0, 0, CKR_ATTRIBUTE_VALUE_INVALID},
	};
	CK_MECHANISM dsa = {CKM_DSA_SHA1, NULL, 0};
	CK_BYTE text[] = "text", signature[64];
	struct pair_handles p;
	struct ffc_key k;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ULONG n = sizeof(signature);
		CK_OBJECT_HANDLE h;

		if (!RV(generate(
			    CKM_DSA_PARAMETER_GEN, rows[i].p, rows[i].q, &h),
			rows[i].rv, "DSA, %lu bits", rows[i].p) ||
		    rows[i].rv != CKR_OK)
			continue;
		COUNT(attr_number(h, CKA_PRIME_BITS), rows[i].p, "the prime");
		COUNT(attr_number(h, CKA_SUBPRIME_BITS), rows[i].q_bits,
		    "the subprime");
		OK(attr_is(h, CKA_LOCAL, &yes, 1), "made here");
		read_group(h, &k);
		OK(is_prime(&k.p, 0) && is_prime(&k.q, 0), "two primes");
		NEED(ffc_key_generate(&k, CKM_DSA_KEY_PAIR_GEN, NULL, &p) ==
			 CKR_OK,
		    "a pair of them");
		NEED(p11->C_SignInit(rw, &dsa, p.private) == CKR_OK &&
			 p11->C_Sign(rw, text, 4, signature, &n) == CKR_OK,
		    "signs");
		NEED(p11->C_VerifyInit(rw, &dsa, p.public) == CKR_OK,
		    "the other half");
		RV(p11->C_Verify(rw, text, 4, signature, n), CKR_OK,
		    "verifies");
	}
}

static void
test_dh(void)
{
	static const struct {
		CK_ULONG p;
		CK_RV rv;
	} rows[] = {
	    {512, CKR_OK},
	    {520, CKR_OK},
	    {1024, CKR_OK},
	    {1536, CKR_OK},
	    {2048, CKR_OK},
	    {3072, CKR_OK},
	    {4096, CKR_OK},
	    {6144, CKR_OK},
	    {8192, CKR_OK},
	    {0, CKR_ATTRIBUTE_VALUE_INVALID},
	    {511, CKR_ATTRIBUTE_VALUE_INVALID},
	    {1025, CKR_ATTRIBUTE_VALUE_INVALID},
	    {8193, CKR_ATTRIBUTE_VALUE_INVALID},
	    {(CK_ULONG)1 << 32, CKR_ATTRIBUTE_VALUE_INVALID},
	    {(CK_ULONG)-1, CKR_ATTRIBUTE_VALUE_INVALID},
	};
	struct ffc_key k, other;
	struct pair_handles p;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_OBJECT_HANDLE h;

		if (!RV(generate(CKM_DH_PKCS_PARAMETER_GEN, rows[i].p, 0, &h),
			rows[i].rv, "Diffie-Hellman, %lu bits", rows[i].p) ||
		    rows[i].rv != CKR_OK)
			continue;
		COUNT(attr_number(h, CKA_PRIME_BITS), rows[i].p, "the prime");
		read_group(h, &k);
		OK(rows[i].p > 2048 || (is_prime(&k.p, 0) && is_prime(&k.p, 1)),
		    "a safe prime");
		OK(k.g.len == 1 && k.g.bytes[0] == 2, "and its base");
		if (rows[i].p > 2048)
			continue;
		RV(ffc_key_generate(&k, CKM_DH_PKCS_KEY_PAIR_GEN, NULL, &p),
		    CKR_OK, "a pair of them");
		NEED(generate(CKM_DH_PKCS_PARAMETER_GEN, rows[i].p, 0, &h) ==
			 CKR_OK,
		    "once more");
		read_group(h, &other);
		OK((memcmp(k.p.bytes, other.p.bytes, k.p.len) == 0) ==
			(rows[i].p >= 1024),
		    "the published ones again, or new ones");
	}
}

static CK_RV
create(struct ffc_key *k, CK_ULONG without, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[FFC_ROWS];
	CK_ULONG n = ffc_key_template(k, &domain, t);

	t[2] = t[--n]; /* CKA_VALUE, which these have not */
	for (CK_ULONG i = 0; i < n; i++)
		if (t[i].type == without)
			t[i] = t[--n];
	return (p11->C_CreateObject(rw, t, n, h));
}

static void
test_by_value(void)
{
	static const CK_ULONG needed[] = {
	    CKA_KEY_TYPE, CKA_PRIME, CKA_BASE, CKA_SUBPRIME};
	CK_ATTRIBUTE by_class[] = {A(CKA_CLASS, domain)};
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "a group", 7);
	struct ffc_key k, back;
	CK_OBJECT_HANDLE h, copy, found[100];
	CK_ULONG before = find(rw, by_class, 1, found, 100);

	ffc_key_1024(&k);
	RV(create(&k, NO_ATTRIBUTE, &h), CKR_OK, "by value");
	COUNT(find(rw, by_class, 1, found, 100), before + 1, "it is found");
	COUNT(attr_number(h, CKA_PRIME_BITS), 1024, "the prime's bits");
	COUNT(attr_number(h, CKA_SUBPRIME_BITS), 160, "the subprime's");
	OK(attr_is(h, CKA_LOCAL, &no, 1) && attr_is(h, CKA_PRIVATE, &no, 1),
	    "not made here, for all to see");
	COUNT(attr(h, CKA_SIGN, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "it is no key");
	read_group(h, &back);
	OK(memcmp(k.p.bytes, back.p.bytes, k.p.len) == 0 &&
		memcmp(k.q.bytes, back.q.bytes, k.q.len) == 0 &&
		memcmp(k.g.bytes, back.g.bytes, k.g.len) == 0,
	    "the numbers are those");
	RV(p11->C_CopyObject(rw, h, &label, 1, &copy), CKR_OK, "a copy");
	OK(attr_is_text(copy, CKA_LABEL, "a group") &&
		attr_is(copy, CKA_PRIME, k.p.bytes, k.p.len),
	    "with another label");
	RV(p11->C_SetAttributeValue(rw, h, &label, 1), CKR_OK, "or it is set");
	for (size_t i = 0; i < ELEMS(needed); i++)
		RV(create(&k, needed[i], &h), CKR_TEMPLATE_INCOMPLETE,
		    "without 0x%lx", needed[i]);
	k.g.bytes[3] ^= 1;
	RV(create(&k, NO_ATTRIBUTE, &h), CKR_DOMAIN_PARAMS_INVALID,
	    "a base out of the group");
	ffc_key_dh(&k);
	RV(create(&k, NO_ATTRIBUTE, &h), CKR_OK, "Diffie-Hellman");
	COUNT(attr_number(h, CKA_PRIME_BITS), 1024, "the prime's bits");
	COUNT(attr(h, CKA_SUBPRIME_BITS, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "without a subprime");
	k.type = CKK_EC;
	RV(create(&k, NO_ATTRIBUTE, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "of another type");
}

/* Whatever wants a key says that there is none. */
static void
test_no_key(void)
{
	CK_MECHANISM dsa = {CKM_DSA, NULL, 0},
		     kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_OBJECT_HANDLE wrapping_key = secret_make(CKK_AES, material(1), 32);
	CK_BYTE out[500];
	CK_ULONG n = sizeof(out);
	struct ffc_key k;
	CK_OBJECT_HANDLE h, made;

	ffc_key_1024(&k);
	NEED(create(&k, NO_ATTRIBUTE, &h) == CKR_OK, "domain parameters");
	RV(p11->C_SignInit(rw, &dsa, h), CKR_KEY_HANDLE_INVALID, "to sign");
	RV(p11->C_VerifyInit(rw, &dsa, h), CKR_KEY_HANDLE_INVALID, "to verify");
	RV(p11->C_WrapKey(rw, &kwp, wrapping_key, h, out, &n),
	    CKR_KEY_HANDLE_INVALID, "to be wrapped");
	ffc_key_dh(&k);
	NEED(create(&k, NO_ATTRIBUTE, &h) == CKR_OK, "and others");
	dsa = (CK_MECHANISM){CKM_DH_PKCS_DERIVE, k.y.bytes, k.y.len};
	RV(p11->C_DeriveKey(rw, &dsa, h, NULL, 0, &made),
	    CKR_KEY_HANDLE_INVALID, "to derive from");
}

static void
test_templates(void)
{
	CK_MECHANISM m = {CKM_DH_PKCS_PARAMETER_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_KEY_TYPE dsa = CKK_DSA, dh = CKK_DH;
	CK_ATTRIBUTE good[] = {A(CKA_CLASS, domain), A(CKA_KEY_TYPE, dh),
	    A(CKA_TOKEN, no), A(CKA_PRIME_BITS, bits)};
	CK_ATTRIBUTE wrong[] = {A(CKA_KEY_TYPE, dsa), A(CKA_PRIME_BITS, bits)};
	CK_ATTRIBUTE class[] = {
	    A(CKA_CLASS, secret_class), A(CKA_PRIME_BITS, bits)};
	CK_ATTRIBUTE subprime[] = {
	    A(CKA_SUBPRIME_BITS, bits), A(CKA_PRIME_BITS, bits)};
	CK_ATTRIBUTE prime[] = {A(CKA_PRIME, bits), A(CKA_PRIME_BITS, bits)};
	CK_ATTRIBUTE on_token[] = {A(CKA_TOKEN, yes), A(CKA_PRIME_BITS, bits)};
	CK_OBJECT_HANDLE h, copy;

	RV(p11->C_GenerateKey(rw, &m, good, 4, &h), CKR_OK, "all said");
	RV(p11->C_CopyObject(rw, h, on_token, 1, &copy),
	    CKR_ATTRIBUTE_VALUE_INVALID, "KMS keeps none");
	RV(p11->C_GenerateKey(rw, &m, on_token, 2, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "nor makes it some");
	RV(p11->C_GenerateKey(rw, &m, NULL, 0, &h), CKR_TEMPLATE_INCOMPLETE,
	    "nothing said");
	RV(p11->C_GenerateKey(rw, &m, wrong, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "of another type");
	RV(p11->C_GenerateKey(rw, &m, class, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "of another class");
	RV(p11->C_GenerateKey(rw, &m, subprime, 2, &h),
	    CKR_TEMPLATE_INCONSISTENT, "a subprime, of Diffie-Hellman");
	RV(p11->C_GenerateKey(rw, &m, prime, 2, &h), CKR_ATTRIBUTE_READ_ONLY,
	    "the prime itself");
}

int
main(void)
{
	testenv_open();
	p11_start();
	test_dsa();
	test_dh();
	test_by_value();
	test_no_key();
	test_templates();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
