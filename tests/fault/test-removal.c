/* Keys that are taken back or destroyed while others fill them, while the
 * process is killed, and while KMS answers late: what somebody filled stays, and
 * what is empty goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "account.h"
#include "child.h"
#include "cryptoki/cryptoki.h"

#define WAIT_SECONDS 60
#define ADOPT "elsewhere.conf" /* another machine, which fills what it finds */
#define SCHEDULE "schedule.conf"
#define REGIONS "regions.conf" /* keys of two Regions, destroyed as there */
#define THERE "there.conf" /* the other Region */

static struct account before, after;

static CK_RV
create_elsewhere(const char *argument)
{
	setenv("KEYFERRY_CONFIG", testenv_path(ADOPT), 1);
	return (child_create(argument));
}

static CK_RV
generate(const char *label)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_ENCRYPT, yes),
	    A(CKA_VALUE_LEN, len),
	    {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
	CK_OBJECT_HANDLE h;
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = p11->C_GenerateKey(rw, &m, t, ELEMS(t), &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
destroy(const char *label, CK_OBJECT_CLASS class)
{
	CK_RV rv = p11_begin();

	if (rv == CKR_OK)
		rv = p11->C_DestroyObject(rw, find_label(label, class));
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static CK_RV
destroy_pair(const char *label)
{
	return (destroy(label, CKO_PRIVATE_KEY));
}

static CK_RV
destroy_material(const char *label)
{
	return (destroy(label, CKO_SECRET_KEY));
}

static CK_RV
destroy_all(const char *label)
{
	setenv("KEYFERRY_CONFIG", testenv_path(SCHEDULE), 1);
	return (destroy(label, CKO_SECRET_KEY));
}

static CK_RV
create_regions(const char *argument)
{
	setenv("KEYFERRY_CONFIG", testenv_path(REGIONS), 1);
	return (child_create(argument));
}

static CK_RV
destroy_regions(const char *label)
{
	setenv("KEYFERRY_CONFIG", testenv_path(REGIONS), 1);
	return (destroy(label, CKO_SECRET_KEY));
}

/* Whether the label means a key in use in the other Region, too. */
static CK_RV
is_there(const char *label)
{
	CK_RV rv;

	setenv("KEYFERRY_CONFIG", testenv_path(THERE), 1);
	rv = p11_begin();
	if (rv == CKR_OK && !attr_is_text(find_label(label, CKO_SECRET_KEY),
				CKA_KEYFERRY_KEY_STATE, "Enabled"))
		rv = CKR_OBJECT_HANDLE_INVALID;
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* How many keys wait for their deletion there: the code. */
static CK_RV
waiting_there(const char *argument)
{
	CK_ATTRIBUTE t = A_BYTES(
	    CKA_KEYFERRY_KEY_STATE, (void *)(uintptr_t) "PendingDeletion", 15);
	CK_OBJECT_HANDLE found[16];
	CK_RV rv;

	(void)argument;
	setenv("KEYFERRY_CONFIG", testenv_path(THERE), 1);
	if ((rv = p11_begin()) == CKR_OK)
		rv = (CK_RV)find(rw, &t, 1, found, ELEMS(found));
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static const struct child_row steps[] = {{"create", child_create},
    {"elsewhere", create_elsewhere}, {"generate", generate},
    {"pair", destroy_pair}, {"material", destroy_material},
    {"all", destroy_all}, {"create-regions", create_regions},
    {"regions", destroy_regions}, {"there", is_there},
    {"waiting-there", waiting_there}};

static size_t
more(const char *state)
{
	return (account_in(&after, state) - account_in(&before, state));
}

static bool
leads_to(const char *label, const char *state)
{
	struct account_key k;
	char alias[80];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	return (account_alias(alias, &k) && strcmp(k.state, state) == 0);
}

static void
pause_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static bool
wait_calls(const char *operation, unsigned long count)
{
	for (int i = 0; i < WAIT_SECONDS * 50; i++) {
		if (calls(operation) >= count)
			return (true);
		pause_ms(20);
	}
	return (false);
}

/* This process still sees a pair where another has filled the key. */
static void
test_filled_pair(void)
{
	struct pair_handles pair;

	p11_start();
	pair = pair_make("filled");
	RV(child_run("elsewhere", "filled 1"), CKR_OK, "another fills it");
	RV(p11->C_DestroyObject(rw, pair.private), CKR_ACTION_PROHIBITED,
	    "a pair that became a key is not destroyed");
	OK(leads_to("filled", "Enabled"), "it stays in use, with its name");
	OK(find_label("filled", CKO_SECRET_KEY) != CK_INVALID_HANDLE,
	    "and is found as what it is");
	pair = pair_make("empty");
	RV(p11->C_DestroyObject(rw, pair.private), CKR_OK, "an empty one is");
	OK(!leads_to("empty", "PendingImport"), "its name is free");
	p11_stop();
}

/* The same of a pair whose key had material: KMS takes no other, so nothing
 * proves that it is empty. */
static void
test_refilled_pair(void)
{
	CK_OBJECT_HANDLE h;

	RV(child_run("create", "refilled 1"), CKR_OK, "a key");
	RV(child_run("create", "emptied 1"), CKR_OK, "and another");
	RV(child_run("material", "refilled"), CKR_OK, "lose their material");
	RV(child_run("material", "emptied"), CKR_OK, "both");
	testenv_config(NULL, "destroy = schedule-deletion\n", NULL);
	p11_start();
	h = find_label("refilled", CKO_PRIVATE_KEY);
	OK(h != CK_INVALID_HANDLE, "what is left is a pair");
	RV(child_run("elsewhere", "refilled 1"), CKR_OK, "another fills it");
	account_read(&before);
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "the pair became a key again and is not destroyed");
	OK(leads_to("refilled", "Enabled"), "it stays in use, with its name");
	h = find_label("emptied", CKO_PRIVATE_KEY);
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "the empty one is destroyed");
	OK(!leads_to("emptied", "PendingImport"), "its name is free");
	account_read(&after);
	COUNT(more("PendingDeletion"), 1, "one key goes");
	p11_stop();
	testenv_config(NULL, NULL, NULL);
}

/* Its take-back failed, and a name still leads to it: it may be in use. */
static void
test_generated(void)
{
	static CK_BYTE id[] = {0x77, 0x02};
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_TOKEN, yes), A(CKA_ENCRYPT, yes),
	    A(CKA_VALUE_LEN, len), A(CKA_ID, id),
	    {CKA_LABEL, (void *)(uintptr_t) "generated", 9}};
	struct account_key k;
	CK_OBJECT_HANDLE h;

	account_read(&before);
	p11_start();
	control("POST", "/faults?operation=CreateAlias&skip=1&fault=error"
			"&error=AccessDeniedException&count=0");
	control("POST", "/faults?operation=DeleteAlias&fault=error"
			"&error=AccessDeniedException&count=0");
	RV(p11->C_GenerateKey(rw, &m, t, ELEMS(t), &h), CKR_ACTION_PROHIBITED,
	    "a key gets its id and not its label, nor is it taken back");
	p11_stop();
	faults_clear();
	OK(account_alias("alias/keyferry/id/7702", &k) &&
		strcmp(k.state, "Enabled") == 0,
	    "programs find it by its id");
	RV(child_run("create", "beside-generated 5"), CKR_OK, "the next call");
	account_read(&after);
	COUNT(more("PendingDeletion"), 0, "deletes nothing");
	OK(account_alias("alias/keyferry/id/7702", &k) &&
		strcmp(k.state, "Enabled") == 0,
	    "the key has its id");
	OK(leads_to("generated", "Enabled"), "and the label as well");
}

/* What a create made is filled by another before its own material comes. */
static void
test_filled_create(void)
{
	struct child a;

	account_read(&before);
	calls_clear();
	control("POST", "/faults?operation=GetParametersForImport&fault=delay"
			"&ms=4000&count=1");
	a = child_start("create", "overtaken 1");
	NEED(wait_calls("GetParametersForImport", 1), "it is about to import");
	RV(child_run("elsewhere", "overtaken 2"), CKR_OK,
	    "another fills its key");
	RV(child_wait(&a), CKR_ATTRIBUTE_VALUE_INVALID, "it hears of that");
	faults_clear();
	account_read(&after);
	COUNT(more("Enabled"), 1, "the other's key");
	COUNT(more("PendingDeletion"), 0, "is not taken back");
	OK(leads_to("overtaken", "Enabled"), "and has its name");
}

/* Killed at a step of a take-back or a destruction. */
static const struct moment {
	const char *step, *operation;
	unsigned skip;
	const char *fault;
	bool stays; /* the key keeps its name, and is not destroyed after all */
} moments[] = {
    {"create", "DeleteAlias", 0, "hang", false},
    {"create", "DeleteAlias", 0, "hang-after", false},
    {"create", "GetParametersForImport", 1, "hang", false},
    {"create", "ImportKeyMaterial", 1, "hang", false},
    {"create", "ImportKeyMaterial", 1, "hang-after", false},
    {"create", "ScheduleKeyDeletion", 0, "hang", false},
    {"create", "ScheduleKeyDeletion", 0, "hang-after", false},
    {"pair", "DeleteAlias", 0, "hang", false},
    {"pair", "ImportKeyMaterial", 0, "hang-after", false},
    {"pair", "ScheduleKeyDeletion", 0, "hang", false},
    {"all", "DeleteAlias", 0, "hang", true},
    {"all", "DeleteAlias", 0, "hang-after", false},
    {"all", "ScheduleKeyDeletion", 0, "hang", false},
    {"all", "ScheduleKeyDeletion", 0, "hang-after", false},
};

static void
prepare(const struct moment *m, const char *label)
{
	char argument[80];

	if (strcmp(m->step, "pair") == 0) {
		p11_start();
		(void)pair_make(label);
		p11_stop();
	} else if (strcmp(m->step, "all") == 0) {
		snprintf(argument, sizeof(argument), "%s 1", label);
		NEED(child_run("create", argument) == CKR_OK, "%s", label);
	} else {
		/* its own import fails, what takes it back does not */
		control("POST", "/faults?operation=ImportKeyMaterial&count=1"
				"&fault=error&error=LimitExceededException");
	}
	calls_clear();
}

static void
test_kill(const struct moment *m)
{
	static unsigned number;
	char label[32], argument[80], next[80], what[96];
	struct child s;

	snprintf(label, sizeof(label), "killed-%u", ++number);
	snprintf(argument, sizeof(argument),
	    strcmp(m->step, "create") == 0 ? "%s 1" : "%s", label);
	snprintf(next, sizeof(next), "next-%u 2", number);
	snprintf(
	    what, sizeof(what), "%s, %s, %s", m->step, m->operation, m->fault);
	account_read(&before);
	prepare(m, label);
	control("POST", "/faults?operation=%s&skip=%u&fault=%s", m->operation,
	    m->skip, m->fault);
	s = child_start(m->step, argument);
	OK(wait_calls(m->operation, m->skip + 1), "%s: killed there", what);
	pause_ms(200); /* for what hang-after does first */
	child_kill(&s);
	faults_clear();
	RV(child_run("create", next), CKR_OK, "%s: the next call", what);
	account_read(&after);
	COUNT(more("PendingImport"), 0, "%s: nothing waits", what);
	COUNT(more("Enabled"), m->stays ? 2 : 1, "%s: what is in use", what);
	COUNT(more("PendingDeletion"), m->stays ? 0 : 1, "%s: what goes", what);
	OK(leads_to(label, "Enabled") == m->stays, "%s: its name", what);
}

/* A key of two Regions is destroyed: the names here, those there, the replica,
 * the key. */
static const struct region_moment {
	const char *operation;
	unsigned skip;
	const char *fault;
	/* meanwhile somebody gives the key its name again: it stays */
	bool named;
} region_moments[] = {
    {"DeleteAlias", 1, "hang", false},
    {"DeleteAlias", 1, "hang-after", false},
    {"ScheduleKeyDeletion", 0, "hang", false},
    {"ScheduleKeyDeletion", 0, "hang-after", false},
    {"ScheduleKeyDeletion", 0, "hang-after", true},
    {"ScheduleKeyDeletion", 1, "hang", false},
    {"ScheduleKeyDeletion", 1, "hang", true},
    {"ScheduleKeyDeletion", 1, "hang-after", false},
    /* KMS fails there, once and for all or until the next call */
    {"DeleteAlias", 1, "internal&count=0", false},
    {"ScheduleKeyDeletion", 0, "internal&count=0", false},
    {"ScheduleKeyDeletion", 0, "cut-after&count=0", false},
    {"ScheduleKeyDeletion", 1, "internal&count=0", false},
    {"ScheduleKeyDeletion", 1, "cut-after&count=0", false},
};

static void
stop_at(const struct region_moment *m, const char *label, const char *what)
{
	struct child s;

	control("POST", "/faults?operation=%s&skip=%u&fault=%s", m->operation,
	    m->skip, m->fault);
	if (strncmp(m->fault, "hang", 4) != 0) {
		RV(child_run("regions", label), CKR_DEVICE_ERROR, "%s", what);
	} else {
		s = child_start("regions", label);
		OK(wait_calls(m->operation, m->skip + 1), "%s: killed there",
		    what);
		pause_ms(100);
		child_kill(&s);
	}
	faults_clear();
}

static void
test_regions(const struct region_moment *m)
{
	static unsigned number;
	struct kms kms = account_kms();
	char label[32], argument[80], next[80], what[96], alias[80];
	struct account_key k;
	CK_RV there;

	snprintf(label, sizeof(label), "regions-%u", ++number);
	snprintf(argument, sizeof(argument), "%s 1", label);
	snprintf(next, sizeof(next), "after-%u 2", number);
	snprintf(what, sizeof(what), "two Regions, %s %u, %s%s", m->operation,
	    m->skip, m->fault, m->named ? ", named" : "");
	snprintf(alias, sizeof(alias), "alias/%s", label);
	RV(child_run("create-regions", argument), CKR_OK, "%s", what);
	account_read(&before);
	there = child_run("waiting-there", "");
	NEED(account_alias(alias, &k), "the key");
	calls_clear();
	stop_at(m, label, what);
	if (m->named)
		NEED(kms_create_alias(&kms, alias, k.id) == ERR_OK, "a name");
	RV(child_run("create-regions", next), CKR_OK, "%s: the next call",
	    what);
	account_read(&after);
	COUNT(more("PendingReplicaDeletion"), m->named ? 0 : 1,
	    "%s: what goes here", what);
	COUNT(child_run("waiting-there", ""), there + (m->named ? 0 : 1),
	    "%s: and there", what);
	OK(leads_to(label, "Enabled") == m->named, "%s: its name", what);
	RV(child_run("there", label),
	    m->named ? CKR_OK : CKR_OBJECT_HANDLE_INVALID, "%s: and there",
	    what);
}

/* One name cannot be freed: the other comes back, and nothing has happened. */
static void
test_names_back(void)
{
	static CK_BYTE id[] = {0x77, 0x01};
	struct key_template k;
	CK_OBJECT_HANDLE h;
	struct account_key a, b;

	testenv_config(NULL, "destroy = schedule-deletion\n", NULL);
	p11_start();
	key_template(&k, material(3), "two names");
	template_add(&k, CKA_ID, id, sizeof(id));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "two names");
	control("POST", "/faults?operation=DeleteAlias&skip=1&fault=error"
			"&error=AccessDeniedException&count=0");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "one of them stays");
	faults_clear();
	OK(account_alias("alias/keyferry/id/7701", &a) &&
		account_alias("alias/keyferry/label/two_20names", &b) &&
		strcmp(a.id, b.id) == 0 && strcmp(a.state, "Enabled") == 0,
	    "the key is as before");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "a second call destroys it");
	OK(!account_alias("alias/keyferry/id/7701", &b) &&
		account_alias(a.id, &b) &&
		strcmp(b.state, "PendingDeletion") == 0,
	    "with its names");
	p11_stop();
	testenv_config(NULL, NULL, NULL);
}

/* Without the right to import, the weaker order. */
static void
test_denied(void)
{
	account_read(&before);
	control("POST", "/denials?operation=ImportKeyMaterial");
	RV(child_run("create", "denied 1"), CKR_ACTION_PROHIBITED,
	    "imports are denied");
	control("DELETE", "/denials");
	account_read(&after);
	COUNT(more("PendingImport"), 0, "nothing waits");
	COUNT(more("PendingDeletion"), 1, "what was made goes");
	OK(!leads_to("denied", "PendingDeletion"), "its name is free");
}

/* A name that is not shown yet is believed all the same. */
static void
test_late(void)
{
	struct child a, b;
	CK_RV one, two;

	account_read(&before);
	control("POST", "/consistency?ms=800");
	RV(child_run("create", "late 1"), CKR_OK, "a key");
	RV(child_run("create", "late 1"), CKR_OK, "the same at once");
	RV(child_run("create", "late 2"), CKR_ATTRIBUTE_VALUE_INVALID,
	    "other material");
	a = child_start("generate", "late-generated");
	b = child_start("generate", "late-generated");
	one = child_wait(&a);
	two = child_wait(&b);
	OK((one == CKR_OK) != (two == CKR_OK), "one of two generates it");
	a = child_start("create", "late-far 1");
	b = child_start("elsewhere", "late-far 1");
	RV(child_wait(&a), CKR_OK, "two machines, one key");
	RV(child_wait(&b), CKR_OK, "and both have it");
	control("POST", "/consistency?ms=0");
	account_read(&after);
	COUNT(more("Enabled"), 3, "three keys are in use");
	COUNT(more("PendingImport"), 0, "nothing waits");
}

int
main(int argc, char **argv)
{
	char conf[512];

	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	testenv_config(NULL, NULL, NULL);
	snprintf(conf, sizeof(conf),
	    "state = %s\n[token test]\nwrapping-bits = 2048\nsettle = 0\n"
	    "adopt = yes\nvalid-days = 300\n",
	    testenv_path("elsewhere"));
	testenv_write(ADOPT, conf);
	snprintf(conf, sizeof(conf),
	    "state = %s\n[token test]\nwrapping-bits = 2048\nsettle = 0\n"
	    "destroy = schedule-deletion\n",
	    testenv_path("state"));
	testenv_write(SCHEDULE, conf);
	snprintf(conf, sizeof(conf),
	    "state = %s\n[token test]\nwrapping-bits = 2048\nsettle = 0\n"
	    "destroy = schedule-deletion\nreplicas = eu-west-1\ntimeout = 3\n",
	    testenv_path("state"));
	testenv_write(REGIONS, conf);
	snprintf(conf, sizeof(conf),
	    "state = %s\n[token there]\nregion = eu-west-1\n"
	    "adopt = yes\nsettle = 0\n",
	    testenv_path("there"));
	testenv_write(THERE, conf);
	p11_load();
	test_filled_pair();
	test_refilled_pair();
	test_generated();
	test_filled_create();
	for (size_t i = 0; i < ELEMS(moments); i++)
		test_kill(&moments[i]);
	for (size_t i = 0; i < ELEMS(region_moments); i++)
		test_regions(&region_moments[i]);
	test_names_back();
	test_denied();
	test_late();
	testenv_stop();
	return (tap_done());
}
