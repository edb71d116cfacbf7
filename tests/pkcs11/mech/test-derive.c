/* C_DeriveKey, checked by OpenSSL. */
#include <stdint.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/derive-params.h"
#include "p11.h"

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET, ec_type = CKK_EC;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       x25519[] = {6, 3, 0x2b, 0x65, 0x6e};
static CK_ULONG asked;

static CK_RV
derive(CK_MECHANISM_TYPE type, void *params, CK_ULONG len,
    CK_OBJECT_HANDLE base, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {type, params, len};

	return (derive_open(&m, base, asked, h));
}

/* The other side: OpenSSL's key, and its point as PKCS#11 has it. */
static EVP_PKEY *other;
static CK_BYTE point[256];
static CK_ULONG point_len;

static void
peer_new(EVP_PKEY *p)
{
	size_t len = 0;

	EVP_PKEY_free(other);
	other = p;
	NEED(EVP_PKEY_get_octet_string_param(
		 other, OSSL_PKEY_PARAM_PUB_KEY, point + 2, 200, &len) == 1,
	    "another side");
	point[0] = 4;
	point[1] = (CK_BYTE)len;
	point_len = len + 2;
}

/* What OpenSSL has for the secret of its key and that object's public one. */
static size_t
agreed(CK_OBJECT_HANDLE own, CK_BYTE out[128])
{
	CK_BYTE der[512];
	const unsigned char *p = der;
	CK_ULONG n = attr(own, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	EVP_PKEY *pub = n > sizeof(der) ? NULL : d2i_PUBKEY(NULL, &p, (long)n);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(other, NULL);
	size_t len = 128;

	NEED(pub != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
		 EVP_PKEY_derive_set_peer(ctx, pub) == 1 &&
		 EVP_PKEY_derive(ctx, out, &len) == 1,
	    "OpenSSL's side");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pub);
	return (len);
}

static void
x963(const char *md, const CK_BYTE *z, size_t z_len, const char *info,
    CK_BYTE *out, size_t len)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(
			      OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)md, 0),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)z, z_len),
	    OSSL_PARAM_construct_octet_string(
		OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)info, strlen(info)),
	    OSSL_PARAM_construct_end()};

	NEED(EVP_KDF_derive(ctx, out, len, p) == 1, "X9.63 with %s", md);
	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
}

static void
test_agreement(const char *what, CK_OBJECT_HANDLE own, unsigned long requests)
{
	static const struct {
		CK_ULONG kdf;
		const char *md;
	} kdfs[] = {{CKD_SHA1_KDF, "SHA1"}, {CKD_SHA224_KDF, "SHA224"},
	    {CKD_SHA256_KDF, "SHA256"}, {CKD_SHA384_KDF, "SHA384"},
	    {CKD_SHA512_KDF, "SHA512"}, {CKD_SHA3_256_KDF, "SHA3-256"}};
	CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL,
	    .pPublicData = point,
	    .ulPublicDataLen = point_len};
	CK_BYTE z[128], want[128];
	size_t len = agreed(own, z);
	CK_OBJECT_HANDLE h;
	CK_RV cofactor;

	asked = 0;
	calls_clear();
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h), CKR_OK, "%s",
	    what);
	COUNT(calls(NULL), requests, "requests to KMS");
	OK(attr_is(h, CKA_VALUE, z, len), "OpenSSL's secret");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_GENERIC_SECRET, "generic");
	COUNT(attr_number(h, CKA_VALUE_LEN), len, "of its length");
	OK(attr_is(h, CKA_LOCAL, &no, 1), "not made here");
	OK(attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1), "nor always sensitive");
	p.pPublicData = point + 2;
	p.ulPublicDataLen = point_len - 2;
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h), CKR_OK,
	    "with the point as it is");
	OK(attr_is(h, CKA_VALUE, z, len), "the same");
	cofactor = derive(CKM_ECDH1_COFACTOR_DERIVE, &p, sizeof(p), own, &h);
	if (attr_number(own, CKA_KEY_TYPE) == CKK_EC_MONTGOMERY)
		RV(cofactor, CKR_KEY_TYPE_INCONSISTENT, "it has no cofactor");
	else if (RV(cofactor, CKR_OK, "with the cofactor"))
		OK(attr_is(h, CKA_VALUE, z, len), "the same");
	asked = 16;
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h), CKR_OK,
	    "half of it");
	OK(attr_is(h, CKA_VALUE, z + len - 16, 16), "loses its leading end");
	asked = len + 1;
	calls_clear();
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "more than there is");
	p.pSharedData = (CK_BYTE *)"shared";
	p.ulSharedDataLen = 6;
	asked = 16;
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h),
	    CKR_MECHANISM_PARAM_INVALID, "shared data without a KDF");
	p.pPublicData[20] ^= 1;
	p.kdf = CKD_SHA256_KDF;
	if (point_len > 34) /* any bytes are a point of X25519 */
		RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h),
		    CKR_MECHANISM_PARAM_INVALID, "a point off the curve");
	p.pPublicData[20] ^= 1;
	p.ulPublicDataLen--;
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a short point");
	p.ulPublicDataLen++;
	asked = 0;
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h),
	    CKR_TEMPLATE_INCOMPLETE, "a KDF and no length");
	COUNT(calls(NULL), 0, "KMS is asked none of that");
	asked = 80;
	for (size_t i = 0; i < ELEMS(kdfs); i++) {
		p.kdf = kdfs[i].kdf;
		RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h), CKR_OK,
		    "by X9.63 with %s", kdfs[i].md);
		x963(kdfs[i].md, z, len, "shared", want, asked);
		OK(attr_is(h, CKA_VALUE, want, asked), "as OpenSSL has it");
	}
	p.kdf = CKD_SHA1_KDF_CONCATENATE;
	RV(derive(CKM_ECDH1_DERIVE, &p, sizeof(p), own, &h),
	    CKR_MECHANISM_PARAM_INVALID, "another KDF");
}

static void
test_ecdh(void)
{
	peer_new(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
	test_agreement("ECDH on P-256, here",
	    derive_pair(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256)), 0);
	account_make("ECC_NIST_P256", "KEY_AGREEMENT", "alias/agree");
	test_agreement(
	    "ECDH on P-256, in KMS", find_label("agree", CKO_PRIVATE_KEY), 1);
	peer_new(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-521"));
	account_make("ECC_NIST_P521", "KEY_AGREEMENT", "alias/agree521");
	test_agreement("ECDH on P-521, in KMS",
	    find_label("agree521", CKO_PRIVATE_KEY), 1);
	peer_new(EVP_PKEY_Q_keygen(NULL, NULL, "X25519"));
	test_agreement("X25519, here",
	    derive_pair(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519)),
	    0);
}

/* systemd-cryptenroll's template, and a key that goes into KMS. */
static void
test_ecdh_results(void)
{
	CK_OBJECT_HANDLE own = find_label("agree", CKO_PRIVATE_KEY), h;
	CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL, .pPublicData = point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE enroll[] = {A(CKA_TOKEN, no), A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)};
	CK_ATTRIBUTE token[] = {A(CKA_TOKEN, yes), A(CKA_KEY_TYPE, aes_type),
	    A_BYTES(CKA_LABEL, "agreed", 6)};
	CK_ATTRIBUTE type[] = {A(CKA_KEY_TYPE, ec_type)};
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_BYTE z[128];

	peer_new(EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"));
	p.ulPublicDataLen = point_len;
	agreed(own, z);
	RV(p11->C_DeriveKey(rw, &m, own, enroll, ELEMS(enroll), &h), CKR_OK,
	    "as systemd-cryptenroll asks");
	OK(attr_is(h, CKA_VALUE, z, 32), "the secret");
	calls_clear();
	RV(p11->C_DeriveKey(ro, &m, own, token, ELEMS(token), &h),
	    CKR_SESSION_READ_ONLY, "a token object in a read-only session");
	RV(p11->C_DeriveKey(rw, &m, own, type, 1, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a secret key of type EC");
	COUNT(calls("DeriveSharedSecret"), 0, "before KMS is asked");
	RV(p11->C_DeriveKey(rw, &m, own, token, ELEMS(token), &h), CKR_OK,
	    "an AES key that goes into KMS");
	OK(same_key(h, key_make(z, "agreed")), "is that secret");
	RV(p11->C_DeriveKey(rw, &m, find_label("agree", CKO_PUBLIC_KEY), enroll,
	       ELEMS(enroll), &h),
	    CKR_KEY_TYPE_INCONSISTENT, "with a public key");
	account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/signs");
	RV(p11->C_DeriveKey(rw, &m, find_label("signs", CKO_PRIVATE_KEY),
	       enroll, ELEMS(enroll), &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "with a key that signs");
	RV(p11->C_DeriveKey(rw, &m, 77777, enroll, ELEMS(enroll), &h),
	    CKR_KEY_HANDLE_INVALID, "with no key");
	m.mechanism = CKM_SHA256;
	RV(p11->C_DeriveKey(rw, &m, own, enroll, ELEMS(enroll), &h),
	    CKR_MECHANISM_INVALID, "by a digest");
}

/* RFC 5869, test case 1; its parts. */
static void
test_hkdf(void)
{
	static CK_BYTE okm[] = "\x3c\xb2\x5f\x25\xfa\xac\xd5\x7a\x90\x43\x4f"
			       "\x64\xd0\x36\x2f\x2a\x2d\x2d\x0a\x90\xcf\x1a"
			       "\x5a\x4c\x5d\xb0\x2d\x56\xec\xc4\xc5\xbf\x34"
			       "\x00\x72\x08\xd5\xb8\x87\x18\x58\x65";
	static CK_BYTE prk[] = "\x07\x77\x09\x36\x2c\x2e\x32\xdf\x0d\xdc\x3f"
			       "\x0d\xc4\x7b\xba\x63\x90\xb6\xc7\x3b\xb5\x0f"
			       "\x9c\x31\x22\xec\x84\x4a\xd7\xc2\xb3\xe5";
	static CK_BYTE salt[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
		       info[] = {0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7,
			   0xf8, 0xf9};
	static struct {
		CK_BYTE info[16];
		CK_ULONG len;
	} vectors[] = {{"\0\14tls iv", 9}, {"\0\14tls quic iv", 14}};
	char ikm[22];
	struct hkdf_params p = {CK_TRUE, CK_TRUE, CKM_SHA256,
	    CKF_HKDF_SALT_DATA, salt, sizeof(salt), 0, info, sizeof(info)};
	CK_MECHANISM data = {CKM_HKDF_DATA, &p, sizeof(p)};
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_OBJECT_CLASS data_class = CKO_DATA;
	CK_ATTRIBUTE t = A(CKA_VALUE_LEN, asked);
	CK_ATTRIBUTE java[] = {A(CKA_CLASS, data_class),
	    A(CKA_KEY_TYPE, generic), A(CKA_VALUE_LEN, asked)};
	CK_OBJECT_HANDLE base, h, got_prk;

	memset(ikm, 0x0b, sizeof(ikm));
	base = base_key(CKK_HKDF, ikm, sizeof(ikm), CK_TRUE);
	asked = 42;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h), CKR_OK, "HKDF");
	OK(attr_is(h, CKA_VALUE, okm, 42), "as RFC 5869 has it");
	RV(p11->C_DeriveKey(rw, &data, base, &t, 1, &h), CKR_OK, "HKDF data");
	COUNT(attr_number(h, CKA_CLASS), CKO_DATA, "a data object");
	OK(attr_is(h, CKA_VALUE, okm, 42), "of the same bytes");
	p.prfHashMechanism = CKM_SHA256_HMAC;
	RV(p11->C_DeriveKey(rw, &data, base, java, ELEMS(java), &h), CKR_OK,
	    "HKDF data as Java 25 asks for it");
	OK(attr_is(h, CKA_VALUE, okm, 42), "of the same bytes");
	COUNT(attr(h, CKA_KEY_TYPE, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "a data object has no CKA_KEY_TYPE");
	asked = 12;
	for (size_t i = 0; i < ELEMS(vectors); i++) {
		p.pInfo = vectors[i].info;
		p.ulInfoLen = vectors[i].len;
		RV(p11->C_DeriveKey(rw, &data, base, &t, 1, &h), CKR_OK,
		    "a vector of TLS, as PKCS#11 Profiles 3.2, 5.6, has it");
		COUNT(attr(h, CKA_VALUE, NULL, 0), asked, "of its length");
	}
	asked = 42;
	p.pInfo = info;
	p.ulInfoLen = sizeof(info);
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h), CKR_OK,
	    "a key, likewise");
	OK(attr_is(h, CKA_VALUE, okm, 42), "of the same bytes");
	p.prfHashMechanism = CKM_SHA256;
	p.ulSaltType = CKF_HKDF_SALT_KEY;
	p.hSaltKey = base_key(CKK_GENERIC_SECRET, (char *)salt, 13, CK_FALSE);
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h), CKR_OK,
	    "a key as salt");
	OK(attr_is(h, CKA_VALUE, okm, 42), "the same");
	p.hSaltKey = 77777;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h),
	    CKR_KEY_HANDLE_INVALID, "no such key");
	p.ulSaltType = CKF_HKDF_SALT_DATA;
	p.bExpand = CK_FALSE;
	asked = 0;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &got_prk), CKR_OK,
	    "extracted only");
	OK(attr_is(got_prk, CKA_VALUE, prk, 32), "the RFC's PRK");
	p.bExtract = CK_FALSE;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "neither extracted nor expanded");
	p.bExpand = CK_TRUE;
	asked = 42;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), got_prk, &h), CKR_OK,
	    "expanded only");
	OK(attr_is(h, CKA_VALUE, okm, 42), "the RFC's OKM");
	asked = 0;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), got_prk, &h),
	    CKR_TEMPLATE_INCOMPLETE, "expanded to no length");
	p.bExtract = CK_TRUE;
	asked = 42;
	p.ulSaltLen = (1UL << 32) + 8;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "a salt of more than OpenSSL counts");
	p.ulSaltLen = sizeof(salt);
	p.ulInfoLen = (1UL << 32) + 8;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "and such information");
	p.ulInfoLen = sizeof(info);
	asked = 255 * 32 + 1;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "too much");
	asked = 42;
	p.prfHashMechanism = CKM_AES_CBC;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "no hash");
	RV(derive(CKM_HKDF_DERIVE, &p, 3, base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "parameters of the wrong size");
	base = base_key(CKK_GENERIC_SECRET, ikm, 22, CK_FALSE);
	p.prfHashMechanism = CKM_SHA256;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), base, &h), CKR_OK,
	    "of a hidden key");
	OK(attr(h, CKA_VALUE, okm, 42) == 42, "the template says what hides");
}

/* PKCS#11 3.2, section 6.62.3: a data object as long as the hash. */
static void
test_hkdf_of_data(void)
{
	static CK_BYTE zeros[33], salt[] = "salt";
	CK_OBJECT_CLASS data_class = CKO_DATA;
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, data_class), A_BYTES(CKA_VALUE, zeros, 32)};
	struct hkdf_params p = {CK_TRUE, CK_FALSE, CKM_SHA256,
	    CKF_HKDF_SALT_DATA, salt, 4, 0, NULL, 0};
	CK_BYTE want[32];
	CK_OBJECT_HANDLE data, h;

	NEED(p11->C_CreateObject(rw, t, 2, &data) == CKR_OK, "a data object");
	asked = 0;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), data, &h), CKR_OK,
	    "a key of a data object");
	(void)EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, salt, 4, zeros, 32,
	    want, 32, NULL);
	OK(attr_is(h, CKA_VALUE, want, 32), "HMAC of it by the salt");
	OK(attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &no, 1),
	    "nobody hid it");
	p.bExtract = CK_FALSE;
	p.bExpand = CK_TRUE;
	asked = 32;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), data, &h),
	    CKR_MECHANISM_PARAM_INVALID, "expanded alone");
	p.bExtract = CK_TRUE;
	p.prfHashMechanism = CKM_SHA384;
	RV(derive(CKM_HKDF_DERIVE, &p, sizeof(p), data, &h), CKR_KEY_SIZE_RANGE,
	    "shorter than the hash");
	RV(derive(CKM_XOR_BASE_AND_DATA, &p, sizeof(p), data, &h),
	    CKR_KEY_HANDLE_INVALID, "by a mechanism that takes keys alone");
}

static void
test_joins(void)
{
	CK_KEY_DERIVATION_STRING_DATA data = {(CK_BYTE *)"1234", 4};
	CK_OBJECT_HANDLE base = base_key(CKK_GENERIC_SECRET, "abc", 3, CK_TRUE);
	CK_OBJECT_HANDLE second = base_key(
	    CKK_GENERIC_SECRET, "xyz", 3, CK_TRUE);
	CK_OBJECT_HANDLE hidden = base_key(
	    CKK_GENERIC_SECRET, "hid", 3, CK_FALSE);
	CK_MECHANISM concatenate = {
	    CKM_CONCATENATE_BASE_AND_KEY, &hidden, sizeof(hidden)};
	CK_ULONG bit = 4, beyond = 24;
	CK_OBJECT_HANDLE h;

	asked = 0;
	RV(derive(
	       CKM_CONCATENATE_BASE_AND_KEY, &second, sizeof(second), base, &h),
	    CKR_OK, "two keys");
	OK(attr_is_text(h, CKA_VALUE, "abcxyz"), "one behind the other");
	RV(derive(CKM_CONCATENATE_BASE_AND_DATA, &data, sizeof(data), base, &h),
	    CKR_OK, "a key and data");
	OK(attr_is_text(h, CKA_VALUE, "abc1234"), "one behind the other");
	RV(derive(CKM_CONCATENATE_DATA_AND_BASE, &data, sizeof(data), base, &h),
	    CKR_OK, "data and a key");
	OK(attr_is_text(h, CKA_VALUE, "1234abc"), "one behind the other");
	RV(derive(CKM_XOR_BASE_AND_DATA, &data, sizeof(data), base, &h), CKR_OK,
	    "exclusive or");
	OK(attr_is(h, CKA_VALUE, "PPP", 3), "of the shorter length");
	RV(derive(CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof(bit), base, &h),
	    CKR_TEMPLATE_INCOMPLETE, "bits of a key, nobody says how many");
	asked = 3;
	RV(derive(CKM_EXTRACT_KEY_FROM_KEY, &bit, sizeof(bit), base, &h),
	    CKR_OK, "bits of a key");
	OK(attr_is(h, CKA_VALUE, "\x16\x26\x36", 3), "and round its end");
	RV(derive(CKM_EXTRACT_KEY_FROM_KEY, &beyond, sizeof(beyond), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "from a bit that it has not");
	asked = 2;
	RV(derive(
	       CKM_CONCATENATE_BASE_AND_KEY, &second, sizeof(second), base, &h),
	    CKR_OK, "fewer bytes");
	OK(attr_is_text(h, CKA_VALUE, "ab"), "are the first");
	asked = 7;
	RV(derive(
	       CKM_CONCATENATE_BASE_AND_KEY, &second, sizeof(second), base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "more than there are");
	asked = 0;
	RV(derive(
	       CKM_CONCATENATE_BASE_AND_KEY, &hidden, sizeof(hidden), base, &h),
	    CKR_TEMPLATE_INCONSISTENT, "with a key that hides, in the open");
	RV(p11->C_DeriveKey(rw, &concatenate, base, NULL, 0, &h), CKR_OK,
	    "where nothing is said");
	OK(attr_is(h, CKA_SENSITIVE, &yes, 1), "hides, too");
	OK(attr_is(h, CKA_EXTRACTABLE, &no, 1), "and stays");
	RV(p11->C_SetAttributeValue(
	       rw, base, (CK_ATTRIBUTE[]){A(CKA_DERIVE, no)}, 1),
	    CKR_OK, "no more derivations");
	RV(derive(CKM_XOR_BASE_AND_DATA, &data, sizeof(data), base, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "are no more");
}

/* What the base key's own template says of what comes of it. */
/* The vectors of SP 800-38A, sections F.1.1 and F.2.1. */
static void
test_encrypted_data(void)
{
	static const char key[] = "\x2b\x7e\x15\x16\x28\xae\xd2\xa6"
				  "\xab\xf7\x15\x88\x09\xcf\x4f\x3c";
	static CK_BYTE data[] = "\x6b\xc1\xbe\xe2\x2e\x40\x9f\x96"
				"\xe9\x3d\x7e\x11\x73\x93\x17\x2a";
	static const char ecb[] = "\x3a\xd7\x7b\xb4\x0d\x7a\x36\x60"
				  "\xa8\x9e\xca\xf3\x24\x66\xef\x97";
	static const char cbc[] = "\x76\x49\xab\xac\x81\x19\xb2\x46"
				  "\xce\xe9\x8e\x9b\x12\xe9\x19\x7d";
	CK_KEY_DERIVATION_STRING_DATA by_ecb = {data, 16};
	struct {
		CK_BYTE iv[16];
		CK_BYTE *data;
		CK_ULONG len;
	} by_cbc = {
	    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, data, 16};
	CK_OBJECT_HANDLE base = base_key(CKK_AES, key, 16, CK_TRUE), h;

	asked = 0;
	RV(derive(CKM_AES_ECB_ENCRYPT_DATA, &by_ecb, sizeof(by_ecb), base, &h),
	    CKR_OK, "data by ECB");
	OK(attr_is(h, CKA_VALUE, ecb, 16), "is the key");
	RV(derive(CKM_AES_CBC_ENCRYPT_DATA, &by_cbc, sizeof(by_cbc), base, &h),
	    CKR_OK, "data by CBC");
	OK(attr_is(h, CKA_VALUE, cbc, 16), "is the key");
	asked = 5;
	RV(derive(CKM_AES_CBC_ENCRYPT_DATA, &by_cbc, sizeof(by_cbc), base, &h),
	    CKR_OK, "5 bytes of it");
	OK(attr_is(h, CKA_VALUE, cbc, 5), "are the first");
	asked = 17;
	RV(derive(CKM_AES_ECB_ENCRYPT_DATA, &by_ecb, sizeof(by_ecb), base, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "more than there are");
	asked = 0;
	by_ecb.ulLen = 15;
	RV(derive(CKM_AES_ECB_ENCRYPT_DATA, &by_ecb, sizeof(by_ecb), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "half a block");
	RV(derive(CKM_AES_CBC_ENCRYPT_DATA, &by_ecb, sizeof(by_ecb), base, &h),
	    CKR_MECHANISM_PARAM_INVALID, "the parameter of the other");
	by_ecb.ulLen = 16;
	base = base_key(CKK_GENERIC_SECRET, key, 16, CK_TRUE);
	RV(derive(CKM_AES_ECB_ENCRYPT_DATA, &by_ecb, sizeof(by_ecb), base, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "by a key that is none of AES");
}

static void
test_derive_template(void)
{
	CK_ATTRIBUTE inner[] = {
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_LABEL, "made", 4)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type),
	    A_BYTES(CKA_VALUE, "0123456789abcdef", 16), A(CKA_DERIVE, yes),
	    A(CKA_DERIVE_TEMPLATE, inner)};
	CK_KEY_DERIVATION_STRING_DATA data = {
	    (CK_BYTE *)"0123456789abcdef", 16};
	CK_MECHANISM m = {CKM_XOR_BASE_AND_DATA, &data, sizeof(data)};
	CK_ATTRIBUTE good[] = {A(CKA_KEY_TYPE, aes_type)},
		     bad[] = {A(CKA_KEY_TYPE, generic_type)};
	CK_OBJECT_HANDLE base = CK_INVALID_HANDLE, h;

	RV(p11->C_CreateObject(rw, t, ELEMS(t), &base), CKR_OK,
	    "a key with a template for what comes of it");
	RV(p11->C_DeriveKey(rw, &m, base, good, 1, &h), CKR_OK, "followed");
	OK(attr_is_text(h, CKA_LABEL, "made"), "and added to");
	RV(p11->C_DeriveKey(rw, &m, base, bad, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, "contradicted");
}

/* Data fields of SP 800-108: no program has so many; each of them is good. */
static void
test_many_parts(void)
{
	static struct prf_data_param parts[4097];
	struct sp800_108_feedback_params p = {
	    CKM_SHA256_HMAC, 4096, parts, 0, NULL, 0, NULL};
	CK_MECHANISM m = {CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p)};
	CK_OBJECT_HANDLE base = base_key(CKK_GENERIC_SECRET, "0123456789abcdef",
			     16, CK_TRUE),
			 h;

	parts[0] = (struct prf_data_param){
	    CK_SP800_108_ITERATION_VARIABLE, NULL, 0};
	for (size_t i = 1; i < ELEMS(parts); i++)
		parts[i] = (struct prf_data_param){
		    CK_SP800_108_BYTE_ARRAY, "x", 1};
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, &h), CKR_OK, "4096 parts");
	p.ulNumberOfDataParams = 4097;
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, &h),
	    CKR_MECHANISM_PARAM_INVALID, "4097");
}

/* What the first template says of destruction keeps nothing that nobody has a
 * handle of. */
static void
test_none_is_left(void)
{
	CK_BYTE wrong[3] = "no", id[] = "left";
	CK_ULONG len = 16;
	CK_ATTRIBUTE stays[] = {A(CKA_KEY_TYPE, aes_type),
	    A(CKA_VALUE_LEN, len), A(CKA_DESTROYABLE, no), A(CKA_ID, id)},
		     fails[] = {A(CKA_KEY_TYPE, aes_type),
			 A(CKA_VALUE_LEN, len), A(CKA_CHECK_VALUE, wrong)};
	struct prf_data_param part = {CK_SP800_108_ITERATION_VARIABLE, NULL, 0};
	CK_OBJECT_HANDLE last = 7, h,
			 base = base_key(CKK_GENERIC_SECRET, "0123456789abcdef",
			     16, CK_TRUE);
	struct derived_key more = {fails, 3, &last};
	struct sp800_108_feedback_params p = {
	    CKM_SHA256_HMAC, 1, &part, 0, NULL, 1, &more};
	CK_MECHANISM m = {CKM_SP800_108_FEEDBACK_KDF, &p, sizeof(p)};

	RV(p11->C_DeriveKey(rw, &m, base, stays, 4, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a second key of another value");
	COUNT(last, CK_INVALID_HANDLE, "its handle says so, and");
	COUNT(find(rw, &stays[3], 1, &h, 1), 0, "keys that are left");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_ecdh();
	test_ecdh_results();
	test_hkdf();
	test_hkdf_of_data();
	test_joins();
	test_encrypted_data();
	test_derive_template();
	test_many_parts();
	test_none_is_left();
	EVP_PKEY_free(other);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
