/* Messages of PKCS#11 3.0: signed, verified, encrypted; and C_SessionCancel. */
#include <string.h>
#include <openssl/evp.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *v3;
static CK_OBJECT_HANDLE ec, ec_public, mac, aes;
static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0},
		    hmac = {CKM_SHA256_HMAC, NULL, 0},
		    gcm = {CKM_AES_GCM, NULL, 0};
static CK_BYTE text[] = "what is to be signed, in parts or as a whole",
	       key_bytes[32] = {1, 2, 3};
#define TEXT_LEN (sizeof(text) - 1)

/* Whether the pair's public half takes the signature, the usual way. */
static bool
verifies(const CK_BYTE *data, CK_ULONG len, CK_BYTE *sig, CK_ULONG sig_len)
{
	CK_BYTE copy[64];

	memcpy(copy, data, len);
	return (p11->C_VerifyInit(rw, &ecdsa, ec_public) == CKR_OK &&
		p11->C_Verify(rw, copy, len, sig, sig_len) == CKR_OK);
}

static void
test_sign(void)
{
	CK_BYTE a[128], b[128];
	CK_ULONG n = sizeof(a), m = sizeof(b);

	RV(v3->C_SignMessage(rw, NULL, 0, text, TEXT_LEN, a, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "a message without a process");
	RV(v3->C_MessageSignInit(rw, NULL, ec), CKR_ARGUMENTS_BAD,
	    "no mechanism, and nothing to end");
	RV(v3->C_MessageSignInit(rw, &gcm, ec), CKR_MECHANISM_INVALID,
	    "a mechanism that does not sign");
	RV(v3->C_MessageSignInit(rw, &ecdsa, 77777), CKR_KEY_HANDLE_INVALID,
	    "no such key");
	RV(v3->C_MessageSignInit(rw, &hmac, ec), CKR_KEY_TYPE_INCONSISTENT,
	    "another type of key");
	RV(v3->C_MessageSignInit(rw, &ecdsa, ec_public),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a public key");
	RV(v3->C_MessageSignInit(rw, &ecdsa, ec), CKR_OK, "a process");
	RV(v3->C_MessageSignInit(rw, &ecdsa, ec), CKR_OPERATION_ACTIVE,
	    "a second one");
	RV(p11->C_SignInit(rw, &ecdsa, ec), CKR_OK, "C_SignInit beside it");
	calls_clear();
	RV(v3->C_SignMessage(rw, NULL, 0, text, TEXT_LEN, NULL, &n), CKR_OK,
	    "how long a signature is");
	COUNT(n, 64, "two numbers of 32 bytes");
	n = 63;
	RV(v3->C_SignMessage(rw, NULL, 0, text, TEXT_LEN, a, &n),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	n = sizeof(a);
	RV(v3->C_SignMessage(rw, a, 1, text, TEXT_LEN, a, &n),
	    CKR_MECHANISM_PARAM_INVALID, "a parameter that is none");
	RV(v3->C_SignMessage(rw, NULL, 0, NULL, 3, a, &n), CKR_ARGUMENTS_BAD,
	    "no message of some length");
	n = sizeof(a);
	RV(v3->C_SignMessage(rw, NULL, 0, text, TEXT_LEN, a, &n), CKR_OK,
	    "a message");
	RV(v3->C_SignMessage(rw, NULL, 0, text, 4, b, &m), CKR_OK, "another");
	OK(verifies(text, TEXT_LEN, a, n) && verifies(text, 4, b, m),
	    "both verify");
	COUNT(calls("Sign"), 2, "a call to KMS each, whatever went wrong");

	RV(v3->C_SignMessageNext(rw, NULL, 0, text, 4, NULL, NULL),
	    CKR_OPERATION_NOT_INITIALIZED, "a part without a beginning");
	RV(v3->C_SignMessageBegin(rw, NULL, 0), CKR_OK, "C_SignMessageBegin");
	RV(v3->C_SignMessageBegin(rw, NULL, 0), CKR_OPERATION_ACTIVE, "twice");
	RV(v3->C_SignMessage(rw, NULL, 0, text, 4, a, &n), CKR_OPERATION_ACTIVE,
	    "a message as a whole between");
	RV(v3->C_SignMessageNext(rw, NULL, 0, text, 10, NULL, NULL), CKR_OK,
	    "a part");
	n = 10;
	RV(v3->C_SignMessageNext(rw, NULL, 0, text + 10, TEXT_LEN - 10, a, &n),
	    CKR_BUFFER_TOO_SMALL, "the last, with too little room");
	COUNT(n, 64, "which says how much");
	RV(v3->C_SignMessageNext(rw, NULL, 0, text + 10, TEXT_LEN - 10, a, &n),
	    CKR_OK, "the last");
	OK(verifies(text, TEXT_LEN, a, n), "it verifies");
	RV(v3->C_SignMessageBegin(rw, NULL, 0), CKR_OK, "and so on");
	RV(v3->C_MessageSignFinal(rw), CKR_OK, "C_MessageSignFinal");
	RV(v3->C_MessageSignFinal(rw), CKR_OPERATION_NOT_INITIALIZED, "twice");
	RV(v3->C_SignMessageNext(rw, NULL, 0, text, 4, NULL, NULL),
	    CKR_OPERATION_NOT_INITIALIZED, "the message ended with it");
	RV(v3->C_MessageSignInit(rw, &ecdsa, ec), CKR_OK, "a new process");
	RV(v3->C_SignMessageNext(rw, NULL, 0, text, 4, NULL, NULL),
	    CKR_OPERATION_NOT_INITIALIZED, "knows nothing of that");
	RV(v3->C_MessageSignInit(rw, NULL, 0), CKR_OK, "ended by no mechanism");
	n = sizeof(a);
	RV(p11->C_Sign(rw, text, 4, a, &n), CKR_OK,
	    "the other operation is still there");
}

static void
test_mac(void)
{
	CK_BYTE a[64];
	CK_ULONG n = sizeof(a);

	RV(v3->C_MessageSignInit(rw, &hmac, mac), CKR_OK, "MACs by messages");
	RV(v3->C_SignMessage(rw, NULL, 0, text, 10, a, &n), CKR_OK,
	    "of a message");
	RV(v3->C_MessageSignFinal(rw), CKR_OK, "C_MessageSignFinal");
	RV(p11->C_VerifyInit(rw, &hmac, mac), CKR_OK, "C_VerifyInit");
	RV(p11->C_Verify(rw, text, 10, a, n), CKR_OK, "C_Verify");
	RV(v3->C_MessageVerifyInit(rw, &hmac, mac), CKR_OK, "verified so");
	for (int i = 0; i < 2; i++)
		RV(v3->C_VerifyMessage(rw, NULL, 0, text, 10, a, n), CKR_OK,
		    "C_VerifyMessage");
	a[0] ^= 1;
	RV(v3->C_VerifyMessage(rw, NULL, 0, text, 10, a, n),
	    CKR_SIGNATURE_INVALID, "another MAC");
	a[0] ^= 1;
	RV(v3->C_VerifyMessage(rw, NULL, 0, text, 10, a, n), CKR_OK,
	    "the process goes on");
	RV(v3->C_MessageVerifyFinal(rw), CKR_OK, "C_MessageVerifyFinal");
}

static void
test_verify(void)
{
	CK_BYTE a[64];
	CK_ULONG n = sizeof(a);

	NEED(p11->C_SignInit(rw, &ecdsa, ec) == CKR_OK &&
		 p11->C_Sign(rw, text, TEXT_LEN, a, &n) == CKR_OK,
	    "a signature");
	calls_clear();
	RV(v3->C_MessageVerifyInit(rw, &ecdsa, ec_public), CKR_OK, "a process");
	RV(v3->C_VerifyMessage(rw, NULL, 0, text, TEXT_LEN, NULL, n),
	    CKR_ARGUMENTS_BAD, "no signature");
	RV(v3->C_VerifyMessage(rw, NULL, 0, text, TEXT_LEN, a, n), CKR_OK,
	    "a message");
	RV(v3->C_VerifyMessage(rw, NULL, 0, text, 4, a, n),
	    CKR_SIGNATURE_INVALID, "another message");
	RV(v3->C_VerifyMessage(rw, NULL, 0, text, TEXT_LEN, a, 63),
	    CKR_SIGNATURE_LEN_RANGE, "a short signature");
	RV(v3->C_VerifyMessageBegin(rw, NULL, 0), CKR_OK, "in parts");
	RV(v3->C_VerifyMessageNext(rw, NULL, 0, text, 7, NULL, 0), CKR_OK,
	    "a part");
	RV(v3->C_VerifyMessageNext(rw, NULL, 0, text + 7, TEXT_LEN - 7, a, n),
	    CKR_OK, "the last");
	RV(v3->C_VerifyMessageNext(rw, NULL, 0, text, 7, a, n),
	    CKR_OPERATION_NOT_INITIALIZED, "there is no more");
	RV(v3->C_MessageVerifyFinal(rw), CKR_OK, "C_MessageVerifyFinal");
	COUNT(calls(NULL), 0, "none of that asks KMS");
}

/* OpenSSL's own GCM of the text: tag of 16 bytes. */
static void
reference(const CK_BYTE *iv, size_t iv_len, const CK_BYTE *aad, size_t aad_len,
    CK_BYTE *out, CK_BYTE *tag)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int n;

	NEED(EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, NULL, NULL) == 1 &&
		 EVP_CIPHER_CTX_ctrl(
		     c, EVP_CTRL_AEAD_SET_IVLEN, (int)iv_len, NULL) == 1 &&
		 EVP_EncryptInit_ex(c, NULL, NULL, key_bytes, iv) == 1 &&
		 EVP_EncryptUpdate(c, NULL, &n, aad, (int)aad_len) == 1 &&
		 EVP_EncryptUpdate(c, out, &n, text, TEXT_LEN) == 1 &&
		 EVP_EncryptFinal_ex(c, out + n, &n) == 1 &&
		 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1,
	    "OpenSSL's AES-GCM");
	EVP_CIPHER_CTX_free(c);
}

static CK_BYTE iv[32], tag[16], aad[] = "beside it";
static struct gcm_message_params param = {iv, 12, 0, CKG_NO_GENERATE, tag, 128};
#define PARAM &param, sizeof(param)

static void
test_encrypt(void)
{
	CK_BYTE out[64], back[64], want[64], want_tag[16];
	CK_ULONG n = 0, m = sizeof(back);

	memset(iv, 7, sizeof(iv));
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, TEXT_LEN, out, &n),
	    CKR_OPERATION_NOT_INITIALIZED, "a message without a process");
	gcm.pParameter = &param;
	gcm.ulParameterLen = sizeof(param) - 1;
	RV(v3->C_MessageEncryptInit(rw, &gcm, aes), CKR_MECHANISM_PARAM_INVALID,
	    "a parameter of another size");
	gcm.ulParameterLen = sizeof(param);
	param.ulTagBits = 129;
	RV(v3->C_MessageEncryptInit(rw, &gcm, aes), CKR_MECHANISM_PARAM_INVALID,
	    "a tag of 129 bits");
	param.ulTagBits = 128;
	RV(v3->C_MessageEncryptInit(rw, &gcm, aes), CKR_OK,
	    "a parameter beside that of the messages, as rust-cryptoki has it");
	RV(v3->C_MessageEncryptFinal(rw), CKR_OK, "its end");
	RV(v3->C_MessageDecryptInit(rw, &gcm, aes), CKR_OK, "the same");
	RV(v3->C_MessageDecryptFinal(rw), CKR_OK, "its end");
	gcm.pParameter = NULL;
	gcm.ulParameterLen = 0;
	RV(v3->C_MessageEncryptInit(rw, &gcm, find_label("kms", secret_class)),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a key in KMS");
	RV(v3->C_MessageEncryptInit(rw, &gcm, aes), CKR_OK, "a process");
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, TEXT_LEN, NULL, &n),
	    CKR_OK, "how long");
	COUNT(n, TEXT_LEN, "as the text");
	n--;
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, TEXT_LEN, out, &n),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	n = sizeof(out);
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, TEXT_LEN, out, &n),
	    CKR_OK, "a message");
	reference(iv, 12, aad, 9, want, want_tag);
	OK(n == TEXT_LEN && memcmp(out, want, n) == 0 &&
		memcmp(tag, want_tag, 16) == 0,
	    "is OpenSSL's, and so is the tag");

	RV(v3->C_MessageDecryptInit(rw, &gcm, aes), CKR_OK, "decryption");
	RV(v3->C_DecryptMessage(rw, PARAM, aad, 9, out, n, back, &m), CKR_OK,
	    "C_DecryptMessage");
	OK(m == TEXT_LEN && memcmp(back, text, m) == 0, "the text");
	param.ivGenerator = 77;
	param.ulIvFixedBits = 1000;
	RV(v3->C_DecryptMessage(rw, PARAM, aad, 9, out, n, back, &m), CKR_OK,
	    "what makes vectors is ignored where none is made");
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, TEXT_LEN, out, &n),
	    CKR_MECHANISM_PARAM_INVALID, "and not where one is");
	param.ivGenerator = CKG_NO_GENERATE;
	param.ulIvFixedBits = 0;
	tag[3] ^= 4;
	memset(back, 0xee, sizeof(back));
	RV(v3->C_DecryptMessage(rw, PARAM, aad, 9, out, n, back, &m),
	    CKR_AEAD_DECRYPT_FAILED, "another tag");
	OK(memcmp(back, text, 8) != 0 && back[0] == 0, "gives nothing away");
	tag[3] ^= 4;
	RV(v3->C_DecryptMessage(rw, PARAM, aad, 8, out, n, back, &m),
	    CKR_AEAD_DECRYPT_FAILED, "other data beside it");

	param.ulTagBits = 96;
	RV(v3->C_EncryptMessageBegin(rw, PARAM, aad, 9), CKR_OK, "in parts");
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, 4, out, &n),
	    CKR_OPERATION_ACTIVE, "a whole message between");
	n = 5;
	RV(v3->C_EncryptMessageNext(rw, PARAM, text, 5, out, &n, 0), CKR_OK,
	    "a part");
	n = sizeof(out) - 5;
	memset(tag, 0, sizeof(tag));
	RV(v3->C_EncryptMessageNext(rw, PARAM, text + 5, TEXT_LEN - 5, out + 5,
	       &n, CKF_END_OF_MESSAGE),
	    CKR_OK, "the last");
	OK(memcmp(out, want, TEXT_LEN) == 0 && memcmp(tag, want_tag, 12) == 0 &&
		tag[12] == 0,
	    "the same, with the tag that was asked for");
	RV(v3->C_EncryptMessageNext(rw, PARAM, text, 5, out, &n, 0),
	    CKR_OPERATION_NOT_INITIALIZED, "there is no more");
	RV(v3->C_DecryptMessageBegin(rw, PARAM, aad, 9), CKR_OK, "back");
	m = sizeof(back);
	RV(v3->C_DecryptMessageNext(rw, PARAM, out, TEXT_LEN, back, &m, 0),
	    CKR_OK, "a part");
	OK(memcmp(back, text, TEXT_LEN) == 0, "the text");
	m = 0;
	RV(v3->C_DecryptMessageNext(
	       rw, PARAM, NULL, 0, NULL, &m, CKF_END_OF_MESSAGE),
	    CKR_OK, "nothing more, and the tag holds");
	RV(v3->C_MessageDecryptFinal(rw), CKR_OK, "C_MessageDecryptFinal");
	RV(v3->C_MessageEncryptFinal(rw), CKR_OK, "C_MessageEncryptFinal");
}

/* CKM_CHACHA20_POLY1305: what C_Encrypt gives, with the tag apart. */
static void
test_chacha20(void)
{
	CK_BYTE out[64], back[64], want[64];
	struct ck_chacha20_poly1305_message p = {iv, 96, tag};
	struct ck_chacha20_poly1305 whole = {iv, 96, aad, 9};
	CK_MECHANISM m = {CKM_CHACHA20_POLY1305, NULL, 0},
		     with = {CKM_CHACHA20_POLY1305, &whole, sizeof(whole)};
	CK_OBJECT_HANDLE h = secret_make(CKK_CHACHA20, material(9), 32);
	CK_ULONG n = sizeof(out), k = sizeof(want);

	RV(encrypt(h, &with, text, TEXT_LEN, want, &k), CKR_OK, "by C_Encrypt");
	RV(v3->C_MessageEncryptInit(rw, &m, h), CKR_OK, "ChaCha20-Poly1305");
	RV(v3->C_EncryptMessage(
	       rw, &p, sizeof(p), aad, 9, text, TEXT_LEN, out, &n),
	    CKR_OK, "a message");
	OK(n == TEXT_LEN && memcmp(out, want, n) == 0 &&
		memcmp(tag, want + n, 16) == 0,
	    "is the same, and so is the tag");
	RV(v3->C_EncryptMessageBegin(rw, &p, sizeof(p), aad, 9), CKR_OK,
	    "in parts");
	memset(tag, 0, 16);
	n = 5;
	RV(v3->C_EncryptMessageNext(rw, &p, sizeof(p), text, 5, out, &n, 0),
	    CKR_OK, "a part");
	n = sizeof(out) - 5;
	RV(v3->C_EncryptMessageNext(rw, &p, sizeof(p), text + 5, TEXT_LEN - 5,
	       out + 5, &n, CKF_END_OF_MESSAGE),
	    CKR_OK, "the last");
	OK(memcmp(out, want, TEXT_LEN) == 0 &&
		memcmp(tag, want + TEXT_LEN, 16) == 0,
	    "the same");
	RV(v3->C_EncryptMessage(rw, PARAM, aad, 9, text, TEXT_LEN, out, &n),
	    CKR_MECHANISM_PARAM_INVALID, "with the parameter of GCM");
	RV(v3->C_MessageDecryptInit(rw, &m, h), CKR_OK, "decryption");
	p.ulNonceLen = 12;
	n = sizeof(back);
	RV(v3->C_DecryptMessage(
	       rw, &p, sizeof(p), aad, 9, want, TEXT_LEN, back, &n),
	    CKR_OK, "a nonce that is counted in bytes");
	OK(n == TEXT_LEN && memcmp(back, text, n) == 0, "the text");
	tag[15] ^= 1;
	RV(v3->C_DecryptMessage(
	       rw, &p, sizeof(p), aad, 9, want, TEXT_LEN, back, &n),
	    CKR_AEAD_DECRYPT_FAILED, "another tag");
	p.ulNonceLen = 64;
	RV(v3->C_DecryptMessage(
	       rw, &p, sizeof(p), aad, 9, want, TEXT_LEN, back, &n),
	    CKR_MECHANISM_PARAM_INVALID, "a nonce of 64 bits");
	RV(v3->C_MessageDecryptFinal(rw), CKR_OK, "C_MessageDecryptFinal");
	RV(v3->C_MessageEncryptFinal(rw), CKR_OK, "C_MessageEncryptFinal");
}

static CK_MECHANISM ccm_mechanism = {CKM_AES_CCM, NULL, 0};
static struct ccm_message_params ccm = {
    TEXT_LEN, iv, 12, 0, CKG_NO_GENERATE, tag, 10};
static CK_BYTE ccm_text[64];
#define CCM &ccm, sizeof(ccm)

/* CKM_AES_CCM, told the length of its text first: what C_Encrypt gives, with
 * the tag apart. */
static void
test_ccm(void)
{
	CK_BYTE out[64];
	struct ck_ccm whole = {TEXT_LEN, iv, 12, aad, 9, 10};
	CK_MECHANISM with = {CKM_AES_CCM, &whole, sizeof(whole)};
	CK_ULONG n = sizeof(out), k = sizeof(ccm_text);

	RV(encrypt(aes, &with, text, TEXT_LEN, ccm_text, &k), CKR_OK,
	    "C_Encrypt");
	RV(v3->C_MessageEncryptInit(rw, &ccm_mechanism, aes), CKR_OK,
	    "AES-CCM");
	RV(v3->C_EncryptMessage(rw, CCM, aad, 9, text, TEXT_LEN - 1, out, &n),
	    CKR_DATA_LEN_RANGE, "less than was said");
	n = sizeof(out);
	RV(v3->C_EncryptMessage(rw, CCM, aad, 9, text, TEXT_LEN, out, &n),
	    CKR_OK, "a message");
	OK(n == TEXT_LEN && memcmp(out, ccm_text, n) == 0 &&
		memcmp(tag, ccm_text + n, 10) == 0,
	    "is the same, and so is the tag");
	ccm.ulMACLen = 9;
	RV(v3->C_EncryptMessageBegin(rw, CCM, aad, 9),
	    CKR_MECHANISM_PARAM_INVALID, "a tag of 9 bytes");
	ccm.ulMACLen = 10;
	RV(v3->C_EncryptMessageBegin(rw, CCM, aad, 9), CKR_OK, "in parts");
	memset(tag, 0, sizeof(tag));
	memset(out, 0, sizeof(out));
	n = sizeof(out);
	RV(v3->C_EncryptMessageNext(rw, CCM, text, 5, out, &n, 0), CKR_OK,
	    "a part");
	COUNT(n, 0, "which is kept");
	RV(v3->C_EncryptMessageNext(
	       rw, CCM, text + 5, TEXT_LEN - 5, NULL, &n, CKF_END_OF_MESSAGE),
	    CKR_OK, "how long the end is");
	COUNT(n, TEXT_LEN, "all of it");
	RV(v3->C_EncryptMessageNext(
	       rw, CCM, text + 5, TEXT_LEN - 5, out, &n, CKF_END_OF_MESSAGE),
	    CKR_OK, "the end");
	OK(n == TEXT_LEN && memcmp(out, ccm_text, n) == 0 &&
		memcmp(tag, ccm_text + n, 10) == 0,
	    "the same");
	RV(v3->C_EncryptMessageBegin(rw, CCM, aad, 9), CKR_OK, "parts again");
	RV(v3->C_EncryptMessageNext(
	       rw, CCM, text, 5, out, &n, CKF_END_OF_MESSAGE),
	    CKR_DATA_LEN_RANGE, "which are too few");
	RV(v3->C_EncryptMessageNext(rw, CCM, text, 5, out, &n, 0),
	    CKR_OPERATION_NOT_INITIALIZED, "and end the message");
	RV(v3->C_MessageEncryptFinal(rw), CKR_OK, "C_MessageEncryptFinal");
}

static void
test_ccm_back(void)
{
	CK_BYTE back[64];
	CK_ULONG n;

	RV(v3->C_MessageDecryptInit(rw, &ccm_mechanism, aes), CKR_OK,
	    "decryption");
	n = sizeof(back);
	RV(v3->C_DecryptMessage(rw, CCM, aad, 9, ccm_text, TEXT_LEN, back, &n),
	    CKR_OK, "C_DecryptMessage");
	OK(n == TEXT_LEN && memcmp(back, text, n) == 0, "the text");
	RV(v3->C_DecryptMessage(
	       rw, CCM, aad, 9, ccm_text, TEXT_LEN - 1, back, &n),
	    CKR_ENCRYPTED_DATA_LEN_RANGE, "another length");
	tag[9] ^= 1;
	memset(back, 0xee, sizeof(back));
	RV(v3->C_DecryptMessage(rw, CCM, aad, 9, ccm_text, TEXT_LEN, back, &n),
	    CKR_AEAD_DECRYPT_FAILED, "another tag");
	OK(memcmp(back, text, 8) != 0 && back[0] == 0, "gives nothing away");
	ccm.ulDataLen = 0;
	n = 0;
	RV(v3->C_DecryptMessageBegin(rw, CCM, aad, 9), CKR_OK, "of no text");
	RV(v3->C_DecryptMessageNext(
	       rw, CCM, NULL, 0, NULL, &n, CKF_END_OF_MESSAGE),
	    CKR_AEAD_DECRYPT_FAILED, "the tag is looked at, too");
	RV(v3->C_MessageDecryptFinal(rw), CKR_OK, "C_MessageDecryptFinal");
}

/* Encrypts a message of nothing much; the vector is in iv then. */
static CK_RV
one(void)
{
	CK_BYTE out[4];
	CK_ULONG n = sizeof(out);

	return (v3->C_EncryptMessage(rw, PARAM, NULL, 0, text, 4, out, &n));
}

static void
begin(CK_ULONG generator, CK_ULONG len, CK_ULONG fixed)
{
	(void)v3->C_MessageEncryptFinal(rw);
	param.ivGenerator = generator;
	param.ulIvLen = len;
	param.ulIvFixedBits = fixed;
	memset(iv, 0xa5, sizeof(iv));
	RV(v3->C_MessageEncryptInit(rw, &gcm, aes), CKR_OK, "a process");
}

static void
test_vectors(void)
{
	CK_BYTE first[12], next[12];
	CK_ULONG none = 0;

	begin(CKG_GENERATE_COUNTER, 12, 32);
	RV(one(), CKR_OK, "a counter");
	OK(memcmp(iv, "\xa5\xa5\xa5\xa5", 4) == 0 && iv[12] == 0xa5 &&
		memcmp(iv + 4, "\xa5\xa5\xa5\xa5\xa5\xa5\xa5\xa5", 8) != 0,
	    "begins behind what is fixed");
	memcpy(next, iv, 12);
	for (int i = 11; i >= 4 && ++next[i] == 0; i--)
		;
	RV(one(), CKR_OK, "and again");
	OK(memcmp(iv, next, 12) == 0 && iv[12] == 0xa5, "counts on");
	begin(CKG_GENERATE_COUNTER, 12, 94);
	for (int i = 0; i < 4; i++)
		RV(one(), CKR_OK, "a counter of two bits");
	OK(iv[11] == 0xa7, "after the fixed six");
	RV(one(), CKR_TOKEN_RESOURCE_EXCEEDED, "does not begin anew");
	begin(CKG_GENERATE_COUNTER_XOR, 12, 0);
	RV(one(), CKR_OK, "a counter over the vector");
	OK(iv[11] == 0xa5, "the first is the vector");
	RV(one(), CKR_OK, "and again");
	OK(iv[11] == 0xa4 && iv[0] == 0xa5, "the second is another");
	RV(one(), CKR_OK, "and again");
	OK(iv[11] == 0xa7, "over the first vector, not over the last");
	param.ulIvLen = 16;
	RV(one(), CKR_MECHANISM_PARAM_INVALID, "of another length");
	begin(CKG_GENERATE_RANDOM, 12, 8);
	RV(one(), CKR_OK, "a random vector");
	OK(iv[0] == 0xa5 && memcmp(iv, iv + 12, 12) != 0,
	    "behind what is fixed");
	memcpy(first, iv, 12);
	RV(one(), CKR_OK, "another");
	OK(iv[0] == 0xa5 && memcmp(iv, first, 12) != 0, "is another");
	param.ulIvFixedBits = 40;
	RV(one(), CKR_MECHANISM_PARAM_INVALID, "too few bits for chance");
	begin(CKG_GENERATE, 12, 0);
	RV(one(), CKR_OK, "the token's choice");
	memcpy(first, iv, 12);
	RV(one(), CKR_OK, "twice");
	OK(memcmp(iv, first, 12) != 0, "is never the same");
	begin(CKG_NO_GENERATE, 12, 0);
	RV(v3->C_EncryptMessage(
	       rw, &param, sizeof(param), NULL, 0, NULL, 0, NULL, &none),
	    CKR_OK, "the length of an empty message");
	OK(none != 0, "is not 0, or its tag would never be made");
	RV(one(), CKR_OK, "the caller's");
	OK(iv[0] == 0xa5 && iv[11] == 0xa5, "is left alone");
	param.ulTagBits = 100;
	RV(one(), CKR_MECHANISM_PARAM_INVALID, "a tag of 100 bits");
	param.ulTagBits = 128;
	param.ulIvLen = 0;
	RV(one(), CKR_MECHANISM_PARAM_INVALID, "no vector");
	param.ulIvLen = 12;
	param.ulIvFixedBits = 97;
	RV(one(), CKR_MECHANISM_PARAM_INVALID, "more fixed than there is");
	param.ulIvFixedBits = 0;
	param.ivGenerator = 5;
	RV(one(), CKR_MECHANISM_PARAM_INVALID, "an unknown generator");
	param.ivGenerator = CKG_NO_GENERATE;
	RV(v3->C_MessageEncryptFinal(rw), CKR_OK, "C_MessageEncryptFinal");
}

static void
test_cancel(void)
{
	CK_MECHANISM sha = {CKM_SHA256, NULL, 0};
	CK_OBJECT_HANDLE h;
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	RV(v3->C_SessionCancel(77777, CKF_SIGN), CKR_SESSION_HANDLE_INVALID,
	    "C_SessionCancel without a session");
	RV(v3->C_SessionCancel(rw, CKF_SIGN | CKF_DIGEST), CKR_OK,
	    "C_SessionCancel of nothing");
	NEED(p11->C_DigestInit(rw, &sha) == CKR_OK &&
		 p11->C_SignInit(rw, &ecdsa, ec) == CKR_OK &&
		 v3->C_MessageSignInit(rw, &ecdsa, ec) == CKR_OK &&
		 v3->C_SignMessageBegin(rw, NULL, 0) == CKR_OK &&
		 p11->C_FindObjectsInit(rw, NULL, 0) == CKR_OK,
	    "much is under way");
	RV(v3->C_SessionCancel(rw, 0), CKR_OK, "no flags");
	RV(v3->C_SessionCancel(rw, CKF_SIGN | CKF_FIND_OBJECTS), CKR_OK,
	    "C_SessionCancel of two");
	RV(p11->C_Sign(rw, text, 4, out, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "the signature is over");
	RV(p11->C_FindObjects(rw, &h, 1, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "the search is over");
	n = sizeof(out);
	RV(p11->C_Digest(rw, text, 4, out, &n), CKR_OK, "the digest is not");
	RV(v3->C_SignMessageNext(rw, NULL, 0, text, 4, NULL, NULL), CKR_OK,
	    "nor is the message");
	RV(v3->C_SessionCancel(rw, CKF_MESSAGE_SIGN), CKR_OK, "until then");
	RV(v3->C_MessageSignFinal(rw), CKR_OPERATION_NOT_INITIALIZED,
	    "the process is over");
	RV(v3->C_MessageSignInit(rw, &ecdsa, ec), CKR_OK, "a new one");
	RV(v3->C_MessageSignFinal(rw), CKR_OK, "ends");
}

static void
test_flags(void)
{
	CK_MECHANISM_INFO info = {.flags = 0};
	const CK_FLAGS both = CKF_MESSAGE_SIGN | CKF_MESSAGE_VERIFY |
			      CKF_MULTI_MESSAGE;

	RV(p11->C_GetMechanismInfo(0, CKM_ECDSA_SHA256, &info), CKR_OK,
	    "CKM_ECDSA_SHA256");
	OK((info.flags & both) == both, "signs messages, in parts too");
	RV(p11->C_GetMechanismInfo(0, CKM_AES_GCM, &info), CKR_OK,
	    "CKM_AES_GCM");
	OK((info.flags & CKF_MESSAGE_ENCRYPT) != 0 &&
		(info.flags & CKF_MESSAGE_SIGN) == 0,
	    "encrypts them");
}

int
main(void)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, key_bytes, 32),
	    A(CKA_ENCRYPT, yes), A(CKA_DECRYPT, yes)};

	testenv_start();
	(void)account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/ec");
	(void)account_make("HMAC_256", "GENERATE_VERIFY_MAC", "alias/mac");
	(void)account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/kms");
	p11_start();
	v3 = p11_list_3_2();
	ec = find_label("ec", CKO_PRIVATE_KEY);
	ec_public = find_label("ec", CKO_PUBLIC_KEY);
	mac = find_label("mac", CKO_SECRET_KEY);
	NEED(p11->C_CreateObject(rw, t, ELEMS(t), &aes) == CKR_OK,
	    "a session key");
	test_sign();
	test_mac();
	test_verify();
	test_encrypt();
	test_chacha20();
	test_ccm();
	test_ccm_back();
	test_vectors();
	test_cancel();
	test_flags();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
