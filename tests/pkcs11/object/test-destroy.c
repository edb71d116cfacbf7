/* C_DestroyObject: the two ways that the configuration chooses between. */
#include <stdio.h>
#include <stdlib.h>
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
	RV(p11->C_DestroyObject(rw, fresh.public), CKR_OK,
	    "whose public half goes with it");
	RV(p11->C_DestroyObject(rw, fresh.public), CKR_OBJECT_HANDLE_INVALID,
	    "once");
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

/* How many public halves of that label a search finds. */
static CK_ULONG
public_halves(const char *label)
{
	CK_ATTRIBUTE any[] = {A(CKA_CLASS, public_class), A(CKA_TOKEN, yes)};
	struct key_template named = {.count = 0};
	CK_OBJECT_HANDLE found[64];
	CK_ULONG all, n, listed = 0;

	template_add(&named, CKA_CLASS, &public_class, sizeof(public_class));
	template_add(&named, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&named, CKA_LABEL, label, strlen(label));
	n = find(rw, named.t, named.count, found, ELEMS(found));
	all = find(rw, any, ELEMS(any), found, ELEMS(found));
	for (CK_ULONG i = 0; i < all && i < ELEMS(found); i++)
		listed += attr_is_text(found[i], CKA_LABEL, label);
	return (n == listed ? n : 99);
}

static bool
signs(CK_OBJECT_HANDLE h)
{
	CK_MECHANISM m = {CKM_ECDSA_SHA256, NULL, 0};

	return (sign_text(h, &m) == CKR_OK);
}

/* The public half again, as programs write it beside the private one. */
static CK_RV
write_public(
    const CK_BYTE *point, CK_ULONG len, const char *label, CK_OBJECT_HANDLE *h)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	static CK_KEY_TYPE ec = CKK_EC;
	struct key_template t = {.count = 0};

	template_add(&t, CKA_CLASS, &public_class, sizeof(public_class));
	template_add(&t, CKA_KEY_TYPE, &ec, sizeof(ec));
	template_add(&t, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&t, CKA_EC_PARAMS, p256, sizeof(p256));
	template_add(&t, CKA_EC_POINT, point, len);
	template_add(&t, CKA_LABEL, label, strlen(label));
	return (p11->C_CreateObject(rw, t.t, t.count, h));
}

/* The public half is a view: what is destroyed of it is not the key. */
static void
test_public_half(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	struct pair_handles p = pair_generate("halves");
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE, again = CK_INVALID_HANDLE;
	CK_BYTE point[256];
	CK_ULONG len = attr(p.public, CKA_EC_POINT, point, sizeof(point));
	struct account_key a;

	OK(attr_is(p.public, CKA_DESTROYABLE, &yes, sizeof(yes)),
	    "the public half of a key can be destroyed");
	RV(p11->C_DestroyObject(ro, p.public), CKR_SESSION_READ_ONLY,
	    "in a session that writes");
	RV(p11->C_DestroyObject(rw, p.public), CKR_OK, "it is");
	RV(p11->C_DestroyObject(rw, p.public), CKR_OBJECT_HANDLE_INVALID,
	    "once");
	p11->C_CloseSession(ro);
	COUNT(public_halves("halves"), 0, "no search finds it");
	OK(account_alias("alias/halves", &a) && strcmp(a.state, "Enabled") == 0,
	    "the key in KMS is as it was");
	OK(signs(p.private) &&
		find_label("halves", CKO_PRIVATE_KEY) == p.private,
	    "its private half is found, and signs");
	RV(write_public(point, len, "halves", &h), CKR_OK,
	    "it is written again");
	OK(h != p.public && public_halves("halves") == 1 &&
		find_label("halves", CKO_PUBLIC_KEY) == h,
	    "and is there, with another handle");
	RV(write_public(point + 2, len - 2, "halves", &again), CKR_OK,
	    "with its point bare, too");
	COUNT(again, h, "it is that one");
	point[1] = 33;
	point[2] = 2 | (point[66] & 1);
	for (size_t bare = 0; bare < 2; bare++) {
		RV(write_public(
		       point + 2 * bare, 35 - 2 * bare, "halves", &again),
		    CKR_OK, "compressed");
		COUNT(again, h, "it is that one");
	}
	point[2] ^= 1;
	RV(write_public(point, 35, "halves", &again),
	    CKR_ATTRIBUTE_VALUE_INVALID, "the opposite point");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed again");
	p11_stop();
	p11_start();
	OK(public_halves("halves") == 1 &&
		signs(find_label("halves", CKO_PRIVATE_KEY)),
	    "who starts anew sees both");
	OK(strstr(testenv_read("log"), "and others still see it") != NULL,
	    "the log says so");
}

/* That of an import pair, too. */
static void
test_public_half_of_pair(void)
{
	struct pair_handles p = pair_make("wraps"), again;
	CK_BYTE one[600], two[600];
	CK_ULONG n = attr(p.public, CKA_MODULUS, one, sizeof(one));
	struct account_key a;

	RV(p11->C_DestroyObject(rw, p.public), CKR_OK,
	    "the public half of an import pair");
	COUNT(public_halves("wraps"), 0, "is gone");
	OK(account_alias("alias/wraps", &a) &&
		strcmp(a.state, "PendingImport") == 0 &&
		find_label("wraps", CKO_PRIVATE_KEY) == p.private,
	    "the pair is not");
	again = pair_make("wraps");
	OK(again.public != p.public && again.private == p.private &&
		attr(again.public, CKA_MODULUS, two, sizeof(two)) == n &&
		memcmp(one, two, n) == 0,
	    "made again it is the same, with both halves");
	RV(p11->C_DestroyObject(rw, again.public), CKR_OK, "first the public");
	RV(p11->C_DestroyObject(rw, p.private), CKR_OK, "then the private");
	OK(!account_alias("alias/wraps", &a), "half: the pair is gone");
}

/* A session object of the public half, where the template asks for one. */
static void
test_public_session_object(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public[] = {A(CKA_TOKEN, no), A(CKA_EC_PARAMS, p256),
	    A(CKA_VERIFY, yes), A_BYTES(CKA_LABEL, "here", 4)};
	CK_ATTRIBUTE private[] = {A(CKA_TOKEN, yes), A(CKA_SIGN, yes),
	    A_BYTES(CKA_LABEL, "there", 5)};
	CK_SESSION_HANDLE s = p11_session(CKF_RW_SESSION);
	CK_OBJECT_HANDLE a = 0, b = 0;
	CK_BYTE one[256], two[256];
	CK_ULONG n;

	RV(p11->C_GenerateKeyPair(
	       s, &m, public, ELEMS(public), private, ELEMS(private), &a, &b),
	    CKR_OK, "a pair whose public half is to stay here");
	OK(attr_is(a, CKA_TOKEN, &no, sizeof(no)) &&
		attr_is(b, CKA_TOKEN, &yes, sizeof(yes)) &&
		attr_is_text(a, CKA_LABEL, "here"),
	    "does");
	n = attr(a, CKA_EC_POINT, one, sizeof(one));
	OK(n == attr(b, CKA_EC_POINT, two, sizeof(two)) && n < sizeof(one) &&
		memcmp(one, two, n) == 0,
	    "with the same point");
	RV(p11->C_DestroyObject(s, a), CKR_OK, "it is destroyed");
	OK(public_halves("there") == 1 && signs(b), "the key has its own");
	p11->C_CloseSession(s);
	OK(signs(b), "which outlives the session");
}

/* Either half first. */
static void
test_both_halves(void)
{
	struct pair_handles p;
	struct account_key a;

	for (int i = 0; i < 2; i++) {
		p = pair_generate(i == 0 ? "one" : "other");
		RV(p11->C_DestroyObject(rw, i == 0 ? p.private : p.public),
		    CKR_OK, "one half");
		RV(p11->C_DestroyObject(rw, i == 0 ? p.public : p.private),
		    CKR_OK, "the other half");
		RV(p11->C_DestroyObject(rw, p.public),
		    CKR_OBJECT_HANDLE_INVALID, "no more");
		RV(p11->C_DestroyObject(rw, p.private),
		    CKR_OBJECT_HANDLE_INVALID, "nor that");
		OK(!account_alias(i == 0 ? "alias/one" : "alias/other", &a),
		    "the key is deleted");
	}
}

static void
test_refusals(void)
{
	CK_SESSION_HANDLE ro = p11_session(0);
	CK_OBJECT_HANDLE h = find_label("key", CKO_SECRET_KEY);

	RV(p11->C_DestroyObject(ro, h), CKR_SESSION_READ_ONLY,
	    "a read-only session");
	RV(p11->C_DestroyObject(rw, 77777), CKR_OBJECT_HANDLE_INVALID,
	    "no such object");
	RV(p11->C_DestroyObject(77777, h), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
	p11->C_CloseSession(ro);
}

/* A key that somebody had KMS make, with its handle. */
static CK_OBJECT_HANDLE
made_by_kms(const char *label)
{
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", alias);
	return (find_label(label, CKO_SECRET_KEY));
}

/* Such keys are deleted whole, whatever `destroy` says, or not at all. */
static void
test_made_by_kms(void)
{
	static const char *const refuse[] = {"destroy-generated = refuse",
	    "destroy = schedule-deletion\ndestroy-generated = refuse"};
	CK_OBJECT_HANDLE h = made_by_kms("replaced");
	struct account all;
	struct account_key a;
	size_t before;

	account_read(&all);
	before = account_in(&all, "PendingDeletion");
	testenv_write("log", "");
	OK(attr_is(h, CKA_DESTROYABLE, &yes, sizeof(yes)),
	    "a key that KMS made can be destroyed");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "it is");
	OK(!account_alias("alias/replaced", &a), "its label is free");
	account_read(&all);
	COUNT(
	    account_in(&all, "PendingDeletion"), before + 1, "KMS deletes it");
	OK(strstr(testenv_read("log"), "is deleted in 30 days") != NULL,
	    "the log says so");
	for (size_t i = 0; i < ELEMS(refuse); i++) {
		p11_stop();
		testenv_config(NULL, refuse[i], NULL);
		p11_start();
		h = i == 0 ? made_by_kms("kms")
			   : find_label("kms", CKO_SECRET_KEY);
		OK(attr_is(h, CKA_DESTROYABLE, &no, sizeof(no)),
		    "with destroy-generated = refuse it cannot");
		testenv_write("log", "");
		RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
		    "it is refused");
		OK(strstr(testenv_read("log"), "destroy-generated = refuse") !=
			NULL,
		    "the log names the option");
		OK(same_key(h, h), "it goes on working");
	}
}

#define ZSK "example.com. ZSK"

/* A session as the DNS server Knot opens it, by GnuTLS. */
static CK_SESSION_HANDLE
knot_session(CK_FLAGS flags)
{
	CK_SESSION_HANDLE s = p11_session(flags);
	CK_RV rv;

	if (flags != CKF_RW_SESSION)
		return (s);
	rv = p11->C_Login(s, CKU_USER, (CK_UTF8CHAR *)"1234", 4);
	OK(rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN, "a login");
	return (s);
}

/* A zone-signing key: each has an id of its own, all have one label. */
static void
knot_generate(CK_BYTE *id)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public[] = {A(CKA_TOKEN, yes), A(CKA_PRIVATE, no),
	    A_BYTES(CKA_ID, id, 20), A(CKA_VERIFY, yes), A(CKA_EC_PARAMS, p256),
	    A_BYTES(CKA_LABEL, ZSK, strlen(ZSK))};
	CK_ATTRIBUTE private[] = {A_BYTES(CKA_ID, id, 20), A(CKA_SIGN, yes),
	    A(CKA_PRIVATE, yes), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, ZSK, strlen(ZSK)), A(CKA_SENSITIVE, yes)};
	CK_SESSION_HANDLE s = knot_session(CKF_RW_SESSION);
	CK_OBJECT_HANDLE a = 0, b = 0;

	RV(p11->C_GenerateKeyPair(
	       s, &m, public, ELEMS(public), private, ELEMS(private), &a, &b),
	    CKR_OK, "a zone-signing key");
	OK(attr_is(b, CKA_ID, id, 20) && attr_is_text(b, CKA_LABEL, ZSK),
	    "has its id, and the label of all");
	p11->C_CloseSession(s);
}

static CK_OBJECT_HANDLE
knot_find(CK_SESSION_HANDLE s, CK_BYTE *id, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_ID, id, 20), A(CKA_CLASS, class)};
	CK_OBJECT_HANDLE h[2];

	return (
	    find(s, t, ELEMS(t), h, ELEMS(h)) == 1 ? h[0] : CK_INVALID_HANDLE);
}

static void
knot_signs(CK_BYTE *id)
{
	CK_SESSION_HANDLE s = knot_session(0);
	CK_MECHANISM m = {CKM_ECDSA, NULL, 0};
	CK_BYTE hash[32] = {1}, signature[64];
	CK_ULONG n = sizeof(signature);

	RV(p11->C_SignInit(s, &m, knot_find(s, id, CKO_PRIVATE_KEY)), CKR_OK,
	    "the key of that id");
	RV(p11->C_Sign(s, hash, sizeof(hash), signature, &n), CKR_OK, "signs");
	RV(p11->C_VerifyInit(s, &m, knot_find(s, id, CKO_PUBLIC_KEY)), CKR_OK,
	    "its public half");
	RV(p11->C_Verify(s, hash, sizeof(hash), signature, n), CKR_OK,
	    "verifies that");
	p11->C_CloseSession(s);
}

/* Destroys what has the id, one after another, within the one search. */
static void
knot_remove(CK_BYTE *id)
{
	CK_SESSION_HANDLE s = knot_session(CKF_RW_SESSION);
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_ID, id, 20)};
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG n = 0, halves = 0;

	RV(p11->C_FindObjectsInit(s, t, 1), CKR_OK, "an old key");
	while (p11->C_FindObjects(s, &h, 1, &n) == CKR_OK && n == 1 &&
	       ++halves < 4)
		RV(p11->C_DestroyObject(s, h), CKR_OK, "half of it goes");
	COUNT(halves, 2, "that was all");
	RV(p11->C_FindObjectsFinal(s), CKR_OK, "the search ends");
	COUNT(find(s, t, 1, &h, 1), 0, "it is not found");
	p11->C_CloseSession(s);
}

/* Knot's calls in rollovers, in the configuration that is there without any. */
static void
test_rollovers(void)
{
	static CK_BYTE ids[4][20];
	CK_OBJECT_HANDLE h[4];
	struct account all;
	size_t before;
	CK_ATTRIBUTE label[] = {
	    A_BYTES(CKA_LABEL, ZSK, strlen(ZSK)), A(CKA_CLASS, private_class)};

	p11_stop();
	testenv_config(NULL, NULL, NULL);
	p11_start();
	account_read(&all);
	before = account_in(&all, "PendingDeletion");
	for (CK_BYTE i = 0; i < ELEMS(ids); i++) {
		memset(ids[i], 0xa0 + i, sizeof(ids[i]));
		knot_generate(ids[i]);
		knot_signs(ids[i]);
		if (i == 0)
			continue;
		COUNT(find(rw, label, 2, h, ELEMS(h)), 2, "both are there");
		knot_signs(ids[i - 1]);
		knot_remove(ids[i - 1]);
		COUNT(find(rw, label, 2, h, ELEMS(h)), 1, "one is left");
		knot_signs(ids[i]);
	}
	account_read(&all);
	COUNT(account_in(&all, "PendingDeletion"), before + ELEMS(ids) - 1,
	    "KMS deletes the old ones");
	knot_remove(ids[ELEMS(ids) - 1]);
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
	test_both_halves();
	h = key_make(material(3), "key");
	OK(same_key(h, h), "the label serves another key");
	OK(!opens(h), "which is not the one of before");
}

int
main(void)
{
	testenv_start();
	testenv_log("info");
	testenv_config(NULL, "generate = yes", NULL);
	p11_start();
	test_delete_material();
	test_pairs();
	test_public_half();
	test_public_half_of_pair();
	test_public_session_object();
	test_refusals();
	test_made_by_kms();
	test_rollovers();
	test_schedule_deletion();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
