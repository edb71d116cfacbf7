/* C_WrapKey and C_UnwrapKey, here and with keys in KMS; C_DigestKey. */
#include <string.h>
#include <openssl/evp.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_BYTE kek_value[32], iv[16] = {3, 1, 4}, tag_iv[12] = {2, 7};
static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static CK_RSA_PKCS_OAEP_PARAMS oaep = {
    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
static CK_GCM_PARAMS gcm = {
    .pIv = tag_iv, .ulIvLen = 12, .ulIvBits = 96, .ulTagBits = 128};
static CK_RSA_AES_KEY_WRAP_PARAMS rsa_aes = {256, &oaep};
static CK_OBJECT_HANDLE kek, target, pair_public, pair_private;

static CK_OBJECT_HANDLE
secret(CK_KEY_TYPE type, CK_BYTE *bytes, CK_ULONG len, CK_BBOOL open)
{
	CK_BBOOL hidden = !open;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A_BYTES(CKA_VALUE, bytes, len), A(CKA_SENSITIVE, hidden),
	    A(CKA_EXTRACTABLE, open)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK, "a secret key");
	return (h);
}

static void
pairgen(CK_MECHANISM_TYPE type, CK_ATTRIBUTE t, CK_OBJECT_HANDLE *public,
    CK_OBJECT_HANDLE *private)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE open[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};

	RV(p11->C_GenerateKeyPair(rw, &m, &t, 1, open, 2, public, private),
	    CKR_OK, "a pair");
}

static CK_RV
unwrap(CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_BYTE *wrapped, CK_ULONG len,
    CK_OBJECT_CLASS class, CK_KEY_TYPE type, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, class), A(CKA_KEY_TYPE, type), A(CKA_SENSITIVE, no)};

	*h = CK_INVALID_HANDLE;
	return (p11->C_UnwrapKey(rw, m, with, wrapped, len, t, 3, h));
}

/* There and back; the size that was asked for is enough, and the very one if
 * exact. */
static void
test_round(const char *what, CK_MECHANISM m, CK_OBJECT_HANDLE with,
    CK_OBJECT_HANDLE back, CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE value)
{
	CK_BYTE wrapped[4096], a[2048];
	CK_ULONG n = 0, len = sizeof(wrapped), small = 8;
	CK_ULONG value_len = attr(key, value, a, sizeof(a));
	CK_OBJECT_HANDLE h;

	RV(p11->C_WrapKey(rw, &m, with, key, NULL, &n), CKR_OK, "%s: how long",
	    what);
	RV(p11->C_WrapKey(rw, &m, with, key, wrapped, &small),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	RV(p11->C_WrapKey(rw, &m, with, key, wrapped, &len), CKR_OK, "wrapped");
	OK(small >= len && n >= len && n < len + 300, "%lu, %lu, %lu bytes",
	    small, n, len);
	RV(unwrap(&m, back, wrapped, len, attr_number(key, CKA_CLASS),
	       attr_number(key, CKA_KEY_TYPE), &h),
	    CKR_OK, "unwrapped");
	OK(value_len <= sizeof(a) && attr_is(h, value, a, value_len),
	    "the same");
	OK(attr_is(h, CKA_EXTRACTABLE, &yes, 1), "extractable");
	OK(attr_is(h, CKA_LOCAL, &no, 1), "not made here");
	OK(attr_is(h, CKA_NEVER_EXTRACTABLE, &no, 1), "once extracted");
	OK(attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1), "not always sensitive");
	wrapped[len / 2] ^= 1;
	if (m.mechanism != CKM_AES_CBC && m.mechanism != CKM_AES_CBC_PAD)
		RV(unwrap(&m, back, wrapped, len, attr_number(key, CKA_CLASS),
		       attr_number(key, CKA_KEY_TYPE), &h),
		    CKR_WRAPPED_KEY_INVALID, "damaged");
	wrapped[len / 2] ^= 1;
	RV(unwrap(&m, back, wrapped, 0, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_LEN_RANGE, "nothing");
}

static void
test_aes(void)
{
	static const struct {
		const char *what;
		CK_MECHANISM m;
		enum { WHOLE, ENDED, ANY } pads; /* keys of any length? */
	} rows[] = {
	    {"RFC 3394", {CKM_AES_KEY_WRAP, NULL, 0}, ENDED},
	    {"RFC 5649", {CKM_AES_KEY_WRAP_KWP, NULL, 0}, ANY},
	    {"RFC 5649 by its old name", {CKM_AES_KEY_WRAP_PAD, NULL, 0}, ANY},
	    {"PKCS #7", {CKM_AES_KEY_WRAP_PKCS7, NULL, 0}, ANY},
	    {"CBC-PAD", {CKM_AES_CBC_PAD, iv, 16}, ANY},
	    {"CBC", {CKM_AES_CBC, iv, 16}, WHOLE},
	    {"GCM", {CKM_AES_GCM, &gcm, sizeof(gcm)}, ANY},
	};
	CK_BYTE curve[] = {6, 5, 0x2b, 0x81, 4, 0, 34};
	CK_BYTE ed[] = {6, 3, 0x2b, 0x65, 0x70}, x[] = {6, 3, 0x2b, 0x65, 0x6e};
	CK_OBJECT_HANDLE public, ec, edwards, montgomery;
	CK_OBJECT_HANDLE odd = secret(
	    CKK_GENERIC_SECRET, kek_value, 21, CK_TRUE);

	pairgen(CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE)A(CKA_EC_PARAMS, curve),
	    &public, &ec);
	pairgen(CKM_EC_EDWARDS_KEY_PAIR_GEN, (CK_ATTRIBUTE)A(CKA_EC_PARAMS, ed),
	    &public, &edwards);
	pairgen(CKM_EC_MONTGOMERY_KEY_PAIR_GEN,
	    (CK_ATTRIBUTE)A(CKA_EC_PARAMS, x), &public, &montgomery);
	for (size_t i = 0; i < ELEMS(rows); i++) {
		test_round(
		    rows[i].what, rows[i].m, kek, kek, target, CKA_VALUE);
		if (rows[i].pads == WHOLE)
			continue;
		if (rows[i].pads == ANY)
			test_round(
			    rows[i].what, rows[i].m, kek, kek, odd, CKA_VALUE);
		test_round(rows[i].what, rows[i].m, kek, kek, ec, CKA_VALUE);
		test_round(
		    rows[i].what, rows[i].m, kek, kek, edwards, CKA_VALUE);
		test_round(
		    rows[i].what, rows[i].m, kek, kek, montgomery, CKA_VALUE);
		test_round(rows[i].what, rows[i].m, kek, kek, pair_private,
		    CKA_PRIVATE_EXPONENT);
	}
}

/* CKM_AES_KEY_WRAP_PAD with the 8 bytes of RFC 3394's vector, as SunPKCS11 has it,
 * is CKM_AES_KEY_WRAP_PKCS7. */
static void
test_old_name(void)
{
	static CK_BYTE vector[8] = {
	    0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6};
	CK_MECHANISM m[] = {{CKM_AES_KEY_WRAP_PKCS7, NULL, 0},
	    {CKM_AES_KEY_WRAP_PAD, vector, sizeof(vector)},
	    {CKM_AES_KEY_WRAP_PAD, NULL, 0}};
	CK_OBJECT_HANDLE odd = secret(
	    CKK_GENERIC_SECRET, kek_value, 21, CK_TRUE);
	CK_BYTE wrapped[3][64];
	CK_ULONG n[3];

	for (size_t i = 0; i < ELEMS(m); i++) {
		n[i] = sizeof(wrapped[i]);
		RV(p11->C_WrapKey(rw, &m[i], kek, odd, wrapped[i], &n[i]),
		    CKR_OK, "way %zu", i);
	}
	OK(n[1] == n[0] && memcmp(wrapped[1], wrapped[0], n[0]) == 0,
	    "with 8 bytes it is PKCS #7");
	OK(n[2] == n[0] && memcmp(wrapped[2], wrapped[0], n[0]) != 0,
	    "and without them RFC 5649");
	test_round("with a vector", m[1], kek, kek, odd, CKA_VALUE);
}

/* RFC 3394, section 4.6; RFC 5649, section 6. */
static void
test_vectors(void)
{
	static CK_BYTE key192[] = "\x58\x40\xdf\x6e\x29\xb0\x2a\xf1\xab\x49\x3b"
				  "\x70\x5b\xf1\x6e\xa1\xae\x83\x38\xf4\xdc\xc1"
				  "\x76\xa8";
	static CK_BYTE seven[] = "\x46\x6f\x72\x50\x61\x73\x69";
	static CK_BYTE want7[] = "\xaf\xbe\xb0\xf0\x7d\xfb\xf5\x41\x92\x00\xf2"
				 "\xcc\xb5\x0b\xb2\x4f";
	static CK_BYTE want[] = "\x28\xc9\xf4\x04\xc4\xb8\x10\xf4\xcb\xcc\xb3"
				"\x5c\xfb\x87\xf8\x26\x3f\x57\x86\xe2\xd8\x0e"
				"\xd3\x26\xcb\xc7\xf0\xe7\x1a\x99\xf4\x3b\xfb"
				"\x98\x8b\x9b\x7a\x02\xdd\x21";
	CK_BYTE key[32], data[32], out[64];
	CK_MECHANISM kw = {CKM_AES_KEY_WRAP, NULL, 0},
		     kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_ULONG n = sizeof(out);

	for (CK_BYTE i = 0; i < 32; i++) {
		key[i] = i;
		data[i] = i < 16 ? (CK_BYTE)(i * 0x11) : (CK_BYTE)(i - 16);
	}
	RV(p11->C_WrapKey(rw, &kw, secret(CKK_AES, key, 32, CK_FALSE),
	       secret(CKK_AES, data, 32, CK_TRUE), out, &n),
	    CKR_OK, "RFC 3394's example");
	OK(n == 40 && memcmp(out, want, 40) == 0, "has its bytes");
	n = sizeof(out);
	RV(p11->C_WrapKey(rw, &kwp, secret(CKK_AES, key192, 24, CK_FALSE),
	       secret(CKK_GENERIC_SECRET, seven, 7, CK_TRUE), out, &n),
	    CKR_OK, "RFC 5649's example");
	OK(n == 16 && memcmp(out, want7, 16) == 0, "has its bytes");
}

/* What C_GetMechanismInfo says of sizes holds, though such keys verify. */
/* DER: a head, before what is there already. */
static CK_BYTE *
put_head(CK_BYTE *at, CK_BYTE tag, size_t len)
{
	*--at = (CK_BYTE)len;
	if (len > 255)
		*--at = (CK_BYTE)(len >> 8);
	if (len > 127)
		*--at = len > 255 ? 0x82 : 0x81;
	*--at = tag;
	return (at);
}

/* PKCS #8 as some write it: zeros follow the modulus and the exponents. shown:
 * how many of the eight numbers are there. */
static CK_ULONG
bare_pkcs8(CK_BYTE *out, CK_ULONG room, size_t shown)
{
	static const CK_ATTRIBUTE_TYPE parts[] = {CKA_MODULUS,
	    CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2,
	    CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT};
	static const CK_BYTE head[] = {2, 1, 0, 0x30, 13, 6, 9, 0x2a, 0x86,
	    0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0};
	CK_BYTE n[1 + 512] = {0}, *end = out + room, *at = end;
	CK_ULONG len;

	for (size_t i = ELEMS(parts); i-- > 0;) {
		n[1] = 0;
		len = i < shown ? attr(pair_private, parts[i], n + 1, 512) : 1;
		if (n[1] > 127)
			memcpy(at -= len + 1, n, len + 1);
		else
			memcpy(at -= len, n + 1, len);
		at = put_head(at, 2, n[1] > 127 ? len + 1 : len);
	}
	memcpy(at -= 3, "\2\1\0", 3);
	at = put_head(at, 0x30, (size_t)(end - at));
	at = put_head(at, 4, (size_t)(end - at));
	memcpy(at -= sizeof(head), head, sizeof(head));
	at = put_head(at, 0x30, (size_t)(end - at));
	len = (CK_ULONG)(end - at);
	memmove(out, at, len);
	return (len);
}

/* The numbers that follow from the others are computed, as C_CreateObject does,
 * for a session key and for one that goes into KMS. */
static void
test_bare_rsa(void)
{
	CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BYTE der[4096], wrapped[4096], prime[256];
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, rsa_type),
	    A(CKA_TOKEN, yes), A_BYTES(CKA_LABEL, "bare", 4)};
	CK_ULONG n, len,
	    prime_len = attr(pair_private, CKA_PRIME_1, prime, sizeof(prime));
	CK_OBJECT_HANDLE h;

	for (size_t shown = 2; shown <= 8; shown++) {
		len = bare_pkcs8(der, sizeof(der), shown);
		n = sizeof(wrapped);
		RV(encrypt(kek, &kwp, der, len, wrapped, &n), CKR_OK,
		    "PKCS #8 with %zu numbers", shown);
		RV(unwrap(&kwp, kek, wrapped, n, class, CKK_RSA, &h),
		    shown == 2 ? CKR_WRAPPED_KEY_INVALID : CKR_OK,
		    "is unwrapped, if it has the exponents");
		OK(shown == 2 || attr_is(h, CKA_PRIME_1, prime, prime_len),
		    "and has its primes");
		if (shown == 3)
			RV(p11->C_UnwrapKey(
			       rw, &kwp, kek, wrapped, n, t, ELEMS(t), &h),
			    CKR_OK, "goes into KMS");
	}
	OK(find_label("bare", CKO_PUBLIC_KEY) != CK_INVALID_HANDLE, "is there");
}

static void
test_rsa_sizes(void)
{
	static const CK_ULONG lens[] = {1025, 2048};
	static CK_BYTE modulus[2048], out[2048];
	CK_BYTE e[] = {1, 0, 1};
	CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, rsa_type), A(CKA_MODULUS, modulus),
	    A(CKA_PUBLIC_EXPONENT, e), A(CKA_WRAP, yes)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n;

	memset(modulus, 0xff, sizeof(modulus));
	for (size_t i = 0; i < ELEMS(lens); i++) {
		t[2].ulValueLen = lens[i];
		n = sizeof(out);
		RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK,
		    "an RSA key of %lu bytes", lens[i]);
		RV(p11->C_WrapKey(rw, &pkcs1, h, target, out, &n),
		    CKR_WRAPPING_KEY_SIZE_RANGE, "wraps nothing");
		RV(p11->C_WrapKey(rw, &pkcs1, h, target, NULL, &n),
		    CKR_WRAPPING_KEY_SIZE_RANGE, "of no length");
	}
}

static void
test_rsa(void)
{
	CK_MECHANISM pkcs1 = {CKM_RSA_PKCS, NULL, 0},
		     with_oaep = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)},
		     two = {CKM_RSA_AES_KEY_WRAP, &rsa_aes, sizeof(rsa_aes)};
	CK_BYTE big[300] = {1}, out[1024];
	CK_ULONG n = sizeof(out);

	test_round(
	    "OAEP", with_oaep, pair_public, pair_private, target, CKA_VALUE);
	test_round("an RSA and an AES key", two, pair_public, pair_private,
	    target, CKA_VALUE);
	test_round("an RSA and an AES key", two, pair_public, pair_private,
	    pair_private, CKA_PRIME_1);
	RV(p11->C_WrapKey(rw, &pkcs1, pair_public, target, out, &n), CKR_OK,
	    "PKCS#1 v1.5");
	COUNT(n, 256, "as long as the modulus");
	n = sizeof(out);
	RV(p11->C_WrapKey(rw, &with_oaep, pair_public, pair_private, out, &n),
	    CKR_KEY_NOT_WRAPPABLE, "a private key under RSA alone");
	RV(p11->C_WrapKey(rw, &with_oaep, pair_public,
	       secret(CKK_GENERIC_SECRET, big, 300, CK_TRUE), out, &n),
	    CKR_KEY_SIZE_RANGE, "too long a key");
	RV(p11->C_WrapKey(rw, &with_oaep, pair_private, target, out, &n),
	    CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "with a private key");
	two.pParameter = NULL;
	two.ulParameterLen = 0;
	RV(p11->C_WrapKey(rw, &two, pair_public, target, out, &n),
	    CKR_MECHANISM_PARAM_INVALID, "without parameters");
}

static void
test_rules(void)
{
	CK_MECHANISM kw = {CKM_AES_KEY_WRAP, NULL, 0},
		     sha = {CKM_SHA256, NULL, 0};
	CK_ATTRIBUTE trusted = A(CKA_WRAP_WITH_TRUSTED, yes),
		     no_wrap = A(CKA_WRAP, no), no_unwrap = A(CKA_UNWRAP, no);
	CK_OBJECT_HANDLE other = secret(CKK_AES, kek_value, 32, CK_TRUE), h;
	CK_BYTE out[1024];
	CK_ULONG n = sizeof(out), odd = 24;
	CK_ATTRIBUTE inner[] = {A(CKA_KEY_TYPE, generic_type)};
	CK_ATTRIBUTE choosy[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE, kek_value),
	    A(CKA_WRAP_TEMPLATE, inner), A(CKA_UNWRAP_TEMPLATE, inner)};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, odd)};

	RV(p11->C_WrapKey(rw, &sha, kek, target, out, &n),
	    CKR_MECHANISM_INVALID, "by a digest");
	RV(p11->C_WrapKey(rw, &kw, 77777, target, out, &n),
	    CKR_WRAPPING_KEY_HANDLE_INVALID, "with no key");
	RV(p11->C_WrapKey(rw, &kw, kek, 77777, out, &n), CKR_KEY_HANDLE_INVALID,
	    "no key");
	RV(p11->C_WrapKey(rw, &kw, pair_public, target, out, &n),
	    CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "with RSA");
	RV(p11->C_WrapKey(rw, &kw, kek, pair_public, out, &n),
	    CKR_KEY_NOT_WRAPPABLE, "a public key");
	RV(p11->C_WrapKey(rw, &kw, kek, target, out, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the length");
	RV(p11->C_WrapKey(
	       rw, &kw, kek, secret(CKK_AES, kek_value, 32, CK_FALSE), out, &n),
	    CKR_KEY_UNEXTRACTABLE, "one that is not extractable");
	RV(p11->C_WrapKey(
	       rw, &kw, kek, key_make(material(5), "in-kms"), out, &n),
	    CKR_KEY_UNEXTRACTABLE, "one in KMS");
	RV(p11->C_SetAttributeValue(rw, other, &trusted, 1), CKR_OK,
	    "one for trusted keys");
	RV(p11->C_WrapKey(rw, &kw, kek, other, out, &n), CKR_KEY_NOT_WRAPPABLE,
	    "is wrapped by no other");
	n = sizeof(out);
	RV(p11->C_WrapKey(rw, &kw, kek, target, out, &n), CKR_OK, "wrapped");
	RV(p11->C_UnwrapKey(rw, &kw, kek, out, n, t, 3, &h),
	    CKR_WRAPPED_KEY_LEN_RANGE, "another length than the template's");
	RV(p11->C_UnwrapKey(rw, &kw, kek, out, n, t, 1, &h),
	    CKR_TEMPLATE_INCOMPLETE, "of no type");
	RV(unwrap(&kw, kek, out, n, CKO_PRIVATE_KEY, CKK_RSA, &h),
	    CKR_WRAPPED_KEY_INVALID, "as an RSA key");
	RV(unwrap(&kw, kek, out, n - 1, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_LEN_RANGE, "a byte short");
	RV(unwrap(&kw, 77777, out, n, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_UNWRAPPING_KEY_HANDLE_INVALID, "with no key");
	RV(unwrap(&kw, pair_private, out, n, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "with RSA");
	RV(p11->C_CreateObject(rw, choosy, ELEMS(choosy), &other), CKR_OK,
	    "a key with templates");
	RV(unwrap(&kw, other, out, n, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_TEMPLATE_INCONSISTENT, "unwraps what they say");
	RV(p11->C_WrapKey(rw, &kw, other, target, out, &n),
	    CKR_KEY_HANDLE_INVALID, "and wraps it");
	RV(p11->C_SetAttributeValue(rw, kek, &no_wrap, 1), CKR_OK, "no WRAP");
	RV(p11->C_WrapKey(rw, &kw, kek, target, out, &n),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "does not wrap");
	RV(p11->C_SetAttributeValue(rw, kek, &no_unwrap, 1), CKR_OK,
	    "no UNWRAP");
	RV(unwrap(&kw, kek, out, n, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "does not unwrap");
}

/* Into KMS, and with keys of KMS. */
static void
test_kms(void)
{
	CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0},
		     with_oaep = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)},
		     two = {CKM_RSA_AES_KEY_WRAP, &rsa_aes, sizeof(rsa_aes)};
	CK_OBJECT_HANDLE h, private, public, aes;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, "unwrapped", 9)};
	CK_BYTE out[4096];
	CK_ULONG n = sizeof(out);

	RV(p11->C_WrapKey(rw, &kwp, kek, target, out, &n), CKR_OK, "wrapped");
	RV(p11->C_UnwrapKey(rw, &kwp, kek, out, n, t, ELEMS(t), &h), CKR_OK,
	    "and unwrapped into KMS");
	OK(same_key(h, key_make(material(2), "unwrapped")), "the same key");
	account_make("RSA_2048", "ENCRYPT_DECRYPT", "alias/rsa");
	public = find_label("rsa", CKO_PUBLIC_KEY);
	private = find_label("rsa", CKO_PRIVATE_KEY);
	OK(attr_is(public, CKA_WRAP, &yes, 1) &&
		attr_is(private, CKA_UNWRAP, &yes, 1),
	    "an RSA key in KMS that decrypts wraps and unwraps");
	test_round("OAEP with a key in KMS", with_oaep, public, private, target,
	    CKA_VALUE);
	test_round("RSA in KMS and AES here", two, public, private,
	    pair_private, CKA_PRIVATE_EXPONENT);
	calls_clear();
	n = 0;
	RV(p11->C_WrapKey(rw, &with_oaep, public, target, NULL, &n), CKR_OK,
	    "how long");
	COUNT(n, 256, "is known");
	COUNT(calls(NULL), 0, "without KMS");
	aes = key_make(material(6), "aes");
	test_round("AES in KMS", kms_mechanism, aes, aes, target, CKA_VALUE);
	test_round("AES in KMS, by GCM",
	    (CK_MECHANISM){CKM_AES_GCM, &gcm, sizeof(gcm)}, aes, aes, target,
	    CKA_VALUE);
	calls_clear();
	RV(p11->C_WrapKey(rw, &kms_mechanism, aes, target, NULL, &n), CKR_OK,
	    "how long");
	COUNT(calls(NULL), 0, "without KMS");
	n = sizeof(out);
	RV(p11->C_WrapKey(rw, &kwp, aes, target, out, &n),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "KMS has no key wrapping");
}

static void
test_digest_key(void)
{
	CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
	CK_BYTE want[32], got[32];
	CK_ULONG n = 32;
	CK_OBJECT_HANDLE hidden = secret(CKK_AES, kek_value, 32, CK_FALSE);
	unsigned len = 0;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	NEED(EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1 &&
		 EVP_DigestUpdate(md, "abc", 3) == 1 &&
		 EVP_DigestUpdate(md, kek_value, 32) == 1 &&
		 EVP_DigestFinal_ex(md, want, &len) == 1,
	    "OpenSSL's digest");
	EVP_MD_CTX_free(md);
	RV(p11->C_DigestKey(rw, target), CKR_OPERATION_NOT_INITIALIZED,
	    "no digest");
	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "a digest");
	RV(p11->C_DigestUpdate(rw, (CK_BYTE *)"abc", 3), CKR_OK, "of bytes");
	RV(p11->C_DigestKey(rw, hidden), CKR_OK, "and a key");
	RV(p11->C_DigestFinal(rw, got, &n), CKR_OK, "to the end");
	OK(n == 32 && memcmp(got, want, 32) == 0, "as OpenSSL has it");
	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "another");
	RV(p11->C_DigestKey(rw, find_label("aes", CKO_SECRET_KEY)),
	    CKR_KEY_INDIGESTIBLE, "of a key in KMS");
	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "which ends it");
	RV(p11->C_DigestKey(rw, pair_private), CKR_KEY_INDIGESTIBLE,
	    "nor of a private key");
	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "and one");
	RV(p11->C_DigestKey(rw, 77777), CKR_KEY_HANDLE_INVALID, "of no key");
	RV(p11->C_DigestInit(rw, &sha), CKR_OK, "one");
	n = 31;
	RV(p11->C_Digest(rw, want, 32, got, &n), CKR_BUFFER_TOO_SMALL,
	    "in one part, which does not fit");
	RV(p11->C_DigestKey(rw, hidden), CKR_OPERATION_ACTIVE,
	    "takes no more parts");
	RV(p11->C_DigestFinal(rw, got, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "and has ended");
}

int
main(void)
{
	CK_ULONG bits = 2048;

	memcpy(kek_value, material(1), 32);
	testenv_start();
	p11_start();
	kek = secret(CKK_AES, kek_value, 32, CK_FALSE);
	target = secret(CKK_AES, material(2), 32, CK_TRUE);
	pairgen(CKM_RSA_PKCS_KEY_PAIR_GEN,
	    (CK_ATTRIBUTE)A(CKA_MODULUS_BITS, bits), &pair_public,
	    &pair_private);
	test_aes();
	test_old_name();
	test_vectors();
	test_rsa();
	test_bare_rsa();
	test_rsa_sizes();
	test_kms();
	test_digest_key();
	test_rules();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
