/* What CKM_AES_KEY_WRAP and CKM_AES_KEY_WRAP_PKCS7 put behind a key, and take off
 * (PKCS#11 3.2, section 6.16.2). */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_BYTE kek_value[32];
static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static CK_OBJECT_HANDLE kek;

/* Zeros fill the last 8 bytes, and the template says how many bytes there were. */
static void
test_zeros(void)
{
	static const struct {
		CK_ULONG len, answer;
	} rows[] = {{0, CKR_OK}, {24, CKR_OK}, {21, CKR_OK}, {17, CKR_OK},
	    {16, CKR_WRAPPED_KEY_LEN_RANGE}, {25, CKR_WRAPPED_KEY_LEN_RANGE},
	    {32, CKR_WRAPPED_KEY_LEN_RANGE}};
	CK_MECHANISM kw = {CKM_AES_KEY_WRAP, NULL, 0};
	CK_BYTE out[1024], zeros[24] = {0};
	CK_ULONG n, want;
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic_type), A(CKA_VALUE_LEN, want)};

	memcpy(zeros, kek_value, 21);
	RV(p11->C_WrapKey(rw, &kw, kek,
	       secret_make(CKK_GENERIC_SECRET, kek_value, 21), NULL, &n),
	    CKR_OK, "how long a key of 21 bytes will be");
	COUNT(n, 32, "three semiblocks and the vector");
	RV(p11->C_WrapKey(rw, &kw, kek,
	       secret_make(CKK_GENERIC_SECRET, kek_value, 21), out, &n),
	    CKR_OK, "a key of 21 bytes");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		want = rows[i].len;
		RV(p11->C_UnwrapKey(rw, &kw, kek, out, n, t, 3, &h),
		    rows[i].answer, "unwrapped to %lu bytes", want);
		if (rows[i].answer == CKR_OK)
			OK(attr_is(h, CKA_VALUE, zeros, want == 0 ? 24 : want),
			    "they are its own, and zeros");
	}
	n = sizeof(out);
	RV(p11->C_WrapKey(rw, &kw, kek,
	       secret_make(CKK_GENERIC_SECRET, kek_value, 8), out, &n),
	    CKR_KEY_SIZE_RANGE, "one semiblock: RFC 3394 wraps two or more");
}

/* What is behind a private key is zeros, fewer than fill it, or refused. */
static void
test_behind_private_key(void)
{
	static const struct {
		CK_ULONG more, answer;
		CK_BYTE last;
	} rows[] = {{0, CKR_OK, 0}, {8, CKR_WRAPPED_KEY_INVALID, 0},
	    {0, CKR_WRAPPED_KEY_INVALID, 1}};
	CK_MECHANISM kw = {CKM_AES_KEY_WRAP, NULL, 0};
	CK_KEY_TYPE edwards = CKK_EC_EDWARDS;
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, private_class), A(CKA_KEY_TYPE, edwards)};
	struct keypair_ref key = keypair_ref_raw("ED448");
	CK_BYTE out[512], plain[512] = {0};
	CK_ULONG n = sizeof(out), m = sizeof(plain), wrapped;
	CK_OBJECT_HANDLE h;

	RV(p11->C_WrapKey(rw, &kw, kek, key.private, out, &n), CKR_OK,
	    "wrapped");
	NEED(decrypt(kek, &kw, out, n, plain, &m) == CKR_OK, "decrypted");
	for (size_t i = 0; i < ELEMS(rows); i++) {
		plain[m - 1] = rows[i].last;
		wrapped = sizeof(out);
		NEED(encrypt(kek, &kw, plain, m + rows[i].more, out,
			 &wrapped) == CKR_OK,
		    "encrypted");
		RV(p11->C_UnwrapKey(rw, &kw, kek, out, wrapped, t, 2, &h),
		    rows[i].answer, "%lu bytes more, the last is %d",
		    rows[i].more, rows[i].last);
	}
	keypair_ref_free(&key);
}

/* CKM_AES_KEY_WRAP_PKCS7 is CKM_AES_KEY_WRAP of what PKCS #7 padded, and takes
 * no other padding off. */
static void
test_pkcs7(void)
{
	static struct {
		CK_BYTE end[8];
		CK_ULONG len; /* of what is padded; 0: the padding is wrong */
	} rows[] = {
	    {{8, 8, 8, 8, 8, 8, 8, 8}, 16},
	    {{1, 2, 3, 4, 5, 3, 3, 3}, 21},
	    {{1, 2, 3, 4, 5, 6, 7, 1}, 23},
	    {{1, 2, 3, 4, 5, 6, 7, 0}, 0},
	    {{1, 2, 3, 4, 5, 6, 2, 3}, 0},
	    {{8, 8, 7, 8, 8, 8, 8, 8}, 0},
	    {{9, 9, 9, 9, 9, 9, 9, 9}, 0},
	};
	CK_MECHANISM kw = {CKM_AES_KEY_WRAP, NULL, 0},
		     pkcs7 = {CKM_AES_KEY_WRAP_PKCS7, NULL, 0};
	CK_BYTE padded[24] = "sixteen bytes...", out[64], again[64], back[64];
	CK_ULONG n, m, k;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		memcpy(padded + 16, rows[i].end, 8);
		n = m = k = sizeof(out);
		NEED(
		    encrypt(kek, &kw, padded, 24, out, &n) == CKR_OK, "%zu", i);
		RV(decrypt(kek, &pkcs7, out, n, back, &k),
		    rows[i].len != 0 ? CKR_OK : CKR_ENCRYPTED_DATA_INVALID,
		    "padding that ends with %d", rows[i].end[7]);
		if (rows[i].len == 0)
			continue;
		OK(k == rows[i].len && memcmp(back, padded, k) == 0,
		    "what was padded");
		RV(encrypt(kek, &pkcs7, padded, rows[i].len, again, &m), CKR_OK,
		    "%lu bytes", rows[i].len);
		OK(m == n && memcmp(again, out, n) == 0, "are padded so");
	}
}

int
main(void)
{
	memcpy(kek_value, material(1), 32);
	testenv_start();
	p11_start();
	kek = secret_make(CKK_AES, kek_value, 32);
	test_zeros();
	test_behind_private_key();
	test_pkcs7();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
