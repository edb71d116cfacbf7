/* Names that others planted: an alias or a description may find a key, and
 * never decides that material goes into it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

/* Short: a key that was made a moment ago is waited for, up to a minute. */
#define QUICK "import-timeout = 3\n"

static struct planted {
	char id[KMS_ID_SIZE], arn[KMS_ID_SIZE];
	CK_BYTE uuid[16];
} planted;

/* A key that somebody else made, waiting for material, with that alias (may be
 * NULL) and description. */
static void
plant(const char *spec, const char *usage, const char *alias,
    const char *description)
{
	struct kms k = account_kms();
	struct kms_create_key_in in = {.spec = spec,
	    .usage = usage,
	    .origin = "EXTERNAL",
	    .description = description};
	struct kms_key key = KMS_KEY_INIT;
	unsigned byte;
	size_t n = 0;

	NEED(kms_create_key(&k, &in, &key) == ERR_OK &&
		 (alias == NULL ||
		     kms_create_alias(&k, alias, key.id) == ERR_OK),
	    "%s is planted", alias != NULL ? alias : "a key");
	snprintf(planted.id, sizeof(planted.id), "%s", key.id);
	snprintf(planted.arn, sizeof(planted.arn), "%s", key.arn);
	for (const char *s = key.id; *s != '\0' && n < 16; s++) {
		if (*s == '-')
			continue;
		if (sscanf(s++, "%2x", &byte) == 1)
			planted.uuid[n++] = (CK_BYTE)byte;
	}
	kms_key_free(&key);
}

static const char *
state_of(const char *key)
{
	static struct account_key k;

	return (account_alias(key, &k) ? k.state : "gone");
}

static void
check_empty(const char *what)
{
	OK(strcmp(state_of(planted.id), "PendingImport") == 0,
	    "%s: nothing went into it", what);
	COUNT(calls("ImportKeyMaterial"), 0, "%s: nothing was sent", what);
}

static void
begin(const char *more)
{
	p11_stop();
	testenv_config(NULL, more, NULL);
	p11_start();
	calls_clear();
}

static CK_RV
create(unsigned n, const char *label, const void *id, size_t id_len,
    bool new_material, CK_OBJECT_HANDLE *h)
{
	struct key_template k;

	key_template(&k, material(n), label);
	if (id != NULL)
		template_add(&k, CKA_ID, id, id_len);
	if (new_material)
		template_add(&k, CKA_KEYFERRY_NEW_MATERIAL, &yes, 1);
	return (p11->C_CreateObject(rw, k.t, k.count, h));
}

static void
test_create(void)
{
	static const CK_BYTE id[2] = {0xaa, 1};
	CK_OBJECT_HANDLE h = 0;

	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/payroll", NULL);
	begin(QUICK);
	RV(create(1, "payroll", NULL, 0, false, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a planted label");
	check_empty("a planted label");
	OK(strstr(testenv_read("log"), planted.arn) != NULL &&
		strstr(testenv_read("log"), "adopt = yes") != NULL,
	    "the log says how to go on");
	RV(create(1, "payroll", NULL, 0, true, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "with new material as well");
	check_empty("new material");
	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/keyferry/id/aa01",
	    "Keyferry import 0123");
	RV(create(1, "other", id, sizeof(id), false, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "a planted id");
	check_empty("a planted id");
}

/* Named by the caller, by the configuration, or adopted. */
static void
test_named(void)
{
	CK_OBJECT_HANDLE h = 0;
	char line[400], listed[KMS_ID_SIZE];

	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/by-arn", NULL);
	begin(NULL);
	RV(create(1, planted.arn, NULL, 0, false, &h), CKR_OK,
	    "its ARN as label");
	OK(strcmp(state_of("alias/by-arn"), "Enabled") == 0, "fills the key");
	COUNT(calls("CreateKey"), 0, "and makes none");
	OK(attr_is_text(h, CKA_LABEL, "by-arn") &&
		attr_is(h, CKA_ID, planted.uuid, 16),
	    "which keeps its own names");
	RV(create(1, planted.arn, NULL, 0, false, &h), CKR_OK,
	    "the same again");
	RV(create(2, planted.arn, NULL, 0, false, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "other material is refused");
	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", NULL, NULL);
	RV(create(1, planted.id, NULL, 0, false, &h), CKR_OK,
	    "its key id as label");
	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/by-id", NULL);
	RV(create(1, NULL, planted.uuid, 16, false, &h), CKR_OK,
	    "the bytes of its key id as CKA_ID");
	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/text", NULL);
	RV(create(1, "a label", planted.arn, strlen(planted.arn), false, &h),
	    CKR_OK, "its ARN as CKA_ID, with a label");
	OK(strcmp(state_of("alias/a label"), "gone") == 0 &&
		find_label("a label", CKO_SECRET_KEY) == h,
	    "which it gets as well");
	planted.arn[strlen(planted.arn) - 1] ^= 1;
	RV(create(1, planted.arn, NULL, 0, false, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "an ARN of no key makes none");
	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/listed", NULL);
	snprintf(listed, sizeof(listed), "%s", planted.arn);
	snprintf(line, sizeof(line), "keys = %s", listed);
	begin(line);
	RV(create(1, "listed", NULL, 0, false, &h), CKR_OK, "listed in keys");
	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/unlisted", NULL);
	snprintf(line, sizeof(line), QUICK "keys = %s", listed);
	begin(line);
	RV(create(1, "unlisted", NULL, 0, false, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "another is not");
	begin("adopt = yes");
	RV(create(1, "unlisted", NULL, 0, false, &h), CKR_OK, "adopted");
}

/* What is shown of a key that may not be filled by any request. */
static void
test_shown(void)
{
	CK_ATTRIBUTE by_id[] = {
	    A_BYTES(CKA_ID, planted.uuid, 16), A(CKA_CLASS, public_class)};
	CK_ATTRIBUTE all[] = {A(CKA_CLASS, public_class)};
	CK_OBJECT_HANDLE h = 0, many[32];
	CK_ULONG n;

	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/shown", NULL);
	begin(NULL);
	n = find(rw, all, 1, many, ELEMS(many));
	for (CK_ULONG i = 0; i < n; i++)
		if (attr_is(many[i], CKA_ID, planted.uuid, 16))
			h = many[i];
	OK(h != 0 && attr_is_text(h, CKA_LABEL, ""),
	    "a listing shows it by its own id, without a label");
	OK(find_label("shown", CKO_PUBLIC_KEY) == 0,
	    "its alias does not find it");
	COUNT(find(rw, by_id, 2, many, 1), 1, "its key id does");
	OK(attr_is_text(many[0], CKA_LABEL, ""), "without a label as well");
}

/* The first half of an HSM's part: wraps for the public half. */
static size_t
wrap(CK_OBJECT_HANDLE public, CK_BYTE *blob, size_t room)
{
	CK_BYTE der[1024];
	const unsigned char *p = der;
	CK_ULONG len = attr(public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	EVP_PKEY *pkey = len > sizeof(der) ? NULL
					   : d2i_PUBKEY(NULL, &p, (long)len);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t n = room;

	NEED(EVP_PKEY_encrypt_init(ctx) == 1 &&
		 EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) ==
		     1 &&
		 EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) == 1 &&
		 EVP_PKEY_encrypt(ctx, blob, &n, material(3), 32) == 1,
	    "wrapped");
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (n);
}

static CK_RV
unwrap(CK_OBJECT_HANDLE private, CK_BYTE *blob, size_t len, const char *label,
    CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_TOKEN, yes),
	    A(CKA_KEY_TYPE, aes_type),
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label))};

	return (p11->C_UnwrapKey(rw, &m, private, blob, len, t, ELEMS(t), h));
}

static void
test_pair(void)
{
	CK_OBJECT_CLASS classes[] = {CKO_PUBLIC_KEY, CKO_PRIVATE_KEY};
	CK_OBJECT_HANDLE half[2] = {0, 0}, h = 0;
	CK_BYTE blob[512];
	size_t len;

	plant("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/pair", NULL);
	begin(NULL);
	for (int i = 0; i < 2; i++) {
		CK_ATTRIBUTE t[] = {A_BYTES(CKA_ID, planted.uuid, 16),
		    A(CKA_CLASS, classes[i])};

		COUNT(find(rw, t, 2, &half[i], 1), 1, "half %d", i);
	}
	len = wrap(half[0], blob, sizeof(blob));
	RV(unwrap(half[1], blob, len, "pair", &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "its wrapping key was read here, which does not make it ours");
	check_empty("a planted pair");
	RV(unwrap(half[1], blob, len, planted.arn, &h), CKR_OK,
	    "named by its ARN it comes in");
	OK(strcmp(state_of("alias/pair"), "Enabled") == 0, "into that key");
}

/* A key in use: its alias does not make it ours either. */
static void
test_rotation(void)
{
	CK_OBJECT_HANDLE h = 0;
	char made[300];

	begin(NULL);
	RV(create(1, "rotated", NULL, 0, false, &h), CKR_OK, "a key made here");
	RV(create(2, "rotated", NULL, 0, true, &h), CKR_OK, "is rotated");
	RV(create(1, "foreign", NULL, 0, false, &h), CKR_OK, "another");
	NEED(attr(h, CKA_UNIQUE_ID, planted.arn, sizeof(planted.arn) - 1) <
		 sizeof(planted.arn),
	    "its ARN");
	snprintf(made, sizeof(made), "rm $(find '%s' -name made-%s)",
	    testenv_path("state"), strrchr(planted.arn, '/') + 1);
	NEED(system(made) == 0, "is as one that was made elsewhere");
	calls_clear();
	RV(create(2, "foreign", NULL, 0, true, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "new material by its label");
	COUNT(calls("ImportKeyMaterial"), 0, "nothing was sent");
	RV(create(1, "foreign", NULL, 0, false, &h), CKR_OK,
	    "the same material is the same key's");
	RV(create(2, planted.arn, NULL, 0, true, &h), CKR_OK,
	    "new material by its ARN");
}

int
main(void)
{
	testenv_start();
	testenv_log("error");
	p11_start();
	test_create();
	test_named();
	test_shown();
	test_pair();
	test_rotation();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
