/* Diffie-Hellman of PKCS#3 with session keys: a published agreement, and OpenSSL
 * on the other side. */
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "keypair-ref.h"

/* clang-format off */
/* RFC 5114, appendix A.1: the other side, and what both have. */
#define YB \
    "717a6cb053371ff4a3b932941c1e5663f861a1d6ad34ae66576dfb98f6c6cbf9" \
    "ddd5a56c7833f6bcfdff095582ad868e440e8d09fd769e3ceccdc3d3b1e4cfa0" \
    "57776caaf9739b6a9fee8e7411f8d6dac09d6a4edb46cc2b5d5203090eae6126" \
    "311e53fd2c14b574e6a3109a3da1be41bdceaa186f5ce06716a2b6a07b3c33fe"
#define Z \
    "5c804f454d30d9c4df85271f93528c91df6b48ab5f80b3b59caac1b28f8acba9" \
    "cd3e39f3cb614525d9521d2e644c53b807b810f340062f257d7d6fbfe8d5e8f0" \
    "72e9b6e9afda9413eafb2e8b0699b1fb5a0caceddeaead7e9cfbb36ae2b42083" \
    "5bd83a19fb0b5e96bf8fa4d09e345525167ecd9155416f46f408ed31b63c6e6d"
/* clang-format on */

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static struct ffc_key known;

/* A key out of the agreement; type 0: a generic secret, of which the template
 * says nothing. len: 0: nor of its length. */
static CK_RV
derive(CK_OBJECT_HANDLE base, void *public, CK_ULONG public_len,
    CK_KEY_TYPE type, CK_ULONG len, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {CKM_DH_PKCS_DERIVE, public, public_len};
	CK_ATTRIBUTE t[5] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_ULONG n = 2;

	if (type != 0)
		t[n++] = (CK_ATTRIBUTE)A(CKA_KEY_TYPE, type);
	if (len != 0)
		t[n++] = (CK_ATTRIBUTE)A(CKA_VALUE_LEN, len);
	return (p11->C_DeriveKey(rw, &m, base, t, n, h));
}

static void
test_known(struct pair_handles *p)
{
	CK_BYTE public[128], secret[128];
	CK_OBJECT_HANDLE h;
	EVP_PKEY *of_public, *of_private;

	NEED(ffc_key_create(&known, CKO_PUBLIC_KEY, &p->public) == CKR_OK &&
		 ffc_key_create(&known, CKO_PRIVATE_KEY, &p->private) == CKR_OK,
	    "a published pair");
	of_public = ffc_key_openssl(p->public);
	of_private = ffc_key_openssl(p->private);
	OK(ffc_key_has(of_public, OSSL_PKEY_PARAM_FFC_P, &known.p) &&
		ffc_key_has(of_public, OSSL_PKEY_PARAM_FFC_G, &known.g) &&
		ffc_key_has(of_public, OSSL_PKEY_PARAM_PUB_KEY, &known.y),
	    "OpenSSL reads the public half");
	OK(ffc_key_has(of_private, OSSL_PKEY_PARAM_PUB_KEY, &known.y),
	    "of the private half the public one is computed");
	COUNT(attr_number(p->private, CKA_VALUE_BITS), 160, "CKA_VALUE_BITS");
	NEED(from_hex(YB, public) == 128 && from_hex(Z, secret) == 128,
	    "the published agreement");
	RV(derive(p->private, public, 128, 0, 0, &h), CKR_OK, "all of it");
	OK(attr_is(h, CKA_VALUE, secret, 128) &&
		attr_is(h, CKA_KEY_TYPE, &generic_type, sizeof(generic_type)),
	    "is the published secret");
	RV(derive(p->private, public, 128, CKK_AES, 32, &h), CKR_OK, "AES");
	OK(attr_is(h, CKA_VALUE, secret + 96, 32), "is its end");
	RV(derive(p->private, public, 128, CKK_GENERIC_SECRET, 1, &h), CKR_OK,
	    "one byte");
	OK(attr_is(h, CKA_VALUE, secret + 127, 1), "is the last");
	RV(derive(p->private, public, 128, CKK_AES, 0, &h),
	    CKR_TEMPLATE_INCOMPLETE, "AES has no length of its own");
	RV(derive(p->private, public, 128, CKK_GENERIC_SECRET, 129, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "more than there is");
	RV(derive(p->private, public, 128, CKK_AES, 33, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "no length of AES");
	EVP_PKEY_free(of_public);
	EVP_PKEY_free(of_private);
}

/* What OpenSSL agrees on with a key of its own, and that key's public value. */
static size_t
openssl_agrees(EVP_PKEY *with, CK_BYTE secret[512], struct number *public)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, with, NULL);
	EVP_PKEY *own = NULL;
	BIGNUM *y = NULL;
	size_t n = 512;

	NEED(EVP_PKEY_keygen_init(ctx) == 1 &&
		 EVP_PKEY_generate(ctx, &own) == 1 &&
		 EVP_PKEY_get_bn_param(own, OSSL_PKEY_PARAM_PUB_KEY, &y) == 1,
	    "OpenSSL's key");
	public->len = (CK_ULONG)BN_bn2bin(y, public->bytes);
	EVP_PKEY_CTX_free(ctx);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	NEED(EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1 &&
		 EVP_PKEY_derive_set_peer(ctx, with) == 1 &&
		 EVP_PKEY_derive(ctx, secret, &n) == 1,
	    "OpenSSL's side");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(own);
	BN_free(y);
	return (n);
}

/* Often enough that a secret begins with a zero, now and then. */
static void
test_with_openssl(struct ffc_key *group, unsigned times)
{
	struct pair_handles p;
	struct ffc_key of_public, of_private;
	struct number public;
	CK_BYTE secret[512];
	CK_OBJECT_HANDLE h;
	EVP_PKEY *k;
	size_t n;

	NEED(ffc_key_generate(group, CKM_DH_PKCS_KEY_PAIR_GEN, NULL, &p) ==
		 CKR_OK,
	    "a new pair of %lu bytes", group->p.len);
	ffc_key_read(p.public, &of_public);
	ffc_key_read(p.private, &of_private);
	COUNT(of_public.y.len, group->p.len, "the public value");
	COUNT(attr_number(p.private, CKA_VALUE_BITS), 8 * group->p.len - 1,
	    "the bits of the private value");
	OK(memcmp(of_private.p.bytes, group->p.bytes, group->p.len) == 0 &&
		memcmp(of_private.g.bytes, group->g.bytes, group->g.len) == 0,
	    "of that group");
	k = ffc_key_openssl(p.public);
	for (unsigned i = 0; i < times; i++) {
		n = openssl_agrees(k, secret, &public);
		RV(derive(p.private, public.bytes, public.len, 0, 0, &h),
		    CKR_OK, "derived");
		OK(attr_is(h, CKA_VALUE, secret, n), "as OpenSSL has it");
	}
	EVP_PKEY_free(k);
}

/* The bits that were asked for, and no others. */
static void
test_bits(void)
{
	static const CK_ULONG good[] = {1, 2, 7, 8, 9, 160, 1023, 1024};
	static const CK_ULONG bad[] = {
	    0, 1025, (CK_ULONG)1 << 32, (CK_ULONG)-1};
	CK_ULONG bits;
	CK_ATTRIBUTE a = A(CKA_VALUE_BITS, bits);
	struct pair_handles p;

	for (size_t i = 0; i < ELEMS(good); i++) {
		bits = good[i];
		RV(ffc_key_generate(&known, CKM_DH_PKCS_KEY_PAIR_GEN, &a, &p),
		    CKR_OK, "%lu bits", bits);
		COUNT(attr_number(p.private, CKA_VALUE_BITS),
		    bits < 1024 ? bits : 1023,
		    "as many are there, and less than the prime's 1024");
	}
	for (size_t i = 0; i < ELEMS(bad); i++) {
		bits = bad[i];
		RV(ffc_key_generate(&known, CKM_DH_PKCS_KEY_PAIR_GEN, &a, &p),
		    CKR_ATTRIBUTE_VALUE_INVALID, "%lu bits", bits);
	}
}

/* The other side's value is from 2 to p - 2: a secret of 1 is none. */
static void
test_peers(CK_OBJECT_HANDLE base)
{
	struct number n = known.p;
	CK_BYTE longer[300] = {0};
	CK_MECHANISM m = {CKM_DH_PKCS_DERIVE, NULL, 1};
	CK_OBJECT_HANDLE h;

	for (int i = -2; i <= 2; i++) {
		CK_BYTE bytes[129];

		memcpy(bytes, n.bytes, n.len); /* its end is 0x71 */
		bytes[n.len - 1] = (CK_BYTE)(bytes[n.len - 1] + i);
		RV(derive(base, bytes, n.len, 0, 0, &h),
		    i < -1 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID,
		    "the prime, and %d", i);
	}
	for (CK_BYTE i = 0; i < 4; i++)
		RV(derive(base, &i, 1, 0, 0, &h),
		    i < 2 ? CKR_MECHANISM_PARAM_INVALID : CKR_OK, "%d", i);
	memcpy(longer + 172, known.y.bytes, 128);
	RV(derive(base, longer, 300, 0, 0, &h), CKR_OK, "zeros in front");
	longer[171] = 1;
	RV(derive(base, longer, 300, 0, 0, &h), CKR_MECHANISM_PARAM_INVALID,
	    "more than the prime");
	memset(longer, 0, sizeof(longer));
	RV(derive(base, longer, 300, 0, 0, &h), CKR_MECHANISM_PARAM_INVALID,
	    "nothing but zeros");
	RV(derive(base, longer, 0, 0, 0, &h), CKR_MECHANISM_PARAM_INVALID,
	    "no bytes");
	RV(derive(base, NULL, 0, 0, 0, &h), CKR_MECHANISM_PARAM_INVALID,
	    "no parameter");
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, &h), CKR_ARGUMENTS_BAD,
	    "a parameter that is not there");
}

/* A private value is from 1 to p - 2. */
static void
test_private_values(void)
{
	struct ffc_key k = known;
	CK_BYTE two = 2;
	CK_OBJECT_HANDLE h, base;

	k.x.bytes[0] = 1;
	k.x.len = 1;
	NEED(ffc_key_create(&k, CKO_PRIVATE_KEY, &base) == CKR_OK,
	    "a private value of 1");
	RV(derive(base, &two, 1, 0, 0, &h), CKR_OK, "2 to the power of it");
	k.x.len = 0;
	RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &base),
	    CKR_ATTRIBUTE_VALUE_INVALID, "no private value");
	k.x = known.p;
	for (int i = 0; i < 3; i++) {
		RV(ffc_key_create(&k, CKO_PRIVATE_KEY, &base),
		    i < 2 ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK,
		    "the prime less %d", i);
		k.x.bytes[k.x.len - 1]--;
	}
}

static void
test_wrong_numbers(void)
{
	struct ffc_key k = known;
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	for (CK_BYTE i = 0; i < 2; i++) {
		k.g.bytes[0] = i;
		k.g.len = 1;
		RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h),
		    CKR_DOMAIN_PARAMS_INVALID, "a base of %d", i);
		RV(ffc_key_generate(&k, CKM_DH_PKCS_KEY_PAIR_GEN, NULL, &p),
		    CKR_DOMAIN_PARAMS_INVALID, "to generate with");
		k = known;
		k.y.bytes[0] = i;
		k.y.len = 1;
		RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h),
		    CKR_ATTRIBUTE_VALUE_INVALID, "a public value of %d", i);
		k = known;
	}
	k.p.bytes[k.p.len - 1] ^= 1;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_DOMAIN_PARAMS_INVALID,
	    "an even prime");
	k = known;
	k.p.len = 63;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_DOMAIN_PARAMS_INVALID,
	    "504 bits");
	memset(k.p.bytes, 0xff, sizeof(k.p.bytes));
	k.p.len = 1025;
	RV(ffc_key_create(&k, CKO_PUBLIC_KEY, &h), CKR_DOMAIN_PARAMS_INVALID,
	    "8200 bits");
}

static void
test_wrap(CK_OBJECT_HANDLE key)
{
	static CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_KEY_TYPE dh = CKK_DH;
	CK_ULONG bits = 160;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, dh),
	    A(CKA_SENSITIVE, no), A(CKA_VALUE_BITS, bits)};
	CK_OBJECT_HANDLE wrapping_key = secret_make(CKK_AES, material(1), 32);
	CK_BYTE wrapped[1000], der[1000];
	const unsigned char *p = der;
	CK_ULONG n = sizeof(wrapped), len = sizeof(der);
	CK_OBJECT_HANDLE h;
	EVP_PKEY *k;

	RV(p11->C_WrapKey(rw, &kwp, wrapping_key, key, wrapped, &n), CKR_OK,
	    "wrapped");
	NEED(p11->C_DecryptInit(rw, &kwp, wrapping_key) == CKR_OK &&
		 p11->C_Decrypt(rw, wrapped, n, der, &len) == CKR_OK,
	    "opened by hand");
	k = d2i_AutoPrivateKey_ex(NULL, &p, (long)len, NULL, NULL);
	NEED(k != NULL, "OpenSSL reads it");
	OK(ffc_key_has(k, OSSL_PKEY_PARAM_PRIV_KEY, &known.x) &&
		ffc_key_has(k, OSSL_PKEY_PARAM_FFC_P, &known.p),
	    "it is that key");
	EVP_PKEY_free(k);
	RV(p11->C_UnwrapKey(rw, &kwp, wrapping_key, wrapped, n, t, 4, &h),
	    CKR_OK, "unwrapped");
	OK(attr_is(h, CKA_VALUE, known.x.bytes, known.x.len) &&
		attr_is(h, CKA_PRIME, known.p.bytes, known.p.len) &&
		attr_is(h, CKA_BASE, known.g.bytes, known.g.len),
	    "it is that key");
	bits = 159;
	RV(p11->C_UnwrapKey(rw, &kwp, wrapping_key, wrapped, n, t, 4, &h),
	    CKR_TEMPLATE_INCONSISTENT, "of other bits");
	dh = CKK_DSA;
	RV(p11->C_UnwrapKey(rw, &kwp, wrapping_key, wrapped, n, t, 3, &h),
	    CKR_WRAPPED_KEY_INVALID, "of another type");
}

static void
test_refusals(struct pair_handles p)
{
	CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, NULL, 0};
	CK_MECHANISM hkdf = {CKM_HKDF_DERIVE, NULL, 0};
	CK_MECHANISM m = {CKM_DH_PKCS_DERIVE, known.y.bytes, known.y.len};
	CK_MECHANISM sign = {CKM_DSA, NULL, 0};
	CK_ATTRIBUTE on_token = A(CKA_TOKEN, yes),
		     not_derive[] = {A(CKA_DERIVE, no)};
	CK_OBJECT_HANDLE h, copy,
	    secret = base_key(CKK_GENERIC_SECRET, material(1), 32, yes);

	RV(p11->C_DeriveKey(rw, &ecdh, p.private, NULL, 0, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "another mechanism");
	RV(p11->C_DeriveKey(rw, &hkdf, p.private, NULL, 0, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "nor that of secret keys");
	RV(p11->C_DeriveKey(rw, &m, p.public, NULL, 0, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "the public half");
	RV(p11->C_DeriveKey(rw, &m, secret, NULL, 0, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "a secret key");
	RV(p11->C_SignInit(rw, &sign, p.private), CKR_KEY_TYPE_INCONSISTENT,
	    "it does not sign");
	RV(p11->C_CopyObject(rw, p.private, not_derive, 1, &copy), CKR_OK,
	    "a copy that derives nothing");
	RV(p11->C_DeriveKey(rw, &m, copy, NULL, 0, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "derives nothing");
	RV(p11->C_CopyObject(rw, p.private, &on_token, 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "KMS does not import it");
}

int
main(void)
{
	struct ffc_key group = {.type = CKK_DH};
	struct pair_handles p;
	BIGNUM *prime;

	testenv_open();
	p11_start();
	ffc_key_dh(&known);
	test_known(&p);
	test_with_openssl(&known, 300);
	prime = BN_get_rfc3526_prime_2048(NULL);
	group.p.len = (CK_ULONG)BN_bn2bin(prime, group.p.bytes);
	BN_free(prime);
	group.g.bytes[0] = 2;
	group.g.len = 1;
	test_with_openssl(&group, 2);
	test_bits();
	test_peers(p.private);
	test_private_values();
	test_wrong_numbers();
	test_wrap(p.private);
	test_refusals(p);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
