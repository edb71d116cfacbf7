/* kill -9 at each step of C_CreateObject, and two processes at once: whoever
 * comes next ends with one key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "child.h"

#define WAIT_SECONDS 120

/* A create on another machine: with a state directory of its own. */
static CK_RV
step_elsewhere(const char *argument)
{
	setenv("KEYFERRY_CONFIG", testenv_path("elsewhere.conf"), 1);
	return (child_create(argument));
}

static struct account before, after;

static size_t
more(const char *state)
{
	return (account_in(&after, state) - account_in(&before, state));
}

/* Whether what the killed process asked for has been done. */
static bool
key_made(const char *label)
{
	(void)label;
	account_read(&after);
	return (after.count > before.count);
}

static bool
label_made(const char *label)
{
	struct account_key k;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	return (account_alias(alias, &k));
}

static bool
material_there(const char *label)
{
	struct account_key k;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	return (account_alias(alias, &k) && strcmp(k.state, "Enabled") == 0);
}

/* Killed while the KMS holds back an operation, or its reply. */
static const struct moment {
	const char *operation;
	int skip;
	const char *fault;
	bool (*done)(const char *label); /* NULL: nothing to wait for */
	size_t waiting, enabled; /* keys that are left */
} moments[] = {
    {"DescribeKey", 0, "hang", NULL, 0, 0},
    {"CreateKey", 0, "hang", NULL, 0, 0},
    {"CreateKey", 0, "hang-after", key_made, 1, 0},
    {"CreateAlias", 0, "hang", NULL, 1, 0},
    {"CreateAlias", 0, "hang-after", label_made, 1, 0},
    {"GetParametersForImport", 0, "hang", NULL, 1, 0},
    {"GetParametersForImport", 0, "hang-after", NULL, 1, 0},
    {"ImportKeyMaterial", 0, "hang", NULL, 1, 0},
    {"ImportKeyMaterial", 0, "hang-after", material_there, 0, 1},
    {"DescribeKey", 2, "hang", NULL, 0, 1},
    {"UpdateKeyDescription", 0, "hang", NULL, 0, 1},
    {"UpdateKeyDescription", 0, "hang-after", NULL, 0, 1},
};

static void
pause_ms(long ms)
{
	const struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

/* Waits for the request, and for what it does; false: it never came. */
static bool
wait_for(const struct moment *m, const char *label)
{
	for (int i = 0; i < WAIT_SECONDS * 50; i++) {
		if (calls(m->operation) > (unsigned long)m->skip &&
		    (m->done == NULL || m->done(label)))
			return (true);
		pause_ms(20);
	}
	return (false);
}

static void
check_one_key(const char *label, const char *what)
{
	account_read(&after);
	COUNT(more("Enabled"), 1, "%s: one key", what);
	COUNT(more("PendingImport"), 0, "%s: none that waits", what);
	OK(material_there(label), "%s: the label is its", what);
}

static void
test_kill(size_t i)
{
	const struct moment *m = &moments[i];
	char label[32], argument[40], what[80];
	struct child s;

	snprintf(label, sizeof(label), "killed-%zu", i);
	snprintf(argument, sizeof(argument), "%s 1", label);
	snprintf(
	    what, sizeof(what), "%s %d, %s", m->operation, m->skip, m->fault);
	account_read(&before);
	calls_clear();
	control("POST", "/faults?operation=%s&skip=%d&fault=%s", m->operation,
	    m->skip, m->fault);
	s = child_start("create", argument);
	OK(wait_for(m, label), "%s: killed there", what);
	child_kill(&s);
	control("DELETE", "/faults");
	account_read(&after);
	COUNT(more("PendingImport"), m->waiting, "%s: keys that wait", what);
	COUNT(more("Enabled"), m->enabled, "%s: keys in use", what);
	RV(child_run("create", argument), CKR_OK, "%s: the next run", what);
	check_one_key(label, what);
	account_read(&after);
	/* nobody knows the id of a key whose reply did not come: another is
	 * made, and that one deleted */
	COUNT(after.count - before.count - more("PendingDeletion"), 1,
	    "%s: no other is left", what);
	COUNT(more("PendingDeletion"),
	    strcmp(m->operation, "CreateKey") == 0 && m->done != NULL,
	    "%s: keys that are deleted", what);
}

static void
test_both(const char *first, const char *second, const char *label, bool same,
    const char *what)
{
	struct child a, b;
	char one[48], two[48];
	CK_RV rv, other;

	snprintf(one, sizeof(one), "%s 1", label);
	snprintf(two, sizeof(two), "%s %d", label, same ? 1 : 2);
	account_read(&before);
	a = child_start(first, one);
	b = child_start(second, two);
	rv = child_wait(&a);
	other = child_wait(&b);
	if (same)
		OK(rv == CKR_OK && other == CKR_OK, "%s: both work", what);
	else
		OK((rv == CKR_OK && other == CKR_ATTRIBUTE_VALUE_INVALID) ||
			(other == CKR_OK && rv == CKR_ATTRIBUTE_VALUE_INVALID),
		    "%s: one works, the other is told (0x%lx, 0x%lx)", what, rv,
		    other);
	check_one_key(label, what);
}

static void
test_at_once(void)
{
	char conf[512];

	snprintf(conf, sizeof(conf),
	    "state = %s\n[token test]\nwrapping-bits = 2048\n",
	    testenv_path("elsewhere"));
	testenv_write("elsewhere.conf", conf);
	test_both("create", "create", "same", true, "the same material");
	test_both("create", "create", "other", false, "other material");
	/* without a common lock: both come to CreateAlias */
	control("POST",
	    "/faults?operation=CreateAlias&fault=delay&ms=1000&count=2");
	test_both("create", "elsewhere", "far-same", true,
	    "the same material, from two machines");
	control("POST",
	    "/faults?operation=CreateAlias&fault=delay&ms=1000&count=2");
	test_both("create", "elsewhere", "far-other", false,
	    "other material, from two machines");
	control("DELETE", "/faults");
}

static const struct child_row steps[] = {
    {"create", child_create}, {"elsewhere", step_elsewhere}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	testenv_config(NULL, "description = Of the test", NULL);
	for (size_t i = 0; i < ELEMS(moments); i++)
		test_kill(i);
	test_at_once();
	testenv_stop();
	return (tap_done());
}
