/* ML-DSA and ML-KEM session keys, wrapped and unwrapped, where OpenSSL has them
 * (3.5): it reads what is wrapped, and each form that it reads is unwrapped (RFC
 * 9881 and RFC 9935, section 6). */
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static const struct set {
	CK_KEY_TYPE type;
	CK_MECHANISM_TYPE generator;
	CK_ULONG number;
	const char *name;
	CK_BYTE oid[2]; /* its end */
} sets[] = {
    {CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN, CKP_ML_DSA_44, "ML-DSA-44", {3, 17}},
    {CKK_ML_DSA, CKM_ML_DSA_KEY_PAIR_GEN, CKP_ML_DSA_87, "ML-DSA-87", {3, 19}},
    {CKK_ML_KEM, CKM_ML_KEM_KEY_PAIR_GEN, CKP_ML_KEM_768, "ML-KEM-768", {4, 2}},
};
static bool
same(CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b, CK_ATTRIBUTE_TYPE type)
{
	CK_BYTE value[5000];
	CK_ULONG n = attr(a, type, value, sizeof(value));

	return (n <= sizeof(value) && n != 0 && attr_is(b, type, value, n));
}

static EVP_PKEY *
decode(CK_BYTE *der, CK_ULONG len)
{
	const unsigned char *p = der;

	return (d2i_AutoPrivateKey_ex(NULL, &p, (long)len, NULL, NULL));
}

enum form { SEED, VALUE, BOTH };

static CK_ULONG
put(CK_BYTE *to, CK_BYTE tag, const CK_BYTE *content, CK_ULONG len)
{
	CK_ULONG n = 0;

	to[n++] = tag;
	if (len > 255) {
		to[n++] = 0x82;
		to[n++] = (CK_BYTE)(len >> 8);
	} else if (len > 127)
		to[n++] = 0x81;
	to[n++] = (CK_BYTE)len;
	memcpy(to + n, content, len);
	return (n + len);
}

/* The key in that form, which OpenSSL reads. */
static CK_ULONG
encode(const struct set *s, CK_OBJECT_HANDLE key, enum form form, CK_BYTE *to)
{
	CK_BYTE seed[64], value[5000], inner[6000], info[6000];
	CK_BYTE oid[] = {0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4,
	    s->oid[0], s->oid[1]};
	CK_ULONG seed_len = attr(key, CKA_SEED, seed, sizeof(seed));
	CK_ULONG len = attr(key, CKA_VALUE, value, sizeof(value)), n = 0;
	EVP_PKEY *k;

	if (form == SEED)
		n = put(inner, 0x80, seed, seed_len);
	else if (form == BOTH)
		n = put(inner, 0x04, seed, seed_len);
	if (form != SEED)
		n += put(inner + n, 0x04, value, len);
	if (form == BOTH) {
		memcpy(info, inner, n);
		n = put(inner, 0x30, info, n);
	}
	memcpy(info, "\2\1\0", 3);
	memcpy(info + 3, oid, sizeof(oid));
	n = 3 + sizeof(oid) + put(info + 3 + sizeof(oid), 0x04, inner, n);
	n = put(to, 0x30, info, n);
	k = decode(to, n);
	NEED(k != NULL, "OpenSSL reads form %d of %s", (int)form, s->name);
	EVP_PKEY_free(k);
	return (n);
}

static void
test_wrap(const struct set *s, CK_OBJECT_HANDLE key)
{
	CK_BYTE der[8192], raw[5000];
	CK_ULONG n = pkcs8_of(key, der, sizeof(der));
	size_t len = sizeof(raw);
	EVP_PKEY *k = decode(der, n);
	CK_OBJECT_HANDLE h;

	NEED(k != NULL && EVP_PKEY_is_a(k, s->name), "OpenSSL reads a key");
	OK(EVP_PKEY_get_raw_private_key(k, raw, &len) == 1 &&
		attr_is(key, CKA_VALUE, raw, len),
	    "it is that key");
	RV(pkcs8_unwrap(s->type, der, n, &h), CKR_OK, "unwrapped");
	OK(same(key, h, CKA_VALUE) && same(key, h, CKA_SEED) &&
		same(key, h, CKA_PUBLIC_KEY_INFO),
	    "it is that key");
	COUNT(attr_number(h, CKA_PARAMETER_SET), s->number, "of its set");
	OK(attr_is(h, CKA_EXTRACTABLE, &yes, 1) &&
		attr_is(h, CKA_LOCAL, &no, 1),
	    "as those are that were unwrapped");
	EVP_PKEY_free(k);
}

static void
test_forms(const struct set *s, CK_OBJECT_HANDLE key)
{
	CK_BYTE der[8192], again[8192];
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_ULONG n;

	for (enum form form = SEED; form <= BOTH; form++) {
		n = encode(s, key, form, der);
		RV(pkcs8_unwrap(s->type, der, n, &h), CKR_OK, "%s: form %d",
		    s->name, (int)form);
		OK(same(key, h, CKA_VALUE) &&
			same(key, h, CKA_SEED) == (form != VALUE),
		    "it is that key, with all that was there");
		if (form != SEED) /* whose value was computed */
			OK(pkcs8_of(h, again, sizeof(again)) == n &&
				memcmp(der, again, n) == 0,
			    "and is wrapped as it came");
		RV(pkcs8_unwrap(s->type, der, n - 1, &h),
		    CKR_WRAPPED_KEY_INVALID, "cut");
	}
	n = encode(s, key, BOTH, der);
	der[40] ^= 1;
	RV(pkcs8_unwrap(s->type, der, n, &h), CKR_WRAPPED_KEY_INVALID,
	    "a seed and a value that disagree");
	n = encode(s, key, VALUE, der);
	der[n - 40] ^= 1;
	RV(pkcs8_unwrap(s->type, der, n, &h), CKR_WRAPPED_KEY_INVALID,
	    "a damaged value");
}

static CK_OBJECT_HANDLE
generate(const struct set *s)
{
	CK_MECHANISM m = {s->generator, NULL, 0};
	CK_ULONG set = s->number;
	CK_ATTRIBUTE public_t[] = {A(CKA_PARAMETER_SET, set)},
		     private_t[] = {
			 A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE public, private;

	NEED(p11->C_GenerateKeyPair(rw, &m, public_t, 1, private_t, 2, &public,
		 &private) == CKR_OK,
	    "a pair of %s", s->name);
	return (private);
}

int
main(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");

	if (k == NULL) {
		tap_skip("OpenSSL before 3.5", "ML-DSA and ML-KEM");
		return (tap_done());
	}
	EVP_PKEY_free(k);
	testenv_open();
	p11_start();
	for (size_t i = 0; i < ELEMS(sets); i++) {
		CK_OBJECT_HANDLE key = generate(&sets[i]);

		test_wrap(&sets[i], key);
		test_forms(&sets[i], key);
	}
	p11_stop();
	testenv_stop();
	return (tap_done());
}
