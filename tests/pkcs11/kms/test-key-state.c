/* CKA_KEYFERRY_KEY_STATE: a search for it finds keys that others leave out; to
 * set it enables, disables, and cancels a deletion. Keys of custom key stores
 * are shown as what they are. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"
#include "p11.h"

static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};

static CK_RV
set_state(CK_OBJECT_HANDLE h, const char *state)
{
	CK_ATTRIBUTE a = A_BYTES(
	    CKA_KEYFERRY_KEY_STATE, (void *)(uintptr_t)state, strlen(state));

	return (p11->C_SetAttributeValue(rw, h, &a, 1));
}

static bool
is_in(CK_OBJECT_HANDLE h, const char *state)
{
	return (attr_is_text(h, CKA_KEYFERRY_KEY_STATE, state));
}

/* How many objects are in the state; *h is the first of that class. */
static CK_ULONG
search(const char *state, CK_OBJECT_CLASS class, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_KEYFERRY_KEY_STATE,
				(void *)(uintptr_t)state, strlen(state)),
	    A(CKA_CLASS, class)};
	CK_OBJECT_HANDLE found[4] = {CK_INVALID_HANDLE};
	CK_ULONG n = find(rw, t, 2, found, 4);

	*h = found[0];
	return (n);
}

static CK_RV
seal(CK_OBJECT_HANDLE h)
{
	CK_BYTE out[1024];
	CK_ULONG len = sizeof(out);

	return (encrypt(h, &kms_mechanism, "text", 4, out, &len));
}

static void
test_enable(void)
{
	CK_OBJECT_HANDLE h = key_make(material(1), "one"), found;

	COUNT(
	    search("Disabled", CKO_SECRET_KEY, &found), 0, "none is disabled");
	RV(set_state(h, "Disabled"), CKR_OK, "a key is disabled");
	OK(is_in(h, "Disabled"), "it says so");
	RV(seal(h), CKR_KEY_FUNCTION_NOT_PERMITTED, "it does not encrypt");
	COUNT(find_label("one", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "its label finds nothing");
	COUNT(search("Disabled", CKO_SECRET_KEY, &found), 1, "its state finds");
	COUNT(found, h, "it");
	calls_clear();
	RV(set_state(h, "Disabled"), CKR_OK, "disabled again");
	COUNT(calls("DisableKey"), 0, "nothing is done");
	RV(set_state(found, "Enabled"), CKR_OK, "it is enabled");
	RV(seal(h), CKR_OK, "and encrypts");
	COUNT(find_label("one", CKO_SECRET_KEY), h, "its label finds it");
	COUNT(
	    search("Enabled", CKO_SECRET_KEY, &found), 1, "so does its state");
}

static void
test_refusals(void)
{
	static const char *const words[] = {"", "Enable", "enabled", "Updating",
	    "PendingDeletion", "PendingImport", "Unavailable",
	    "Enabled and very much more than any word of KMS could ever hold"};
	CK_OBJECT_HANDLE h = find_label("one", CKO_SECRET_KEY);
	CK_ATTRIBUTE both[] = {A_BYTES(CKA_KEYFERRY_KEY_STATE, "Disabled", 8),
	    A_BYTES(CKA_LABEL, "two", 3)};
	CK_SESSION_HANDLE ro = p11_session(0);
	struct pair_handles p = pair_generate("pair"), q = pair_make("waits");

	for (size_t i = 0; i < ELEMS(words); i++)
		RV(set_state(h, words[i]), CKR_ATTRIBUTE_VALUE_INVALID,
		    "an enabled key to \"%s\"", words[i]);
	RV(p11->C_SetAttributeValue(rw, h, both, 2), CKR_TEMPLATE_INCONSISTENT,
	    "with a label");
	RV(p11->C_SetAttributeValue(ro, h, both, 1), CKR_SESSION_READ_ONLY,
	    "in a session that is read-only");
	OK(is_in(h, "Enabled"), "it is as it was");
	RV(set_state(p.public, "Disabled"), CKR_ATTRIBUTE_READ_ONLY,
	    "by the public half");
	RV(set_state(q.private, "Enabled"), CKR_ATTRIBUTE_VALUE_INVALID,
	    "a key that waits for its material");
	RV(set_state(p.private, "Disabled"), CKR_OK, "a pair is disabled");
	RV(sign_text(p.private, &ecdsa), CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "and does not sign");
	RV(set_state(p.private, "Enabled"), CKR_OK, "before it is enabled");
	control("POST", "/faults?operation=DisableKey&fault=error&count=1"
			"&error=AccessDeniedException");
	RV(set_state(h, "Disabled"), CKR_ACTION_PROHIBITED, "KMS denies it");
	OK(is_in(h, "Enabled"), "it is as it was");
	RV(p11->C_CloseSession(ro), CKR_OK, "closed");
}

/* Keys of a label, in all states. */
static CK_RV
find_begin_of_all_states(const char *label)
{
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_KEYFERRY_KEY_STATE, NULL, 0),
	    A_BYTES(CKA_LABEL, (void *)(uintptr_t)label, strlen(label))};
	CK_RV rv = p11->C_FindObjectsInit(rw, t, 2);

	if (rv == CKR_OK)
		p11->C_FindObjectsFinal(rw);
	return (rv);
}

/* An empty value: keys in all states, or a failure, never a part of them. */
static void
test_all_states(void)
{
	CK_OBJECT_HANDLE h = find_label("one", CKO_SECRET_KEY), found;

	RV(set_state(h, "Disabled"), CKR_OK, "a key is disabled");
	COUNT(search("", CKO_SECRET_KEY, &found), 1, "it is found");
	COUNT(found, h, "by a search for all states");
	control("POST", "/faults?operation=ListKeys&fault=error&count=1"
			"&error=AccessDeniedException");
	COUNT(search("", CKO_SECRET_KEY, &found), CK_UNAVAILABLE_INFORMATION,
	    "the search fails where keys may not be listed");
	RV(find_begin_of_all_states("one"), CKR_OK, "one by its label");
	control("POST", "/denials?operation=DescribeKey");
	RV(find_begin_of_all_states("one"), CKR_FUNCTION_FAILED,
	    "fails where it may not be described");
	COUNT(find_label("one", CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "another search does not");
	control("DELETE", "/denials");
	RV(set_state(h, "Enabled"), CKR_OK, "it is enabled");
}

/* What schedule-deletion left comes back; its names do not. */
static void
test_cancel(void)
{
	CK_OBJECT_HANDLE h = key_make(material(2), "gone"), found, again;
	CK_ATTRIBUTE names[] = {
	    A_BYTES(CKA_LABEL, "back", 4), A_BYTES(CKA_ID, "\1\2", 2)};
	CK_ULONG date;

	RV(seal(h), CKR_OK, "a key in use");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "is destroyed");
	COUNT(search("PendingDeletion", CKO_SECRET_KEY, &found), 1,
	    "a search by state finds it");
	date = attr_number(found, CKA_KEYFERRY_DELETION_DATE);
	OK(date > (CK_ULONG)time(NULL) + 29 * 86400 &&
		date < (CK_ULONG)time(NULL) + 31 * 86400,
	    "and the day of its deletion");
	RV(p11->C_SetAttributeValue(rw, found, names, 2), CKR_ACTION_PROHIBITED,
	    "it cannot be renamed now");
	RV(set_state(found, "Disabled"), CKR_OK, "the deletion is cancelled");
	OK(is_in(found, "Disabled"), "it is disabled");
	OK(attr(found, CKA_KEYFERRY_DELETION_DATE, &date, sizeof(date)) == 0,
	    "and has no such day");
	RV(set_state(found, "Enabled"), CKR_OK, "it is enabled");
	COUNT(
	    attr(found, CKA_LABEL, names[0].pValue, 0), 0, "its label is gone");
	RV(p11->C_SetAttributeValue(rw, found, names, 2), CKR_OK,
	    "it can have others");
	COUNT(find_label("back", CKO_SECRET_KEY), found, "that find it");
	RV(seal(found), CKR_OK, "and it encrypts");

	RV(p11->C_DestroyObject(rw, found), CKR_OK, "destroyed again");
	COUNT(search("PendingDeletion", CKO_SECRET_KEY, &again), 1,
	    "it is there");
	control("POST", "/faults?operation=CancelKeyDeletion&fault=error"
			"&count=1&error=AccessDeniedException");
	RV(set_state(again, "Enabled"), CKR_ACTION_PROHIBITED,
	    "to cancel is denied");
	OK(is_in(again, "PendingDeletion"), "nothing has changed");
	control("POST", "/faults?operation=EnableKey&fault=error"
			"&count=1&error=AccessDeniedException");
	testenv_write("log", "");
	RV(set_state(again, "Enabled"), CKR_ACTION_PROHIBITED,
	    "to enable is denied");
	OK(is_in(again, "Disabled"), "it is Disabled then");
	OK(strstr(
	       testenv_read("log"), "is cancelled, and it is not yet Enabled"),
	    "which the log says");
	RV(set_state(again, "Enabled"), CKR_OK, "all in one");
	RV(seal(again), CKR_OK, "and it encrypts");
}

/* The destruction that a call left half done does not go on behind a tool's
 * back. */
static void
test_left(void)
{
	CK_OBJECT_HANDLE h = key_make(material(3), "left"), found;

	control("POST", "/faults?operation=ScheduleKeyDeletion&fault=cut-after"
			"&count=1");
	control("POST", "/faults?operation=ListAliases&skip=1&fault=error"
			"&count=0&error=KMSInternalException");
	(void)p11->C_DestroyObject(rw, h);
	faults_clear();
	COUNT(search("PendingDeletion", CKO_SECRET_KEY, &found), 1,
	    "a destruction that was not finished");
	RV(set_state(found, "Enabled"), CKR_OK, "is cancelled");
	key_make(material(4), "another");
	RV(seal(found), CKR_OK, "the next call lets it be");
	OK(is_in(found, "Enabled"), "it is enabled");
}

/* A pair that never had material. */
static void
test_empty(void)
{
	struct kms k = account_kms();
	struct account_key a;
	CK_OBJECT_HANDLE found;

	NEED(account_alias("alias/waits", &a) &&
		 kms_schedule_key_deletion(&k, a.id, 7) == ERR_OK,
	    "someone has a key deleted that waits");
	COUNT(search("PendingDeletion", CKO_SECRET_KEY, &found), 1,
	    "it is found");
	RV(set_state(found, "Enabled"), CKR_FUNCTION_FAILED,
	    "it cannot be enabled");
	COUNT(search("PendingImport", CKO_PRIVATE_KEY, &found), 1,
	    "but its deletion is cancelled");
}

/* Two keys of KMS behind one object change together. */
static void
test_two_usages(void)
{
	struct external_key o;
	struct account now;
	CK_OBJECT_HANDLE h = 0;

	external_key_make(&o, &external_key_rsa_2048, 0, "two");
	template_add(&o.t, CKA_SIGN, &yes, sizeof(yes));
	template_add(&o.t, CKA_DECRYPT, &yes, sizeof(yes));
	account_read(&now);
	COUNT(account_in(&now, "Disabled"), 0, "none is disabled");
	RV(p11->C_CreateObject(rw, o.t.t, o.t.count, &h), CKR_OK,
	    "a key for two usages");
	RV(set_state(h, "Disabled"), CKR_OK, "is disabled");
	account_read(&now);
	COUNT(account_in(&now, "Disabled"), 2, "both of its keys are");
	RV(set_state(h, "Enabled"), CKR_OK, "it is enabled");
	account_read(&now);
	COUNT(account_in(&now, "Disabled"), 0, "both of its keys are");
	external_key_free(&o);
}

/* A key whose metadata KMS's reply says to be so. */
static void
check_store(const char *origin, bool local)
{
	const char *id;
	char patch[200], alias[64], store[32];
	CK_OBJECT_HANDLE h, found;
	CK_BBOOL truth = local ? yes : no;

	snprintf(store, sizeof(store), "of-%s", origin);
	snprintf(alias, sizeof(alias), "alias/%s", store);
	id = account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", alias);
	snprintf(patch, sizeof(patch), "{\"KeyMetadata\":{\"Origin\":\"%s\"}}",
	    origin);
	edit_replies("DescribeKey", id, patch);
	h = find_label(store, CKO_SECRET_KEY);
	OK(attr_is_text(h, CKA_KEYFERRY_ORIGIN, origin), "%s: shown", origin);
	OK(attr_is(h, CKA_LOCAL, &truth, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &truth, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &truth, 1),
	    "%s: made in KMS or not", origin);
	COUNT(attr_number(h, CKA_KEY_GEN_MECHANISM),
	    local ? CKM_AES_KEY_GEN : CK_UNAVAILABLE_INFORMATION,
	    "%s: by which mechanism", origin);
	RV(seal(h), CKR_OK, "%s: it is used", origin);
	snprintf(patch, sizeof(patch),
	    "{\"KeyMetadata\":{\"Origin\":\"%s\",\"KeyState\":\"Unavailable\"}"
	    "}",
	    origin);
	faults_clear();
	edit_replies("DescribeKey", id, patch);
	control("POST", "/faults?operation=Encrypt&fault=error&count=0"
			"&error=KMSInvalidStateException");
	COUNT(search("Unavailable", CKO_SECRET_KEY, &found), 1,
	    "%s: Unavailable, it is found by its state", origin);
	COUNT(found, h, "%s: which is the same", origin);
	RV(seal(found), CKR_KEY_FUNCTION_NOT_PERMITTED, "%s: its use", origin);
	RV(set_state(found, "Enabled"), CKR_ATTRIBUTE_VALUE_INVALID,
	    "%s: nobody can enable it", origin);
	RV(set_state(found, "Disabled"), CKR_ATTRIBUTE_VALUE_INVALID,
	    "%s: nor disable it", origin);
	OK(is_in(found, "Unavailable"), "%s: it says so still", origin);
	COUNT(find_label(store, CKO_SECRET_KEY), CK_INVALID_HANDLE,
	    "%s: its label finds nothing", origin);
	faults_clear();
}

/* KMS fails: nobody knows whether it did it. */
static void
test_deletion_unknown(void)
{
	CK_OBJECT_HANDLE h;

	h = key_make(material(31), "stuck");
	testenv_write("log", "");
	control("POST",
	    "/faults?operation=ScheduleKeyDeletion&count=0&fault=internal");
	RV(p11->C_DestroyObject(rw, h), CKR_DEVICE_ERROR, "KMS fails");
	control("DELETE", "/faults");
	OK(strstr(testenv_read("log"), "may remain in use in us-east-1") !=
		NULL,
	    "the log says what may remain");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "destroyed again");
}

static void
go_to(CK_SLOT_ID slot)
{
	p11->C_CloseSession(rw);
	NEED(p11->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		 NULL, &rw) == CKR_OK,
	    "a session in another Region");
}

/* Two tokens, each with replicas in the other's Region: who destroys a replica
 * destroys nothing of the primary's. */
static void
test_replica(void)
{
	CK_OBJECT_HANDLE h = key_make(material(9), "primary"), found;
	struct account_key k;
	char regions[64];
	size_t files;

	NEED(account_alias("alias/primary", &k), "a key in two Regions");
	OK((files = testenv_state_files(k.id)) != 0,
	    "the state directory has of it");
	testenv_write("log", "");
	control("POST", "/faults?operation=DescribeKey&count=0&fault=error"
			"&error=AccessDeniedException");
	COUNT(attr(h, CKA_KEYFERRY_REGIONS, regions, sizeof(regions)),
	    CK_UNAVAILABLE_INFORMATION, "its Regions, which KMS does not tell");
	control("DELETE", "/faults");
	OK(strstr(testenv_read("log"), "AccessDeniedException") != NULL,
	    "the log says why");
	go_to(1);
	h = find_label("primary", CKO_SECRET_KEY);
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "its replica is destroyed");
	COUNT(search("PendingDeletion", CKO_SECRET_KEY, &found), 1,
	    "and waits for its deletion");
	go_to(0);
	COUNT(testenv_state_files(k.id), files - 1,
	    "the file of the replica is gone, those of the primary are left");
	RV(seal(find_label("primary", CKO_SECRET_KEY)), CKR_OK,
	    "and the primary is in use");
}

int
main(void)
{
	char log[300];

	testenv_start();
	snprintf(log, sizeof(log), "log = info:%s", testenv_path("log"));
	testenv_config(log, NULL, NULL);
	p11_start();
	test_enable();
	test_all_states();
	test_refusals();
	p11_stop();
	testenv_config(log, "destroy = schedule-deletion", NULL);
	p11_start();
	test_cancel();
	test_left();
	test_empty();
	check_store("AWS_CLOUDHSM", true);
	check_store("EXTERNAL_KEY_STORE", false);
	test_deletion_unknown();
	p11_stop();
	testenv_config(log, "two-usages = both", NULL);
	p11_start();
	test_two_usages();
	p11_stop();
	testenv_config(log, "replicas = eu-west-1",
	    "[token west]\nregion = eu-west-1\nslot = 1\n"
	    "destroy = schedule-deletion\nreplicas = us-east-1\n");
	p11_start();
	test_replica();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
