/* Data keys: made by KMS, and brought here with their ciphertext. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

static CK_ULONG n32 = 32;

/* A key of 32 bytes in KMS. */
static CK_OBJECT_HANDLE
make(CK_MECHANISM_TYPE type, const char *label)
{
	CK_MECHANISM m = {type, NULL, 0};
	struct key_template t = {.count = 0};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	template_add(&t, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&t, CKA_VALUE_LEN, &n32, sizeof(n32));
	template_add(&t, CKA_LABEL, label, strlen(label));
	NEED(p11->C_GenerateKey(rw, &m, t.t, t.count, &h) == CKR_OK,
	    "a key in KMS");
	return (h);
}

/* A data key with value and ciphertext to be read; NULL: not said. */
static CK_RV
data_key(CK_MECHANISM_TYPE type, CK_ULONG len, CK_OBJECT_HANDLE with,
    const void *context, size_t context_len, CK_OBJECT_HANDLE *made)
{
	static char arn[256];
	CK_MECHANISM m = {type, NULL, 0};
	struct key_template t = {.count = 0};
	CK_ULONG n = attr(with, CKA_UNIQUE_ID, arn, sizeof(arn));

	template_add(&t, CKA_VALUE_LEN, &len, sizeof(len));
	template_add(&t, CKA_SENSITIVE, &no, sizeof(no));
	template_add(&t, CKA_EXTRACTABLE, &yes, sizeof(yes));
	template_add(&t, CKA_KEYFERRY_WRAPPING_KEY, arn, n);
	if (context != NULL)
		template_add(&t, CKA_KEYFERRY_CONTEXT, context, context_len);
	return (p11->C_GenerateKey(rw, &m, t.t, t.count, made));
}

/* What its ciphertext decrypts to is its value. */
static void
check_data_key(CK_OBJECT_HANDLE h, CK_OBJECT_HANDLE with, CK_ULONG len,
    void *context, size_t context_len, const char *what)
{
	CK_MECHANISM m = {CKM_KEYFERRY_KMS, context, context_len};
	CK_BYTE value[1024], sealed[2048], clear[1024];
	CK_ULONG n = attr(h, CKA_KEYFERRY_CIPHERTEXT, sealed, sizeof(sealed)),
		 clear_len = sizeof(clear);

	COUNT(attr(h, CKA_VALUE, value, sizeof(value)), len, "%s: its length",
	    what);
	OK(n != CK_UNAVAILABLE_INFORMATION && n > len, "%s: its ciphertext",
	    what);
	RV(decrypt(with, &m, sealed, n, clear, &clear_len), CKR_OK,
	    "%s: the KMS key opens it", what);
	OK(clear_len == len && memcmp(clear, value, len) == 0,
	    "%s: to its value", what);
	OK(attr_is(h, CKA_TOKEN, &no, 1) && attr_is(h, CKA_LOCAL, &yes, 1),
	    "%s: it is a session key, made here", what);
}

/* C_UnwrapKey with the KMS key brings it back from its ciphertext. */
static void
check_way_back(CK_OBJECT_HANDLE h, CK_OBJECT_HANDLE with, void *context,
    size_t context_len)
{
	CK_MECHANISM m = {CKM_KEYFERRY_KMS, context, context_len};
	CK_BYTE value[64], back[64], sealed[2048];
	CK_ULONG n = attr(h, CKA_VALUE, value, sizeof(value)),
		 k = attr(h, CKA_KEYFERRY_CIPHERTEXT, sealed, sizeof(sealed));
	CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_SENSITIVE, no),
	    A(CKA_EXTRACTABLE, yes)};

	calls_clear();
	RV(p11->C_UnwrapKey(rw, &m, with, sealed, k, t, ELEMS(t), &again),
	    CKR_OK, "its ciphertext is unwrapped");
	COUNT(calls("Decrypt"), 1, "by one Decrypt");
	OK(attr(again, CKA_VALUE, back, sizeof(back)) == n &&
		memcmp(back, value, n) == 0,
	    "it is the same key");
	sealed[k / 2] ^= 1;
	RV(p11->C_UnwrapKey(rw, &m, with, sealed, k, t, ELEMS(t), &again),
	    CKR_WRAPPED_KEY_INVALID, "a ciphertext that was changed");
}

static void
test_data_keys(void)
{
	static char context[] = "purpose\0test";
	CK_MECHANISM aes = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, n32),
	    {CKA_KEYFERRY_WRAPPING_KEY, "arn:aws:kms:x", 13},
	    A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE h = 77, with, mac;

	with = make(CKM_AES_KEY_GEN, "wraps");
	mac = make(CKM_SHA256_KEY_GEN, "mac");
	calls_clear();
	RV(data_key(CKM_AES_KEY_GEN, 32, with, NULL, 0, &h), CKR_OK,
	    "a data key");
	COUNT(calls("GenerateDataKey"), 1, "one GenerateDataKey");
	COUNT(calls(NULL), 1, "and no other call");
	check_data_key(h, with, 32, NULL, 0, "AES-256");
	COUNT(attr_number(h, CKA_KEY_TYPE), CKK_AES, "an AES key");
	RV(data_key(CKM_AES_KEY_GEN, 16, with, context, sizeof(context), &h),
	    CKR_OK, "with a context");
	check_data_key(h, with, 16, context, sizeof(context), "AES-128");
	check_way_back(h, with, context, sizeof(context));
	RV(data_key(CKM_GENERIC_SECRET_KEY_GEN, 1024, with, NULL, 0, &h),
	    CKR_OK, "a generic secret");
	check_data_key(h, with, 1024, NULL, 0, "1024 bytes");
	calls_clear();
	h = 77;
	RV(data_key(CKM_AES_KEY_GEN, 32, mac, NULL, 0, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "with an HMAC key");
	RV(data_key(CKM_AES_KEY_GEN, 33, with, NULL, 0, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "an AES key of 33 bytes");
	RV(data_key(CKM_GENERIC_SECRET_KEY_GEN, 1025, with, NULL, 0, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "1025 bytes");
	RV(data_key(CKM_AES_KEY_GEN, 32, with, "odd", 4, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a name without a value");
	RV(p11->C_GenerateKey(rw, &aes, t, 3, &h), CKR_TEMPLATE_INCONSISTENT,
	    "on the token");
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
	RV(p11->C_GenerateKey(rw, &aes, t, 2, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a key that is not there");
	COUNT(h, 77, "the handle is left alone");
	RV(p11->C_GenerateKey(rw, &aes, t, 1, &h), CKR_OK, "a plain key");
	COUNT(
	    attr(h, CKA_KEYFERRY_CIPHERTEXT, NULL, 0), 0, "has no ciphertext");
	control("POST", "/faults?operation=GenerateDataKey&fault=error"
			"&error=AccessDeniedException&count=1");
	RV(data_key(CKM_AES_KEY_GEN, 32, with, NULL, 0, &h),
	    CKR_ACTION_PROHIBITED, "one that policy forbids");
	control("DELETE", "/faults");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_data_keys();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
