/* Mechanisms of session keys that KMS has nothing like: published answers. */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_BYTE out[512], back[512];
static CK_ULONG out_len, back_len;
static CK_KEY_TYPE ed_type = CKK_EC_EDWARDS, x_type = CKK_EC_MONTGOMERY;
static CK_BYTE ed448[] = {6, 3, 0x2b, 0x65, 0x71},
	       x448[] = {6, 3, 0x2b, 0x65, 0x6f};

/* IEEE 1619, vector 2; and a text that is no multiple of a block. */
static void
test_xts(void)
{
	CK_BYTE key[64], text[40], tweak[16] = {0x33, 0x33, 0x33, 0x33, 0x33};
	CK_MECHANISM m = {CKM_AES_XTS, tweak, sizeof(tweak)},
		     gen = {CKM_AES_XTS_KEY_GEN, NULL, 0};
	CK_ULONG len = 64, n;
	CK_ATTRIBUTE t[] = {
	    A(CKA_VALUE_LEN, len), A(CKA_ENCRYPT, yes), A(CKA_DECRYPT, yes)};
	CK_OBJECT_HANDLE h;

	memset(key, 0x11, 16);
	memset(key + 16, 0x22, 16);
	memset(text, 0x44, sizeof(text));
	h = secret_make(CKK_AES_XTS, key, 32);
	out_len = sizeof(out);
	RV(encrypt(h, &m, text, 32, out, &out_len), CKR_OK, "CKM_AES_XTS");
	OK(is_hex(out, out_len,
	       "c454185e6a16936e39334038acef838bfb186fff7480adc4289382ecd6d394"
	       "f0"),
	    "as IEEE 1619 has it");
	NEED(p11->C_EncryptInit(rw, &m, h) == CKR_OK, "in parts");
	n = sizeof(back);
	RV(p11->C_EncryptUpdate(rw, text, 7, back, &n), CKR_OK, "7 bytes");
	COUNT(n, 0, "give nothing yet");
	n = sizeof(back);
	RV(p11->C_EncryptUpdate(rw, text + 7, 25, back, &n), CKR_OK, "25 more");
	n = sizeof(back);
	RV(p11->C_EncryptFinal(rw, back, &n), CKR_OK, "the end");
	OK(n == out_len && memcmp(back, out, n) == 0, "the same");
	RV(p11->C_GenerateKey(rw, &gen, t, ELEMS(t), &h), CKR_OK,
	    "CKM_AES_XTS_KEY_GEN");
	out_len = sizeof(out);
	back_len = sizeof(back);
	RV(encrypt(h, &m, text, 39, out, &out_len), CKR_OK, "39 bytes");
	COUNT(out_len, 39, "stay 39");
	RV(decrypt(h, &m, out, out_len, back, &back_len), CKR_OK, "decrypted");
	OK(back_len == 39 && memcmp(back, text, 39) == 0, "are the same");
	out_len = sizeof(out);
	RV(encrypt(h, &m, text, 15, out, &out_len), CKR_DATA_LEN_RANGE,
	    "less than a block");
	/* IEEE 1619, vector 1: what is there is read */
	memset(key, 0, 32);
	memset(tweak, 0, sizeof(tweak));
	memset(text, 0, 32);
	h = secret_make(CKK_AES_XTS, key, 32);
	RV(p11->C_EncryptInit(rw, &m, h), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "a key of two equal halves encrypts nothing");
	out_len = from_hex("917cf69ebd68b2ec9b9fe9a3eadda692"
			   "cd43d2f59598ed858c02c2652fbf922e",
	    out);
	back_len = sizeof(back);
	RV(decrypt(h, &m, out, out_len, back, &back_len), CKR_OK,
	    "and decrypts");
	OK(back_len == 32 && memcmp(back, text, 32) == 0, "as IEEE 1619 says");
	RV(decrypt(h, &m, text, 15, out, &out_len),
	    CKR_ENCRYPTED_DATA_LEN_RANGE, "nor back");
	len = 48;
	RV(p11->C_GenerateKey(rw, &gen, t, ELEMS(t), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "no key of 48 bytes");
}

/* SP 800-38D: case 1 of its examples, and agreement with GCM's AAD. */
static void
test_gmac(void)
{
	static CK_BYTE zeros[32], text[100] = "what is signed", sealed[16];
	CK_GCM_PARAMS p = {.pIv = zeros, .ulIvLen = 12, .ulTagBits = 128};
	CK_MECHANISM m = {CKM_AES_GMAC, &p, sizeof(p)},
		     gcm = {CKM_AES_GCM, &p, sizeof(p)};
	CK_OBJECT_HANDLE h = secret_make(CKK_AES, zeros, 16);
	CK_MECHANISM_INFO info;

	out_len = sizeof(out);
	NEED(p11->C_SignInit(rw, &m, h) == CKR_OK, "CKM_AES_GMAC");
	RV(p11->C_Sign(rw, NULL, 0, out, &out_len), CKR_OK, "of nothing");
	OK(is_hex(out, out_len, "58e2fccefa7e3061367f1d57a4e7455a"),
	    "as GCM's first example has it");
	p.pAAD = text;
	p.ulAADLen = sizeof(text);
	back_len = sizeof(sealed);
	NEED(encrypt(h, &gcm, NULL, 0, sealed, &back_len) == CKR_OK,
	    "CKM_AES_GCM of AAD alone");
	RV(p11->C_SignInit(rw, &m, h), CKR_MECHANISM_PARAM_INVALID,
	    "no AAD beside the data");
	p.ulAADLen = 0;
	p.ulTagBits = 96;
	out_len = sizeof(out);
	NEED(p11->C_SignInit(rw, &m, h) == CKR_OK &&
		 p11->C_SignUpdate(rw, text, 1) == CKR_OK &&
		 p11->C_SignUpdate(rw, text + 1, sizeof(text) - 1) == CKR_OK,
	    "in parts");
	RV(p11->C_SignFinal(rw, out, &out_len), CKR_OK, "C_SignFinal");
	OK(out_len == 12 && memcmp(out, sealed, 12) == 0,
	    "12 bytes of the same tag");
	NEED(p11->C_VerifyInit(rw, &m, h) == CKR_OK, "C_VerifyInit");
	RV(p11->C_Verify(rw, text, sizeof(text), out, 12), CKR_OK, "right");
	out[0] ^= 1;
	NEED(p11->C_VerifyInit(rw, &m, h) == CKR_OK, "C_VerifyInit");
	RV(p11->C_Verify(rw, text, sizeof(text), out, 12),
	    CKR_SIGNATURE_INVALID, "wrong");
	NEED(p11->C_GetMechanismInfo(0, CKM_AES_GMAC, &info) == CKR_OK, "info");
	OK((info.flags & (CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY)) == 0,
	    "one vector signs no two messages");
}

/* RFC 8439, section 2.8.2. */
static void
test_chacha20_poly1305(void)
{
	static const char text[] =
	    "Ladies and Gentlemen of the class of '99: If "
	    "I could offer you only one tip for the "
	    "future, sunscreen would be it.";
	CK_BYTE key[32], nonce[12], aad[12];
	struct ck_chacha20_poly1305 p = {nonce, 96, aad, sizeof(aad)};
	CK_MECHANISM m = {CKM_CHACHA20_POLY1305, &p, sizeof(p)},
		     gen = {CKM_CHACHA20_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_ENCRYPT, yes)};
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (CK_BYTE)(0x80 + i);
	from_hex("070000004041424344454647", nonce);
	from_hex("50515253c0c1c2c3c4c5c6c7", aad);
	h = secret_make(CKK_CHACHA20, key, sizeof(key));
	out_len = sizeof(out);
	RV(encrypt(h, &m, text, 114, out, &out_len), CKR_OK,
	    "CKM_CHACHA20_POLY1305");
	COUNT(out_len, 114 + 16, "with its tag");
	OK(is_hex(out, 16, "d31a8d34648e60db7b86afbc53ef7ec2") &&
		is_hex(out + 114, 16, "1ae10b594f09e26a7e902ecbd0600691"),
	    "as RFC 8439 has it");
	p.ulNonceLen = 12; /* as NSS counts */
	back_len = sizeof(back);
	RV(decrypt(h, &m, out, out_len, back, &back_len), CKR_OK, "decrypted");
	OK(back_len == 114 && memcmp(back, text, 114) == 0, "the text");
	out[5] ^= 1;
	back_len = sizeof(back);
	RV(decrypt(h, &m, out, out_len, back, &back_len),
	    CKR_ENCRYPTED_DATA_INVALID, "not when it was changed");
	p.ulNonceLen = 8;
	RV(p11->C_EncryptInit(rw, &m, h), CKR_MECHANISM_PARAM_INVALID,
	    "a nonce of 8 bytes");
	p.ulNonceLen = 12;
	RV(p11->C_GenerateKey(rw, &gen, t, 1, &h), CKR_OK,
	    "CKM_CHACHA20_KEY_GEN");
	COUNT(attr_number(h, CKA_VALUE_LEN), 32, "makes 32 bytes");
	RV(p11->C_EncryptInit(rw, &m, h), CKR_OK, "which encrypt");
	(void)p11->C_EncryptInit(rw, NULL, 0);
}

/* RFC 6070 and RFC 7914, section 11; the parameter in both its forms. */
static void
test_pbkdf2(void)
{
	CK_BYTE password[] = "password", salt[] = "salt";
	static CK_BYTE long_password[100000];
	CK_ULONG password_len = 8, len = 20;
	CK_KEY_TYPE aes = CKK_AES;
	struct ck_pbkd2 p = {1, salt, 4, 2, 1, NULL, 0, password, 8};
	CK_MECHANISM m = {CKM_PKCS5_PBKD2, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_EXTRACTABLE, yes),
	    A(CKA_SENSITIVE, no), A(CKA_KEY_TYPE, aes), A(CKA_TOKEN, yes)};
	const char *want = "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957";
	CK_OBJECT_HANDLE h = 0;

	RV(p11->C_GenerateKey(rw, &m, t, 3, &h), CKR_OK, "CKM_PKCS5_PBKD2");
	OK(is_hex(out, attr(h, CKA_VALUE, out, sizeof(out)), want),
	    "as RFC 6070 has it");
	/* CK_PKCS5_PBKD2_PARAMS: the length is behind a pointer */
	p.ulPasswordLen = (CK_ULONG)&password_len;
	RV(p11->C_GenerateKey(rw, &m, t, 3, &h), CKR_OK, "the older parameter");
	OK(is_hex(out, attr(h, CKA_VALUE, out, sizeof(out)), want), "the same");
	p = (struct ck_pbkd2){
	    1, salt, 4, 1, 4, NULL, 0, (CK_BYTE *)(uintptr_t) "passwd", 6};
	len = 32;
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_OK, "an AES key");
	OK(is_hex(out, attr(h, CKA_VALUE, out, sizeof(out)),
	       "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dac"
	       "bc"),
	    "by SHA-256, as RFC 7914 has it");
	RV(p11->C_GenerateKey(rw, &m, t, 5, &h), CKR_TEMPLATE_INCONSISTENT,
	    "none that KMS would make at random");
	p.iterations = 0;
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_MECHANISM_PARAM_INVALID,
	    "no iterations");
	p.iterations = CK_UNAVAILABLE_INFORMATION;
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_MECHANISM_PARAM_INVALID,
	    "iterations without end");
	p.iterations = (1UL << 32) + 1;
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_MECHANISM_PARAM_INVALID,
	    "2^32 and one");
	p.iterations = 200000;
	len = 4096;
	RV(p11->C_GenerateKey(rw, &m, t, 3, &h), CKR_MECHANISM_PARAM_INVALID,
	    "200000 for each of 128 blocks");
	len = 32;
	p = (struct ck_pbkd2){
	    1, salt, 4, 1, 4, NULL, 0, long_password, sizeof(long_password)};
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_OK,
	    "a password of 100000 bytes");
	p.ulPasswordLen = CK_UNAVAILABLE_INFORMATION;
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_MECHANISM_PARAM_INVALID,
	    "a length that is no length and no pointer");
	p.iterations = 1;
	p.prf = 2;
	RV(p11->C_GenerateKey(rw, &m, t, 4, &h), CKR_MECHANISM_PARAM_INVALID,
	    "GOST");
}

static CK_OBJECT_HANDLE
make_private(CK_KEY_TYPE *type, CK_BYTE *params, const char *value)
{
	CK_BYTE bytes[64];
	CK_ULONG n = from_hex(value, bytes);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    {CKA_KEY_TYPE, type, sizeof(*type)},
	    A_BYTES(CKA_EC_PARAMS, params, 5), A_BYTES(CKA_VALUE, bytes, n),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
	    *type == CKK_EC_EDWARDS ? (CK_ATTRIBUTE)A(CKA_SIGN, yes)
				    : (CK_ATTRIBUTE)A(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE h = 0;

	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK, "a private key");
	return (h);
}

/* Wrapped, and unwrapped: the same value. */
static void
test_wrapped(CK_OBJECT_HANDLE h, CK_KEY_TYPE *type, CK_ULONG len)
{
	CK_OBJECT_HANDLE kek = secret_make(CKK_AES, material(3), 32), again = 0;
	CK_MECHANISM m = {CKM_AES_KEY_WRAP_KWP, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, private_class),
	    {CKA_KEY_TYPE, type, sizeof(*type)}, A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)};
	CK_ULONG n = sizeof(out);

	RV(p11->C_WrapKey(rw, &m, kek, h, out, &n), CKR_OK, "C_WrapKey");
	RV(p11->C_UnwrapKey(rw, &m, kek, out, n, t, ELEMS(t), &again), CKR_OK,
	    "C_UnwrapKey");
	COUNT(attr(h, CKA_VALUE, out, sizeof(out)), len, "a value");
	OK(attr_is(again, CKA_VALUE, out, len), "the same");
}

/* RFC 8032, section 7.4: the empty message. */
static void
test_ed448(void)
{
	CK_OBJECT_HANDLE
	h = make_private(&ed_type, ed448,
	    "6c82a562cb808d10d632be89c8513ebf6c929f34ddfa8c9f63c9960ef6e348"
	    "a3"
	    "528c8a3fcc2f044e39a3fc5b94492f8f032e7549a20098f95b"),
	pub = 0, private = 0;
	CK_BYTE point[60];
	struct ck_eddsa params = {CK_FALSE, 0, NULL};
	CK_MECHANISM m = {CKM_EDDSA, NULL, 0},
		     empty = {CKM_EDDSA, &params, sizeof(params)},
		     gen = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
	    A(CKA_KEY_TYPE, ed_type), A(CKA_VERIFY, yes),
	    A_BYTES(CKA_EC_PARAMS, ed448, 5), A_BYTES(CKA_EC_POINT, point, 57)};

	from_hex(
	    "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778"
	    "edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
	    point);
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &pub), CKR_OK,
	    "a bare point is read");
	OK(attr_is(pub, CKA_EC_POINT, point, 57), "and shown as it is");
	memmove(point + 2, point, 57);
	point[0] = 4;
	point[1] = 57;
	t[4].ulValueLen = 59;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &pub), CKR_OK,
	    "an OCTET STRING is read, too");
	memmove(point + 3, point + 2, 57);
	memcpy(point, "\3\72\0", 3);
	t[4].ulValueLen = 60;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &pub), CKR_OK,
	    "and a BIT STRING");
	OK(attr_is(pub, CKA_EC_POINT, point + 3, 57), "of the same");
	point[2] = 1;
	RV(p11->C_CreateObject(rw, t, ELEMS(t), &private),
	    CKR_ATTRIBUTE_VALUE_INVALID, "but none that is short of a bit");
	out_len = sizeof(out);
	NEED(p11->C_SignInit(rw, &m, h) == CKR_OK, "CKM_EDDSA with Ed448");
	RV(p11->C_Sign(rw, NULL, 0, out, &out_len), CKR_OK, "C_Sign");
	OK(is_hex(out, out_len,
	       "533a37f6bbe457251f023c0d88f976ae2dfb504a843e34d2074fd823d41a59"
	       "1f2b233f034f628281f2fd7a22ddd47d7828c59bd0a21bfd3980ff0d2028d4"
	       "b18a9df63e006c5d1c2d345b925d8dc00b4104852db99ac5c7cdda8530a113"
	       "a0f4dbb61149f05a7363268c71d95808ff2e652600"),
	    "as RFC 8032 has it");
	NEED(p11->C_VerifyInit(rw, &m, pub) == CKR_OK, "C_VerifyInit");
	RV(p11->C_Verify(rw, NULL, 0, out, out_len), CKR_OK, "C_Verify");
	NEED(p11->C_VerifyInit(rw, &empty, pub) == CKR_OK,
	    "CK_EDDSA_PARAMS with no context");
	RV(p11->C_Verify(rw, NULL, 0, out, out_len), CKR_OK, "is the same");
	test_wrapped(h, &ed_type, 57);
	RV(p11->C_GenerateKeyPair(rw, &gen, t + 2, 2, NULL, 0, &pub, &private),
	    CKR_OK, "a pair");
	RV(sign_text(private, &m), CKR_OK, "which signs");
}

/* RFC 7748, section 6.2; and SP 800-56A's KDF over the shared secret. */
static void
test_x448(void)
{
	static const char *shared_hex =
	    "07fff4181ac6cc95ec1c16a94a0f74d12da232ce40a77552281d282bb60c0b56"
	    "fd2464c335543936521c24403085d59a449a5037514a879d";
	CK_OBJECT_HANDLE
	h = make_private(&x_type, x448,
	    "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9ba"
	    "f5"
	    "74a9419744897391006382a6f127ab1d9ac2d8c0a598726b"),
	derived = 0;
	CK_BYTE peer[56], info[] = "info", input[4 + 56 + 4], want[32];
	CK_ULONG len = 32;
	CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL,
	    .pPublicData = peer,
	    .ulPublicDataLen = sizeof(peer)};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
	    A(CKA_VALUE_LEN, len)};

	from_hex(
	    "3eb7a829b0cd20f5bcfc0b599b6feccf6da4627107bdb0d4f345b43027d8b972"
	    "fc3e34fb4232a13ca706dcb57aec3dae07bdc1c67bf33609",
	    peer);
	RV(p11->C_DeriveKey(rw, &m, h, t, 2, &derived), CKR_OK,
	    "CKM_ECDH1_DERIVE with X448");
	OK(is_hex(out, attr(derived, CKA_VALUE, out, sizeof(out)), shared_hex),
	    "as RFC 7748 has it");
	test_wrapped(h, &x_type, 56);
	/* one hash: the counter, the secret, the information */
	from_hex("00000001", input);
	from_hex(shared_hex, input + 4);
	memcpy(input + 4 + 56, info, 4);
	p.kdf = CKD_SHA256_KDF_SP800;
	p.pSharedData = info;
	p.ulSharedDataLen = 4;
	RV(p11->C_DeriveKey(rw, &m, h, t, 3, &derived), CKR_OK,
	    "CKD_SHA256_KDF_SP800");
	OK(EVP_Q_digest(
	       NULL, "SHA256", NULL, input, sizeof(input), want, NULL) == 1 &&
		attr_is(derived, CKA_VALUE, want, 32),
	    "is the hash that SP 800-56A has");
}

/* Modes without a tag wrap secret keys; ECB fills its last block with zeros. */
static void
test_wrap(void)
{
	CK_BYTE iv[16] = {1};
	CK_AES_CTR_PARAMS counter = {.ulCounterBits = 128};
	CK_MECHANISM ms[] = {{CKM_AES_ECB, NULL, 0},
	    {CKM_AES_CTR, &counter, sizeof(counter)}, {CKM_AES_OFB, iv, 16},
	    {CKM_AES_CFB1, iv, 16}, {CKM_AES_CFB8, iv, 16},
	    {CKM_AES_CFB128, iv, 16}, {CKM_AES_CTS, iv, 16}};
	CK_OBJECT_HANDLE kek = secret_make(CKK_AES, material(4), 32),
			 h = secret_make(CKK_GENERIC_SECRET, material(5), 20),
			 again;
	CK_KEY_TYPE type = CKK_GENERIC_SECRET;
	CK_ULONG len = 20;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
	    A(CKA_VALUE_LEN, len)};

	for (size_t i = 0; i < ELEMS(ms); i++) {
		bool ecb = ms[i].mechanism == CKM_AES_ECB;

		out_len = back_len = sizeof(out);
		RV(p11->C_WrapKey(rw, &ms[i], kek, h, NULL, &back_len), CKR_OK,
		    "C_WrapKey, 0x%lx, how long", ms[i].mechanism);
		RV(p11->C_WrapKey(rw, &ms[i], kek, h, out, &out_len), CKR_OK,
		    "C_WrapKey");
		COUNT(out_len, ecb ? 32 : 20, "its length");
		COUNT(back_len, out_len, "as was said");
		RV(p11->C_UnwrapKey(
		       rw, &ms[i], kek, out, out_len, t, ecb ? 5 : 4, &again),
		    CKR_OK, "C_UnwrapKey");
		OK(attr_is(again, CKA_VALUE, material(5), 20), "the same key");
		back_len = sizeof(back);
		RV(encrypt(kek, &ms[i], material(5), ecb ? 16 : 20, back,
		       &back_len),
		    CKR_OK, "C_Encrypt");
		OK(memcmp(out, back, back_len) == 0, "encrypts the same way");
	}
}

int
main(void)
{
	testenv_open();
	testenv_config(NULL, NULL, NULL);
	p11_start();
	test_xts();
	test_gmac();
	test_chacha20_poly1305();
	test_pbkdf2();
	test_ed448();
	test_x448();
	test_wrap();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
