/* Import pairs beside keys that have their material: what comes in by them is
 * the same material with another end, or other material to rotate to, and no
 * use of the key fails meanwhile. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

static CK_BYTE id[] = {0x0a, 0x0b};
static CK_BYTE renewal_id[] = {'r', 'e', 'n', 'e', 'w', ':', 0x0a, 0x0b};
static CK_ULONG bits = 2048;

static CK_ULONG
in_hours(unsigned n)
{
	return ((CK_ULONG)time(NULL) + n * 3600);
}

/* An AES key with that id and label, which ends in an hour. */
static CK_OBJECT_HANDLE
make_key(unsigned n)
{
	CK_ULONG end = in_hours(1);
	CK_OBJECT_HANDLE h = 0;
	struct key_template k;

	key_template(&k, material(n), "invoices");
	template_add(&k, CKA_ID, id, sizeof(id));
	template_add(&k, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key");
	return (h);
}

static CK_RV
make_pair(CK_ATTRIBUTE_TYPE type, const void *name, size_t len,
    struct pair_handles *p)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE public[] = {A(CKA_TOKEN, yes), A(CKA_MODULUS_BITS, bits),
	    A(CKA_WRAP, yes), A_BYTES(type, (void *)(size_t)name, len)};
	CK_ATTRIBUTE private[] = {A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes),
	    A_BYTES(type, (void *)(size_t)name, len)};

	return (p11->C_GenerateKeyPair(rw, &m, public, ELEMS(public), private,
	    ELEMS(private), &p->public, &p->private));
}

/* Wraps by the pair's public half, and unwraps with its private one. */
static CK_RV
bring(const struct pair_handles *p, unsigned n, CK_ULONG end, bool new,
    CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_ATTRIBUTE t[5] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes)};
	CK_BYTE der[1024], blob[512];
	CK_ULONG len = attr(p->public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	CK_ULONG count = 3;

	NEED(len <= sizeof(der), "the pair's public half");
	if (end != 0)
		t[count++] = (CK_ATTRIBUTE)A(CKA_KEYFERRY_VALID_TO, end);
	if (new)
		t[count++] = (CK_ATTRIBUTE)A(CKA_KEYFERRY_NEW_MATERIAL, yes);
	return (p11->C_UnwrapKey(rw, &oaep, p->private, blob,
	    external_key_wrap(
		"RSAES_OAEP_SHA_256", der, len, material(n), 32, blob),
	    t, count, h));
}

static CK_ULONG
count_of(CK_ATTRIBUTE_TYPE type, const void *value, size_t len)
{
	CK_ATTRIBUTE t = A_BYTES(type, (void *)(size_t)value, len);
	CK_OBJECT_HANDLE found[8];

	return (find(rw, &t, 1, found, 8));
}

/* The names of the pair are not the key's, nor the other way. */
static void
check_names(CK_OBJECT_HANDLE key, const struct pair_handles *p)
{
	char arn[256] = "", unique[256] = "";
	CK_ULONG len = attr(key, CKA_UNIQUE_ID, arn, sizeof(arn));

	OK(attr_is_text(p->public, CKA_LABEL, "renew:invoices") &&
		attr_is_text(p->private, CKA_LABEL, "renew:invoices"),
	    "its label is that of the key behind a prefix");
	OK(attr_is(p->public, CKA_ID, renewal_id, sizeof(renewal_id)) &&
		attr_is(p->private, CKA_ID, renewal_id, sizeof(renewal_id)),
	    "and so is its id");
	OK(len < sizeof(arn) &&
		attr_is(p->private, CKA_KEYFERRY_PAIR_OF, arn, len),
	    "it names the key");
	OK(attr_is_text(key, CKA_KEYFERRY_PAIR_OF, ""), "the key names none");
	snprintf(unique, sizeof(unique), "renew:%.200s", arn);
	COUNT(count_of(CKA_UNIQUE_ID, unique, strlen(unique)), 1,
	    "its unique id is its own");
	snprintf(unique, sizeof(unique), "public:renew:%.200s", arn);
	COUNT(count_of(CKA_UNIQUE_ID, unique, strlen(unique)), 1,
	    "and that of the public half, too");
	COUNT(count_of(CKA_UNIQUE_ID, arn, len), 1, "that of the key, too");
	COUNT(
	    count_of(CKA_ID, id, sizeof(id)), 1, "the key's id finds the key");
	COUNT(count_of(CKA_ID, renewal_id, sizeof(renewal_id)), 2,
	    "the pair's id the pair");
	OK(find_label("invoices", CKO_SECRET_KEY) == key &&
		find_label("invoices", CKO_PUBLIC_KEY) == CK_INVALID_HANDLE,
	    "the key's label finds the key alone");
	OK(find_label("renew:invoices", CKO_PUBLIC_KEY) == p->public &&
		find_label("renew:invoices", CKO_PRIVATE_KEY) == p->private &&
		find_label("renew:invoices", CKO_SECRET_KEY) ==
		    CK_INVALID_HANDLE,
	    "the pair's label the pair alone");
}

static void
test_renew(void)
{
	CK_OBJECT_HANDLE key = make_key(1), h = 0;
	CK_ULONG end = in_hours(100);
	struct pair_handles p = {0, 0}, again;
	struct account_key a;

	sealed_make(key);
	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK,
	    "a pair beside the key");
	check_names(key, &p);
	OK(sealed_opens(key), "the key is in use as before");
	RV(make_pair(CKA_LABEL, "invoices", 8, &again), CKR_OK,
	    "once more, by the label");
	OK(again.public == p.public && again.private == p.private,
	    "it is the same pair");
	p11_stop();
	p11_start();
	key = find_label("invoices", CKO_SECRET_KEY);
	p.public = find_label("renew:invoices", CKO_PUBLIC_KEY);
	p.private = find_label("renew:invoices", CKO_PRIVATE_KEY);
	OK(p.public != CK_INVALID_HANDLE, "another process finds it");
	RV(bring(&p, 1, end, false, &h), CKR_OK, "the same material, renewed");
	COUNT(h, key, "it is the key");
	OK(account_alias("alias/invoices", &a) && a.valid_to == (double)end,
	    "with the new end");
	OK(sealed_opens(key), "and is in use");
	COUNT(count_of(CKA_ID, renewal_id, sizeof(renewal_id)), 0,
	    "the pair is gone");
	COUNT(attr(p.public, CKA_ID, NULL, 0), CK_UNAVAILABLE_INFORMATION,
	    "and its handles");
	COUNT(find_label("invoices", CKO_SECRET_KEY), key, "the key is there");
}

static void
test_rotate(void)
{
	CK_OBJECT_HANDLE key = find_label("invoices", CKO_SECRET_KEY), h = 0;
	struct pair_handles p;

	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "another pair");
	RV(bring(&p, 2, 0, false, &h), CKR_WRAPPED_KEY_INVALID,
	    "other material, without a word");
	OK(sealed_opens(key), "the key is as it was");
	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "the pair again");
	RV(bring(&p, 2, 0, true, &h), CKR_OK, "other material, as new");
	COUNT(h, key, "it is the key");
	COUNT(attr_number(key, CKA_KEYFERRY_MATERIALS), 2,
	    "which has two materials");
	OK(sealed_opens(key), "what the old encrypted it decrypts");
	COUNT(count_of(CKA_ID, renewal_id, sizeof(renewal_id)), 0,
	    "the pair is gone");
}

/* A set that KMS refused is spent; the next is of the pair's own size. */
static void
test_spent(void)
{
	CK_ULONG end = in_hours(60);
	CK_OBJECT_HANDLE h = 0;
	struct pair_handles p;

	bits = 3072;
	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "a pair");
	testenv_write("log", "");
	control("POST", "/faults?operation=ImportKeyMaterial&fault=error"
			"&error=ExpiredImportTokenException");
	RV(bring(&p, 2, end, false, &h), CKR_WRAPPED_KEY_INVALID,
	    "KMS refuses its set");
	OK(testenv_logged("are spent: read the public half again"),
	    "the log says how to go on");
	COUNT(attr_number(p.public, CKA_MODULUS_BITS), bits, "its size stays");
	RV(bring(&p, 2, end, false, &h), CKR_OK, "another set serves");
	OK(strstr(testenv_read("log"), "damaged") == NULL,
	    "its file was as it should be");
	bits = 2048;
}

/* Material that came in with an end, and was not rotated to: whoever finishes
 * that without a word on it leaves it as it is. */
static void
test_waiting_end(void)
{
	CK_ULONG end = in_hours(70);
	CK_OBJECT_HANDLE h = 0;
	struct key_template k;

	key_template(&k, material(60), "waiting");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key");
	key_template(&k, material(61), "waiting");
	template_add(&k, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	template_add(&k, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	control("POST", "/faults?operation=RotateKeyOnDemand&fault=error"
			"&error=AccessDeniedException");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_ACTION_PROHIBITED,
	    "new material that waits");
	k.count--;
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "is rotated to");
	COUNT(attr_number(h, CKA_KEYFERRY_VALID_TO), end, "and keeps its end");
}

/* New material that is none: by value, and wrapped. */
static void
test_not_new(void)
{
	CK_OBJECT_HANDLE key = find_label("invoices", CKO_SECRET_KEY), h = 0;
	CK_ULONG before[4] = {1}, after[4] = {2}, end = in_hours(50);
	struct pair_handles p;
	struct key_template k;

	attr(key, CKA_KEYFERRY_MATERIAL_ENDS, before, sizeof(before));
	for (unsigned n = 1; n <= 2; n++) {
		RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "a pair");
		RV(bring(&p, n, end, true, &h), CKR_WRAPPED_KEY_INVALID,
		    "as new what the key %s", n == 1 ? "had" : "has");
		key_template(&k, material(n), "invoices");
		template_add(&k, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
		template_add(&k, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
		RV(p11->C_CreateObject(rw, k.t, k.count, &h),
		    CKR_ATTRIBUTE_VALUE_INVALID, "and by value");
		OK(strstr(testenv_read("log"),
		       "that is no new material: key") != NULL &&
			strstr(testenv_read("log"), "takes only") == NULL,
		    "the log says so, and asks for no other");
		testenv_write("log", "");
		RV(p11->C_DestroyObject(rw, p.private), CKR_OK,
		    "the pair goes");
	}
	attr(key, CKA_KEYFERRY_MATERIAL_ENDS, after, sizeof(after));
	OK(memcmp(before, after, 2 * sizeof(CK_ULONG)) == 0,
	    "no end has changed");
	OK(sealed_opens(key), "the key is as it was");
}

/* The pair goes alone; it has no names of its own. */
static void
test_destroy(void)
{
	CK_OBJECT_HANDLE key = find_label("invoices", CKO_SECRET_KEY), h = 0;
	CK_ATTRIBUTE label = A_BYTES(CKA_LABEL, "other", 5);
	struct pair_handles p;
	struct key_template k;

	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "a pair");
	RV(p11->C_SetAttributeValue(rw, p.public, &label, 1),
	    CKR_ACTION_PROHIBITED, "cannot be given other names");
	key_template(&k, material(3), "renew:invoices");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "nor a key such a name");
	label = (CK_ATTRIBUTE)A_BYTES(CKA_LABEL, "renew:x", 7);
	RV(p11->C_SetAttributeValue(rw, key, &label, 1),
	    CKR_ATTRIBUTE_VALUE_INVALID, "not even later");
	calls_clear();
	for (int i = 0; i < 2; i++) {
		RV(p11->C_DestroyObject(rw, i == 0 ? p.public : p.private),
		    CKR_OK, "one half is destroyed");
		RV(p11->C_DestroyObject(rw, i == 0 ? p.private : p.public),
		    CKR_OK, "and the other");
		COUNT(calls(NULL), 0, "KMS is not asked");
		COUNT(count_of(CKA_ID, renewal_id, sizeof(renewal_id)), 0,
		    "the pair is gone");
		RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "a new one");
		calls_clear();
	}
	RV(p11->C_DestroyObject(rw, p.public), CKR_OK, "of one, a half goes");
	OK(strstr(testenv_read("log"), "public half of the renewal pair") !=
		NULL,
	    "the log says whose");
	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK, "the pair again");
	OK(attr_is_text(p.public, CKA_LABEL, "renew:invoices"),
	    "with both halves");
	RV(p11->C_DestroyObject(rw, p.private), CKR_OK, "and it goes");
	OK(sealed_opens(key), "the key is in use");
}

/* What KMS refuses changes nothing. */
static void
test_refused(void)
{
	CK_OBJECT_HANDLE key = find_label("invoices", CKO_SECRET_KEY);
	struct pair_handles p;

	control("POST", "/imports-in-use?refuse=on");
	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_FUNCTION_FAILED,
	    "KMS gives no parameters for a key in use");
	OK(strstr(testenv_read("log"), "it stays as it is") != NULL,
	    "the log says so");
	control("POST", "/imports-in-use?refuse=off");
	COUNT(count_of(CKA_ID, renewal_id, sizeof(renewal_id)), 0,
	    "there is no pair");
	OK(sealed_opens(key), "the key is in use");
}

/* A disabled key is renewed, and stays disabled. */
static void
test_disabled(void)
{
	struct pair_handles p = {0, 0};
	struct kms kms = account_kms();
	struct account_key a;
	CK_OBJECT_HANDLE h = 0;
	CK_ULONG end = in_hours(200);

	NEED(account_alias("alias/invoices", &a), "the key");
	NEED(kms_disable_key(&kms, a.id) == ERR_OK, "it is disabled");
	RV(make_pair(CKA_ID, id, sizeof(id), &p), CKR_OK,
	    "a pair beside a disabled key");
	RV(bring(&p, 2, end, false, &h), CKR_OK, "renews it");
	OK(account_alias("alias/invoices", &a) &&
		strcmp(a.state, "Disabled") == 0,
	    "it is disabled still");
	NEED(kms_enable_key(&kms, a.id) == ERR_OK, "it is enabled");
}

/* RSA: the key's own public half is never taken for the pair's. */
static void
test_rsa(void)
{
	CK_BYTE own[1024], wrapping[1024], blob[4096], pkcs8[4096];
	CK_MECHANISM m = {CKM_RSA_AES_KEY_WRAP, NULL, 0};
	CK_OBJECT_HANDLE h = 0;
	struct external_key o;
	struct key_template t;
	struct pair_handles p = {0, 0};
	CK_ULONG len, wrapping_len;

	external_key_make(&o, &external_key_rsa_2048, 0, "rsa");
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h), CKR_OK, "an RSA key");
	len = attr(find_label("rsa", CKO_PUBLIC_KEY), CKA_PUBLIC_KEY_INFO, own,
	    sizeof(own));
	RV(make_pair(CKA_LABEL, "rsa", 3, &p), CKR_OK,
	    "a pair beside it, with no word of what it is for");
	OK(attr_is(find_label("rsa", CKO_PUBLIC_KEY), CKA_PUBLIC_KEY_INFO, own,
	       len),
	    "the label finds the key's own public half");
	wrapping_len = attr(find_label("renew:rsa", CKO_PUBLIC_KEY),
	    CKA_PUBLIC_KEY_INFO, wrapping, sizeof(wrapping));
	NEED(wrapping_len <= sizeof(wrapping), "the pair's public half");
	OK(len != wrapping_len || memcmp(own, wrapping, len) != 0,
	    "is another");
	external_key_describe(&o, &t);
	template_add(&t, CKA_TOKEN, &yes, sizeof(yes));
	/* the length comes with the key */
	t.t[2] = t.t[t.count - 1];
	t.count = 3;
	calls_clear();
	RV(p11->C_UnwrapKey(rw, &m, p.private, blob,
	       external_key_wrap("RSA_AES_KEY_WRAP_SHA_256", wrapping,
		   wrapping_len, pkcs8, external_key_material(&o, pkcs8), blob),
	       t.t, t.count, &h),
	    CKR_OK, "renewed");
	COUNT(h, find_label("rsa", CKO_PRIVATE_KEY), "it is the key");
	COUNT(calls("ListKeyRotations"), 0, "KMS lists no materials of it");
	OK(external_key_is(&o, "rsa"), "it signs as before");
	external_key_free(&o);
}

/* The first import of a key, of what is no material for it. */
static void
bring_first(
    const char *label, const char *algorithm, const void *text, size_t text_len)
{
	CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes)};
	CK_BYTE der[1024], blob[512];
	struct pair_handles p = {0, 0};
	CK_OBJECT_HANDLE h;
	CK_ULONG len;

	RV(make_pair(CKA_LABEL, label, strlen(label), &p), CKR_OK,
	    "a pair for a new key");
	len = attr(p.public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	NEED(len <= sizeof(der), "its public half");
	testenv_write("log", "");
	RV(p11->C_UnwrapKey(rw, &oaep, p.private, blob,
	       external_key_wrap(algorithm, der, len, text, text_len, blob), t,
	       ELEMS(t), &h),
	    CKR_WRAPPED_KEY_INVALID, "%zu bytes, %s", text_len, algorithm);
	OK(testenv_logged(
	       "(SYMMETRIC_DEFAULT) takes 32 bytes, wrapped with "
	       "RSAES_OAEP_SHA_256 (SHA-256 for OAEP and MGF1); usual "
	       "causes: hex digits, another length, SHA-1 for OAEP ["),
	    "the log says what the key takes");
	OK(strstr(testenv_read("log"), "first given") == NULL &&
		strstr(testenv_read("log"), "imported before") == NULL,
	    "and nothing of other material");
}

static void
test_first(void)
{
	static const char hex[] = "000102030405060708090a0b0c0d0e0f"
				  "101112131415161718191a1b1c1d1e1f";

	bring_first("first-hex", "RSAES_OAEP_SHA_256", hex, 64);
	bring_first("first-short", "RSAES_OAEP_SHA_256", hex, 16);
	bring_first("first-sha1", "RSAES_OAEP_SHA_1", hex, 32);
}

static void
material_of(CK_OBJECT_HANDLE h, char material_id[65])
{
	memset(material_id, 0, 65);
	COUNT(attr(h, CKA_KEYFERRY_KEY_MATERIAL_ID, material_id, 64), 64,
	    "its current material");
}

static CK_OBJECT_HANDLE
go_to(CK_SLOT_ID slot)
{
	p11->C_CloseSession(rw);
	NEED(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		 NULL, &rw) == CKR_OK,
	    "a session in Region %lu", slot);
	return (find_label("everywhere", CKO_SECRET_KEY));
}

/* A key of three Regions is rotated when each has the new material. */
static void
test_rotate_regions(void)
{
	char first[65], now[65];
	CK_OBJECT_HANDLE key = 0, h;
	struct pair_handles p[3];
	struct key_template k;

	p11_stop();
	testenv_config(NULL, "replicas = eu-west-1, ap-south-1",
	    "[token west]\nregion = eu-west-1\nslot = 1\n"
	    "wrapping-bits = 2048\n"
	    "[token south]\nregion = ap-south-1\nslot = 2\n"
	    "wrapping-bits = 2048\n");
	p11_start();
	key_template(&k, material(50), "everywhere");
	RV(p11->C_CreateObject(rw, k.t, k.count, &key), CKR_OK,
	    "a key of three Regions");
	material_of(key, first);
	for (CK_SLOT_ID i = 0; i < 3; i++) {
		(void)go_to(i);
		RV(make_pair(CKA_LABEL, "everywhere", 10, &p[i]), CKR_OK,
		    "a pair in each");
	}
	testenv_write("log", "");
	RV(bring(&p[2], 51, 0, true, &h), CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT,
	    "new material for a replica");
	OK(testenv_logged("to its primary in us-east-1 first"),
	    "the log says where");
	calls_clear();
	key = go_to(0);
	sealed_make(key);
	RV(bring(&p[0], 51, 0, true, &h), CKR_OK, "new for the primary");
	COUNT(h, key, "it is the key");
	OK(testenv_logged("only when each Region of the key has it"),
	    "the log says that other Regions are to have it");
	OK(strstr(testenv_read("log"), "before, it") == NULL,
	    "and nothing of an end that new material never had");
	material_of(key, now);
	OK(strcmp(first, now) == 0 && sealed_opens(key),
	    "the key is as it was");
	(void)go_to(1);
	RV(bring(&p[1], 51, 0, true, &h), CKR_OK, "for one replica");
	COUNT(calls("RotateKeyOnDemand"), 0, "KMS is not asked to rotate yet");
	(void)go_to(2);
	RV(bring(&p[2], 51, 0, true, &h), CKR_OK, "for the other");
	COUNT(calls("RotateKeyOnDemand"), 1, "the last one rotates the key");
	for (CK_SLOT_ID i = 0; i < 3; i++) {
		key = go_to(i);
		material_of(key, now);
		OK(strcmp(first, now) != 0 && sealed_opens(key),
		    "in each Region");
	}
	(void)go_to(0);
}

static bool
renew(CK_SLOT_ID slot, unsigned n, CK_ULONG end)
{
	CK_OBJECT_HANDLE key = go_to(slot), h = 0;
	struct pair_handles p;

	return (make_pair(CKA_LABEL, "everywhere", 10, &p) == CKR_OK &&
		bring(&p, n, end, false, &h) == CKR_OK && h == key);
}

/* The two materials of that key, one by one: each has an end of its own in each
 * Region, and keeps it where none is said. */
static void
test_renew_regions(void)
{
	CK_ULONG ends[3][2], got[2];
	CK_OBJECT_HANDLE key;

	for (CK_SLOT_ID slot = 0; slot < 3; slot++)
		for (unsigned m = 0; m < 2; m++) {
			ends[slot][m] = in_hours(
			    20 + 4 * (unsigned)slot - 2 * m);
			OK(renew(slot, 50 + m, ends[slot][m]),
			    "material %u in Region %lu is renewed", m, slot);
		}
	OK(renew(1, 51, 0), "the first to end once more, without an end");
	for (CK_SLOT_ID slot = 0; slot < 3; slot++) {
		key = go_to(slot);
		COUNT(attr(key, CKA_KEYFERRY_MATERIAL_ENDS, got, sizeof(got)),
		    sizeof(got), "the ends in Region %lu", slot);
		OK(got[0] == ends[slot][0] && got[1] == ends[slot][1],
		    "are each material's own");
		COUNT(attr_number(key, CKA_KEYFERRY_VALID_TO), ends[slot][1],
		    "the first of them is the key's");
		OK(sealed_opens(key), "and it is in use");
	}
	(void)go_to(0);
}

int
main(void)
{
	testenv_start();
	control("POST", "/wrapping-keys?share=on");
	control("POST", "/import-tokens?once=on");
	testenv_log("info");
	p11_start();
	test_renew();
	test_rotate();
	test_spent();
	test_waiting_end();
	test_not_new();
	test_destroy();
	test_refused();
	test_disabled();
	test_rsa();
	test_first();
	test_rotate_regions();
	test_renew_regions();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
