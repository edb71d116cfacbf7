/* Keys that are disabled, wait for their deletion, or have lost their material:
 * hidden or shown by the configuration. A handle stays as long as the key
 * exists, and works as soon as KMS works with the key again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "child.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};

static CK_RV
seal(CK_OBJECT_HANDLE h)
{
	CK_BYTE out[1024];
	CK_ULONG len = sizeof(out);

	return (encrypt(h, &kms_mechanism, "text", 4, out, &len));
}

/* Past the module: what someone else does. */
static void
elsewhere(const char *label, enum err (*change)(struct kms *, const char *))
{
	struct kms k = account_kms();
	struct account_key a;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	NEED(account_alias(alias, &a) && change(&k, a.id) == ERR_OK,
	    "key %s changes elsewhere", label);
}

static enum err
schedule_deletion(struct kms *k, const char *id)
{
	return (kms_schedule_key_deletion(k, id, 7));
}

static bool
has_state(CK_OBJECT_HANDLE h, const char *state)
{
	return (attr_is_text(h, CKA_KEYFERRY_KEY_STATE, state));
}

static enum err
cancel_deletion(struct kms *k, const char *id)
{
	struct buf reply = BUF_INIT(1024);
	char body[128];
	enum err e;

	snprintf(body, sizeof(body), "{\"KeyId\":\"%s\"}", id);
	e = k->transport->post(k->transport->ctx, "CancelKeyDeletion",
	    view_str(body), &k->deadline, &reply, &k->error);
	buf_free(&reply);
	return (e == ERR_OK ? kms_enable_key(k, id) : e);
}

/* A use of a key that KMS does not work with: its operation, and a look. */
static void
refused(CK_RV rv, const char *operation, const char *what)
{
	RV(rv, CKR_KEY_FUNCTION_NOT_PERMITTED, "%s", what);
	COUNT(calls(operation), 1, "one call for it");
	COUNT(calls("DescribeKey"), 1, "and a look at the key");
	calls_clear();
}

/* Between listing and use: KMS's no, and the object is as KMS says. */
static void
test_news(void)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "news");
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "news", 4);

	elsewhere("news", kms_disable_key);
	calls_clear();
	for (int i = 0; i < 3; i++)
		refused(seal(h), "Encrypt", "a key disabled meanwhile");
	OK(has_state(h, "Disabled"), "its handle says that it is");
	COUNT(find_label("news", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "its label finds nothing");
	elsewhere("news", kms_enable_key);
	calls_clear();
	RV(seal(h), CKR_OK, "enabled, it works with the handle that there was");
	COUNT(calls(NULL), 1, "in one call");
	COUNT(find_label("news", CKO_SECRET_KEY), h, "which the label finds");

	elsewhere("news", kms_delete_imported_key_material);
	calls_clear();
	for (int i = 0; i < 2; i++)
		refused(seal(h), "Encrypt",
		    "a key whose material is gone meanwhile");
	COUNT(attr_number(h, CKA_CLASS), CKO_SECRET_KEY,
	    "its handle is still that of a secret key");
	COUNT(find_label("news", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "which no search finds");
	OK(find_label("news", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "but an import pair");
	COUNT(find(rw, &label, 1, NULL, 0), 2, "and nothing else");
	COUNT(key_make(material(1), "news"), h,
	    "the same material brings the object back");
	RV(seal(h), CKR_OK, "which works");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "it is destroyed");
	RV(seal(h), CKR_KEY_HANDLE_INVALID, "and its handle is none any more");
	OK(key_make(material(1), "news") != h, "the next is another object");
}

/* Both halves of a pair, and what was begun before. */
static void
test_news_of_pair(void)
{
	struct pair_handles p = pair_generate("news-pair"),
			    q = pair_generate("pending-deletion");
	CK_BYTE text[] = "text", out[128], point[100];
	CK_ATTRIBUTE a = A_BYTES(CKA_EC_POINT, point, sizeof(point));
	CK_ULONG len = sizeof(out);

	RV(p11->C_SignInit(rw, &ecdsa, p.private), CKR_OK,
	    "a signature is begun");
	elsewhere("news-pair", kms_disable_key);
	calls_clear();
	refused(
	    p11->C_Sign(rw, text, 4, out, &len), "Sign", "the key is disabled");
	refused(sign_text(p.private, &ecdsa), "Sign", "for the next as well");
	RV(p11->C_GetAttributeValue(rw, p.public, &a, 1),
	    CKR_ATTRIBUTE_TYPE_INVALID, "KMS does not tell its point");
	RV(p11->C_SignInit(rw, &ecdsa, p.private), CKR_OK,
	    "a signature is begun with the disabled key");
	elsewhere("news-pair", kms_enable_key);
	len = sizeof(out);
	RV(p11->C_Sign(rw, text, 4, out, &len), CKR_OK,
	    "and made when enabled");
	RV(p11->C_VerifyInit(rw, &ecdsa, p.public), CKR_OK,
	    "the other half verifies it");
	RV(p11->C_Verify(rw, text, 4, out, len), CKR_OK, "well");
	a.ulValueLen = sizeof(point);
	RV(p11->C_GetAttributeValue(rw, p.public, &a, 1), CKR_OK,
	    "and tells its point");

	elsewhere("pending-deletion", schedule_deletion);
	calls_clear();
	for (int i = 0; i < 2; i++)
		refused(sign_text(q.private, &ecdsa), "Sign",
		    "a pair scheduled for deletion meanwhile");
	OK(has_state(q.public, "PendingDeletion"), "its other half says so");
	elsewhere("pending-deletion", cancel_deletion);
	RV(sign_text(q.private, &ecdsa), CKR_OK, "the deletion is cancelled");
}

/* As a child: the material of that label, again. */
static CK_RV
import_again(const char *label)
{
	static const char forever[] = "KEY_MATERIAL_DOES_NOT_EXPIRE";
	CK_RV rv = p11_begin();
	struct key_template k;
	CK_OBJECT_HANDLE h;

	key_template(&k, material(3), label);
	template_add(
	    &k, CKA_KEYFERRY_EXPIRATION_MODEL, forever, sizeof(forever) - 1);
	if (rv == CKR_OK)
		rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	return (rv);
}

/* Material that expires, and is imported again by another process. */
static void
test_expiry(void)
{
	CK_ULONG end = (CK_ULONG)time(NULL) + 3600;
	CK_OBJECT_HANDLE h, pair;
	struct key_template k;

	key_template(&k, material(3), "expires");
	template_add(&k, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key");
	control("POST", "/clock?forward=7200");
	calls_clear();
	refused(seal(h), "Encrypt", "when its material has expired");
	refused(seal(h), "Encrypt", "for the next use as well");
	pair = find_label("expires", CKO_PRIVATE_KEY);
	OK(pair != CK_INVALID_HANDLE && pair != h, "an import pair is there");
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "the handle is none of it");
	RV(child_run("import", "expires"), CKR_OK,
	    "another process imports it again");
	RV(seal(h), CKR_OK, "the first handle works");
	COUNT(find_label("expires", CKO_SECRET_KEY), h, "and is what is found");
	COUNT(attr_number(pair, CKA_CLASS), CK_UNAVAILABLE_INFORMATION,
	    "the pair's is none any more");
}

/* A key that is deleted in the end. */
static void
test_deleted(void)
{
	struct pair_handles p = pair_generate("deleted");

	elsewhere("deleted", schedule_deletion);
	control("POST", "/clock?forward=864000");
	RV(sign_text(p.private, &ecdsa), CKR_KEY_HANDLE_INVALID,
	    "a key that is deleted");
	calls_clear();
	RV(sign_text(p.private, &ecdsa), CKR_KEY_HANDLE_INVALID,
	    "its handle is none");
	COUNT(attr_number(p.public, CKA_CLASS), CK_UNAVAILABLE_INFORMATION,
	    "nor is the other half's");
	COUNT(calls(NULL), 0, "which costs nothing");
}

static void
test_hidden(void)
{
	CK_ATTRIBUTE all[] = {A(CKA_TOKEN, yes)};
	CK_ULONG before;

	pair_generate("hidden");
	before = find(rw, all, 1, NULL, 0);
	elsewhere("hidden", kms_disable_key);
	COUNT(find(rw, all, 1, NULL, 0), before - 2,
	    "a listing leaves out a disabled pair");
	elsewhere("hidden", kms_enable_key);
	COUNT(find(rw, all, 1, NULL, 0), before, "and has it when enabled");
	elsewhere("hidden", schedule_deletion);
	COUNT(find(rw, all, 1, NULL, 0), before - 2,
	    "not one that waits for its deletion");
}

static void
check_disabled(void)
{
	CK_OBJECT_HANDLE h = find_label("shown", CKO_SECRET_KEY);
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "renamed", 7);

	NEED(h != CK_INVALID_HANDLE, "a disabled key is shown");
	OK(has_state(h, "Disabled"), "and says that it is");
	OK(attr_is(h, CKA_DESTROYABLE, &yes, 1) &&
		attr_is(h, CKA_MODIFIABLE, &yes, 1),
	    "it can be renamed and destroyed");
	calls_clear();
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "it does not encrypt");
	COUNT(calls("Encrypt"), 1, "so KMS says");
	elsewhere("shown", kms_enable_key);
	RV(seal(h), CKR_OK, "enabled, it does");
	elsewhere("shown", kms_disable_key);
	RV(p11->C_SetAttributeValue(rw, h, &label, 1), CKR_OK, "it is renamed");
	elsewhere("renamed", kms_enable_key);
	RV(seal(h), CKR_OK, "enabled, it works");
	elsewhere("renamed", kms_disable_key);
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "disabled meanwhile");
	OK(has_state(h, "Disabled"), "it stays, and says so");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "and can be destroyed");
}

static void
check_disabled_pair(struct pair_handles p)
{
	CK_BYTE point[100];
	CK_ATTRIBUTE a = A_BYTES(CKA_EC_POINT, point, sizeof(point));

	NEED(find_label("shown-pair", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "a disabled pair is shown");
	calls_clear();
	RV(sign_text(p.private, &ecdsa), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "its private half does not sign");
	RV(p11->C_VerifyInit(rw, &ecdsa, p.public),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "its public half does not verify");
	RV(p11->C_GetAttributeValue(rw, p.public, &a, 1),
	    CKR_ATTRIBUTE_TYPE_INVALID, "KMS does not tell its point");
	OK(attr_is(p.public, CKA_EC_PARAMS, p256, sizeof(p256)),
	    "its curve is known");
	OK(attr_is(p.private, CKA_DESTROYABLE, &no, 1),
	    "KMS made it: it is not destroyable, as configured");
	RV(p11->C_DestroyObject(rw, p.private), CKR_ACTION_PROHIBITED,
	    "nor destroyed");
}

static void
check_pending_deletion(struct pair_handles p)
{
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "other", 5);
	CK_OBJECT_HANDLE h = find_label("goes", CKO_PRIVATE_KEY);

	COUNT(h, p.private, "a pair that waits for its deletion is shown");
	OK(has_state(h, "PendingDeletion"), "and says that it does");
	OK(attr_is(h, CKA_DESTROYABLE, &no, 1) &&
		attr_is(h, CKA_MODIFIABLE, &no, 1),
	    "neither destroyable nor modifiable");
	calls_clear();
	RV(p11->C_SetAttributeValue(rw, h, &label, 1), CKR_ACTION_PROHIBITED,
	    "it is not renamed");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED, "nor destroyed");
	COUNT(calls(NULL), 0, "which KMS is not asked");
	RV(sign_text(h, &ecdsa), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "it does not sign");
	elsewhere("goes", cancel_deletion);
	RV(sign_text(h, &ecdsa), CKR_OK, "before the deletion is cancelled");
}

static void
test_shown(void)
{
	struct pair_handles p, q;

	key_make(material(2), "shown");
	p = pair_generate("shown-pair");
	q = pair_generate("goes");
	elsewhere("shown", kms_disable_key);
	elsewhere("shown-pair", kms_disable_key);
	elsewhere("goes", schedule_deletion);
	check_disabled();
	check_disabled_pair(p);
	check_pending_deletion(q);
}

/* The key works all the while that its primary moves to another Region. */
static void
test_updating(void)
{
	CK_OBJECT_HANDLE h = key_make(material(4), "updating");

	edit_replies("DescribeKey", NULL,
	    "{\"KeyMetadata\":{\"KeyState\":\"Updating\",\"Enabled\":true}}");
	COUNT(find_label("updating", CKO_SECRET_KEY), h,
	    "a key that is Updating is found");
	RV(seal(h), CKR_OK, "and works");
	OK(has_state(h, "Updating"), "it says so");
	COUNT(key_make(material(4), "updating"), h,
	    "its material can be brought again");
	faults_clear();
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "it goes");
}

/* A key that KMS calls Enabled is not taken back: the log says that it is left. */
static void
test_left(void)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;

	testenv_write("log", "");
	edit_replies("DescribeKey", NULL,
	    "{\"KeyMetadata\":{\"KeyState\":\"Enabled\",\"Enabled\":true}}");
	control("POST", "/faults?operation=ImportKeyMaterial&fault=error"
			"&error=LimitExceededException");
	key_template(&k, material(5), "left");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_DEVICE_MEMORY,
	    "an import that KMS refuses");
	OK(strstr(testenv_read("log"),
	       "stays, for KMS shows it with material") != NULL,
	    "the log says what is left: %s", testenv_read("log"));
	faults_clear();
}

int
main(int argc, char **argv)
{
	static const struct child_row steps[] = {{"import", import_again}};
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	testenv_log("info");
	testenv_config(NULL, "refresh = 0", NULL);
	p11_start();
	test_news();
	test_updating();
	test_left();
	test_news_of_pair();
	test_hidden();
	test_expiry();
	test_deleted();
	p11_stop();
	testenv_config(
	    NULL, "refresh = 0\nshow = all\ndestroy-generated = refuse", NULL);
	p11_start();
	test_shown();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
