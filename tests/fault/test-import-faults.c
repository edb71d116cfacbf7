/* C_CreateObject while the KMS fails at each of its steps, in each way: the
 * code, one line in the log and silence otherwise, and nothing half-made. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "child.h"

static CK_RV
step_create(const char *label)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;
	CK_RV rv = p11_begin();

	if (rv != CKR_OK)
		return (rv);
	key_template(&k, material(1), label);
	rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* What may be left when it failed. */
enum left {
	NOTHING, /* no key but those that wait for their deletion */
	WAITING, /* one in PendingImport, which the next try goes on with */
	WHOLE, /* the key: only the look at it failed */
};

struct bad {
	const char *operation;
	int skip; /* requests of it that pass */
	const char *fault; /* more of the query */
	CK_RV rv;
	enum left left;
};

#define DOWN CKR_DEVICE_ERROR
#define DENIED CKR_ACTION_PROHIBITED
#define FOREVER "&count=0"
#define REFUSE "error&error=AccessDeniedException" FOREVER
static const struct bad bads[] = {
    /* the look at the label */
    {"DescribeKey", 0, "internal" FOREVER, DOWN, NOTHING},
    {"DescribeKey", 0, "cut-before" FOREVER, DOWN, NOTHING},
    {"DescribeKey", 0, "garbage" FOREVER, DOWN, NOTHING},
    {"DescribeKey", 0, "html" FOREVER, DOWN, NOTHING},
    {"DescribeKey", 0, REFUSE, DENIED, NOTHING},
    {"DescribeKey", 0, "cut-reply&count=2", CKR_OK, NOTHING},
    {"CreateKey", 0, "internal" FOREVER, DOWN, NOTHING},
    {"CreateKey", 0, "internal&count=2", CKR_OK, NOTHING},
    {"CreateKey", 0, "throttle&count=2", CKR_OK, NOTHING},
    {"CreateKey", 0, "cut-before" FOREVER, DOWN, NOTHING},
    /* it is made, and the reply is lost: another is, and this one deleted */
    {"CreateKey", 0, "cut-after&count=1", CKR_OK, NOTHING},
    {"CreateKey", 0, "cut-reply&count=1", CKR_OK, NOTHING},
    {"CreateKey", 0, "garbage&count=1", CKR_OK, NOTHING},
    {"CreateKey", 0, "cut-after" FOREVER, DOWN, NOTHING},
    {"CreateKey", 0, "cut-reply" FOREVER, DOWN, NOTHING},
    {"CreateKey", 0, "garbage" FOREVER, DOWN, NOTHING},
    {"CreateKey", 0, REFUSE, DENIED, NOTHING},
    {"CreateKey", 0, "error&error=LimitExceededException" FOREVER,
	CKR_DEVICE_MEMORY, NOTHING},
    {"CreateAlias", 0, "internal" FOREVER, DOWN, NOTHING},
    {"CreateAlias", 0, "cut-before" FOREVER, DOWN, NOTHING},
    {"CreateAlias", 0, "cut-after" FOREVER, CKR_OK, NOTHING},
    {"CreateAlias", 0, "garbage" FOREVER, CKR_OK, NOTHING},
    {"CreateAlias", 0, REFUSE, DENIED, NOTHING},
    {"GetParametersForImport", 0, "internal" FOREVER, DOWN, NOTHING},
    {"GetParametersForImport", 0, "cut-before" FOREVER, DOWN, NOTHING},
    {"GetParametersForImport", 0, "wrong-type" FOREVER, DOWN, NOTHING},
    {"GetParametersForImport", 0, "throttle&count=2", CKR_OK, NOTHING},
    {"GetParametersForImport", 0, REFUSE, DENIED, NOTHING},
    {"ImportKeyMaterial", 0, "internal" FOREVER, DOWN, NOTHING},
    {"ImportKeyMaterial", 0, "unavailable&count=2", CKR_OK, NOTHING},
    {"ImportKeyMaterial", 0, "cut-before" FOREVER, DOWN, NOTHING},
    /* the material arrived, and no reply: only a reply says whose it is */
    {"ImportKeyMaterial", 0, "cut-after&count=5", CKR_OK, NOTHING},
    {"ImportKeyMaterial", 0, "cut-after" FOREVER, DOWN, WHOLE},
    {"ImportKeyMaterial", 0, REFUSE, DENIED, NOTHING},
    /* the look at the result */
    /* of the label and of its marker at once; then of the key */
    {"DescribeKey", 1, "internal" FOREVER, DOWN, NOTHING},
    {"DescribeKey", 2, "internal" FOREVER, DOWN, WHOLE},
    {"DescribeKey", 2, "cut-before" FOREVER, DOWN, WHOLE},
    {"DescribeKey", 2, "garbage&count=1", DOWN, WHOLE},
};

static struct account before, after;

static size_t
more(const char *state)
{
	return (account_in(&after, state) - account_in(&before, state));
}

/* The next try with the same label: whatever came before, one key. */
static void
check_next(const char *label, const char *what)
{
	struct account_key k;
	char alias[64];

	snprintf(alias, sizeof(alias), "alias/%s", label);
	RV(child_run("create", label), CKR_OK, "%s: the next call works", what);
	account_read(&after);
	COUNT(more("Enabled"), 1, "%s: one key came of it", what);
	COUNT(more("PendingImport"), 0, "%s: none waits", what);
	OK(account_alias(alias, &k) && strcmp(k.state, "Enabled") == 0,
	    "%s: the label is the key's", what);
}

static void
check_left(const struct bad *b, CK_RV rv, const char *what)
{
	account_read(&after);
	if (rv == CKR_OK || b->left == WHOLE)
		OK(more("Enabled") == 1 && more("PendingImport") == 0,
		    "%s: the key is there", what);
	else
		OK(more("Enabled") == 0 &&
			more("PendingImport") == (b->left == WAITING),
		    "%s: nothing is left (%zu wait)", what,
		    more("PendingImport"));
}

static void
test_bad(size_t i)
{
	const struct bad *b = &bads[i];
	char label[32], what[96];
	CK_RV rv;

	snprintf(label, sizeof(label), "label-%zu", i);
	snprintf(what, sizeof(what), "%s %d, %.*s", b->operation, b->skip,
	    (int)strcspn(b->fault, "&"), b->fault);
	account_read(&before);
	unlink(testenv_path("log"));
	unlink(testenv_path("child.out"));
	control("POST", "/faults?operation=%s&skip=%d&fault=%s", b->operation,
	    b->skip, b->fault);
	rv = child_run("create", label);
	control("DELETE", "/faults");
	rv_is(rv, b->rv, "as listed", __FILE__, __LINE__, "%s", what);
	COUNT(testenv_lines(testenv_read("log")), rv != CKR_OK,
	    "%s: the log has a line for a failure", what);
	if (rv != CKR_OK)
		OK(strstr(testenv_read("log"), "C_CreateObject: CKR_") != NULL,
		    "%s: which says what failed", what);
	COUNT(strlen(testenv_read("child.out")), 0, "%s: silence otherwise",
	    what);
	check_left(b, rv, what);
	check_next(label, what);
}

/* Silence by default: no log, no word, whatever happens. */
static void
test_silence(void)
{
	unsetenv("KEYFERRY_LOG");
	unlink(testenv_path("log"));
	unlink(testenv_path("child.out"));
	control("POST", "/faults?fault=internal&count=0");
	RV(child_run("create", "silence"), CKR_DEVICE_ERROR,
	    "a failure without a log");
	control("DELETE", "/faults");
	COUNT(strlen(testenv_read("child.out")), 0, "nothing is said");
	OK(access(testenv_path("log"), F_OK) != 0, "nothing is written");
}

static const struct child_row steps[] = {{"create", step_create}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	testenv_log("error");
	for (size_t i = 0; i < ELEMS(bads); i++)
		test_bad(i);
	test_silence();
	testenv_stop();
	return (tap_done());
}
