/* MACs with session keys and with HMAC keys in KMS, checked by OpenSSL. */
#include <stdio.h>
#include <string.h>
#include <openssl/core_names.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_BYTE message[5000], mac[64], want[64];
static CK_ULONG mac_len;

static const struct hash {
	CK_MECHANISM_TYPE whole, part;
	CK_KEY_TYPE own; /* a key type for it alone */
	const char *md;
	size_t len;
	const char *kms; /* KeySpec */
} hashes[] = {
    {CKM_SHA_1_HMAC, CKM_SHA_1_HMAC_GENERAL, CKK_SHA_1_HMAC, "SHA1", 20, NULL},
    {CKM_SHA224_HMAC, CKM_SHA224_HMAC_GENERAL, CKK_SHA224_HMAC, "SHA224", 28,
	"HMAC_224"},
    {CKM_SHA256_HMAC, CKM_SHA256_HMAC_GENERAL, CKK_SHA256_HMAC, "SHA256", 32,
	"HMAC_256"},
    {CKM_SHA384_HMAC, CKM_SHA384_HMAC_GENERAL, CKK_SHA384_HMAC, "SHA384", 48,
	"HMAC_384"},
    {CKM_SHA512_HMAC, CKM_SHA512_HMAC_GENERAL, CKK_SHA512_HMAC, "SHA512", 64,
	"HMAC_512"},
    {CKM_SHA512_224_HMAC, CKM_SHA512_224_HMAC_GENERAL, CKK_SHA512_224_HMAC,
	"SHA512-224", 28, NULL},
    {CKM_SHA512_256_HMAC, CKM_SHA512_256_HMAC_GENERAL, CKK_SHA512_256_HMAC,
	"SHA512-256", 32, NULL},
    {CKM_SHA3_224_HMAC, CKM_SHA3_224_HMAC_GENERAL, CKK_SHA3_224_HMAC,
	"SHA3-224", 28, NULL},
    {CKM_SHA3_256_HMAC, CKM_SHA3_256_HMAC_GENERAL, CKK_SHA3_256_HMAC,
	"SHA3-256", 32, NULL},
    {CKM_SHA3_384_HMAC, CKM_SHA3_384_HMAC_GENERAL, CKK_SHA3_384_HMAC,
	"SHA3-384", 48, NULL},
    {CKM_SHA3_512_HMAC, CKM_SHA3_512_HMAC_GENERAL, CKK_SHA3_512_HMAC,
	"SHA3-512", 64, NULL},
};

static CK_RV
sign(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_SignInit(rw, m, key);

	mac_len = sizeof(mac);
	return (
	    rv != CKR_OK ? rv : p11->C_Sign(rw, message, len, mac, &mac_len));
}

static CK_RV
verify(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	CK_RV rv = p11->C_VerifyInit(rw, m, key);

	return (
	    rv != CKR_OK ? rv : p11->C_Verify(rw, message, len, mac, mac_len));
}

/* want gets OpenSSL's. */
static void
openssl_mac(const char *name, const char *param, const char *of,
    const CK_BYTE *key, size_t key_len, size_t len)
{
	size_t n = 0;
	OSSL_PARAM params[2] = {
	    OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};
	char text[32];

	snprintf(text, sizeof(text), "%s", of);
	params[0] = OSSL_PARAM_construct_utf8_string(param, text, 0);
	NEED(EVP_Q_mac(NULL, name, NULL, NULL, params, key, key_len, message,
		 len, want, sizeof(want), &n) != NULL,
	    "OpenSSL's %s with %s", name, of);
}

static bool
is_wanted(size_t len)
{
	return (mac_len == len && memcmp(mac, want, len) == 0);
}

/* A value that is right, then each way to be wrong. */
static void
check_verify(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	RV(verify(key, m, len), CKR_OK, "it verifies");
	mac[mac_len - 1] ^= 1;
	RV(verify(key, m, len), CKR_SIGNATURE_INVALID, "damaged");
	mac[mac_len - 1] ^= 1;
	message[3] ^= 1;
	RV(verify(key, m, len), CKR_SIGNATURE_INVALID, "other input");
	message[3] ^= 1;
	mac_len--;
	RV(verify(key, m, len), CKR_SIGNATURE_LEN_RANGE, "too short");
	mac_len++;
}

static void
check_parts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	RV(p11->C_SignInit(rw, m, key), CKR_OK, "in parts");
	RV(p11->C_SignUpdate(rw, message, 1), CKR_OK, "one byte");
	RV(p11->C_SignUpdate(rw, NULL, 0), CKR_OK, "none");
	RV(p11->C_SignUpdate(rw, message + 1, len - 1), CKR_OK, "the rest");
	mac_len = sizeof(mac);
	RV(p11->C_SignFinal(rw, mac, &mac_len), CKR_OK, "the value");
}

/* A part of the value, as the parameter says. */
static void
check_general(CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type, size_t whole)
{
	CK_ULONG n = whole / 2;
	CK_MECHANISM m = {type, &n, sizeof(n)};

	RV(sign(key, &m, 1000), CKR_OK, "a half of the value");
	OK(is_wanted(n), "is the first half");
	check_verify(key, &m, 1000);
	n = whole;
	RV(sign(key, &m, 1000), CKR_OK, "all of it");
	OK(is_wanted(whole), "is all of it");
	check_verify(key, &m, 1000);
	n = whole + 1;
	RV(sign(key, &m, 1000), CKR_MECHANISM_PARAM_INVALID, "more");
	n = 0;
	RV(sign(key, &m, 1000), CKR_MECHANISM_PARAM_INVALID, "nothing");
	m = (CK_MECHANISM){type, NULL, 0};
	RV(sign(key, &m, 1000), CKR_MECHANISM_PARAM_INVALID, "not said");
}

static void
test_hmac(const struct hash *h)
{
	static const size_t lens[] = {1, 16, 32, 64, 65, 200};
	CK_MECHANISM m = {h->whole, NULL, 0};
	CK_BYTE value[200];
	CK_OBJECT_HANDLE key;

	for (size_t i = 0; i < sizeof(value); i++)
		value[i] = (CK_BYTE)(i * 3 + 1);
	for (size_t i = 0; i < ELEMS(lens); i++) {
		key = secret_make(
		    i % 2 == 0 ? CKK_GENERIC_SECRET : h->own, value, lens[i]);
		openssl_mac("HMAC", OSSL_MAC_PARAM_DIGEST, h->md, value,
		    lens[i], sizeof(message));
		RV(sign(key, &m, sizeof(message)), CKR_OK, "%s, %zu bytes",
		    h->md, lens[i]);
		OK(is_wanted(h->len), "is OpenSSL's");
		check_verify(key, &m, sizeof(message));
		check_parts(key, &m, sizeof(message));
		OK(is_wanted(h->len), "is OpenSSL's");
		openssl_mac(
		    "HMAC", OSSL_MAC_PARAM_DIGEST, h->md, value, lens[i], 1000);
		check_general(key, h->part, h->len);
		openssl_mac(
		    "HMAC", OSSL_MAC_PARAM_DIGEST, h->md, value, lens[i], 0);
		RV(sign(key, &m, 0), CKR_OK, "of nothing");
		OK(is_wanted(h->len), "is OpenSSL's");
		RV(p11->C_DestroyObject(rw, key), CKR_OK, "destroyed");
	}
}

static void
test_cmac(void)
{
	static const char *const names[] = {
	    "AES-128-CBC", "AES-192-CBC", "AES-256-CBC"};
	CK_MECHANISM m = {CKM_AES_CMAC, NULL, 0};
	CK_OBJECT_HANDLE key;
	size_t len;

	for (size_t i = 0; i < ELEMS(names); i++) {
		len = 16 + 8 * i;
		key = secret_make(CKK_AES, material(3), len);
		openssl_mac("CMAC", OSSL_MAC_PARAM_CIPHER, names[i],
		    material(3), len, sizeof(message));
		RV(sign(key, &m, sizeof(message)), CKR_OK, "%s", names[i]);
		OK(is_wanted(16), "is OpenSSL's");
		check_verify(key, &m, sizeof(message));
		check_parts(key, &m, sizeof(message));
		OK(is_wanted(16), "is OpenSSL's");
		openssl_mac("CMAC", OSSL_MAC_PARAM_CIPHER, names[i],
		    material(3), len, 1000);
		check_general(key, CKM_AES_CMAC_GENERAL, 16);
	}
}

static void
test_types(void)
{
	CK_OBJECT_HANDLE sha256 = secret_make(CKK_SHA256_HMAC, material(1), 32),
			 aes = secret_make(CKK_AES, material(1), 32),
			 generic = secret_make(
			     CKK_GENERIC_SECRET, material(1), 32);
	const struct {
		CK_MECHANISM_TYPE type;
		CK_OBJECT_HANDLE key;
		CK_RV rv;
	} rows[] = {
	    {CKM_SHA256_HMAC, sha256, CKR_OK},
	    {CKM_SHA256_HMAC_GENERAL, sha256, CKR_MECHANISM_PARAM_INVALID},
	    {CKM_SHA384_HMAC, sha256, CKR_KEY_TYPE_INCONSISTENT},
	    {CKM_SHA256_HMAC, aes, CKR_KEY_TYPE_INCONSISTENT},
	    {CKM_AES_CMAC, generic, CKR_KEY_TYPE_INCONSISTENT},
	    {CKM_AES_CMAC, aes, CKR_OK},
	};
	CK_ULONG n = 16;
	CK_MECHANISM m;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		m = (CK_MECHANISM){rows[i].type, NULL, 0};
		rv_is(p11->C_SignInit(rw, &m, rows[i].key), rows[i].rv,
		    "as listed", __FILE__, __LINE__, "row %zu", i);
		if (rows[i].rv == CKR_OK)
			RV(p11->C_SignInit(rw, NULL, 0), CKR_OK, "ended");
	}
	m = (CK_MECHANISM){CKM_SHA256_HMAC, &n, sizeof(n)};
	RV(p11->C_SignInit(rw, &m, generic), CKR_MECHANISM_PARAM_INVALID,
	    "a parameter that is not wanted");
}

/* GenerateMac and VerifyMac; a part of a value is compared here. */
static void
test_kms(const struct hash *h)
{
	struct keypair_ref t = keypair_ref_kms(
	    h->kms, "GENERATE_VERIFY_MAC", h->kms);
	CK_ULONG n = h->len / 2;
	CK_MECHANISM m = {h->whole, NULL, 0}, half = {h->part, &n, sizeof(n)};
	CK_MECHANISM wrong = {CKM_SHA_1_HMAC, NULL, 0};

	calls_clear();
	RV(p11->C_SignInit(rw, &m, t.private), CKR_OK, "%s", h->kms);
	RV(p11->C_Sign(rw, message, 100, NULL, &mac_len), CKR_OK, "size");
	COUNT(mac_len, h->len, "is known");
	mac_len--;
	RV(p11->C_Sign(rw, message, 100, mac, &mac_len), CKR_BUFFER_TOO_SMALL,
	    "too little room");
	COUNT(calls(NULL), 0, "at no cost");
	RV(p11->C_Sign(rw, message, 100, mac, &mac_len), CKR_OK, "the value");
	COUNT(calls("GenerateMac"), 1, "for one call");
	COUNT(calls(NULL), 1, "and no other");
	check_verify(t.private, &m, 100);
	COUNT(
	    calls("VerifyMac"), 3, "KMS verifies; not a length that is wrong");
	memcpy(want, mac, h->len);
	calls_clear();
	RV(sign(t.private, &half, 100), CKR_OK, "a half");
	OK(is_wanted(n), "is the first half");
	COUNT(calls("GenerateMac"), 1, "for one call");
	check_verify(t.private, &half, 100);
	COUNT(calls("GenerateMac"), 4, "one call each");
	check_parts(t.private, &m, 4096);
	RV(verify(t.private, &m, 4096), CKR_OK, "4096 bytes");
	calls_clear();
	RV(sign(t.private, &m, 4097), CKR_DATA_LEN_RANGE, "4097 bytes");
	RV(sign(t.private, &m, 0), CKR_DATA_LEN_RANGE, "none");
	RV(sign(t.private, &wrong, 10), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "SHA-1");
	wrong.mechanism = h->len == 32 ? CKM_SHA512_HMAC : CKM_SHA256_HMAC;
	RV(sign(t.private, &wrong, 10), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "another hash than the key's");
	COUNT(calls(NULL), 0, "at no cost");
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(message); i++)
		message[i] = (CK_BYTE)(i * 7 + 1);
	testenv_start();
	p11_start();
	calls_clear();
	for (size_t i = 0; i < ELEMS(hashes); i++)
		test_hmac(&hashes[i]);
	test_cmac();
	test_types();
	COUNT(calls(NULL), 0, "KMS is asked nothing");
	for (size_t i = 0; i < ELEMS(hashes); i++)
		if (hashes[i].kms != NULL)
			test_kms(&hashes[i]);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
