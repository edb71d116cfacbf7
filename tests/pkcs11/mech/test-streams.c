/* Stream ciphers, ciphertext stealing and MACs of session keys: published
 * answers. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

static CK_BYTE out[512], back[512];
static CK_ULONG out_len, back_len;

/* RFC 8439, section 2.4.2, and where the counter ends. */
static void
test_chacha20(void)
{
	static const char sunscreen[] =
	    "Ladies and Gentlemen of the class of '99: If I could offer you "
	    "only one tip for the future, sunscreen would be it.";
	CK_BYTE key[32], counter[8] = {1},
			 nonce[12] = {0, 0, 0, 0, 0, 0, 0, 0x4a},
			 long_nonce[24] = {0}, high[16];
	struct ck_chacha20 p = {counter, 32, nonce, 96};
	CK_MECHANISM m = {CKM_CHACHA20, &p, sizeof(p)};
	CK_OBJECT_HANDLE h;
	CK_ULONG n;

	for (CK_BYTE i = 0; i < 32; i++)
		key[i] = i;
	h = secret_make(CKK_CHACHA20, key, 32);
	out_len = sizeof(out);
	RV(encrypt(h, &m, sunscreen, sizeof(sunscreen) - 1, out, &out_len),
	    CKR_OK, "CKM_CHACHA20");
	OK(is_hex(out, out_len,
	       "6e2e359a2568f98041ba0728dd0d6981e97e7aec1d4360c20a27afccfd9fae0"
	       "b"
	       "f91b65c5524733ab8f593dabcd62b3571639d624e65152ab8f530c359f0861d"
	       "8"
	       "07ca0dbf500d6a6156a38e088a22b65e52bc514d16ccf806818ce91ab779373"
	       "6"
	       "5af90bbf74a35be6b40b8eedf2785e42874d"),
	    "as RFC 8439 has it");
	NEED(p11->C_DecryptInit(rw, &m, h) == CKR_OK, "decrypted in parts");
	n = sizeof(back);
	RV(p11->C_DecryptUpdate(rw, out, 70, back, &n), CKR_OK, "70 bytes");
	COUNT(n, 70, "come out at once");
	back_len = sizeof(back) - n;
	RV(p11->C_DecryptUpdate(
	       rw, out + 70, out_len - 70, back + n, &back_len),
	    CKR_OK, "the rest");
	OK(memcmp(back, sunscreen, out_len) == 0, "the same");
	RV(p11->C_DecryptFinal(rw, back, &n), CKR_OK, "no final part");
	/* the last block that 32 bits count, and one more */
	memset(counter, 0xff, 4);
	out_len = sizeof(out);
	RV(encrypt(h, &m, sunscreen, 64, out, &out_len), CKR_OK,
	    "the last block");
	out_len = sizeof(out);
	RV(encrypt(h, &m, sunscreen, 65, out, &out_len), CKR_DATA_LEN_RANGE,
	    "none behind it");
	/* 64 bits count on, into those that were the nonce's */
	p = (struct ck_chacha20){counter, 64, nonce + 4, 64};
	out_len = back_len = sizeof(out);
	RV(encrypt(h, &m, sunscreen, 65, out, &out_len), CKR_OK,
	    "a counter of 64 bits");
	memset(high, 0, sizeof(high));
	high[4] = 1;
	p.pBlockCounter = high;
	RV(encrypt(h, &m, sunscreen + 64, 1, back, &back_len), CKR_OK,
	    "the next block alone");
	OK(out_len == 65 && back[0] == out[64], "is the same");
	out_len = sizeof(out);
	memset(counter, 0xff, 8);
	p.pBlockCounter = counter;
	RV(encrypt(h, &m, sunscreen, 65, out, &out_len), CKR_DATA_LEN_RANGE,
	    "none behind 64 bits");
	p.ulNonceBits = 96;
	RV(p11->C_EncryptInit(rw, &m, h), CKR_MECHANISM_PARAM_INVALID,
	    "96 bits beside 64");
	p = (struct ck_chacha20){counter, 64, long_nonce, 192};
	RV(p11->C_EncryptInit(rw, &m, h), CKR_MECHANISM_PARAM_INVALID,
	    "XChaCha20");
	p = (struct ck_chacha20){NULL, 32, nonce, 96};
	RV(p11->C_EncryptInit(rw, &m, h), CKR_MECHANISM_PARAM_INVALID,
	    "no counter");
}

/* RFC 8439, section 2.5.2. */
static void
test_poly1305(void)
{
	static CK_BYTE text[] = "Cryptographic Forum Research Group";
	CK_MECHANISM m = {CKM_POLY1305, NULL, 0},
		     gen = {CKM_POLY1305_KEY_GEN, NULL, 0};
	CK_MECHANISM_INFO info;
	CK_BYTE key[32];
	CK_OBJECT_HANDLE h;

	from_hex(
	    "85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f5"
	    "1b",
	    key);
	h = secret_make(CKK_POLY1305, key, 32);
	out_len = sizeof(out);
	NEED(p11->C_SignInit(rw, &m, h) == CKR_OK, "CKM_POLY1305");
	RV(p11->C_Sign(rw, text, sizeof(text) - 1, out, &out_len), CKR_OK,
	    "sign");
	OK(is_hex(out, out_len, "a8061dc1305136c6c22b8baf0c0127a9"),
	    "as RFC 8439 has it");
	NEED(p11->C_VerifyInit(rw, &m, h) == CKR_OK, "verify");
	out[0] ^= 1;
	RV(p11->C_Verify(rw, text, sizeof(text) - 1, out, 16),
	    CKR_SIGNATURE_INVALID, "another");
	NEED(p11->C_GetMechanismInfo(0, CKM_POLY1305, &info) == CKR_OK, "info");
	OK((info.flags & (CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY)) == 0,
	    "a key signs once");
	RV(p11->C_GenerateKey(rw, &gen, NULL, 0, &h), CKR_OK,
	    "CKM_POLY1305_KEY_GEN, of no length said");
	COUNT(attr_number(h, CKA_VALUE_LEN), 32, "32 bytes");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_POLY1305, "its type");
	RV(p11->C_SignInit(rw, &m, secret_make(CKK_CHACHA20, key, 32)),
	    CKR_KEY_TYPE_INCONSISTENT, "with another type");
}

/* RFC 3962, appendix B, whose CS3 has the last two pieces the other way round. */
static void
test_cts(void)
{
	static const char text[] = "I would like the General Gau's Chicken";
	CK_BYTE iv[16] = {0};
	CK_MECHANISM m = {CKM_AES_CTS, iv, 16}, cbc = {CKM_AES_CBC, iv, 16};
	CK_OBJECT_HANDLE h = secret_make(
	    CKK_AES, (CK_BYTE *)"chicken teriyaki", 16);
	CK_ULONG n;

	out_len = sizeof(out);
	RV(encrypt(h, &m, text, 17, out, &out_len), CKR_OK, "CKM_AES_CTS");
	OK(is_hex(out, out_len, "97c6353568f2bf8cb4d8a580362da7ff7f"),
	    "as RFC 3962 has it, in the order of CS1");
	out_len = back_len = sizeof(out);
	RV(encrypt(h, &m, text, 32, out, &out_len), CKR_OK, "whole blocks");
	RV(encrypt(h, &cbc, text, 32, back, &back_len), CKR_OK, "by CBC");
	OK(out_len == 32 && memcmp(out, back, 32) == 0, "are the same");
	out_len = sizeof(out);
	RV(encrypt(h, &m, text, 31, out, &out_len), CKR_OK, "31 bytes");
	NEED(p11->C_DecryptInit(rw, &m, h) == CKR_OK, "in parts");
	n = sizeof(back);
	RV(p11->C_DecryptUpdate(rw, out, 20, back, &n), CKR_OK, "20");
	n = sizeof(back);
	RV(p11->C_DecryptUpdate(rw, out + 20, 11, back, &n), CKR_OK, "11");
	n = sizeof(back);
	RV(p11->C_DecryptFinal(rw, back, &n), CKR_OK, "the end");
	OK(n == 31 && memcmp(back, text, 31) == 0, "the same");
	RV(encrypt(h, &m, text, 15, out, &out_len), CKR_DATA_LEN_RANGE,
	    "less than a block");
	RV(decrypt(h, &m, out, 15, back, &back_len),
	    CKR_ENCRYPTED_DATA_LEN_RANGE, "nor decrypted");
}

/* SP 800-38A, section F.3.1. */
static void
test_cfb1(void)
{
	CK_BYTE key[16], iv[16];
	CK_MECHANISM m = {CKM_AES_CFB1, iv, 16};

	from_hex("2b7e151628aed2a6abf7158809cf4f3c", key);
	from_hex("000102030405060708090a0b0c0d0e0f", iv);
	out_len = sizeof(out);
	RV(encrypt(
	       secret_make(CKK_AES, key, 16), &m, "\x6b\xc1", 2, out, &out_len),
	    CKR_OK, "CKM_AES_CFB1");
	OK(is_hex(out, out_len, "68b3"), "as SP 800-38A has it");
}

/* The last block of CBC: of whole blocks, and with zeros behind. */
static void
test_cbc_mac(void)
{
	static CK_BYTE text[48] = "what is signed, of thirty-nine bytes...",
		       iv[16];
	static const CK_ULONG lens[] = {0, 1, 16, 39, 48};
	CK_ULONG want_len = 5;
	CK_MECHANISM m = {CKM_AES_MAC, NULL, 0},
		     general = {CKM_AES_MAC_GENERAL, &want_len,
			 sizeof(want_len)},
		     cbc = {CKM_AES_CBC, iv, 16};
	CK_OBJECT_HANDLE h = secret_make(CKK_AES, material(6), 32);
	CK_BYTE padded[48];

	for (size_t i = 0; i < ELEMS(lens); i++) {
		CK_ULONG n = lens[i] == 0 ? 16 : (lens[i] + 15) / 16 * 16;

		memset(padded, 0, sizeof(padded));
		memcpy(padded, text, lens[i]);
		back_len = out_len = sizeof(back);
		RV(encrypt(h, &cbc, padded, n, back, &back_len), CKR_OK, "CBC");
		NEED(p11->C_SignInit(rw, &m, h) == CKR_OK &&
			 p11->C_SignUpdate(rw, text, lens[i] / 3) == CKR_OK &&
			 p11->C_SignUpdate(rw, text + lens[i] / 3,
			     lens[i] - lens[i] / 3) == CKR_OK,
		    "%lu bytes in parts", lens[i]);
		RV(p11->C_SignFinal(rw, out, &out_len), CKR_OK, "CKM_AES_MAC");
		OK(out_len == 8 && memcmp(out, back + n - 16, 8) == 0,
		    "half of CBC's last block");
		NEED(p11->C_VerifyInit(rw, &m, h) == CKR_OK, "verify");
		RV(p11->C_Verify(rw, text, lens[i], out, 8), CKR_OK, "right");
		NEED(p11->C_VerifyInit(rw, &general, h) == CKR_OK, "verify");
		RV(p11->C_Verify(rw, text, lens[i], back + n - 16, 5), CKR_OK,
		    "five bytes of it");
		back[n - 16] ^= 1;
		NEED(p11->C_VerifyInit(rw, &general, h) == CKR_OK, "verify");
		RV(p11->C_Verify(rw, text, lens[i], back + n - 16, 5),
		    CKR_SIGNATURE_INVALID, "wrong");
	}
	want_len = 17;
	RV(p11->C_SignInit(rw, &general, h), CKR_MECHANISM_PARAM_INVALID,
	    "more than a block");
}

int
main(void)
{
	testenv_open();
	testenv_config(NULL, NULL, NULL);
	p11_start();
	test_chacha20();
	test_poly1305();
	test_cts();
	test_cfb1();
	test_cbc_mac();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
