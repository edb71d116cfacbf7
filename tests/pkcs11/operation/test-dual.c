/* Two operations in one pass: digests and signatures beside encryption. */
#include <string.h>
#include <openssl/sha.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_BYTE key_bytes[32] = {9, 8, 7}, iv[16] = {1},
	       text[] = "what goes through two operations in one pass, in "
			"parts of any length";
#define TEXT_LEN (sizeof(text) - 1)
static CK_AES_CTR_PARAMS counter = {.ulCounterBits = 128};
static CK_MECHANISM ctr = {CKM_AES_CTR, &counter, sizeof(counter)},
		    cbc = {CKM_AES_CBC, iv, sizeof(iv)},
		    sha = {CKM_SHA256, NULL, 0},
		    hmac = {CKM_SHA256_HMAC, NULL, 0};
static CK_OBJECT_HANDLE aes, mac;
static CK_BYTE sealed[128];

static void
test_not_active(void)
{
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	RV(p11->C_DigestEncryptUpdate(rw, text, 4, out, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "nothing is under way");
	NEED(p11->C_DigestInit(rw, &sha) == CKR_OK, "a digest");
	RV(p11->C_DigestEncryptUpdate(rw, text, 4, out, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "only one of two");
	RV(p11->C_DecryptDigestUpdate(rw, text, 4, out, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "the other way");
	NEED(p11->C_EncryptInit(rw, &ctr, aes) == CKR_OK, "and encryption");
	RV(p11->C_DigestEncryptUpdate(rw, NULL, 4, out, &n), CKR_ARGUMENTS_BAD,
	    "no input of some length");
	RV(p11->C_DigestEncryptUpdate(rw, text, 4, out, NULL),
	    CKR_ARGUMENTS_BAD, "no place for the length");
	RV(p11->C_SignEncryptUpdate(rw, text, 4, out, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "there is no signature");
	RV(p11->C_DigestEncryptUpdate(77777, text, 4, out, &n),
	    CKR_SESSION_HANDLE_INVALID, "no such session");
}

/* In two parts, the second in its own place. */
static void
test_digest_encrypt(void)
{
	CK_BYTE hash[32], want[32], buffer[128];
	CK_ULONG n = 0, m = sizeof(hash);

	RV(p11->C_DigestEncryptUpdate(rw, text, 20, NULL, &n), CKR_OK,
	    "how long");
	COUNT(n, 20, "as the input");
	n = 19;
	RV(p11->C_DigestEncryptUpdate(rw, text, 20, sealed, &n),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	n = sizeof(sealed);
	RV(p11->C_DigestEncryptUpdate(rw, text, 20, sealed, &n), CKR_OK,
	    "a part");
	memcpy(buffer, text + 20, TEXT_LEN - 20);
	n = sizeof(buffer);
	RV(p11->C_DigestEncryptUpdate(rw, buffer, TEXT_LEN - 20, buffer, &n),
	    CKR_OK, "another, in its place");
	memcpy(sealed + 20, buffer, n);
	COUNT(n, TEXT_LEN - 20, "all of it");
	n = sizeof(buffer);
	RV(p11->C_EncryptFinal(rw, buffer, &n), CKR_OK, "C_EncryptFinal");
	RV(p11->C_DigestFinal(rw, hash, &m), CKR_OK, "C_DigestFinal");
	SHA256(text, TEXT_LEN, want);
	OK(memcmp(hash, want, 32) == 0, "each byte was hashed once");

	NEED(p11->C_DecryptInit(rw, &ctr, aes) == CKR_OK &&
		 p11->C_DigestInit(rw, &sha) == CKR_OK,
	    "the way back");
	n = 0;
	RV(p11->C_DecryptDigestUpdate(rw, sealed, TEXT_LEN, NULL, &n), CKR_OK,
	    "how long");
	n = sizeof(buffer);
	RV(p11->C_DecryptDigestUpdate(rw, sealed, TEXT_LEN, buffer, &n), CKR_OK,
	    "C_DecryptDigestUpdate");
	OK(n == TEXT_LEN && memcmp(buffer, text, n) == 0, "the text");
	n = sizeof(buffer);
	m = sizeof(hash);
	RV(p11->C_DecryptFinal(rw, buffer, &n), CKR_OK, "C_DecryptFinal");
	RV(p11->C_DigestFinal(rw, hash, &m), CKR_OK, "C_DigestFinal");
	OK(memcmp(hash, want, 32) == 0, "its hash");
}

/* The MAC in KMS, the cipher here. */
static void
test_sign_encrypt(void)
{
	CK_BYTE tag[32], buffer[128];
	CK_ULONG n = sizeof(sealed), m = sizeof(tag);

	NEED(p11->C_EncryptInit(rw, &ctr, aes) == CKR_OK &&
		 p11->C_SignInit(rw, &hmac, mac) == CKR_OK,
	    "a MAC beside encryption");
	RV(p11->C_SignEncryptUpdate(rw, text, TEXT_LEN, sealed, &n), CKR_OK,
	    "C_SignEncryptUpdate");
	RV(p11->C_SignFinal(rw, tag, &m), CKR_OK, "C_SignFinal");
	n = sizeof(buffer);
	RV(p11->C_EncryptFinal(rw, buffer, &n), CKR_OK, "C_EncryptFinal");
	NEED(p11->C_VerifyInit(rw, &hmac, mac) == CKR_OK, "C_VerifyInit");
	RV(p11->C_Verify(rw, text, TEXT_LEN, tag, m), CKR_OK,
	    "the MAC is of the text");
	for (int i = 0; i < 2; i++) {
		NEED(p11->C_DecryptInit(rw, &ctr, aes) == CKR_OK &&
			 p11->C_VerifyInit(rw, &hmac, mac) == CKR_OK,
		    "the way back");
		n = sizeof(buffer);
		RV(p11->C_DecryptVerifyUpdate(rw, sealed, TEXT_LEN, buffer, &n),
		    CKR_OK, "C_DecryptVerifyUpdate");
		OK(memcmp(buffer, text, TEXT_LEN) == 0 || i == 1, "the text");
		n = sizeof(buffer);
		RV(p11->C_DecryptFinal(rw, buffer, &n), CKR_OK,
		    "C_DecryptFinal");
		RV(p11->C_VerifyFinal(rw, tag, m),
		    i == 0 ? CKR_OK : CKR_SIGNATURE_INVALID,
		    i == 0 ? "its MAC" : "another text's is not");
		sealed[3] ^= 1;
	}
}

/* One half goes wrong or is ended: the other stays. */
static void
test_halves(void)
{
	CK_BYTE hash[32], out[64];
	CK_ULONG n = sizeof(out);

	NEED(p11->C_EncryptInit(rw, &cbc, aes) == CKR_OK &&
		 p11->C_DigestInit(rw, &sha) == CKR_OK,
	    "blocks beside a digest");
	RV(p11->C_DigestEncryptUpdate(rw, text, 10, out, &n), CKR_OK,
	    "less than a block");
	COUNT(n, 0, "gives nothing yet");
	n = sizeof(out);
	RV(p11->C_DigestEncryptUpdate(rw, text + 10, 10, out, &n), CKR_OK,
	    "more than one");
	COUNT(n, 16, "gives the block");
	n = sizeof(out);
	RV(p11->C_EncryptFinal(rw, out, &n), CKR_DATA_LEN_RANGE,
	    "the end is no block");
	n = sizeof(hash);
	RV(p11->C_DigestFinal(rw, hash, &n), CKR_OK, "the digest goes on");
	SHA256(text, 20, out);
	OK(memcmp(hash, out, 32) == 0, "and is of all input");
}

static bool
is_active(CK_RV cancelled)
{
	return (cancelled == CKR_OK);
}

/* What is not encrypted is not hashed; what was encrypted and cannot be signed is
 * the end of both. */
static void
test_failures(void)
{
	static CK_BYTE many[5000], out[5000];
	CK_AES_CTR_PARAMS small = {.ulCounterBits = 8};
	CK_MECHANISM overflows = {CKM_AES_CTR, &small, sizeof(small)},
		     wrap = {CKM_AES_KEY_WRAP, NULL, 0};
	CK_BYTE hash[32], want[32];
	CK_ULONG n = sizeof(out);

	NEED(p11->C_EncryptInit(rw, &overflows, aes) == CKR_OK &&
		 p11->C_DigestInit(rw, &sha) == CKR_OK,
	    "a counter that ends");
	RV(p11->C_DigestEncryptUpdate(rw, text, 20, out, &n), CKR_OK,
	    "a part of it");
	n = sizeof(out);
	RV(p11->C_DigestEncryptUpdate(rw, many, sizeof(many), out, &n),
	    CKR_DATA_LEN_RANGE, "more than it counts");
	OK(!is_active(p11->C_EncryptInit(rw, NULL, 0)), "encryption ends");
	n = sizeof(hash);
	RV(p11->C_DigestFinal(rw, hash, &n), CKR_OK, "the digest does not");
	SHA256(text, 20, want);
	OK(memcmp(hash, want, 32) == 0, "and is of what was encrypted");

	for (int back = 0; back < 2; back++) {
		NEED((back ? p11->C_DecryptInit(rw, &ctr, aes)
			   : p11->C_EncryptInit(rw, &ctr, aes)) == CKR_OK &&
			 (back ? p11->C_VerifyInit(rw, &hmac, mac)
			       : p11->C_SignInit(rw, &hmac, mac)) == CKR_OK,
		    "a MAC of KMS, which takes 4096 bytes");
		n = sizeof(out);
		RV(back ? p11->C_DecryptVerifyUpdate(
			      rw, many, sizeof(many), out, &n)
			: p11->C_SignEncryptUpdate(
			      rw, many, sizeof(many), out, &n),
		    CKR_DATA_LEN_RANGE, "more than that");
		OK(!is_active(back ? p11->C_VerifyInit(rw, NULL, 0)
				   : p11->C_SignInit(rw, NULL, 0)),
		    "the MAC ends");
		OK(!is_active(back ? p11->C_DecryptInit(rw, NULL, 0)
				   : p11->C_EncryptInit(rw, NULL, 0)),
		    "and so does the cipher, which had taken the part");
	}
	NEED(p11->C_EncryptInit(rw, &wrap, aes) == CKR_OK &&
		 p11->C_DigestInit(rw, &sha) == CKR_OK,
	    "a mechanism without parts");
	RV(p11->C_DigestEncryptUpdate(rw, text, 16, out, &n),
	    CKR_FUNCTION_NOT_SUPPORTED, "takes none");
	OK(!is_active(p11->C_EncryptInit(rw, NULL, 0)), "it ends");
	OK(is_active(p11->C_DigestInit(rw, NULL)), "the digest does not");
}

int
main(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, key_bytes, 32),
	    A(CKA_ENCRYPT, yes), A(CKA_DECRYPT, yes)};

	testenv_start();
	(void)account_make("HMAC_256", "GENERATE_VERIFY_MAC", "alias/mac");
	p11_start();
	mac = find_label("mac", CKO_SECRET_KEY);
	NEED(p11->C_CreateObject(rw, t, ELEMS(t), &aes) == CKR_OK,
	    "a session key");
	test_not_active();
	test_digest_encrypt();
	test_sign_encrypt();
	test_halves();
	test_failures();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
