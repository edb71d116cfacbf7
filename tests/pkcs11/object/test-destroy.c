/* C_DestroyObject: the two ways that the configuration chooses between. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_BYTE sealed[1024];
static CK_ULONG sealed_len;

static bool
opens(CK_OBJECT_HANDLE h)
{
	CK_BYTE clear[64];
	CK_ULONG n = sizeof(clear);

	return (decrypt(h, &kms_mechanism, sealed, sealed_len, clear, &n) ==
		    CKR_OK &&
		n == 6 && memcmp(clear, "before", 6) == 0);
}

static void
seal(CK_OBJECT_HANDLE h)
{
	sealed_len = sizeof(sealed);
	NEED(encrypt(h, &kms_mechanism, "before", 6, sealed, &sealed_len) ==
		 CKR_OK,
	    "something is encrypted");
}

static void
test_delete_material(void)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "key"), again;
	struct account_key a, b;
	CK_BYTE out[1024];
	CK_ULONG n = sizeof(out);
	CK_ATTRIBUTE t = A(CKA_TOKEN, yes);

	seal(h);
	NEED(account_alias("alias/key", &a), "the key in KMS");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed");
	RV(p11->C_DestroyObject(rw, h), CKR_OBJECT_HANDLE_INVALID, "but once");
	RV(p11->C_GetAttributeValue(rw, h, &t, 1), CKR_OBJECT_HANDLE_INVALID,
	    "its handle is no longer good");
	RV(encrypt(h, &kms_mechanism, "x", 1, out, &n), CKR_KEY_HANDLE_INVALID,
	    "for anything");
	COUNT(find_label("key", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "it is not found");
	OK(find_label("key", CKO_PRIVATE_KEY) != CK_INVALID_HANDLE,
	    "an import pair stands in its place");
	OK(account_alias("alias/key", &b) && strcmp(a.id, b.id) == 0 &&
		strcmp(b.state, "PendingImport") == 0,
	    "KMS says the same");
	again = key_make(material(1), "key");
	OK(again != h, "imported again it has another handle");
	OK(opens(again), "and decrypts what was encrypted before");
	OK(account_alias("alias/key", &b) && strcmp(a.id, b.id) == 0,
	    "it is the same KMS key");
}

/* What was deleted could be all that old ciphertexts need: a destroyed key's
 * pair is not destroyed by default, one that never had material is. */
static void
test_pairs(void)
{
	struct pair_handles fresh = pair_make("never used");
	struct account_key a;
	CK_OBJECT_HANDLE h = key_make(material(2), "used");

	NEED(account_alias("alias/never used", &a) ||
		 account_alias("alias/keyferry/label/never_20used", &a),
	    "the pair's key in KMS");
	RV(p11->C_DestroyObject(rw, fresh.private), CKR_OK,
	    "a pair that never had material");
	RV(p11->C_DestroyObject(rw, fresh.public), CKR_OBJECT_HANDLE_INVALID,
	    "goes as a whole");
	COUNT(find_label("never used", CKO_PRIVATE_KEY), CK_INVALID_HANDLE,
	    "it is not found");
	OK(!account_alias("alias/keyferry/label/never_20used", &a),
	    "its label is free");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "a key's material");
	h = find_label("used", CKO_PRIVATE_KEY);
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "its pair is another matter");
	key_make(material(2), "used");
}

static void
test_refusals(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	struct kms kms = account_kms();
	struct kms_create_key_in in = {.spec = "SYMMETRIC_DEFAULT",
	    .usage = "ENCRYPT_DECRYPT",
	    .origin = "AWS_KMS",
	    .description = ""};
	struct kms_key meta = KMS_KEY_INIT;
	CK_OBJECT_HANDLE h = find_label("key", CKO_SECRET_KEY);

	RV(p11->C_DestroyObject(ro, h), CKR_SESSION_READ_ONLY,
	    "a read-only session");
	RV(p11->C_DestroyObject(rw, 77777), CKR_OBJECT_HANDLE_INVALID,
	    "no such object");
	RV(p11->C_DestroyObject(77777, h), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
	p11->C_CloseSession(ro);
	NEED(kms_create_key(&kms, &in, &meta) == ERR_OK &&
		 kms_create_alias(&kms, "alias/kms", meta.id) == ERR_OK,
	    "a key made by KMS");
	kms_key_free(&meta);
	h = find_label("kms", CKO_SECRET_KEY);
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "whose material nobody could bring back");
	OK(same_key(h, h), "it goes on working");
}

static void
test_schedule_deletion(void)
{
	static const char *const labels[] = {"key", "kms"};
	struct account_key a;
	struct account all;
	CK_OBJECT_HANDLE h;
	size_t before;

	p11_stop();
	testenv_config(
	    NULL, "destroy = schedule-deletion\ndeletion-days = 7", NULL);
	p11_start();
	account_read(&all);
	before = account_in(&all, "PendingDeletion");
	for (size_t i = 0; i < ELEMS(labels); i++) {
		h = find_label(labels[i], CKO_SECRET_KEY);
		RV(p11->C_DestroyObject(rw, h), CKR_OK, "%s is destroyed",
		    labels[i]);
		COUNT(find_label(labels[i], CKO_SECRET_KEY), CK_INVALID_HANDLE,
		    "it is not found");
		OK(!account_alias(i == 0 ? "alias/key" : "alias/kms", &a),
		    "its label is free");
	}
	account_read(&all);
	COUNT(account_in(&all, "PendingDeletion"), before + 2,
	    "KMS deletes them");
	h = key_make(material(3), "key");
	OK(same_key(h, h), "the label serves another key");
	OK(!opens(h), "which is not the one of before");
}

int
main(void)
{
	testenv_start();
	p11_start();
	test_delete_material();
	test_pairs();
	test_refusals();
	test_schedule_deletion();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
