/* C_FindObjects: what is found, and what it costs. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "p11.h"
#include "cryptoki/cryptoki.h"

static CK_OBJECT_HANDLE key;
static struct pair_handles pair;
static CK_BYTE id[] = "an id";
static char arn[256];
static CK_BYTE uuid[16];

static void
make_objects(void)
{
	struct key_template k;
	CK_ULONG n;

	key_template(&k, material(1), "the key");
	template_add(&k, CKA_ID, id, sizeof(id));
	NEED(p11->C_CreateObject(rw, k.t, k.count, &key) == CKR_OK, "a key");
	pair = pair_make("the pair");
	n = attr(key, CKA_UNIQUE_ID, arn, sizeof(arn) - 1);
	NEED(n < sizeof(arn), "its unique id");
	NEED(attr(pair.public, CKA_ID, uuid, 16) == 16, "the pair's id");
}

/* What a template finds, by C_FindObjects of one at a time as many do. A label
 * costs two DescribeKey at once: other keys may have it, too. */
static void
test_templates(void)
{
	static CK_OBJECT_CLASS cert = CKO_CERTIFICATE, vendor = 0x80000001;
	static CK_ULONG len = 32;
	const struct {
		const char *what;
		CK_ATTRIBUTE t[4];
		CK_ULONG count, found, kms;
	} cases[] = {
	    {"the label", {A_BYTES(CKA_LABEL, "the key", 7)}, 1, 1, 2},
	    {"the id", {A(CKA_ID, id)}, 1, 1, 1},
	    {"the unique id", {A_BYTES(CKA_UNIQUE_ID, arn, strlen(arn))}, 1, 1,
		1},
	    {"the default id", {A(CKA_ID, uuid)}, 1, 2, 1},
	    {"the default id and class",
		{A(CKA_ID, uuid), A(CKA_CLASS, public_class)}, 2, 1, 1},
	    {"label and class",
		{A_BYTES(CKA_LABEL, "the key", 7), A(CKA_CLASS, secret_class)},
		2, 1, 2},
	    {"the pair's label", {A_BYTES(CKA_LABEL, "the pair", 8)}, 1, 2, 2},
	    {"the pair's private half",
		{A_BYTES(CKA_LABEL, "the pair", 8),
		    A(CKA_CLASS, private_class)},
		2, 1, 2},
	    {"label and another class",
		{A_BYTES(CKA_LABEL, "the key", 7), A(CKA_CLASS, private_class)},
		2, 0, 2},
	    {"label and id", {A_BYTES(CKA_LABEL, "the key", 7), A(CKA_ID, id)},
		2, 1, 3},
	    {"a label and another key's id",
		{A_BYTES(CKA_LABEL, "the pair", 8), A(CKA_ID, id)}, 2, 0, 3},
	    {"a label that nobody has", {A_BYTES(CKA_LABEL, "nobody", 6)}, 1, 0,
		2},
	    {"the start of a label", {A_BYTES(CKA_LABEL, "the ke", 6)}, 1, 0,
		2},
	    {"an id that nobody has", {A_BYTES(CKA_ID, "nobody", 6)}, 1, 0, 1},
	    {"an id of 16 bytes that nobody has",
		{A_BYTES(CKA_ID, "0123456789abcdef", 16)}, 1, 0, 2},
	    {"a certificate", {A(CKA_CLASS, cert)}, 1, 0, 0},
	    {"a vendor's class", {A(CKA_CLASS, vendor)}, 1, 0, 0},
	    {"session objects", {A(CKA_TOKEN, no)}, 1, 0, 0},
	    {"a certificate of the label",
		{A(CKA_CLASS, cert), A_BYTES(CKA_LABEL, "the key", 7)}, 2, 0,
		0},
	    {"label, type and usage",
		{A_BYTES(CKA_LABEL, "the key", 7), A(CKA_KEY_TYPE, aes_type),
		    A(CKA_ENCRYPT, yes), A(CKA_VALUE_LEN, len)},
		4, 1, 2},
	    {"label and a usage that it has not",
		{A_BYTES(CKA_LABEL, "the key", 7), A(CKA_SIGN, yes)}, 2, 0, 2},
	    {"label and its value",
		{A_BYTES(CKA_LABEL, "the key", 7),
		    A_BYTES(CKA_VALUE, material(1), 32)},
		2, 0, 2},
	    {"label and an attribute that no key has",
		{A_BYTES(CKA_LABEL, "the key", 7),
		    A_BYTES(CKA_APPLICATION, "x", 1)},
		2, 0, 2},
	};
	CK_OBJECT_HANDLE h[4];
	CK_ULONG n;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		calls_clear();
		n = find(rw, cases[i].t, cases[i].count, h, ELEMS(h));
		COUNT(n, cases[i].found, "%s: found", cases[i].what);
		COUNT(calls("DescribeKey"), cases[i].kms, "%s: DescribeKey",
		    cases[i].what);
		COUNT(calls(NULL), cases[i].kms, "%s: nothing else",
		    cases[i].what);
	}
}

/* PKCS#11 3.2, section 4.4.1: no two objects have one unique id. */
static void
test_halves(void)
{
	CK_OBJECT_HANDLE halves[] = {pair.private, pair.public}, h[4];
	CK_ATTRIBUTE t[] = {
	    {CKA_UNIQUE_ID, NULL, 0}, A(CKA_CLASS, public_class)};
	char own[2][256];

	for (size_t i = 0; i < 2; i++) {
		t[0].pValue = own[i];
		t[0].ulValueLen = sizeof(own[i]);
		NEED(p11->C_GetAttributeValue(rw, halves[i], t, 1) == CKR_OK,
		    "a unique id");
		COUNT(find(rw, t, 1, h, 4), 1, "one object has it");
		OK(h[0] == halves[i], "the half of which it is");
		COUNT(find(rw, t, 2, h, 4), i, "public or not");
	}
	OK(strncmp(own[0], "arn:", 4) == 0 &&
		strncmp(own[1], "public:arn:", 11) == 0,
	    "the private half has the ARN");
}

/* Templates that name no key list the token, and the listing stays good. */
static void
test_listing(void)
{
	static CK_ULONG len = 16;
	CK_ATTRIBUTE all[] = {A(CKA_TOKEN, yes)};
	CK_ATTRIBUTE secret[] = {A(CKA_CLASS, secret_class)};
	CK_ATTRIBUTE pub[] = {A(CKA_CLASS, public_class)};
	CK_ATTRIBUTE rsa[] = {A(CKA_KEY_TYPE, rsa_type)};
	CK_ATTRIBUTE none[] = {A(CKA_VALUE_LEN, len)};
	CK_ATTRIBUTE unnamed[] = {A_BYTES(CKA_LABEL, "", 0)};
	CK_OBJECT_HANDLE h[8] = {0};

	calls_clear();
	COUNT(find(rw, NULL, 0, h, 8), 3, "all objects");
	OK(h[0] != h[1] && h[1] != h[2] && h[0] != h[2], "each once");
	COUNT(calls("ListKeys"), 1, "one ListKeys");
	COUNT(calls("ListAliases"), 1, "one ListAliases");
	COUNT(calls("DescribeKey"), 2, "a DescribeKey a key");
	calls_clear();
	COUNT(find(rw, all, 1, h, 8), 3, "all token objects");
	COUNT(find(rw, secret, 1, h, 8), 1, "by class");
	OK(h[0] == key, "the handle is the one of before");
	COUNT(find(rw, pub, 1, h, 8), 1, "by another class");
	OK(h[0] == pair.public, "the handle is the one of before");
	COUNT(find(rw, rsa, 1, h, 8), 2, "by key type");
	COUNT(find(rw, none, 1, h, 8), 0, "by a length that no key has");
	COUNT(find(rw, unnamed, 1, h, 8), 0, "by an empty label");
	COUNT(calls(NULL), 0, "a listing stays good for a while");
}

/* Names that a listing brought are read without a call. */
static void
test_attributes_after_listing(void)
{
	calls_clear();
	OK(attr_is_text(key, CKA_LABEL, "the key"), "a listed key's label");
	OK(attr_is(key, CKA_ID, id, sizeof(id)), "and its id");
	COUNT(calls(NULL), 0, "are known already");
}

static void
test_two_at_once(void)
{
	CK_SESSION_HANDLE a = p11_session(0), b = p11_session(0);
	CK_ATTRIBUTE label[] = {A_BYTES(CKA_LABEL, "the key", 7)};
	CK_OBJECT_HANDLE h[2] = {0}, other[2] = {0};
	CK_ULONG n = 77;

	RV(p11->C_FindObjects(a, h, 1, &n), CKR_OPERATION_NOT_INITIALIZED,
	    "no search");
	RV(p11->C_FindObjectsFinal(a), CKR_OPERATION_NOT_INITIALIZED,
	    "none to end");
	RV(p11->C_FindObjectsInit(a, NULL, 0), CKR_OK, "one search");
	RV(p11->C_FindObjectsInit(a, NULL, 0), CKR_OPERATION_ACTIVE,
	    "not two in a session");
	RV(p11->C_FindObjectsInit(b, label, 1), CKR_OK, "one in another");
	RV(p11->C_FindObjects(a, h, 0, &n), CKR_OK, "none asked for");
	COUNT(n, 0, "none given");
	RV(p11->C_FindObjects(a, h, 1, &n), CKR_OK, "one asked for");
	COUNT(n, 1, "one given");
	RV(p11->C_FindObjects(b, other, 2, &n), CKR_OK, "of the other search");
	COUNT(n, 1, "the only one");
	OK(other[0] == key, "is its own");
	RV(p11->C_FindObjects(a, h, 2, &n), CKR_OK, "the first goes on");
	COUNT(n, 2, "with the rest");
	RV(p11->C_FindObjects(a, h, 2, &n), CKR_OK, "behind the end");
	COUNT(n, 0, "there is none");
	RV(p11->C_FindObjects(b, NULL, 1, &n), CKR_ARGUMENTS_BAD,
	    "no place for handles");
	RV(p11->C_FindObjects(b, h, 1, NULL), CKR_ARGUMENTS_BAD,
	    "no place for the count");
	RV(p11->C_FindObjectsFinal(a), CKR_OK, "the first ends");
	RV(p11->C_FindObjectsFinal(a), CKR_OPERATION_NOT_INITIALIZED, "once");
	RV(p11->C_FindObjectsFinal(b), CKR_OK, "the second ends");
	RV(p11->C_FindObjectsInit(a, NULL, 1), CKR_ARGUMENTS_BAD,
	    "a template of no attributes and some count");
	label[0].pValue = NULL;
	RV(p11->C_FindObjectsInit(a, label, 1), CKR_ATTRIBUTE_VALUE_INVALID,
	    "an attribute of no bytes and some length");
	RV(p11->C_FindObjectsInit(77777, NULL, 0), CKR_SESSION_HANDLE_INVALID,
	    "no such session");
	/* one left open ends with its session */
	RV(p11->C_FindObjectsInit(a, NULL, 0), CKR_OK, "one left open");
	p11->C_CloseSession(a);
	p11->C_CloseSession(b);
}

/* A key with two labels: the older is shown, whichever way they sort. */
static void
test_older_name(void)
{
	static const char *const names[][2] = {
	    {"alias/z-older", "alias/a-newer"},
	    {"alias/b-older", "alias/y-newer"}};
	struct kms kms = account_kms();
	CK_OBJECT_HANDLE h;
	CK_ATTRIBUTE a;
	char key_arn[256] = "";

	for (size_t i = 0; i < ELEMS(names); i++) {
		const char *older = names[i][0] + strlen("alias/");

		h = key_make(material(10 + (unsigned)i), NULL);
		NEED(attr(h, CKA_UNIQUE_ID, key_arn, sizeof(key_arn) - 1) <
			 sizeof(key_arn),
		    "a key");
		NEED(kms_create_alias(&kms, names[i][0], key_arn) == ERR_OK,
		    "a name");
		control("POST", "/clock?forward=60");
		NEED(kms_create_alias(&kms, names[i][1], key_arn) == ERR_OK,
		    "and one a minute later");
		/* once by the aliases of the key, once by a listing */
		for (int listed = 0; listed < 2; listed++) {
			p11_stop();
			p11_start();
			if (listed)
				(void)find(rw, NULL, 0, NULL, 0);
			a = (CK_ATTRIBUTE)A_BYTES(
			    CKA_UNIQUE_ID, key_arn, strlen(key_arn));
			COUNT(find(rw, &a, 1, &h, 1), 1, "the key is found");
			OK(attr_is_text(h, CKA_LABEL, older), "%s is shown",
			    older);
		}
	}
}

static void
test_free_calls(void)
{
	CK_SESSION_HANDLE s;
	CK_TOKEN_INFO token;
	CK_SESSION_INFO info;
	CK_ULONG n = 0, size = 0;
	CK_BYTE bytes[16];

	calls_clear();
	p11_stop();
	p11_start();
	s = p11_session(CKF_RW_SESSION);
	OK(p11->C_GetTokenInfo(0, &token) == CKR_OK &&
		p11->C_GetMechanismList(0, NULL, &n) == CKR_OK &&
		p11->C_GetSessionInfo(s, &info) == CKR_OK &&
		p11->C_Login(s, CKU_USER, NULL, 0) == CKR_OK &&
		p11->C_Logout(s) == CKR_OK &&
		p11->C_GenerateRandom(s, bytes, sizeof(bytes)) == CKR_OK &&
		p11->C_CloseSession(s) == CKR_OK,
	    "all that a program does before it looks for a key");
	COUNT(calls(NULL), 0, "asks KMS nothing");
	key = find_label("the key", CKO_SECRET_KEY);
	calls_clear();
	RV(p11->C_GetObjectSize(rw, key, &size), CKR_OK, "C_GetObjectSize");
	OK(size == CK_UNAVAILABLE_INFORMATION, "KMS does not say");
	COUNT(calls(NULL), 0, "nor is it asked");
}

/* Keys that can do nothing are no objects. */
static void
test_hidden_keys(void)
{
	struct kms kms = account_kms();
	struct account a;
	char id_of_key[64];

	p11_stop();
	testenv_config(NULL, "refresh = 0", NULL);
	p11_start();
	account_read(&a);
	COUNT(a.count, 2, "two keys");
	snprintf(id_of_key, sizeof(id_of_key), "%.63s", strrchr(arn, '/') + 1);
	NEED(kms_schedule_key_deletion(&kms, id_of_key, 7) == ERR_OK,
	    "one of them is to be deleted");
	COUNT(
	    find(rw, NULL, 0, NULL, 0), 2, "the other's two objects are left");
	COUNT(find_label("the key", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "its label leads to no object");
}

/* Names change past the module; this program searches by name alone. */
static void
test_names_move(void)
{
	static CK_BYTE one[] = {0x01};
	CK_ATTRIBUTE by_id[] = {A(CKA_ID, one)};
	CK_OBJECT_HANDLE a = key_make(material(5), "first"),
			 b = key_make(material(6), "second"), found;
	struct account_key ka, kb;
	struct kms k = account_kms();

	NEED(account_alias("alias/first", &ka) &&
		 account_alias("alias/second", &kb),
	    "two keys");
	p11_stop();
	p11_start();
	NEED(find(rw, NULL, 0, NULL, 0) >= 2, "all are listed");
	a = find_label("first", CKO_SECRET_KEY);
	b = find_label("second", CKO_SECRET_KEY);
	NEED(kms_create_alias(&k, "alias/other", ka.id) == ERR_OK &&
		 kms_delete_alias(&k, "alias/first") == ERR_OK,
	    "the first is renamed");
	COUNT(find_label("other", CKO_SECRET_KEY), a, "its new label finds it");
	OK(attr_is_text(a, CKA_LABEL, "other"), "and is the one that it shows");
	NEED(kms_update_alias(&k, "alias/other", kb.id) == ERR_OK,
	    "the label goes to the second");
	COUNT(find_label("other", CKO_SECRET_KEY), b, "which it finds");
	OK(attr_is_text(b, CKA_LABEL, "other"), "and which shows it");
	OK(!attr_is_text(a, CKA_LABEL, "other"), "the first does so no more");
	NEED(kms_create_alias(&k, "alias/keyferry/id/01", ka.id) == ERR_OK,
	    "an id");
	COUNT(find(rw, by_id, 1, &found, 1), 1, "is found");
	OK(found == a && attr_is(a, CKA_ID, one, 1), "and is the first's");
	NEED(kms_update_alias(&k, "alias/keyferry/id/01", kb.id) == ERR_OK,
	    "it goes to the second");
	COUNT(find(rw, by_id, 1, &found, 1), 1, "is found");
	OK(found == b && attr_is(b, CKA_ID, one, 1), "and is the second's");
	OK(!attr_is(a, CKA_ID, one, 1), "and not the first's any more");
}

int
main(void)
{
	testenv_start();
	/* a listing of before must not go stale on a slow machine */
	testenv_config(NULL, "refresh = 3600", NULL);
	p11_start();
	COUNT(find(rw, NULL, 0, NULL, 0), 0, "an empty token");
	make_objects();
	test_templates();
	p11_stop();
	p11_start();
	key = find_label("the key", CKO_SECRET_KEY);
	pair.public = find_label("the pair", CKO_PUBLIC_KEY);
	pair.private = find_label("the pair", CKO_PRIVATE_KEY);
	test_halves();
	test_listing();
	test_attributes_after_listing();
	test_two_at_once();
	test_free_calls();
	test_hidden_keys();
	test_older_name();
	test_names_move();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
