/* AES-GCM and AES-CCM with session keys: vectors, OpenSSL in both directions,
 * and what is not authentic. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

#define TEXT_MAX 3000
#define ROOM (TEXT_MAX + 32)

static CK_BYTE text[TEXT_MAX], sealed[ROOM], clear[ROOM], want[ROOM];
static CK_ULONG sealed_len, clear_len;
static CK_BYTE iv[128], aad[300];

/* What both modes have: lengths in bytes. */
struct shape {
	bool ccm;
	size_t key, iv, aad, tag, len;
};

static CK_GCM_PARAMS gcm;
static struct ck_ccm ccm;

static CK_MECHANISM
mechanism(const struct shape *s)
{
	if (s->ccm) {
		ccm = (struct ck_ccm){s->len, iv, s->iv,
		    s->aad != 0 ? aad : NULL, s->aad, s->tag};
		return ((CK_MECHANISM){CKM_AES_CCM, &ccm, sizeof(ccm)});
	}
	gcm = (CK_GCM_PARAMS){.pIv = iv,
	    .ulIvLen = s->iv,
	    .ulIvBits = s->iv * 8,
	    .pAAD = s->aad != 0 ? aad : NULL,
	    .ulAADLen = s->aad,
	    .ulTagBits = s->tag * 8};
	return ((CK_MECHANISM){CKM_AES_GCM, &gcm, sizeof(gcm)});
}

/* want gets OpenSSL's ciphertext and tag. */
static void
openssl_encrypts(const struct shape *s)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher;
	char name[32];
	int n;

	snprintf(name, sizeof(name), "AES-%zu-%s", s->key * 8,
	    s->ccm ? "CCM" : "GCM");
	cipher = EVP_CIPHER_fetch(NULL, name, NULL);
	NEED(EVP_EncryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1 &&
		 EVP_CIPHER_CTX_ctrl(
		     ctx, EVP_CTRL_AEAD_SET_IVLEN, (int)s->iv, NULL) == 1 &&
		 (!s->ccm || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG,
				 (int)s->tag, NULL) == 1) &&
		 EVP_EncryptInit_ex2(ctx, NULL, material(5), iv, NULL) == 1 &&
		 (!s->ccm || EVP_EncryptUpdate(
				 ctx, NULL, &n, NULL, (int)s->len) == 1) &&
		 (s->aad == 0 ||
		     EVP_EncryptUpdate(ctx, NULL, &n, aad, (int)s->aad) == 1) &&
		 EVP_EncryptUpdate(ctx, want, &n, text, (int)s->len) == 1 &&
		 EVP_EncryptFinal_ex(ctx, want + s->len, &n) == 1 &&
		 EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)s->tag,
		     want + s->len) == 1,
	    "OpenSSL encrypts: %s, iv %zu, aad %zu, tag %zu, %zu bytes", name,
	    s->iv, s->aad, s->tag, s->len);
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
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
	memset(clear, 0xee, sizeof(clear));
	return (decrypt(key, m, sealed, sealed_len, clear, &clear_len));
}

/* As PyKCS11: a buffer of the length that was said; of 0 bytes, none. */
static CK_RV
open_as_told(CK_OBJECT_HANDLE key, CK_MECHANISM *m)
{
	CK_RV rv = p11->C_DecryptInit(rw, m, key);

	clear_len = 0;
	if (rv == CKR_OK)
		rv = p11->C_Decrypt(rw, sealed, sealed_len, NULL, &clear_len);
	return (rv == CKR_OK ? p11->C_Decrypt(rw, sealed, sealed_len,
				   clear_len == 0 ? NULL : clear, &clear_len)
			     : rv);
}

static bool
is_clear(size_t len)
{
	return (clear_len == len && memcmp(clear, text, len) == 0);
}

/* Nothing of a plaintext comes before its end. */
static void
test_parts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, const struct shape *s)
{
	CK_ULONG n, early = 0;
	unsigned bad = 0;

	bad += p11->C_EncryptInit(rw, m, key) != CKR_OK;
	sealed_len = 0;
	for (size_t at = 0, part; at < s->len; at += part) {
		part = s->len - at < 77 ? s->len - at : 77;
		n = sizeof(sealed) - sealed_len;
		bad += p11->C_EncryptUpdate(rw, text + at, part,
			   sealed + sealed_len, &n) != CKR_OK;
		sealed_len += n;
	}
	n = sizeof(sealed) - sealed_len;
	bad += p11->C_EncryptFinal(rw, sealed + sealed_len, &n) != CKR_OK;
	sealed_len += n;
	bad += sealed_len != s->len + s->tag ||
	       memcmp(sealed, want, sealed_len) != 0;
	bad += p11->C_DecryptInit(rw, m, key) != CKR_OK;
	for (size_t at = 0, part; at < sealed_len; at += part) {
		part = sealed_len - at < 99 ? sealed_len - at : 99;
		n = sizeof(clear);
		bad += p11->C_DecryptUpdate(rw, sealed + at, part, clear, &n) !=
		       CKR_OK;
		early += n;
	}
	clear_len = sizeof(clear);
	bad += p11->C_DecryptFinal(rw, NULL, &n) != CKR_OK ||
	       n != (s->len != 0 ? s->len : 1);
	bad += p11->C_DecryptFinal(rw, clear, &clear_len) != CKR_OK;
	bad += !is_clear(s->len);
	COUNT(bad, 0, "the same in parts");
	COUNT(early, 0, "nothing is given before the end");
}

/* Each way in which it is not authentic. */
static void
test_damage(CK_OBJECT_HANDLE key, CK_MECHANISM *m, const struct shape *s)
{
	RV(seal(key, m, s->len), CKR_OK, "a ciphertext");
	sealed[sealed_len - 1] ^= 1;
	RV(open(key, m), CKR_ENCRYPTED_DATA_INVALID, "another tag");
	OK(clear[0] == 0xee && clear[s->len] == 0xee, "nothing is given");
	RV(open_as_told(key, m), CKR_ENCRYPTED_DATA_INVALID,
	    "with the room that was said, too");
	sealed[sealed_len - 1] ^= 1;
	if (s->len != 0) {
		sealed[0] ^= 1;
		RV(open(key, m), CKR_ENCRYPTED_DATA_INVALID, "other bytes");
		OK(clear[0] == 0xee, "nothing is given");
		sealed[0] ^= 1;
	}
	if (s->aad != 0) {
		aad[s->aad - 1] ^= 1;
		RV(open(key, m), CKR_ENCRYPTED_DATA_INVALID, "another aad");
		aad[s->aad - 1] ^= 1;
	}
	iv[0] ^= 1;
	RV(open(key, m), CKR_ENCRYPTED_DATA_INVALID, "another iv");
	iv[0] ^= 1;
	RV(open(key, m), CKR_OK, "and all is well again");
	sealed_len = s->tag - 1;
	RV(open(key, m), CKR_ENCRYPTED_DATA_LEN_RANGE, "less than a tag");
}

static void
test_shape(const struct shape *s)
{
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), s->key);
	CK_MECHANISM m = mechanism(s);
	CK_ULONG n = 0;

	openssl_encrypts(s);
	RV(seal(key, &m, s->len), CKR_OK, "encrypted");
	OK(sealed_len == s->len + s->tag &&
		memcmp(sealed, want, sealed_len) == 0,
	    "as OpenSSL does it");
	RV(open(key, &m), CKR_OK, "and back");
	OK(is_clear(s->len), "it is the same");
	RV(p11->C_DecryptInit(rw, &m, key), CKR_OK, "Init");
	RV(p11->C_Decrypt(rw, sealed, sealed_len, NULL, &n), CKR_OK, "size");
	/* never 0: who gives no room asks again, and no tag is checked */
	COUNT(n, s->len != 0 ? s->len : 1, "is known");
	RV(p11->C_DecryptInit(rw, NULL, 0), CKR_OK, "enough of that");
	test_parts(key, &m, s);
	test_damage(key, &m, s);
	RV(p11->C_DestroyObject(rw, key), CKR_OK, "destroyed");
}

/* The GCM specification's case 4 and 16; SP 800-38C's examples 1 to 3. */
static void
test_vectors(void)
{
	static const struct {
		bool ccm;
		const char *key, *iv, *aad, *text, *sealed;
		size_t tag;
	} v[] = {
	    {false, "feffe9928665731c6d6a8f9467308308",
		"cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a31"
		"8a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329ac"
		"a12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
		"5bc94fbc3221a5db94fae95ae7121a47",
		16},
	    {false,
		"feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f946730"
		"8308",
		"cafebabefacedbaddecaf888",
		"feedfacedeadbeeffeedfacedeadbeefabaddad2",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a31"
		"8a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555"
		"d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
		"76fc6ece0f4e1768cddf8853bb2d551b",
		16},
	    {true, "404142434445464748494a4b4c4d4e4f", "10111213141516",
		"0001020304050607", "20212223", "7162015b4dac255d", 4},
	    {true, "404142434445464748494a4b4c4d4e4f", "1011121314151617",
		"000102030405060708090a0b0c0d0e0f",
		"202122232425262728292a2b2c2d2e2f",
		"d2a1f0e051ea5f62081a7792073d593d1fc64fbfaccd", 6},
	    {true, "404142434445464748494a4b4c4d4e4f",
		"101112131415161718191a1b",
		"000102030405060708090a0b0c0d0e0f10111213",
		"202122232425262728292a2b2c2d2e2f3031323334353637",
		"e3b201a9f5b71a7a9b1ceaeccd97e70b6176aad9a4428aa5484392fbc1b0"
		"9951",
		8},
	};
	CK_BYTE key[32], kept[sizeof(text)];
	CK_OBJECT_HANDLE h;
	CK_MECHANISM m;
	struct shape s;
	size_t n;

	memcpy(kept, text, sizeof(text));
	for (size_t i = 0; i < ELEMS(v); i++) {
		s = (struct shape){.ccm = v[i].ccm,
		    .key = from_hex(v[i].key, key),
		    .iv = from_hex(v[i].iv, iv),
		    .aad = from_hex(v[i].aad, aad),
		    .tag = v[i].tag,
		    .len = from_hex(v[i].text, text)};
		n = from_hex(v[i].sealed, want);
		h = secret_make(CKK_AES, key, s.key);
		m = mechanism(&s);
		RV(seal(h, &m, s.len), CKR_OK, "vector %zu", i);
		OK(sealed_len == n && memcmp(sealed, want, n) == 0, "is right");
		RV(open(h, &m), CKR_OK, "and back");
		OK(is_clear(s.len), "it is the text");
	}
	memcpy(text, kept, sizeof(text));
}

static void
test_parameters(void)
{
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), 32);
	static const CK_ULONG bad_bits[] = {
	    0, 8, 16, 33, 72, 88, 124, 129, 136};
	const struct shape g = {false, 32, 12, 0, 16, 100},
			   k = {true, 32, 12, 0, 16, 100};
	CK_MECHANISM m = mechanism(&g);

	for (size_t i = 0; i < ELEMS(bad_bits); i++) {
		gcm.ulTagBits = bad_bits[i];
		RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID,
		    "a tag of %lu bits", bad_bits[i]);
	}
	m = mechanism(&g);
	gcm.ulIvBits = 0;
	RV(seal(key, &m, 100), CKR_OK, "ulIvBits that was left zero");
	gcm.ulIvLen = 0;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID, "no iv");
	m = mechanism(&g);
	gcm.ulAADLen = 5;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID, "an aad of none");
	m.ulParameterLen--;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID, "the size");
	m = mechanism(&k);
	RV(seal(key, &m, 99), CKR_DATA_LEN_RANGE, "another length than said");
	RV(seal(key, &m, 100), CKR_OK, "CCM of the length that was said");
	ccm.ulDataLen = 116;
	RV(open(key, &m), CKR_OK, "ulDataLen of the ciphertext");
	ccm.ulDataLen = 101;
	RV(open(key, &m), CKR_ENCRYPTED_DATA_LEN_RANGE, "ulDataLen of neither");
	m = mechanism(&k);
	ccm.ulMACLen = 5;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID, "a tag of 5 bytes");
	m = mechanism(&k);
	ccm.ulNonceLen = 14;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID, "14 of nonce");
	ccm.ulNonceLen = 6;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID, "6 of nonce");
	m = mechanism(&k);
	ccm.ulNonceLen = 13;
	ccm.ulDataLen = 65536;
	RV(seal(key, &m, 100), CKR_MECHANISM_PARAM_INVALID,
	    "a length that two bytes do not hold");
}

/* 100 megabytes, kept until the tag is checked. */
static void
test_large(void)
{
	enum { PART = 1 << 20, PARTS = 100 };
	const struct shape s = {false, 32, 12, 20, 16, 0};
	CK_OBJECT_HANDLE key = secret_make(CKK_AES, material(5), 32);
	CK_MECHANISM m = mechanism(&s);
	CK_BYTE *in = calloc(PARTS + 1, PART), *out = calloc(PARTS + 1, PART);
	CK_ULONG n, at = 0;
	unsigned bad = 0;

	RV(p11->C_EncryptInit(rw, &m, key), CKR_OK, "Init");
	for (unsigned i = 0; i < PARTS; i++) {
		in[(size_t)i * PART] = (CK_BYTE)i;
		n = (PARTS + 1) * (CK_ULONG)PART - at;
		bad += p11->C_EncryptUpdate(rw, in + (size_t)i * PART, PART,
			   out + at, &n) != CKR_OK;
		at += n;
	}
	n = 16;
	RV(p11->C_EncryptFinal(rw, out + at, &n), CKR_OK, "Final");
	at += n;
	COUNT(at, (CK_ULONG)PART * PARTS + 16, "all of it");
	RV(p11->C_DecryptInit(rw, &m, key), CKR_OK, "back");
	for (CK_ULONG from = 0, part; from < at; from += part) {
		part = at - from < PART ? at - from : PART;
		bad += p11->C_DecryptUpdate(rw, out + from, part, NULL, &n) !=
			   CKR_OK ||
		       n == 0;
		n = 1;
		bad += p11->C_DecryptUpdate(rw, out + from, part, clear, &n) !=
		       CKR_OK;
	}
	COUNT(bad, 0, "each part is taken");
	n = (CK_ULONG)PART * PARTS;
	RV(p11->C_DecryptFinal(rw, out, &n), CKR_OK, "Final");
	OK(n == (CK_ULONG)PART * PARTS && memcmp(in, out, n) == 0,
	    "it is the same");
	free(in);
	free(out);
}

int
main(void)
{
	static const size_t lens[] = {0, 1, 16, 100, 3000};
	static const size_t tags[] = {4, 8, 12, 13, 14, 15, 16};
	struct shape s;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (CK_BYTE)(i * 7 + (i >> 8));
	testenv_start();
	p11_start();
	calls_clear();
	test_vectors();
	for (size_t i = 0; i < ELEMS(lens); i++)
		for (size_t key = 16; key <= 32; key += 8) {
			s = (struct shape){false, key, 12, i * 7, 16, lens[i]};
			test_shape(&s);
			s = (struct shape){true, key, 12, i * 7, 16, lens[i]};
			test_shape(&s);
		}
	for (size_t i = 0; i < ELEMS(tags); i++) {
		s = (struct shape){false, 16, 1 + i * 21, 300, tags[i], 50};
		test_shape(&s);
		s = (struct shape){true, 16, 7 + i, 300, 4 + 2 * i, 50};
		test_shape(&s);
	}
	test_parameters();
	test_large();
	COUNT(calls(NULL), 0, "KMS is asked nothing");
	p11_stop();
	testenv_stop();
	return (tap_done());
}
