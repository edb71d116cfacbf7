/* AES with session keys: every mode against OpenSSL in both directions, in one
 * part and in many, at each length that is a corner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

#define TEXT_MAX 5000
#define ROOM (TEXT_MAX + 64)

static CK_BYTE text[TEXT_MAX], sealed[ROOM], clear[ROOM], want[ROOM], iv[16];
static CK_ULONG sealed_len, clear_len;
static size_t want_len;
static CK_AES_CTR_PARAMS ctr = {.ulCounterBits = 128};

static const struct mode {
	CK_MECHANISM_TYPE type;
	const char *name; /* OpenSSL's, after AES-nnn- */
	bool blocks; /* only whole ones */
	bool padded;
} modes[] = {
    {CKM_AES_ECB, "ECB", true, false},
    {CKM_AES_CBC, "CBC", true, false},
    {CKM_AES_CBC_PAD, "CBC", false, true},
    {CKM_AES_CTR, "CTR", false, false},
    {CKM_AES_OFB, "OFB", false, false},
    {CKM_AES_CFB8, "CFB8", false, false},
    {CKM_AES_CFB128, "CFB", false, false},
};
static const size_t lens[] = {
    0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 255, 1000, 4096, 5000};

static CK_MECHANISM
mechanism(const struct mode *m)
{
	CK_MECHANISM ckm = {m->type, iv, sizeof(iv)};

	if (m->type == CKM_AES_ECB) {
		ckm.pParameter = NULL;
		ckm.ulParameterLen = 0;
	}
	if (m->type == CKM_AES_CTR) {
		memcpy(ctr.cb, iv, sizeof(iv));
		ckm.pParameter = &ctr;
		ckm.ulParameterLen = sizeof(ctr);
	}
	return (ckm);
}

/* want gets what OpenSSL makes of the text. */
static void
openssl_encrypts(
    const struct mode *m, const CK_BYTE *key, size_t key_len, size_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	char name[32];
	int n = 0, more = 0;

	snprintf(name, sizeof(name), "AES-%zu-%s", key_len * 8, m->name);
	NEED(EVP_EncryptInit_ex2(
		 ctx, EVP_CIPHER_fetch(NULL, name, NULL), key, iv, NULL) == 1 &&
		 EVP_CIPHER_CTX_set_padding(ctx, m->padded) == 1 &&
		 EVP_EncryptUpdate(ctx, want, &n, text, (int)len) == 1 &&
		 EVP_EncryptFinal_ex(ctx, want + n, &more) == 1,
	    "OpenSSL encrypts with %s", name);
	want_len = (size_t)(n + more);
	EVP_CIPHER_free(
	    (EVP_CIPHER *)(uintptr_t)EVP_CIPHER_CTX_get0_cipher(ctx));
	EVP_CIPHER_CTX_free(ctx);
}

static bool
is_sealed(void)
{
	return (sealed_len == want_len && memcmp(sealed, want, want_len) == 0);
}

static bool
is_clear(size_t len)
{
	return (clear_len == len && memcmp(clear, text, len) == 0);
}

/* An Update or a Final, with just the room that a size query says. */
typedef CK_RV update_fn(
    CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG, CK_BYTE *, CK_ULONG *);
typedef CK_RV final_fn(CK_SESSION_HANDLE, CK_BYTE *, CK_ULONG *);

static CK_RV
in_parts(update_fn *update, final_fn *final, CK_BYTE *in, size_t len,
    CK_BYTE *out, CK_ULONG *out_len, size_t part)
{
	CK_ULONG room = *out_len, n;
	CK_RV rv = CKR_OK;

	*out_len = 0;
	for (size_t at = 0; at < len && rv == CKR_OK; at += part) {
		if (part > len - at)
			part = len - at;
		rv = update(rw, in + at, part, NULL, &n);
		/* never 0, which PyKCS11 takes for nothing to be done */
		if (rv == CKR_OK && (n == 0 || n > room - *out_len + 1))
			return (CKR_GENERAL_ERROR);
		/* too little room takes none of the input */
		if (rv == CKR_OK && n > 1) {
			n--;
			if (update(rw, in + at, part, out + *out_len, &n) !=
			    CKR_BUFFER_TOO_SMALL)
				return (CKR_GENERAL_ERROR);
		}
		if (rv == CKR_OK)
			rv = update(rw, in + at, part, out + *out_len, &n);
		*out_len += rv == CKR_OK ? n : 0;
	}
	if (rv == CKR_OK)
		rv = final(rw, NULL, &n);
	if (rv == CKR_OK && n == 0)
		return (CKR_GENERAL_ERROR);
	n = room - *out_len;
	if (rv == CKR_OK)
		rv = final(rw, out + *out_len, &n);
	*out_len += rv == CKR_OK ? n : 0;
	return (rv);
}

static CK_RV
seal_parts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len, size_t part)
{
	CK_RV rv = p11->C_EncryptInit(rw, m, key);

	sealed_len = sizeof(sealed);
	return (rv != CKR_OK
		    ? rv
		    : in_parts(p11->C_EncryptUpdate, p11->C_EncryptFinal, text,
			  len, sealed, &sealed_len, part));
}

static CK_RV
open_parts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t part)
{
	CK_RV rv = p11->C_DecryptInit(rw, m, key);

	clear_len = sizeof(clear);
	return (rv != CKR_OK
		    ? rv
		    : in_parts(p11->C_DecryptUpdate, p11->C_DecryptFinal,
			  sealed, sealed_len, clear, &clear_len, part));
}

static CK_RV
seal(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t len)
{
	sealed_len = sizeof(sealed);
	return (encrypt(key, m, text, len, sealed, &sealed_len));
}

static CK_RV
open(CK_OBJECT_HANDLE key, CK_MECHANISM *m)
{
	clear_len = sizeof(clear);
	return (decrypt(key, m, sealed, sealed_len, clear, &clear_len));
}

/* A text of one length, in one part and in parts of many sizes. */
static void
test_length(
    const struct mode *m, CK_OBJECT_HANDLE key, CK_MECHANISM *ckm, size_t len)
{
	static const size_t parts[] = {1, 7, 16, 17, 1000};
	unsigned bad = 0;

	RV(seal(key, ckm, len), CKR_OK, "%zu bytes, %s", len, m->name);
	OK(is_sealed(), "as OpenSSL encrypts them");
	RV(open(key, ckm), CKR_OK, "and back");
	OK(is_clear(len), "it is the same");
	for (size_t i = 0; i < ELEMS(parts); i++) {
		bad += seal_parts(key, ckm, len, parts[i]) != CKR_OK;
		bad += !is_sealed();
		bad += open_parts(key, ckm, parts[i]) != CKR_OK;
		bad += !is_clear(len);
	}
	COUNT(bad, 0, "the same in parts");
}

static void
test_mode(const struct mode *m, size_t key_len)
{
	CK_MECHANISM ckm = mechanism(m);
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), key_len);
	CK_ULONG n = 0;

	printf("# AES-%zu-%s\n", key_len * 8, m->name);
	for (size_t i = 0; i < ELEMS(lens); i++) {
		if (m->blocks && lens[i] % 16 != 0) {
			RV(seal(key, &ckm, lens[i]), CKR_DATA_LEN_RANGE,
			    "%zu bytes are no blocks", lens[i]);
			RV(seal_parts(key, &ckm, lens[i], 7),
			    CKR_DATA_LEN_RANGE, "nor in parts");
			continue;
		}
		openssl_encrypts(m, material(5), key_len, lens[i]);
		test_length(m, key, &ckm, lens[i]);
	}
	RV(p11->C_EncryptInit(rw, &ckm, key), CKR_OK, "Init");
	RV(p11->C_Encrypt(rw, text, 32, NULL, &n), CKR_OK, "a size query");
	COUNT(n, m->padded ? 48 : 32, "is right");
	n--;
	RV(p11->C_Encrypt(rw, text, 32, sealed, &n), CKR_BUFFER_TOO_SMALL,
	    "one byte too little");
	RV(p11->C_Encrypt(rw, text, 32, sealed, &n), CKR_OK, "room enough");
	RV(p11->C_Encrypt(rw, text, 32, sealed, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "it is over");
	RV(p11->C_DestroyObject(rw, key), CKR_OK, "destroyed");
}

/* Ciphertexts that are none. */
static void
test_wrong(void)
{
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), 32);
	CK_MECHANISM pad = {CKM_AES_CBC_PAD, iv, 16},
		     cbc = {CKM_AES_CBC, iv, 16}, ecb = {CKM_AES_ECB, NULL, 0};
	static const size_t bad[] = {0, 1, 15, 17, 31};

	RV(seal(key, &cbc, 32), CKR_OK, "a ciphertext without padding");
	RV(open(key, &pad), CKR_ENCRYPTED_DATA_INVALID, "is none with it");
	RV(open_parts(key, &pad, 9), CKR_ENCRYPTED_DATA_INVALID,
	    "nor in parts");
	for (size_t i = 0; i < ELEMS(bad); i++) {
		sealed_len = bad[i];
		RV(open(key, &pad), CKR_ENCRYPTED_DATA_LEN_RANGE, "%zu bytes",
		    bad[i]);
		RV(open_parts(key, &pad, 5), CKR_ENCRYPTED_DATA_LEN_RANGE,
		    "nor in parts");
		if (bad[i] == 0)
			continue;
		RV(open(key, &cbc), CKR_ENCRYPTED_DATA_LEN_RANGE, "CBC");
		RV(open(key, &ecb), CKR_ENCRYPTED_DATA_LEN_RANGE, "ECB");
	}
	ecb = (CK_MECHANISM){CKM_AES_ECB, iv, 16};
	RV(seal(key, &ecb, 16), CKR_MECHANISM_PARAM_INVALID, "ECB with an iv");
	cbc.ulParameterLen = 15;
	RV(seal(key, &cbc, 16), CKR_MECHANISM_PARAM_INVALID, "an iv too short");
	cbc = (CK_MECHANISM){CKM_AES_CBC, NULL, 0};
	RV(seal(key, &cbc, 16), CKR_MECHANISM_PARAM_INVALID, "no iv");
}

/* PKCS#11: a counter does not overflow. */
static void
test_counter(void)
{
	static const struct {
		CK_ULONG bits;
		CK_BYTE last[16];
		size_t room; /* bytes before the overflow; 0: many */
	} rows[] = {
	    {1, {0}, 32},
	    {2, {[15] = 2}, 32},
	    {8, {[15] = 0xfe}, 32},
	    {16, {[14] = 0xff, [15] = 0xff}, 16},
	    {32, {[12] = 0xff, 0xff, 0xff, 0xff}, 16},
	    {32, {[11] = 0xff}, 0},
	    {64, {[8] = 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd}, 48},
	    {65, {[7] = 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd}, 48},
	    {65, {[7] = 2, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfd}, 0},
	    {128,
		{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		    0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		16},
	    {128, {0}, 0},
	};
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), 16);
	CK_AES_CTR_PARAMS p;
	CK_MECHANISM m = {CKM_AES_CTR, &p, sizeof(p)};

	for (size_t i = 0; i < ELEMS(rows); i++) {
		p.ulCounterBits = rows[i].bits;
		memcpy(p.cb, rows[i].last, sizeof(p.cb));
		if (rows[i].room == 0) {
			RV(seal(key, &m, 5000), CKR_OK, "row %zu", i);
			continue;
		}
		RV(seal(key, &m, rows[i].room), CKR_OK, "row %zu: to the end",
		    i);
		RV(open(key, &m), CKR_OK, "and back");
		OK(is_clear(rows[i].room), "it is the same");
		RV(seal(key, &m, rows[i].room + 1), CKR_DATA_LEN_RANGE,
		    "no further");
		RV(seal_parts(key, &m, rows[i].room + 1, 10),
		    CKR_DATA_LEN_RANGE, "nor in parts");
	}
	p.ulCounterBits = 0;
	RV(seal(key, &m, 1), CKR_MECHANISM_PARAM_INVALID, "no counter");
	p.ulCounterBits = 129;
	RV(seal(key, &m, 1), CKR_MECHANISM_PARAM_INVALID, "too wide a counter");
}

/* 100 megabytes in parts: what OpenSSL makes of them, without all of them
 * being kept. */
static void
test_large(void)
{
	enum { PART = 1 << 20, PARTS = 100 };
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), 32);
	CK_MECHANISM m = {CKM_AES_CBC_PAD, iv, 16};
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	CK_BYTE *in = malloc(PART), *out = malloc(PART + 32),
		*theirs = malloc(PART + 32);
	unsigned bad = 0;
	CK_ULONG n;
	int k = 0;

	memset(in, 0x5a, PART);
	NEED(EVP_EncryptInit_ex2(
		 ctx, EVP_aes_256_cbc(), material(5), iv, NULL) == 1,
	    "OpenSSL begins");
	RV(p11->C_EncryptInit(rw, &m, key), CKR_OK, "Init");
	for (unsigned i = 0; i < PARTS; i++) {
		in[i] ^= (CK_BYTE)i;
		n = PART + 32;
		bad += p11->C_EncryptUpdate(rw, in, PART - 3, out, &n) !=
		       CKR_OK;
		bad += EVP_EncryptUpdate(ctx, theirs, &k, in, PART - 3) != 1;
		bad += n != (CK_ULONG)k || memcmp(out, theirs, n) != 0;
	}
	n = PART + 32;
	RV(p11->C_EncryptFinal(rw, out, &n), CKR_OK, "Final");
	EVP_EncryptFinal_ex(ctx, theirs, &k);
	OK(n == (CK_ULONG)k && memcmp(out, theirs, n) == 0, "the last block");
	COUNT(bad, 0, "each part is OpenSSL's");
	EVP_CIPHER_CTX_free(ctx);
	free(in);
	free(out);
	free(theirs);
}

static void
test_info(void)
{
	CK_MECHANISM_INFO info;

	for (size_t i = 0; i < ELEMS(modes); i++) {
		RV(p11->C_GetMechanismInfo(0, modes[i].type, &info), CKR_OK,
		    "%s", modes[i].name);
		OK(info.ulMinKeySize == 16 && info.ulMaxKeySize == 32 &&
			(info.flags & (CKF_ENCRYPT | CKF_DECRYPT)) ==
			    (CKF_ENCRYPT | CKF_DECRYPT),
		    "its sizes and flags");
	}
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (CK_BYTE)(i * 7 + (i >> 8));
	for (size_t i = 0; i < sizeof(iv); i++)
		iv[i] = (CK_BYTE)(i * 5 + 3);
	testenv_start();
	p11_start();
	calls_clear();
	for (size_t i = 0; i < ELEMS(modes); i++)
		for (size_t len = 16; len <= 32; len += 8)
			test_mode(&modes[i], len);
	test_wrong();
	test_counter();
	test_large();
	test_info();
	COUNT(calls(NULL), 0, "KMS is asked nothing");
	p11_stop();
	testenv_stop();
	return (tap_done());
}
