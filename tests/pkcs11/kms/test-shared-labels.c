/* Labels that belong to several keys, and which keys KMS's own names mean. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define LABEL "shared label"
#define PLAIN "alias/keyferry/label/shared_20label"
#define NUMBER "alias/keyferry/more/%d/shared_20label"

static CK_BYTE ids[8][2];

static const char *
number(int n)
{
	static char alias[4][64];
	static int next;

	snprintf(alias[next %= 4], sizeof(alias[0]), NUMBER, n);
	return (alias[next++]);
}

static const char *
key_id(CK_OBJECT_HANDLE h)
{
	static char arn[8][KMS_ID_SIZE];
	static int next;
	CK_ULONG n = attr(h, CKA_UNIQUE_ID, arn[next %= 8], KMS_ID_SIZE - 1);

	NEED(n < KMS_ID_SIZE, "its ARN");
	arn[next][n] = '\0';
	return (strrchr(arn[next++], '/') + 1);
}

static CK_RV
create(unsigned n, const char *label, CK_OBJECT_HANDLE *h)
{
	struct key_template k;

	key_template(&k, material(n), label);
	ids[n][0] = 0xbb;
	ids[n][1] = (CK_BYTE)n;
	template_add(&k, CKA_ID, ids[n], 2);
	return (p11->C_CreateObject(rw, k.t, k.count, h));
}

static CK_RV
set_label(CK_OBJECT_HANDLE h, const char *label)
{
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};

	return (p11->C_SetAttributeValue(rw, h, &t, 1));
}

static CK_ULONG
find_all(const char *label, CK_OBJECT_HANDLE *h, CK_ULONG max)
{
	CK_ATTRIBUTE t[] = {
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label)),
	    A(CKA_CLASS, secret_class)};

	return (find(rw, t, 2, h, max));
}

static void
test_share(CK_OBJECT_HANDLE *keys)
{
	CK_OBJECT_HANDLE found[4];
	struct key_template k;
	CK_ATTRIBUTE both[] = {
	    A_BYTES(CKA_LABEL, LABEL, strlen(LABEL)), A(CKA_ID, ids[2])};

	for (unsigned i = 0; i < 3; i++)
		RV(create(i, LABEL, &keys[i]), CKR_OK, "key %u, one label", i);
	OK(account_leads_to(PLAIN, key_id(keys[0])) &&
		account_leads_to(number(3), key_id(keys[1])) &&
		account_leads_to(number(4), key_id(keys[2])) &&
		account_has_alias(number(2)),
	    "the first has the plain alias, the others numbers");
	COUNT(find_all(LABEL, found, 4), 3, "the label finds all");
	for (unsigned i = 0; i < 3; i++)
		OK(attr_is_text(keys[i], CKA_LABEL, LABEL) &&
			attr_is(keys[i], CKA_ID, ids[i], 2),
		    "key %u shows it, and its id", i);
	COUNT(find(rw, both, 2, found, 4), 1, "with an id it finds one");
	OK(found[0] == keys[2], "that of the id");
	RV(create(1, LABEL, &found[0]), CKR_OK, "the same again");
	OK(found[0] == keys[1] && !account_has_alias(number(5)),
	    "is the same key");
	key_template(&k, material(5), LABEL);
	RV(p11->C_CreateObject(rw, k.t, k.count, &found[0]),
	    CKR_ATTRIBUTE_VALUE_INVALID, "without an id it is the first's");
}

/* A fresh process lists them as they are, and mends what is missing. */
static void
test_listed(CK_OBJECT_HANDLE *keys)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class)};
	struct kms kms = account_kms();
	CK_OBJECT_HANDLE found[8];
	unsigned labelled = 0;
	CK_ULONG n;

	NEED(kms_delete_alias(&kms, number(2)) == ERR_OK,
	    "somebody has deleted the marker");
	p11_stop();
	p11_start();
	COUNT(find_all(LABEL, found, 8), 1, "the plain one alone is found");
	n = find(rw, t, 1, found, 8);
	for (CK_ULONG i = 0; i < n; i++)
		labelled += attr_is_text(found[i], CKA_LABEL, LABEL);
	COUNT(labelled, 3, "a listing shows the label of all");
	OK(account_has_alias(number(2)), "and sets the marker again");
	COUNT(find_all(LABEL, found, 8), 3, "so that all are found");
	for (CK_ULONG i = 0; i < 3; i++)
		for (unsigned k = 0; k < 3; k++)
			if (attr_is(found[i], CKA_ID, ids[k], 2))
				keys[k] = found[i];
}

/* Those that go leave the others' names alone. */
static void
test_leave(CK_OBJECT_HANDLE *keys)
{
	CK_OBJECT_HANDLE found[4], h;
	const char *id[] = {key_id(keys[0]), key_id(keys[1]), key_id(keys[2])};

	RV(set_label(keys[1], "alone"), CKR_OK, "the second is renamed");
	OK(!account_has_alias(number(3)) && account_leads_to(PLAIN, id[0]) &&
		account_leads_to(number(4), id[2]),
	    "its number is free, the others have theirs");
	COUNT(find_all(LABEL, found, 4), 2, "both are found");
	OK(account_has_alias(number(2)) && !account_leads_to(number(2), id[1]),
	    "the marker leads to one of them");
	RV(create(3, LABEL, &h), CKR_OK, "another of the label");
	OK(account_leads_to(number(3), key_id(h)),
	    "gets the number that is free");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "it is deleted");
	RV(p11->C_DestroyObject(rw, keys[0]), CKR_OK, "so is the first");
	OK(!account_has_alias(PLAIN) && account_leads_to(number(4), id[2]) &&
		account_leads_to(number(2), id[2]),
	    "the last has its number and the marker");
	COUNT(find_all(LABEL, found, 4), 1, "and is found");
	RV(set_label(keys[2], "also alone"), CKR_OK, "it is renamed, too");
	OK(!account_has_alias(number(4)) && !account_has_alias(number(2)),
	    "nothing is left of the label");
}

/* A key of another kind, to which UpdateAlias does not lead. */
static void
test_kinds(void)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_BYTE id[] = {0xcc};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256)};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_SIGN, yes),
	    A_BYTES(CKA_LABEL, LABEL, strlen(LABEL)), A(CKA_ID, id)};
	CK_OBJECT_HANDLE aes[2], half[2], h;

	for (unsigned i = 0; i < 2; i++)
		RV(create(4 + i, LABEL, &aes[i]), CKR_OK, "AES key %u", i);
	RV(p11->C_GenerateKeyPair(
	       rw, &m, pub, 1, priv, ELEMS(priv), &half[0], &half[1]),
	    CKR_OK, "a pair of the same label");
	RV(p11->C_DestroyObject(rw, aes[1]), CKR_OK, "the second goes");
	OK(account_leads_to(number(2), key_id(half[1])),
	    "the marker is the pair's");
	COUNT(find_all(LABEL, &h, 1), 1, "the first is found");
	OK(find_label(LABEL, CKO_PRIVATE_KEY) == half[1], "so is the pair");
}

static void
refused(const char *label, const char *what)
{
	struct account before, after;
	struct key_template k;
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_VALUE_LEN, len),
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label))};
	CK_OBJECT_HANDLE h = find_label("named", CKO_SECRET_KEY);

	account_read(&before);
	key_template(&k, material(7), label);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "%s: a create", what);
	RV(p11->C_GenerateKey(rw, &m, t, ELEMS(t), &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "%s: generated", what);
	RV(set_label(h, label), CKR_ATTRIBUTE_VALUE_INVALID, "%s: a rename",
	    what);
	account_read(&after);
	COUNT(after.count, before.count, "%s: no key is made", what);
}

static void
test_meanings(void)
{
	char arn[KMS_ID_SIZE] = "", *last;
	CK_OBJECT_HANDLE h = key_make(material(6), "named"), again = 0;
	struct key_template k;

	NEED(attr(h, CKA_UNIQUE_ID, arn, sizeof(arn) - 1) < sizeof(arn),
	    "its ARN");
	OK(find_label("alias/named", CKO_SECRET_KEY) == h,
	    "an alias's name finds its key");
	last = strstr(arn, ":key/");
	snprintf(last, sizeof(arn) - (size_t)(last - arn), ":alias/named");
	OK(find_label(arn, CKO_SECRET_KEY) == h, "so does its ARN");
	key_template(&k, material(6), "alias/named");
	RV(p11->C_CreateObject(rw, k.t, k.count, &again), CKR_OK,
	    "the same material by the alias");
	OK(again == h && attr_is_text(h, CKA_LABEL, "named"),
	    "is the same key, by the same label");
	RV(set_label(h, "alias/named"), CKR_OK, "its own alias");
	OK(attr_is_text(h, CKA_LABEL, "named"), "renames nothing");
	refused("alias/nobody", "an alias that there is not");
	refused("01234567-89ab-4cde-8f01-23456789abcd",
	    "a key id that there is not");
	refused("arn:aws:kms:us-east-1:111122223333:key/"
		"01234567-89ab-4cde-8f01-23456789abcd",
	    "an ARN that there is not");
}

/* Programs that give the halves of a pair different names and rename both. */
static void
test_halves(void)
{
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_BYTE id[] = {0xdd, 1}, other[] = {0xdd, 2};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256), A(CKA_ID, other),
	    A_BYTES(CKA_LABEL, "public half", 11)};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_SIGN, yes),
	    A_BYTES(CKA_LABEL, "private half", 12), A(CKA_ID, id)};
	CK_OBJECT_HANDLE half[2];

	RV(p11->C_GenerateKeyPair(
	       rw, &m, pub, ELEMS(pub), priv, ELEMS(priv), &half[0], &half[1]),
	    CKR_OK, "a pair whose halves have different names");
	for (int i = 0; i < 2; i++)
		OK(attr_is_text(half[i], CKA_LABEL, "private half") &&
			attr_is(half[i], CKA_ID, id, 2),
		    "half %d shows those of the private half", i);
	OK(strstr(testenv_read("log"), "given a different CKA_LABEL") != NULL,
	    "and the log says so");
	for (int i = 0; i < 2; i++)
		RV(set_label(half[i], "final"), CKR_OK, "half %d is renamed",
		    i);
	OK(find_label("final", CKO_PUBLIC_KEY) == half[0] &&
		find_label("final", CKO_PRIVATE_KEY) == half[1],
	    "both are found");
}

/* Who may not call UpdateAlias is not kept waiting: one try tells it. */
static void
test_denied(void)
{
	CK_OBJECT_HANDLE h[2], found[2];

	for (unsigned i = 0; i < 2; i++)
		RV(create(6 + i, "denied", &h[i]), CKR_OK, "key %u", i);
	control("POST", "/denials?operation=UpdateAlias");
	calls_clear();
	RV(p11->C_DestroyObject(rw, h[1]), CKR_OK, "the second goes");
	COUNT(calls("UpdateAlias"), 1, "its marker is tried to be led once");
	control("DELETE", "/denials");
	COUNT(find_all("denied", found, 2), 1, "the first is found");
	OK(found[0] == h[0], "and it alone");
}

static void
test_multi_region(void)
{
	CK_OBJECT_HANDLE h, found[2];
	CK_BYTE id[16];
	CK_ATTRIBUTE t[] = {A(CKA_ID, id)};

	p11_stop();
	testenv_config(NULL, "multi-region = yes", NULL);
	p11_start();
	h = key_make(material(7), "everywhere");
	COUNT(attr(h, CKA_ID, id, sizeof(id)), 16, "a multi-Region key's id");
	COUNT(find(rw, t, 1, found, 2), 1, "finds it");
	OK(found[0] == h, "and nothing else");
}

int
main(void)
{
	CK_OBJECT_HANDLE keys[3] = {0};
	testenv_start();
	testenv_log("info");
	testenv_config(NULL, "destroy = schedule-deletion", NULL);
	p11_start();
	test_share(keys);
	test_listed(keys);
	test_leave(keys);
	test_kinds();
	test_meanings();
	test_halves();
	test_denied();
	test_multi_region();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
