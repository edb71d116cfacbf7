/* Keys that are disabled, wait for their deletion, or have lost their material:
 * hidden or shown by the configuration, and never used by surprise. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};

static struct pair_handles
make_pair(const char *label)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256)};
	struct key_template priv = {.count = 0};
	struct pair_handles p;

	template_add(&priv, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&priv, CKA_SIGN, &yes, sizeof(yes));
	template_add(&priv, CKA_LABEL, label, strlen(label));
	NEED(p11->C_GenerateKeyPair(rw, &m, pub, ELEMS(pub), priv.t, priv.count,
		 &p.public, &p.private) == CKR_OK,
	    "a pair %s", label);
	return (p);
}

static CK_RV
sign(CK_OBJECT_HANDLE h)
{
	CK_BYTE text[] = "text", out[128];
	CK_ULONG len = sizeof(out);
	CK_RV rv = p11->C_SignInit(rw, &ecdsa, h);

	return (rv != CKR_OK ? rv : p11->C_Sign(rw, text, 4, out, &len));
}

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

/* Between listing and use: KMS's no, and the object is as KMS says. */
static void
test_news(void)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "news");
	struct pair_handles p = make_pair("news-pair"),
			    q = make_pair("pending-deletion");
	CK_BYTE id[16];

	elsewhere("news", kms_disable_key);
	calls_clear();
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "a key disabled meanwhile");
	COUNT(calls("Encrypt"), 1, "one call for it");
	COUNT(calls("DescribeKey"), 1, "and a look at the key");
	RV(seal(h), CKR_KEY_HANDLE_INVALID, "the object is gone");
	COUNT(calls(NULL), 2, "which costs nothing");
	COUNT(attr(h, CKA_ID, id, 16), CK_UNAVAILABLE_INFORMATION, "wholly");
	COUNT(find_label("news", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "its label finds nothing");
	elsewhere("news", kms_enable_key);
	h = find_label("news", CKO_SECRET_KEY);
	NEED(h != CK_INVALID_HANDLE, "enabled, it is there again");
	RV(seal(h), CKR_OK, "and works");

	elsewhere("news", kms_delete_imported_key_material);
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "a key whose material is gone meanwhile");
	COUNT(find_label("news", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "is no key any more");
	OK(find_label("news", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "but an import pair");
	h = key_make(material(1), "news");
	RV(seal(h), CKR_OK, "the same material brings it back");

	elsewhere("news-pair", kms_disable_key);
	RV(sign(p.private), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "a pair disabled meanwhile");
	RV(sign(p.private), CKR_KEY_HANDLE_INVALID, "is gone");
	COUNT(attr_number(p.public, CKA_CLASS), CK_UNAVAILABLE_INFORMATION,
	    "with its other half");
	elsewhere("pending-deletion", schedule_deletion);
	RV(sign(q.private), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "a pair scheduled for deletion meanwhile");
	RV(sign(q.private), CKR_KEY_HANDLE_INVALID, "is gone");
}

static void
test_hidden(void)
{
	CK_ATTRIBUTE all[] = {A(CKA_TOKEN, yes)};
	CK_ULONG before;

	make_pair("hidden");
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
	COUNT(calls(NULL), 0, "which KMS is not asked");
	RV(p11->C_SetAttributeValue(rw, h, &label, 1), CKR_OK, "it is renamed");
	elsewhere("renamed", kms_enable_key);
	h = find_label("renamed", CKO_SECRET_KEY);
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
	RV(sign(p.private), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "its private half does not sign");
	RV(p11->C_VerifyInit(rw, &ecdsa, p.public),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "its public half does not verify");
	RV(p11->C_GetAttributeValue(rw, p.public, &a, 1),
	    CKR_ATTRIBUTE_TYPE_INVALID, "KMS does not tell its point");
	OK(attr_is(p.public, CKA_EC_PARAMS, p256, sizeof(p256)),
	    "its curve is known");
	COUNT(calls(NULL), 0, "for all that KMS is not asked");
	OK(attr_is(p.private, CKA_DESTROYABLE, &no, 1),
	    "KMS made it: it is not destroyable");
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
	RV(sign(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "it does not sign");
	COUNT(calls(NULL), 0, "which KMS is not asked");
}

static void
test_shown(void)
{
	struct pair_handles p, q;

	key_make(material(2), "shown");
	p = make_pair("shown-pair");
	q = make_pair("goes");
	elsewhere("shown", kms_disable_key);
	elsewhere("shown-pair", kms_disable_key);
	elsewhere("goes", schedule_deletion);
	check_disabled();
	check_disabled_pair(p);
	check_pending_deletion(q);
}

int
main(void)
{
	testenv_start();
	testenv_config(NULL, "refresh = 0", NULL);
	p11_start();
	test_news();
	test_hidden();
	p11_stop();
	testenv_config(NULL, "refresh = 0\nshow = all", NULL);
	p11_start();
	test_shown();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
