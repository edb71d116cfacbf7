/* The option `keys`: which keys a token shows, by what is asked of KMS; and with
 * how few permissions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define ARN "arn:aws:kms:us-east-1:111122223333:key/"

static char rsa[64], ec[64], aes[64], plain[64];
static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};

static void
make_keys(void)
{
	struct kms_tag tag = {"app", "pay"};
	const struct json_rows tags = {&tag, 1};
	struct kms kms = account_kms();

	snprintf(rsa, sizeof(rsa), "%s",
	    account_make("RSA_2048", "SIGN_VERIFY", "alias/prod/rsa"));
	snprintf(ec, sizeof(ec), "%s",
	    account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/prod/ec"));
	snprintf(aes, sizeof(aes), "%s",
	    account_make(
		"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/test/aes"));
	snprintf(plain, sizeof(plain), "%s",
	    account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", NULL));
	NEED(kms_tag_resource(&kms, plain, &tags) == ERR_OK, "a tag");
}

static void
begin(const char *keys)
{
	char lines[1024];

	p11_stop();
	snprintf(lines, sizeof(lines), "refresh = 0\nkeys = %s", keys);
	testenv_config(NULL, lines, NULL);
	p11_start();
	testenv_write("log", "");
	calls_clear();
}

/* The classes of the objects that are found: pairs count two. */
static void
shows(const char *keys, CK_ULONG want)
{
	begin(keys);
	COUNT(find(rw, NULL, 0, NULL, 0), want, "keys = %s", keys);
}

/* With neither ListKeys nor ListAliases. */
static void
names_only(const char *keys, CK_ULONG want)
{
	control("POST", "/denials?operation=ListKeys");
	control("POST", "/denials?operation=ListAliases");
	shows(keys, want);
	COUNT(calls("ListKeys") + calls("ListAliases"), 0, "nothing is listed");
	control("DELETE", "/denials");
}

static void
test_selectors(void)
{
	char keys[512];

	names_only("alias/prod/rsa", 2);
	names_only(plain, 1);
	snprintf(keys, sizeof(keys), ARN "%s, alias/prod/ec", plain);
	names_only(keys, 3);
	names_only("arn:aws:kms:us-east-1:111122223333:alias/test/aes", 1);
	names_only("alias/nobody", 0);
	shows("alias/prod/*", 4);
	COUNT(calls("DescribeKey"), 2, "no other key is described");
	shows("alias/*/aes", 1);
	shows("tag:app=pay", 1);
	shows("tag:app", 1);
	shows("tag:app=other", 0);
	shows("spec:RSA_*", 2);
	shows("spec:SYMMETRIC_DEFAULT", 2);
	shows("origin:EXTERNAL", 0);
	shows("origin:AWS_KMS", 6);
	shows("alias/prod/ec tag:app=pay", 3);
	snprintf(keys, sizeof(keys), "alias/prod/* %s", aes);
	shows(keys, 5);
}

static double
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return ((double)t.tv_sec + (double)t.tv_nsec / 1e9);
}

/* Tags are asked for many keys at once: one after the other would take
 * MANY * DELAY_MS. */
#define MANY 20
#define DELAY_MS 300
static void
test_many_tags(void)
{
	double began;

	for (int i = 0; i < MANY; i++)
		(void)account_make("HMAC_256", "GENERATE_VERIFY_MAC", NULL);
	begin("tag:app=pay");
	control("POST",
	    "/faults?operation=ListResourceTags&fault=delay&count=0&ms=%d",
	    DELAY_MS);
	began = seconds();
	COUNT(find(rw, NULL, 0, NULL, 0), 1, "one of many has the tag");
	OK((seconds() - began) * 1000 < MANY * DELAY_MS / 2,
	    "many are asked at once: %.1f s", seconds() - began);
	COUNT(calls("ListResourceTags"), MANY + 4, "each once");
	control("DELETE", "/faults");
	begin("spec:HMAC_* tag:app=pay");
	COUNT(find(rw, NULL, 0, NULL, 0), MANY + 1, "with another selector");
	COUNT(calls("ListResourceTags"), 4, "what that selects is not asked");
	begin("tag:app=pay");
	control("POST", "/denials?operation=ListResourceTags");
	COUNT(find(rw, NULL, 0, NULL, 0), 0, "where tags are not seen");
	OK(strstr(testenv_read("log"), "allow kms:ListResourceTags") != NULL,
	    "the log says what to do");
	control("DELETE", "/denials");
	begin("tag:app=pay");
	control("POST",
	    "/faults?operation=ListResourceTags&fault=unavailable&count=0");
	RV(p11->C_FindObjectsInit(rw, NULL, 0), CKR_DEVICE_ERROR,
	    "a KMS that fails hides no key");
	control("DELETE", "/faults");
}

/* A search by a name finds no more than a listing. */
static void
test_names(void)
{
	CK_ATTRIBUTE odd = A(CKA_WRAP_TEMPLATE, yes);
	CK_OBJECT_HANDLE h;

	begin("alias/prod/*");
	OK(strstr(testenv_read("log"), "token test") == NULL,
	    "nothing is told of the token before it is used");
	(void)find(rw, NULL, 0, NULL, 0);
	(void)find(rw, NULL, 0, NULL, 0);
	OK(strstr(testenv_read("log"),
	       "keyferry.conf: Region us-east-1, endpoint http://127.0.0.1") !=
		    NULL &&
		strstr(strstr(testenv_read("log"), "token test") + 1,
		    "token test") == NULL,
	    "then once what is in use: %s", testenv_read("log"));
	testenv_write("log", "");
	h = find_label("prod/rsa", CKO_PRIVATE_KEY);
	RV(p11->C_SetAttributeValue(rw, h, &odd, 1), CKR_TEMPLATE_INCONSISTENT,
	    "an attribute that it has not");
	OK(strstr(testenv_read("log"), "has no CKA_WRAP_TEMPLATE") != NULL,
	    "is a line: %s", testenv_read("log"));
	OK(find_label("prod/rsa", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "a label inside is found");
	COUNT(find_label("test/aes", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "one outside is not");
	COUNT(find(rw, NULL, 0, NULL, 0), 4, "nor by a listing thereafter");
	begin("tag:app=pay");
	COUNT(find_label("prod/rsa", CKO_PRIVATE_KEY), CK_INVALID_HANDLE,
	    "nor by a tag");
	begin("alias/prod/ec");
	OK(attr_is_text(
	       find_label("prod/ec", CKO_PRIVATE_KEY), CKA_LABEL, "prod/ec"),
	    "its label is known without ListAliases");
	COUNT(calls("ListAliases"), 0, "which is not asked");
}

/* Sign and GetPublicKey are enough for a pair that is named. */
static void
test_least(void)
{
	CK_OBJECT_HANDLE h[4];
	CK_ATTRIBUTE private[] = {A(CKA_CLASS, private_class)};

	control("POST", "/denials?operation=ListKeys");
	control("POST", "/denials?operation=ListAliases");
	control("POST", "/denials?operation=DescribeKey");
	begin("alias/prod/ec");
	COUNT(find(rw, private, 1, h, 4), 1, "without DescribeKey");
	RV(sign_text(h[0], &ecdsa), CKR_OK, "it signs");
	OK(find_label("prod/ec", CKO_PUBLIC_KEY) != CK_INVALID_HANDLE,
	    "its label finds it");
	begin("alias/test/aes");
	COUNT(find(rw, NULL, 0, NULL, 0), 0, "a symmetric key is not shown");
	OK(strstr(testenv_read("log"), "alias/test/aes is left out") != NULL,
	    "the log says so");
	testenv_write("log", "");
	COUNT(find_label("test/aes", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "its name finds nothing");
	OK(strstr(testenv_read("log"), "access denied") != NULL,
	    "and the log says why: %s", testenv_read("log"));
	control("DELETE", "/denials");
}

static void
test_left_out(void)
{
	struct kms kms = account_kms();

	p11_stop();
	testenv_config(NULL, "refresh = 0", NULL);
	p11_start();
	control("POST", "/faults?operation=ListAliases&fault=error"
			"&error=AccessDeniedException&count=0");
	COUNT(find(rw, NULL, 0, NULL, 0), MANY + 6, "keys without labels");
	OK(strstr(testenv_read("log"), "keys have no labels") != NULL,
	    "the log says so");
	faults_clear();
	NEED(kms_disable_key(&kms, aes) == ERR_OK &&
		 kms_schedule_key_deletion(&kms, plain, 7) == ERR_OK,
	    "two that cannot be used");
	COUNT(find(rw, NULL, 0, NULL, 0), MANY + 4, "are left out");
	OK(strstr(testenv_read("log"), "aws kms enable-key") != NULL &&
		strstr(testenv_read("log"), "cancel-key-deletion") != NULL,
	    "the log says what to do");
}

/* A misspelt option takes its token's keys away, and no other's. */
static void
test_misspelt(void)
{
	CK_ULONG count = 4;
	CK_TOKEN_INFO info;

	p11_stop();
	testenv_config(NULL, "kees = alias/prod/*",
	    "[token other]\nslot = 7\nkeys = alias/prod/ec\n");
	testenv_write("log", "");
	NEED(p11_open() == CKR_OK && p11->C_Initialize(NULL) == CKR_OK,
	    "the module starts");
	RV(p11->C_GetSlotList(0, NULL, &count), CKR_OK, "slots");
	COUNT(count, 2, "both are there");
	RV(p11->C_GetTokenInfo(0, &info), CKR_TOKEN_NOT_PRESENT,
	    "the token of the misspelt option is not");
	RV(p11->C_GetTokenInfo(7, &info), CKR_OK, "the other is");
	OK(strstr(testenv_read("log"), "is keys meant") != NULL,
	    "the log says so: %s", testenv_read("log"));
	RV(p11->C_Finalize(NULL), CKR_OK, "the end");
}

int
main(void)
{
	testenv_start();
	testenv_log("info");
	p11_start();
	make_keys();
	test_selectors();
	test_names();
	test_many_tags();
	test_least();
	test_left_out();
	test_misspelt();
	testenv_stop();
	return (tap_done());
}
