/* Other names for keys: at every moment the old one or the new one is found,
 * also where changes are shown late and two rename at once. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "account.h"
#include "child.h"
#include "cryptoki/cryptoki.h"

static void
add_alias(const char *alias, const char *key)
{
	struct kms k = account_kms();

	NEED(kms_create_alias(&k, alias, key) == ERR_OK, "%s is added", alias);
}

static CK_RV
set(CK_OBJECT_HANDLE h, CK_ATTRIBUTE *t, CK_ULONG count)
{
	return (p11->C_SetAttributeValue(rw, h, t, count));
}

static CK_RV
set_label(CK_OBJECT_HANDLE h, const char *label)
{
	CK_ATTRIBUTE t = {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)};

	return (set(h, &t, 1));
}

static void
begin(const char *more)
{
	p11_stop();
	testenv_config(NULL, more, NULL);
	p11_start();
}

static const char *
key_id(const char *alias)
{
	static char id[KMS_ID_SIZE];
	struct account_key a;

	NEED(account_alias(alias, &a), "%s leads to a key", alias);
	memcpy(id, a.id, sizeof(id));
	return (id);
}

/* The label that the caller saw goes; the others stay. */
static void
test_several(void)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "one");
	const char *id = key_id("alias/one");

	add_alias("alias/two", id);
	add_alias("alias/three", id);
	OK(attr_is_text(h, CKA_LABEL, "one"), "the first is shown");
	RV(set_label(h, "four"), CKR_OK, "a key of three labels is renamed");
	OK(!account_has_alias("alias/one") &&
		account_leads_to("alias/two", id) &&
		account_leads_to("alias/three", id) &&
		account_leads_to("alias/four", id),
	    "the label that was shown makes room for the new one");
	h = find_label("three", CKO_SECRET_KEY);
	NEED(h != CK_INVALID_HANDLE, "it is found by another label");
	OK(attr_is_text(h, CKA_LABEL, "three"), "which is shown then");
	RV(set_label(h, "five"), CKR_OK, "renamed once more");
	OK(!account_has_alias("alias/three") &&
		account_leads_to("alias/two", id) &&
		account_leads_to("alias/five", id),
	    "that label goes");
}

/* All of a template or nothing. */
static void
test_both(void)
{
	CK_BYTE first[] = {7, 1}, second[] = {7, 2}, taken[] = {7, 3};
	CK_ATTRIBUTE both[] = {
	    A_BYTES(CKA_LABEL, "both new", 8), A(CKA_ID, second)};
	CK_ATTRIBUTE bad[] = {
	    A_BYTES(CKA_LABEL, "neither", 7), A(CKA_ID, taken)};
	struct key_template k;
	CK_OBJECT_HANDLE h = 0, other = 0;

	key_template(&k, material(2), "both");
	template_add(&k, CKA_ID, first, sizeof(first));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key");
	key_template(&k, material(3), "other");
	template_add(&k, CKA_ID, taken, sizeof(taken));
	RV(p11->C_CreateObject(rw, k.t, k.count, &other), CKR_OK, "another");
	RV(set(h, both, 2), CKR_OK, "label and id at once");
	OK(account_has_alias("alias/keyferry/label/both_20new") &&
		account_has_alias("alias/keyferry/id/0702") &&
		!account_has_alias("alias/both") &&
		!account_has_alias("alias/keyferry/id/0701"),
	    "both are new, and the old ones are free");
	RV(set(h, bad, 2), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a label that is free, with an id that is not");
	OK(!account_has_alias("alias/neither") &&
		account_has_alias("alias/keyferry/label/both_20new") &&
		account_has_alias("alias/keyferry/id/0702"),
	    "nothing has changed");
	OK(attr_is_text(h, CKA_LABEL, "both new") &&
		attr_is(h, CKA_ID, second, 2),
	    "the object says the same");
	calls_clear();
	RV(set(h, both, 2), CKR_OK, "the names that it has");
	COUNT(calls("CreateAlias") + calls("DeleteAlias"), 0, "are no change");
}

/* A look that comes late does not show an id that the key has: the template
 * fails, and the id stays. */
static void
test_own_id_stays(void)
{
	static CK_BYTE id[] = {7, 5};
	static char long_label[300];
	CK_ATTRIBUTE t[] = {
	    A(CKA_ID, id), A_BYTES(CKA_LABEL, long_label, sizeof(long_label))};
	struct key_template k;
	CK_OBJECT_HANDLE h = 0;

	memset(long_label, 'x', sizeof(long_label));
	key_template(&k, material(8), "with an id");
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key");
	for (int skip = 0; skip < 3; skip++) {
		control("POST",
		    "/faults?operation=DescribeKey&fault=error&skip=%d"
		    "&error=NotFoundException",
		    skip);
		RV(set(h, t, 2), CKR_ATTRIBUTE_VALUE_INVALID,
		    "its own id and no label, late look %d", skip);
		faults_clear();
		OK(account_has_alias("alias/keyferry/id/0705"), "the id stays");
	}
}

/* Programs that look for both halves first and rename them one by one. */
static void
test_halves(void)
{
	CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_BYTE id[] = {7, 4};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256)};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_SIGN, yes),
	    A_BYTES(CKA_LABEL, "halves", 6)};
	CK_ATTRIBUTE names[] = {A_BYTES(CKA_LABEL, "hex", 3), A(CKA_ID, id)};
	CK_OBJECT_HANDLE half[2];

	RV(p11->C_GenerateKeyPair(rw, &m, pub, 1, priv, 3, &half[0], &half[1]),
	    CKR_OK, "a pair");
	for (int i = 0; i < 2; i++)
		RV(set(half[i], names, 2), CKR_OK, "half %d is renamed", i);
	for (int i = 0; i < 2; i++)
		OK(attr_is_text(half[i], CKA_LABEL, "hex") &&
			attr_is(half[i], CKA_ID, id, 2),
		    "half %d has the names, by its old handle", i);
	RV(set_label(half[0], "by public"), CKR_OK, "the public half alone");
	OK(attr_is_text(half[1], CKA_LABEL, "by public"),
	    "renames the key, which both stand for");
}

static bool
exists(const char *name)
{
	return (access(testenv_path(name), F_OK) == 0);
}

static void
wait_for(const char *name)
{
	struct timespec pause = {.tv_nsec = 5000000};

	for (int i = 0; i < 4000 && !exists(name); i++)
		nanosleep(&pause, NULL);
}

/* "OLD>NEW": says that it has the key, and renames it when it may. */
static CK_RV
rename_in_child(const char *argument)
{
	char text[64], *label;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	snprintf(text, sizeof(text), "%s", argument);
	label = strchr(text, '>');
	*label++ = '\0';
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	h = find_label(text, CKO_SECRET_KEY);
	testenv_write(label, "");
	wait_for("go");
	if (h == CK_INVALID_HANDLE)
		return (CKR_OBJECT_HANDLE_INVALID);
	rv = set_label(h, label);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* The same on another machine: with a state directory of its own. */
static CK_RV
rename_elsewhere(const char *argument)
{
	setenv("KEYFERRY_CONFIG", testenv_path("elsewhere.conf"), 1);
	return (rename_in_child(argument));
}

/* While another process renames, one of the names is there. */
static void
test_no_gap(void)
{
	struct timespec pause = {.tv_nsec = 10000000};
	struct child s;
	unsigned gaps = 0, looks = 0;
	const char *id;

	begin("settle = 1");
	key_make(material(4), "before");
	id = key_id("alias/before");
	control("POST", "/consistency?ms=1500");
	testenv_write("go", "");
	while (!account_has_alias("alias/before"))
		nanosleep(&pause, NULL);
	s = child_start("rename", "before>after");
	while (!account_has_alias("alias/after") ||
	       account_has_alias("alias/before")) {
		gaps += !account_has_alias("alias/after") &&
			!account_has_alias("alias/before");
		if (++looks > 1000)
			break;
		nanosleep(&pause, NULL);
	}
	RV(child_wait(&s), CKR_OK, "a rename where changes are shown late");
	OK(looks > 10 && looks <= 1000, "was watched (%u looks)", looks);
	COUNT(gaps, 0, "at every moment there was a name");
	OK(account_leads_to("alias/after", id) &&
		!account_has_alias("alias/before"),
	    "the new one remains");
	control("POST", "/reset");
}

/* Both have seen the same label. */
static void
test_two_at_once(const char *first, const char *second)
{
	const char *const names[] = {first, second};
	char argument[64], alias[2][64], old[64];
	struct child s[2];
	CK_OBJECT_HANDLE h;
	const char *id;
	bool has[2];

	begin(NULL);
	key_make(material(5), second);
	snprintf(old, sizeof(old), "alias/%s", second);
	id = key_id(old);
	(void)remove(testenv_path("go"));
	for (int i = 0; i < 2; i++) {
		snprintf(
		    argument, sizeof(argument), "%s>%s-%d", second, second, i);
		s[i] = child_start(names[i], argument);
		wait_for(strchr(argument, '>') + 1);
	}
	testenv_write("go", "");
	RV(child_wait(&s[0]), CKR_OK, "one renames");
	RV(child_wait(&s[1]), CKR_OK, "another at the same time");
	for (int i = 0; i < 2; i++) {
		snprintf(alias[i], sizeof(alias[i]), "alias/%s-%d", second, i);
		has[i] = account_leads_to(alias[i], id);
	}
	OK(!account_has_alias(old) && (has[0] || has[1]),
	    "the old name is gone, a new one is there");
	begin(NULL);
	h = find_label(alias[!has[0]] + strlen("alias/"), CKO_SECRET_KEY);
	RV(set_label(h, "later"), CKR_OK, "it can be renamed later");
	OK(attr_is_text(h, CKA_LABEL, "later") &&
		!account_has_alias(alias[!has[0]]) &&
		account_leads_to("alias/later", id),
	    "and has that name");
	RV(set_label(h, second), CKR_OK, "and once more");
}

/* A rename that KMS refuses: the key has the names that it had, and shows them.
 * skip: so many requests of that operation are let through. */
static void
check_refused(unsigned n, const char *operation, int skip, const char *error,
    bool with_id, bool undone)
{
	static const struct {
		const char *error;
		CK_RV rv;
	} rows[] = {{"AccessDeniedException", CKR_ACTION_PROHIBITED},
	    {"LimitExceededException", CKR_DEVICE_MEMORY},
	    {"ThrottlingException", CKR_DEVICE_ERROR},
	    {"KMSInvalidStateException", CKR_FUNCTION_FAILED}};
	CK_BYTE id[] = {9, 1, (CK_BYTE)n}, other[] = {9, 2, (CK_BYTE)n};
	char label[32], new[32], alias[2][64], ids[2][64], what[120];
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_LABEL, new, 0), A(CKA_ID, other)};
	struct key_template k;
	CK_OBJECT_HANDLE h = 0;
	CK_RV want = CKR_OK;

	snprintf(what, sizeof(what), "%s %d, %s, %s", operation, skip, error,
	    with_id ? "label and id" : "label");
	for (size_t i = 0; i < ELEMS(rows); i++)
		if (strcmp(error, rows[i].error) == 0)
			want = rows[i].rv;
	snprintf(label, sizeof(label), "as-it-was-%u", n);
	snprintf(new, sizeof(new), "as-it-is-not-%u", n);
	t[0].ulValueLen = strlen(new);
	snprintf(alias[0], sizeof(alias[0]), "alias/%s", label);
	snprintf(alias[1], sizeof(alias[1]), "alias/%s", new);
	snprintf(ids[0], sizeof(ids[0]), "alias/keyferry/id/0901%02x", n);
	snprintf(ids[1], sizeof(ids[1]), "alias/keyferry/id/0902%02x", n);
	key_template(&k, material(n), label);
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "a key");
	control("POST",
	    "/faults?operation=%s&fault=error&count=%d&skip=%d"
	    "&error=%s",
	    operation, undone ? 1 : 0, skip, error);
	RV(set(h, t, with_id ? 2 : 1), want, "%s", what);
	faults_clear();
	OK(attr_is_text(h, CKA_LABEL, label) && attr_is(h, CKA_ID, id, 3),
	    "%s: the object shows what it had", what);
	OK(account_has_alias(alias[0]) && account_has_alias(ids[0]),
	    "%s: its names lead to it", what);
	if (undone)
		OK(!account_has_alias(alias[1]) && !account_has_alias(ids[1]),
		    "%s: the others do not", what);
	RV(set(h, t, with_id ? 2 : 1), CKR_OK, "%s: allowed, it is done", what);
	OK(attr_is_text(h, CKA_LABEL, new) && account_has_alias(alias[1]) &&
		!account_has_alias(alias[0]) &&
		account_has_alias(ids[1]) == with_id &&
		account_has_alias(ids[0]) != with_id,
	    "%s: and it has the new names alone", what);
}

static void
test_refused(void)
{
	unsigned n = 20;

	for (int with_id = 0; with_id < 2; with_id++)
		for (int skip = 0; skip <= with_id; skip++) {
			check_refused(n++, "CreateAlias", skip,
			    "AccessDeniedException", with_id, true);
			check_refused(n++, "CreateAlias", skip,
			    "LimitExceededException", with_id, true);
			check_refused(n++, "DeleteAlias", skip,
			    "AccessDeniedException", with_id, true);
			check_refused(n++, "DeleteAlias", skip,
			    "KMSInvalidStateException", with_id, true);
		}
	/* not even what was done can be undone */
	check_refused(
	    n++, "DeleteAlias", 0, "AccessDeniedException", true, false);
	OK(strstr(testenv_read("log"), "has names of before and new ones"),
	    "the log says which names it has");
}

/* To the end of the call's time. */
static void
test_throttled(void)
{
	begin("timeout = 2");
	check_refused(60, "CreateAlias", 0, "ThrottlingException", true, false);
	check_refused(61, "DeleteAlias", 0, "ThrottlingException", true, false);
}

static const struct child_row children[] = {
    {"rename", rename_in_child}, {"elsewhere", rename_elsewhere}};

int
main(int argc, char **argv)
{
	char conf[512];

	child_main(argc, argv, children, ELEMS(children));
	testenv_start();
	testenv_log("info");
	p11_start();
	test_several();
	test_both();
	test_own_id_stays();
	test_halves();
	test_no_gap();
	snprintf(conf, sizeof(conf), "state = %s\n[token test]\nsettle = 0\n",
	    testenv_path("elsewhere"));
	testenv_write("elsewhere.conf", conf);
	test_two_at_once("rename", "rename");
	test_two_at_once("rename", "elsewhere");
	test_refused();
	test_throttled();
	testenv_stop();
	return (tap_done());
}
