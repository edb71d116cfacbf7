/* A key that KMS has made a moment ago, and that not every host of it knows
 * yet: whatever it is used for first waits for it. And a host that does not
 * know yet that a key is enabled or has its material again. */
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define LATE "1500" /* milliseconds */

static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};

static CK_OBJECT_HANDLE
make_secret_key(
    CK_MECHANISM_TYPE type, const char *label, CK_ATTRIBUTE_TYPE use)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ULONG len = 32;
	CK_OBJECT_HANDLE h;
	struct key_template k = {.count = 0};

	template_add(&k, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&k, use, &yes, sizeof(yes));
	template_add(&k, CKA_VALUE_LEN, &len, sizeof(len));
	template_add(&k, CKA_LABEL, label, strlen(label));
	NEED(p11->C_GenerateKey(rw, &m, k.t, k.count, &h) == CKR_OK, "a key %s",
	    label);
	return (h);
}

static CK_RV
seal(CK_OBJECT_HANDLE h)
{
	CK_BYTE out[1024];
	CK_ULONG len = sizeof(out);

	return (encrypt(h, &kms_mechanism, "text", 4, out, &len));
}

static void
late(bool is)
{
	control("POST", "/consistency?ms=%s", is ? LATE : "0");
}

static void
test_made_in_kms(void)
{
	CK_MECHANISM hmac = {CKM_SHA256_HMAC, NULL, 0};
	CK_BYTE point[100], label[32];
	CK_ATTRIBUTE a = A_BYTES(CKA_EC_POINT, point, sizeof(point));
	CK_ATTRIBUTE b = A_BYTES(CKA_LABEL, label, sizeof(label));
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	late(true);
	h = make_secret_key(CKM_AES_KEY_GEN, "aes", CKA_ENCRYPT);
	RV(seal(h), CKR_OK, "a young AES key encrypts");
	h = make_secret_key(CKM_GENERIC_SECRET_KEY_GEN, "hmac", CKA_SIGN);
	RV(sign_text(h, &hmac), CKR_OK, "a young HMAC key signs");
	RV(sign_text(pair_generate("signs").private, &ecdsa), CKR_OK,
	    "a young pair signs");
	p = pair_generate("point");
	RV(p11->C_GetAttributeValue(rw, p.public, &a, 1), CKR_OK,
	    "a young pair tells its point");
	p = pair_generate("verifies");
	RV(p11->C_VerifyInit(rw, &ecdsa, p.public), CKR_OK,
	    "a young pair verifies");
	RV(p11->C_VerifyInit(rw, NULL, 0), CKR_OK, "or could");
	RV(p11->C_GetAttributeValue(rw, p.private, &b, 1), CKR_OK,
	    "it tells its label");
	late(false);
}

/* Past the module; seen late. */
static void
elsewhere(const char *id, enum err (*change)(struct kms *, const char *))
{
	struct kms k = account_kms();

	NEED(change(&k, id) == ERR_OK, "a change elsewhere");
}

/* One request is refused by a host that is behind; a look says more. */
static void
test_late_host(void)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "late");
	struct account_key a;

	NEED(account_alias("alias/late", &a), "a key");
	control("POST",
	    "/faults?fault=error&operation=Encrypt&error=DisabledException"
	    "&status=400");
	calls_clear();
	RV(seal(h), CKR_OK, "a host that thinks the key disabled");
	COUNT(calls("Encrypt"), 2, "is asked again");
	COUNT(calls("DescribeKey"), 1, "after a look");
	control("POST",
	    "/faults?fault=error&operation=Encrypt&count=0&status=400"
	    "&error=KMSInvalidStateException");
	calls_clear();
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "one that insists");
	OK(calls("Encrypt") > 2, "is asked some times");
	faults_clear();
	RV(seal(h), CKR_OK, "the handle stays");
	elsewhere(a.id, kms_disable_key);
	calls_clear();
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "a disabled key");
	COUNT(calls(NULL), 2, "is asked for once, and looked at");
	elsewhere(a.id, kms_enable_key);
}

/* KMS does not get to know the key in time. */
static void
test_too_late(void)
{
	CK_OBJECT_HANDLE h = make_secret_key(
	    CKM_AES_KEY_GEN, "too late", CKA_ENCRYPT);

	control("POST",
	    "/faults?fault=error&operation=Encrypt&count=0&status=400"
	    "&error=NotFoundException");
	control("POST",
	    "/faults?fault=error&operation=DescribeKey&count=0&status=400"
	    "&error=NotFoundException");
	OK(seal(h) != CKR_OK, "a key that KMS does not know for long");
	faults_clear();
	RV(seal(h), CKR_OK, "and knows in the end has its handle");
}

int
main(void)
{
	testenv_start();
	testenv_config(NULL, "timeout = 5\nsettle = 0", NULL);
	p11_start();
	test_made_in_kms();
	test_late_host();
	test_too_late();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
