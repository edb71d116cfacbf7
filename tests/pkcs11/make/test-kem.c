/* PKCS#11 3.2 through its function list: ML-KEM, and signatures that are given
 * before what they sign. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_MECHANISM kem = {CKM_ML_KEM, NULL, 0},
		    ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};

static CK_RV
make(CK_MECHANISM_TYPE type, CK_ATTRIBUTE size, CK_ATTRIBUTE_TYPE flag,
    struct pair_handles *p)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), {flag, &yes, sizeof(yes)}};

	return (list->C_GenerateKeyPair(
	    rw, &m, &size, 1, priv, 2, &p->public, &p->private));
}

/* The key both ways came to, by what one encrypts and the other opens. */
static bool
same_secret(CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b)
{
	CK_BYTE x[64], y[64];
	CK_ULONG n = attr(a, CKA_VALUE, x, sizeof(x));

	return (n == 32 && attr(b, CKA_VALUE, y, sizeof(y)) == n &&
		memcmp(x, y, n) == 0);
}

static void
test_set(CK_ULONG set, CK_ULONG len)
{
	CK_ATTRIBUTE t[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_ULONG longer = 33;
	CK_ATTRIBUTE bad[] = {A(CKA_VALUE_LEN, longer)};
	CK_BYTE sealed[2048];
	CK_ULONG n = 0;
	CK_OBJECT_HANDLE a = 77, b = 77, c;
	struct pair_handles p;
	CK_RV rv = make(CKM_ML_KEM_KEY_PAIR_GEN,
	    (CK_ATTRIBUTE)A(CKA_PARAMETER_SET, set), CKA_DECAPSULATE, &p);

	if (rv == CKR_TEMPLATE_INCONSISTENT) {
		tap_skip("OpenSSL 3.5 has it", "ML-KEM");
		return;
	}
	NEED(rv == CKR_OK, "a pair of set %lu", set);
	calls_clear();
	RV(list->C_EncapsulateKey(rw, &kem, p.public, t, 2, NULL, &n, &a),
	    CKR_OK, "the length of the ciphertext");
	COUNT(n, len, "is that of set %lu", set);
	n--;
	RV(list->C_EncapsulateKey(rw, &kem, p.public, t, 2, sealed, &n, &a),
	    CKR_BUFFER_TOO_SMALL, "too small");
	COUNT(n, len, "which says how much it takes");
	COUNT(a, 77, "and makes no key");
	n = sizeof(sealed);
	RV(list->C_EncapsulateKey(rw, &kem, p.private, t, 2, sealed, &n, &a),
	    CKR_KEY_TYPE_INCONSISTENT, "with the private half");
	RV(list->C_EncapsulateKey(rw, &kem, p.public, bad, 1, sealed, &n, &a),
	    CKR_TEMPLATE_INCONSISTENT, "a longer key");
	longer = 0;
	RV(list->C_EncapsulateKey(rw, &kem, p.public, bad, 1, sealed, &n, &a),
	    CKR_TEMPLATE_INCONSISTENT, "one of no bytes");
	RV(list->C_DecapsulateKey(
	       rw, &kem, p.private, t, 2, sealed, len - 1, &b),
	    CKR_WRAPPED_KEY_LEN_RANGE, "a ciphertext of another length");
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
	RV(list->C_EncapsulateKey(rw, &kem, p.public, t, 2, sealed, &n, &a),
	    CKR_OK, "encapsulated");
	COUNT(n, len, "to the length that was said");
	COUNT(calls("Encapsulate"), 0, "without KMS");
	COUNT(attr_number(a, CKA_KEY_TYPE), CKK_GENERIC_SECRET,
	    "a generic secret");
	OK(attr_is(a, CKA_LOCAL, &no, 1) && attr_is(a, CKA_TOKEN, &no, 1),
	    "of the session");
	RV(list->C_DecapsulateKey(rw, &kem, p.private, t, 2, sealed, len, &b),
	    CKR_OK, "decapsulated");
	COUNT(calls("Decapsulate"), 1, "in KMS, by one call");
	OK(same_secret(a, b), "they are the same");
	OK(attr_is(a, CKA_EXTRACTABLE, &yes, 1) &&
		attr_is(b, CKA_EXTRACTABLE, &yes, 1) &&
		attr_is(b, CKA_LOCAL, &no, 1) &&
		attr_is(b, CKA_ALWAYS_SENSITIVE, &no, 1) &&
		attr_is(b, CKA_NEVER_EXTRACTABLE, &no, 1),
	    "with the standard's defaults");
	sealed[5] ^= 1;
	RV(list->C_DecapsulateKey(rw, &kem, p.private, t, 2, sealed, len, &c),
	    CKR_OK, "a ciphertext that was changed");
	OK(!same_secret(a, c), "gives another key");
}

static void
test_other_keys(struct pair_handles p)
{
	CK_OBJECT_HANDLE aes = key_make(material(1), "kem"), h;
	CK_BYTE sealed[2048] = {0};
	CK_ULONG n = sizeof(sealed);
	CK_MECHANISM with = {CKM_ML_KEM, sealed, 1};

	calls_clear();
	RV(list->C_EncapsulateKey(rw, &kem, p.public, NULL, 0, sealed, &n, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "an EC key");
	RV(list->C_DecapsulateKey(rw, &kem, aes, NULL, 0, sealed, 768, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "an AES key");
	RV(list->C_DecapsulateKey(rw, &kem, 77777, NULL, 0, sealed, 768, &h),
	    CKR_UNWRAPPING_KEY_HANDLE_INVALID, "no such key to open with");
	RV(list->C_EncapsulateKey(
	       rw, &ecdsa, p.public, NULL, 0, sealed, &n, &h),
	    CKR_MECHANISM_INVALID, "another mechanism");
	RV(list->C_EncapsulateKey(rw, &with, p.public, NULL, 0, sealed, &n, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "a parameter beside it");
	RV(list->C_EncapsulateKey(rw, &kem, 77777, NULL, 0, sealed, &n, &h),
	    CKR_KEY_HANDLE_INVALID, "no such key");
	RV(list->C_EncapsulateKey(rw, NULL, p.public, NULL, 0, sealed, &n, &h),
	    CKR_ARGUMENTS_BAD, "no mechanism");
	RV(list->C_EncapsulateKey(
	       rw, &kem, p.public, NULL, 0, sealed, NULL, &h),
	    CKR_ARGUMENTS_BAD, "no length");
	RV(list->C_EncapsulateKey(
	       rw, &kem, p.public, NULL, 0, sealed, &n, NULL),
	    CKR_ARGUMENTS_BAD, "no place for the key");
	RV(list->C_DecapsulateKey(rw, &kem, p.private, NULL, 0, NULL, 768, &h),
	    CKR_ARGUMENTS_BAD, "no ciphertext");
	RV(list->C_DecapsulateKey(
	       77777, &kem, p.private, NULL, 0, sealed, 768, &h),
	    CKR_SESSION_HANDLE_INVALID, "no such session");
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
}

static void
test_signature_first(struct pair_handles p)
{
	CK_BYTE text[] = "some text", signature[64];
	CK_ULONG len = sizeof(signature);

	NEED(list->C_SignInit(rw, &ecdsa, p.private) == CKR_OK &&
		 list->C_Sign(rw, text, 9, signature, &len) == CKR_OK,
	    "a signature");
	RV(list->C_VerifySignature(rw, text, 9), CKR_OPERATION_NOT_INITIALIZED,
	    "nothing is under way");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, NULL, 0),
	    CKR_ARGUMENTS_BAD, "no signature");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, signature, len),
	    CKR_OK, "given first");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, signature, len),
	    CKR_OPERATION_ACTIVE, "once at a time");
	RV(list->C_Verify(rw, text, 9, signature, len),
	    CKR_OPERATION_NOT_INITIALIZED, "it is not C_Verify's");
	RV(list->C_VerifySignature(rw, text, 9), CKR_OK, "it verifies");
	RV(list->C_VerifySignature(rw, text, 9), CKR_OPERATION_NOT_INITIALIZED,
	    "and is over");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, signature, len),
	    CKR_OK, "again");
	RV(list->C_VerifySignatureUpdate(rw, text, 4), CKR_OK, "in parts");
	RV(list->C_VerifySignatureUpdate(rw, text + 4, 5), CKR_OK, "two");
	RV(list->C_VerifySignatureFinal(rw), CKR_OK, "it verifies");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, signature, len),
	    CKR_OK, "again");
	RV(list->C_VerifySignature(rw, text, 8), CKR_SIGNATURE_INVALID,
	    "of another text");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, signature, 63),
	    CKR_OK, "a signature that is cut");
	RV(list->C_VerifySignature(rw, text, 9), CKR_SIGNATURE_LEN_RANGE,
	    "is none");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.public, signature, len),
	    CKR_OK, "one that is given up");
	RV(list->C_VerifySignatureInit(rw, NULL, 0, NULL, 0), CKR_OK,
	    "by an Init without a mechanism");
	RV(list->C_VerifySignatureFinal(rw), CKR_OPERATION_NOT_INITIALIZED,
	    "is gone");
	RV(list->C_VerifySignatureInit(rw, &ecdsa, p.private, signature, len),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "with the private half");
}

static void
test_unserved(void)
{
	CK_ULONG n = 0;

	RV(list->C_AsyncGetID(rw, NULL, &n), CKR_FUNCTION_NOT_SUPPORTED,
	    "C_AsyncGetID");
	RV(list->C_AsyncComplete(rw, NULL, NULL), CKR_FUNCTION_NOT_SUPPORTED,
	    "C_AsyncComplete");
	RV(list->C_AsyncJoin(rw, NULL, 0, NULL, 0), CKR_FUNCTION_NOT_SUPPORTED,
	    "C_AsyncJoin");
}

int
main(void)
{
	struct pair_handles p;

	testenv_start();
	testenv_config(NULL, "generate = yes", NULL);
	p11_start();
	list = p11_list_3_2();
	NEED(make(CKM_EC_KEY_PAIR_GEN, (CK_ATTRIBUTE)A(CKA_EC_PARAMS, p256),
		 CKA_SIGN, &p) == CKR_OK,
	    "an EC pair");
	test_signature_first(p);
	test_other_keys(p);
	test_unserved();
	test_set(CKP_ML_KEM_512, 768);
	test_set(CKP_ML_KEM_768, 1088);
	test_set(CKP_ML_KEM_1024, 1568);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
