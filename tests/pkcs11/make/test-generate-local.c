/* Session keys and pairs that the module makes. */
#include <string.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       p384[] = {6, 5, 0x2b, 0x81, 4, 0, 34},
	       p521[] = {6, 5, 0x2b, 0x81, 4, 0, 35},
	       k256[] = {6, 5, 0x2b, 0x81, 4, 0, 10},
	       ed25519[] = {6, 3, 0x2b, 0x65, 0x70},
	       ed_name[] = {19, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5',
		   '5', '1', '9'},
	       x25519[] = {6, 3, 0x2b, 0x65, 0x6e},
	       p224[] = {6, 5, 0x2b, 0x81, 4, 0, 33},
	       brainpool[] = {6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 13},
	       twist[] = {6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, 2},
	       p192[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1},
	       secp160k1[] = {6, 5, 0x2b, 0x81, 4, 0, 9};

static bool
is_true(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, bool want)
{
	return (attr_is(h, type, want ? &yes : &no, 1));
}

static CK_RV
keygen(CK_MECHANISM_TYPE type, CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {type, NULL, 0};

	*h = CK_INVALID_HANDLE;
	return (p11->C_GenerateKey(rw, &m, t, count, h));
}

static void
test_secrets(void)
{
	CK_ULONG len = 32;
	CK_KEY_TYPE hmac = CKK_SHA256_HMAC;
	CK_BYTE a[64], b[64];
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE odd[] = {A(CKA_VALUE_LEN, len), A(CKA_KEY_TYPE, hmac)};
	CK_ATTRIBUTE value[] = {A(CKA_VALUE_LEN, len), A(CKA_VALUE, a)};
	CK_ATTRIBUTE class[] = {
	    A(CKA_VALUE_LEN, len), A(CKA_CLASS, private_class)};
	CK_OBJECT_HANDLE h;

	RV(keygen(CKM_AES_KEY_GEN, t, 3, &h), CKR_OK, "an AES key");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_AES, "is one");
	COUNT(attr_number(h, CKA_CLASS), CKO_SECRET_KEY, "and secret");
	COUNT(attr(h, CKA_VALUE, a, sizeof(a)), 32, "of 32 bytes");
	OK(is_true(h, CKA_LOCAL, true), "made here");
	COUNT(attr_number(h, CKA_KEY_GEN_MECHANISM), CKM_AES_KEY_GEN, "by");
	OK(is_true(h, CKA_ALWAYS_SENSITIVE, false), "never was sensitive");
	OK(is_true(h, CKA_NEVER_EXTRACTABLE, false), "but extractable");
	RV(keygen(CKM_AES_KEY_GEN, t, 3, &h), CKR_OK, "another");
	OK(attr(h, CKA_VALUE, b, sizeof(b)) == 32 && memcmp(a, b, 32) != 0,
	    "is another");
	RV(keygen(CKM_AES_KEY_GEN, t, 1, &h), CKR_OK, "one without a word");
	OK(is_true(h, CKA_SENSITIVE, false), "is not sensitive");
	OK(is_true(h, CKA_NEVER_EXTRACTABLE, true), "and never extractable");
	t[1].pValue = &yes;
	RV(keygen(CKM_AES_KEY_GEN, t, 2, &h), CKR_OK, "a sensitive one");
	OK(is_true(h, CKA_ALWAYS_SENSITIVE, true), "always was sensitive");
	t[1].pValue = &no;
	len = 17;
	RV(keygen(CKM_AES_KEY_GEN, t, 3, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "AES of 17 bytes");
	RV(keygen(CKM_GENERIC_SECRET_KEY_GEN, t, 3, &h), CKR_OK, "a secret");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_GENERIC_SECRET, "generic");
	COUNT(attr(h, CKA_VALUE, a, sizeof(a)), 17, "of 17 bytes");
	RV(keygen(CKM_GENERIC_SECRET_KEY_GEN, odd, 2, &h), CKR_OK,
	    "one for an HMAC");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_SHA256_HMAC, "is that");
	RV(keygen(CKM_SHA256_KEY_GEN, t, 3, &h), CKR_OK, "one by its hash");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_SHA256_HMAC, "is that");
	COUNT(attr_number(h, CKA_KEY_GEN_MECHANISM), CKM_SHA256_KEY_GEN,
	    "made so");
	RV(keygen(CKM_SHA3_512_KEY_GEN, t, 3, &h), CKR_OK, "by SHA-3");
	RV(keygen(CKM_SHA_1_KEY_GEN, odd, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "SHA-1 for SHA-256");
	RV(keygen(CKM_HKDF_KEY_GEN, t, 1, &h), CKR_OK, "one for HKDF");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_HKDF, "is that");
	RV(keygen(CKM_AES_KEY_GEN, odd, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "AES for an HMAC");
	RV(keygen(CKM_AES_KEY_GEN, t + 1, 2, &h), CKR_TEMPLATE_INCOMPLETE,
	    "AES of no length");
	RV(keygen(CKM_AES_KEY_GEN, value, 2, &h), CKR_ATTRIBUTE_READ_ONLY,
	    "with a value");
	RV(keygen(CKM_AES_KEY_GEN, class, 2, &h), CKR_TEMPLATE_INCONSISTENT,
	    "of another class");
	RV(keygen(CKM_AES_GCM, t, 3, &h), CKR_MECHANISM_INVALID,
	    "by another mechanism");
	len = 0;
	RV(keygen(CKM_GENERIC_SECRET_KEY_GEN, t, 3, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "of no bytes");
	len = 1UL << 40;
	RV(keygen(CKM_GENERIC_SECRET_KEY_GEN, t, 3, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "of too many");
}

/* CKA_PUBLIC_KEY_INFO as OpenSSL's key. */
static EVP_PKEY *
public_of(CK_OBJECT_HANDLE h)
{
	CK_BYTE der[1024];
	const unsigned char *p = der;
	CK_ULONG n = attr(h, CKA_PUBLIC_KEY_INFO, der, sizeof(der));

	return (n > sizeof(der) ? NULL : d2i_PUBKEY(NULL, &p, (long)n));
}

static bool
same_info(CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b)
{
	EVP_PKEY *p = public_of(a), *q = public_of(b);
	bool same = p != NULL && q != NULL && EVP_PKEY_eq(p, q) == 1;

	EVP_PKEY_free(p);
	EVP_PKEY_free(q);
	return (same);
}

static CK_RV
pairgen(CK_MECHANISM_TYPE type, CK_ATTRIBUTE *t, CK_ULONG count,
    struct pair_handles *p)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE private[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
	    A_BYTES(CKA_ID, "pair", 4)};

	*p = (struct pair_handles){CK_INVALID_HANDLE, CK_INVALID_HANDLE};
	return (p11->C_GenerateKeyPair(
	    rw, &m, t, count, private, 3, &p->public, &p->private));
}

static void
test_rsa(void)
{
	CK_ULONG bits = 2048;
	CK_BYTE three[] = {3}, even[] = {1, 0, 0}, e[8];
	CK_ATTRIBUTE t[] = {
	    A(CKA_MODULUS_BITS, bits), A(CKA_PUBLIC_EXPONENT, three)};
	CK_ATTRIBUTE token[] = {A(CKA_MODULUS_BITS, bits), A(CKA_TOKEN, yes)};
	CK_BYTE n[512], d[512];
	struct pair_handles p;

	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, t, 1, &p), CKR_OK, "RSA");
	OK(same_info(p.public, p.private), "halves of one key");
	COUNT(attr(p.private, CKA_MODULUS, n, sizeof(n)), 256, "a modulus");
	OK(attr_is(p.public, CKA_MODULUS, n, 256), "the same in both");
	COUNT(attr_number(p.public, CKA_MODULUS_BITS), 2048, "its bits");
	OK(attr(p.public, CKA_PUBLIC_EXPONENT, e, sizeof(e)) == 3 &&
		memcmp(e, "\1\0\1", 3) == 0,
	    "65537");
	COUNT(attr(p.private, CKA_PRIME_2, d, sizeof(d)), 128, "a prime");
	OK(attr_is(p.private, CKA_ID, "pair", 4), "an id");
	OK(is_true(p.private, CKA_LOCAL, true) &&
		is_true(p.public, CKA_LOCAL, true),
	    "made here");
	COUNT(attr_number(p.private, CKA_KEY_GEN_MECHANISM),
	    CKM_RSA_PKCS_KEY_PAIR_GEN, "by");
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, t, 2, &p), CKR_OK,
	    "RSA with exponent 3");
	OK(attr_is(p.private, CKA_PUBLIC_EXPONENT, three, 1), "has it");
	t[1] = (CK_ATTRIBUTE)A(CKA_PUBLIC_EXPONENT, even);
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, t, 2, &p),
	    CKR_TEMPLATE_INCONSISTENT, "an even one");
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, token, 2, &p),
	    CKR_TEMPLATE_INCONSISTENT, "one half in KMS");
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0, &p),
	    CKR_TEMPLATE_INCOMPLETE, "of no length");
	bits = 512;
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, t, 1, &p), CKR_OK, "512 bits");
	COUNT(attr(p.private, CKA_MODULUS, n, sizeof(n)), 64, "its modulus");
	bits = 504;
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, t, 1, &p),
	    CKR_ATTRIBUTE_VALUE_INVALID, "less");
	bits = 8192;
	RV(pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN, t, 1, &p),
	    CKR_ATTRIBUTE_VALUE_INVALID, "8192 bits");
}

static void
test_curves(void)
{
	static const struct {
		const char *name;
		CK_MECHANISM_TYPE mechanism;
		CK_BYTE *params;
		CK_ULONG len, value, point;
	} rows[] = {
	    {"P-256", CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256), 32, 67},
	    {"P-384", CKM_EC_KEY_PAIR_GEN, p384, sizeof(p384), 48, 99},
	    {"P-521", CKM_EC_KEY_PAIR_GEN, p521, sizeof(p521), 66, 136},
	    {"secp256k1", CKM_EC_KEY_PAIR_GEN, k256, sizeof(k256), 32, 67},
	    {"P-224", CKM_EC_KEY_PAIR_GEN, p224, sizeof(p224), 28, 59},
	    {"brainpoolP512r1", CKM_EC_KEY_PAIR_GEN, brainpool,
		sizeof(brainpool), 64, 132},
	    {"brainpoolP160t1", CKM_EC_KEY_PAIR_GEN, twist, sizeof(twist), 20,
		43},
	    {"P-192", CKM_EC_KEY_PAIR_GEN, p192, sizeof(p192), 24, 51},
	    {"Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, ed25519, sizeof(ed25519),
		32, 32},
	    {"edwards25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, ed_name,
		sizeof(ed_name), 32, 32},
	    {"X25519", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519),
		32, 32},
	};
	CK_BYTE bytes[256];
	struct pair_handles p;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_ATTRIBUTE t = {CKA_EC_PARAMS, rows[i].params, rows[i].len};

		RV(pairgen(rows[i].mechanism, &t, 1, &p), CKR_OK, "%s",
		    rows[i].name);
		OK(same_info(p.public, p.private), "halves of one key");
		COUNT(attr(p.private, CKA_VALUE, bytes, sizeof(bytes)),
		    rows[i].value, "a value");
		COUNT(attr(p.public, CKA_EC_POINT, bytes, sizeof(bytes)),
		    rows[i].point, "a point");
		OK(attr_is(p.private, CKA_EC_POINT, bytes, rows[i].point),
		    "the same in both");
		OK(attr_is(
		       p.private, CKA_EC_PARAMS, rows[i].params, rows[i].len),
		    "its curve");
	}
	RV(pairgen(CKM_EC_KEY_PAIR_GEN,
	       &(CK_ATTRIBUTE)A(CKA_EC_PARAMS, secp160k1), 1, &p),
	    CKR_CURVE_NOT_SUPPORTED, "secp160k1");
	RV(pairgen(CKM_EC_KEY_PAIR_GEN,
	       &(CK_ATTRIBUTE)A(CKA_EC_PARAMS, ed25519), 1, &p),
	    CKR_CURVE_NOT_SUPPORTED, "Ed25519 by the wrong mechanism");
	RV(pairgen(CKM_EC_KEY_PAIR_GEN, &(CK_ATTRIBUTE){CKA_EC_PARAMS, p224, 4},
	       1, &p),
	    CKR_DOMAIN_PARAMS_INVALID, "half a curve");
	RV(pairgen(CKM_EC_KEY_PAIR_GEN, NULL, 0, &p), CKR_TEMPLATE_INCOMPLETE,
	    "no curve");
}

/* ECParameters with all numbers in place of a name. */
static void
test_explicit_curves(void)
{
	static const struct {
		int nid;
		point_conversion_form_t form;
	} rows[] = {{NID_X9_62_prime256v1, POINT_CONVERSION_UNCOMPRESSED},
	    {NID_secp521r1, POINT_CONVERSION_COMPRESSED},
	    {NID_brainpoolP384t1, POINT_CONVERSION_UNCOMPRESSED}};
	struct pair_handles p;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		EC_GROUP *g = EC_GROUP_new_by_curve_name(rows[i].nid);
		unsigned char *der = NULL;
		CK_ATTRIBUTE t = {CKA_EC_PARAMS, NULL, 0};

		EC_GROUP_set_asn1_flag(g, OPENSSL_EC_EXPLICIT_CURVE);
		EC_GROUP_set_point_conversion_form(g, rows[i].form);
		t.ulValueLen = (CK_ULONG)i2d_ECPKParameters(g, &der);
		t.pValue = der;
		RV(pairgen(CKM_EC_KEY_PAIR_GEN, &t, 1, &p), CKR_OK, "%s",
		    OBJ_nid2sn(rows[i].nid));
		OK(same_info(p.public, p.private), "halves of one key");
		OK(attr_is(p.private, CKA_EC_PARAMS, der, t.ulValueLen),
		    "its curve is as it was given");
		der[t.ulValueLen - 1] ^= 3; /* the cofactor */
		RV(pairgen(CKM_EC_KEY_PAIR_GEN, &t, 1, &p),
		    CKR_CURVE_NOT_SUPPORTED, "with 2 as its cofactor");
		der[t.ulValueLen - 1] ^= 3;
		der[40] ^= 1; /* of p */
		RV(pairgen(CKM_EC_KEY_PAIR_GEN, &t, 1, &p),
		    CKR_CURVE_NOT_SUPPORTED, "a curve that nobody knows");
		RV(pairgen(CKM_EC_KEY_PAIR_GEN,
		       &(CK_ATTRIBUTE){CKA_EC_PARAMS, der, 20}, 1, &p),
		    CKR_DOMAIN_PARAMS_INVALID, "a part of one");
		OPENSSL_free(der);
		EC_GROUP_free(g);
	}
}

/* Curves by their names, which are the same as by their OIDs: a pair is
 * generated, and its halves are created, wrapped and unwrapped. */
static void
test_curve_names(void)
{
	static const struct {
		const char *name;
		CK_KEY_TYPE type;
		CK_MECHANISM_TYPE generator;
	} rows[] = {
	    {"secp256r1", CKK_EC, CKM_EC_KEY_PAIR_GEN},
	    {"prime256v1", CKK_EC, CKM_EC_KEY_PAIR_GEN},
	    {"P-384", CKK_EC, CKM_EC_KEY_PAIR_GEN},
	    {"secp521r1", CKK_EC, CKM_EC_KEY_PAIR_GEN},
	    {"secp256k1", CKK_EC, CKM_EC_KEY_PAIR_GEN},
	    {"brainpoolP320t1", CKK_EC, CKM_EC_KEY_PAIR_GEN},
	    {"edwards25519", CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN},
	    {"curve448", CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN},
	};
	CK_BYTE der[32] = {0x13}, point[140], private_value[66], wrapped[256];
	CK_OBJECT_HANDLE public, private, h, kek;
	CK_ATTRIBUTE key[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, material(3), 32)};
	CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};

	NEED(p11->C_CreateObject(rw, key, 3, &kek) == CKR_OK, "a wrapping key");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		CK_MECHANISM m = {rows[i].generator, NULL, 0};
		CK_KEY_TYPE type = rows[i].type;
		CK_ULONG n = sizeof(wrapped), len = strlen(rows[i].name);
		CK_ATTRIBUTE params = A_BYTES(CKA_EC_PARAMS, der, 2 + len),
			     open[] = {
				 A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};

		der[1] = (CK_BYTE)len;
		memcpy(der + 2, rows[i].name, len);
		if (!RV(p11->C_GenerateKeyPair(
			    rw, &m, &params, 1, open, 2, &public, &private),
			CKR_OK, "%s", rows[i].name))
			continue;
		OK(attr_is(private, CKA_EC_PARAMS, der, 2 + len),
		    "is shown as it was given");
		len = attr(public, CKA_EC_POINT, point, sizeof(point));
		{
			CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
			    A(CKA_KEY_TYPE, type), params,
			    A_BYTES(CKA_EC_POINT, point, len)};

			RV(p11->C_CreateObject(rw, t, 4, &h), CKR_OK,
			    "its public half");
		}
		len = attr(private, CKA_VALUE, private_value, 66);
		{
			CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
			    A(CKA_KEY_TYPE, type), params,
			    A_BYTES(CKA_VALUE, private_value, len)};
			CK_ATTRIBUTE seen[] = {
			    t[0], t[1], A(CKA_SENSITIVE, no)};

			RV(p11->C_CreateObject(rw, t, 4, &h), CKR_OK,
			    "and the private one");
			RV(p11->C_WrapKey(rw, &kwp, kek, h, wrapped, &n),
			    CKR_OK, "is wrapped");
			RV(p11->C_UnwrapKey(
			       rw, &kwp, kek, wrapped, n, seen, 3, &h),
			    CKR_OK, "and unwrapped");
		}
		OK(attr_is(h, CKA_VALUE, private_value, len), "the same");
	}
}

int
main(void)
{
	testenv_start();
	p11_start();
	calls_clear();
	test_secrets();
	test_rsa();
	test_curves();
	test_explicit_curves();
	test_curve_names();
	COUNT(calls(NULL), 0, "KMS heard nothing of that");
	p11_stop();
	testenv_stop();
	return (tap_done());
}
