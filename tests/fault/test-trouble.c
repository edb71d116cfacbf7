/* A KMS that is down, slow, throttling or talks nonsense while a key is used,
 * credentials that are wrong, and disks that cannot be written. */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "child.h"

#define LONG_SECONDS 60 /* a call with a deadline of 2 is over before */

static CK_OBJECT_HANDLE key;
static CK_BYTE sealed[1024];
static CK_ULONG sealed_len;

static CK_RV
seal(void)
{
	sealed_len = sizeof(sealed);
	return (encrypt(key, &kms_mechanism, "text", 4, sealed, &sealed_len));
}

static CK_RV
look(void)
{
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_LABEL, "key", 3)};
	CK_RV rv = p11->C_FindObjectsInit(rw, t, 1);

	if (rv == CKR_OK)
		rv = p11->C_FindObjectsFinal(rw);
	return (rv);
}

static CK_ULONG
device_error(void)
{
	CK_SESSION_INFO info = {.ulDeviceError = 77777};

	(void)p11->C_GetSessionInfo(rw, &info);
	return (info.ulDeviceError);
}

static void
test_faults(void)
{
	static const struct {
		const char *error;
		CK_RV rv;
		CK_ULONG status;
	} cases[] = {
	    {"internal&count=0", CKR_DEVICE_ERROR, 500},
	    {"internal&count=2", CKR_OK, 0},
	    {"unavailable&count=0", CKR_DEVICE_ERROR, 503},
	    {"key-unavailable&count=2", CKR_OK, 0},
	    {"throttle&count=2", CKR_OK, 0},
	    {"cut-before&count=0", CKR_DEVICE_ERROR, 0},
	    {"cut-after&count=2", CKR_OK, 0},
	    {"cut-reply&count=0", CKR_DEVICE_ERROR, 200},
	    {"garbage&count=0", CKR_DEVICE_ERROR, 200},
	    {"wrong-type&count=0", CKR_DEVICE_ERROR, 200},
	    {"too-large&count=0&size=20000000", CKR_DEVICE_ERROR, 200},
	    {"html&count=0", CKR_DEVICE_ERROR, 502},
	    {"error&error=AccessDeniedException&count=0",
		CKR_KEY_FUNCTION_NOT_PERMITTED, 400},
	    {"error&error=DisabledException&count=0",
		CKR_KEY_FUNCTION_NOT_PERMITTED, 400},
	    {"error&error=KMSInvalidStateException&count=0",
		CKR_KEY_FUNCTION_NOT_PERMITTED, 400},
	    {"error&error=NotFoundException&count=0", CKR_KEY_HANDLE_INVALID,
		400},
	    {"error&error=SomethingNewException&count=0", CKR_FUNCTION_FAILED,
		400},
	    {"error&error=ExpiredTokenException&count=0", CKR_DEVICE_ERROR,
		400},
	};
	CK_ULONG status;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		testenv_write("log", "");
		control("POST", "/faults?operation=Encrypt&fault=%s",
		    cases[i].error);
		rv_is(seal(), cases[i].rv, "as listed", __FILE__, __LINE__,
		    "%s", cases[i].error);
		control("DELETE", "/faults");
		status = device_error();
		if (cases[i].rv != CKR_OK && cases[i].status != 0)
			COUNT(status, cases[i].status,
			    "its status is in ulDeviceError");
		COUNT(testenv_lines(testenv_read("log")), cases[i].rv != CKR_OK,
		    "a line in the log for a failure");
		RV(seal(), CKR_OK, "the next call works");
	}
}

/* The advice in the line is what a person can act on. */
static void
test_advice(void)
{
	const char *log;

	testenv_write("log", "");
	control("POST", "/faults?operation=Encrypt&fault=error"
			"&error=AccessDeniedException&message=no%%20way");
	RV(seal(), CKR_KEY_FUNCTION_NOT_PERMITTED, "refused");
	log = testenv_read("log");
	OK(strstr(log, "C_Encrypt: CKR_KEY_FUNCTION_NOT_PERMITTED") != NULL,
	    "function and code");
	OK(strstr(log, "AccessDeniedException: no way") != NULL,
	    "what KMS said");
	OK(strstr(log, "request ") != NULL, "its request id");
	OK(strstr(log, "policy") != NULL, "what to do");
	OK(strstr(log, getenv("AWS_SECRET_ACCESS_KEY")) == NULL, "no secret");
}

static void
test_slow(void)
{
	struct timespec began, ended;

	p11_stop();
	testenv_config(NULL, "timeout = 2", NULL);
	p11_start();
	key = find_label("key", CKO_SECRET_KEY);
	clock_gettime(CLOCK_MONOTONIC, &began);
	control("POST", "/faults?operation=Encrypt&fault=hang&count=0");
	RV(seal(), CKR_DEVICE_ERROR, "a KMS that does not answer");
	clock_gettime(CLOCK_MONOTONIC, &ended);
	OK(ended.tv_sec - began.tv_sec < LONG_SECONDS,
	    "is waited for as long as the configuration says");
	control("DELETE", "/faults");
	RV(seal(), CKR_OK, "the next call works");
	control("POST", "/faults?operation=Encrypt&fault=throttle&count=0");
	RV(seal(), CKR_DEVICE_ERROR, "one that throttles without end");
	control("DELETE", "/faults");
	RV(seal(), CKR_OK, "the next call works");
}

static void
test_down(void)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;

	key_template(&k, material(2), "down");
	testenv_kms_stop();
	testenv_write("log", "");
	RV(seal(), CKR_DEVICE_ERROR, "C_Encrypt without a KMS");
	RV(look(), CKR_DEVICE_ERROR, "C_FindObjectsInit");
	RV(p11->C_FindObjectsInit(rw, NULL, 0), CKR_DEVICE_ERROR,
	    "C_FindObjectsInit of all");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_DEVICE_ERROR,
	    "C_CreateObject");
	RV(p11->C_DestroyObject(rw, key), CKR_DEVICE_ERROR, "C_DestroyObject");
	COUNT(testenv_lines(testenv_read("log")), 5, "a line for each");
	p11_stop();
	p11_start();
	OK(true, "the module comes up without a KMS");
	testenv_kms_start();
	key = find_label("key", CKO_SECRET_KEY);
	RV(seal(), CKR_OK, "all is well when it is back");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "the import, too");
}

static void
test_bad_credentials(void)
{
	char good[128], id[128];

	snprintf(good, sizeof(good), "%s", getenv("AWS_SECRET_ACCESS_KEY"));
	snprintf(id, sizeof(id), "%s", getenv("AWS_ACCESS_KEY_ID"));
	p11_stop();
	setenv("AWS_SECRET_ACCESS_KEY", "not the one", 1);
	p11_start();
	RV(look(), CKR_DEVICE_ERROR, "a wrong secret key");
	p11_stop();
	unsetenv("AWS_SECRET_ACCESS_KEY");
	unsetenv("AWS_ACCESS_KEY_ID");
	p11_start();
	RV(look(), CKR_DEVICE_ERROR, "none at all");
	p11_stop();
	setenv("AWS_SECRET_ACCESS_KEY", good, 1);
	setenv("AWS_ACCESS_KEY_ID", id, 1);
	p11_start();
	key = find_label("key", CKO_SECRET_KEY);
	RV(seal(), CKR_OK, "the right one");
}

/* One key that may not be looked at does not take the token down. */
static void
test_denied_key(void)
{
	struct account_key k;
	CK_ULONG n;

	p11_stop();
	p11_start();
	n = find(rw, NULL, 0, NULL, 0);
	NEED(account_alias("alias/down", &k), "a key");
	control("POST", "/denials?operation=DescribeKey&key=%s", k.id);
	p11_stop();
	p11_start();
	COUNT(find(rw, NULL, 0, NULL, 0), n - 1,
	    "a key that may not be looked at is left out");
	control("DELETE", "/denials");
	key = find_label("key", CKO_SECRET_KEY);
}

/* Step: an import with no room for the state directory's files. */
static CK_RV
step_full_disk(const char *label)
{
	const struct rlimit none = {0, 0};
	struct key_template k;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	signal(SIGXFSZ, SIG_IGN);
	if ((rv = p11_begin()) != CKR_OK || setrlimit(RLIMIT_FSIZE, &none) != 0)
		return (CKR_GENERAL_ERROR);
	key_template(&k, material(3), label);
	rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* Step: the state directory is a file system with no room, in a view of files
 * that this process alone has. */
static CK_RV
step_no_space(const char *label)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;
	CK_RV rv;
	FILE *f;

	(void)mkdir(testenv_path("state"), 0700);
	if (unshare(CLONE_NEWNS) != 0 ||
	    mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("none", testenv_path("state"), "tmpfs", 0,
		"size=64k,mode=0700") != 0)
		return (CKR_FUNCTION_NOT_SUPPORTED);
	if ((rv = p11_begin()) != CKR_OK ||
	    (f = fopen(testenv_path("state/fill"), "w")) == NULL)
		return (CKR_GENERAL_ERROR);
	setvbuf(f, NULL, _IONBF, 0);
	while (fputc('x', f) != EOF)
		continue;
	fclose(f);
	key_template(&k, material(3), label);
	rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static void
test_no_space(void)
{
	struct account before, after;
	CK_RV rv;

	account_read(&before);
	rv = child_run("no-space", "no space");
	if (rv == CKR_FUNCTION_NOT_SUPPORTED)
		tap_skip("no file system can be mounted here", "ENOSPC");
	else
		RV(rv, CKR_FUNCTION_FAILED, "a disk without room");
	account_read(&after);
	COUNT(after.count, before.count, "no key was made");
}

static void
test_state_directory(void)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;
	struct account before, after;
	char line[256];

	account_read(&before);
	RV(child_run("full", "full"), CKR_FUNCTION_FAILED, "a full disk");
	p11_stop();
	testenv_write("file", "this is no directory\n");
	snprintf(line, sizeof(line), "state = %s", testenv_path("file/state"));
	testenv_config(line, "timeout = 2", NULL);
	p11_start();
	testenv_write("log", "");
	key_template(&k, material(3), "nowhere");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_FUNCTION_FAILED,
	    "a state directory that cannot be");
	OK(strstr(testenv_read("log"), "state directory") != NULL,
	    "the log says so");
	account_read(&after);
	COUNT(after.count, before.count, "no key was made");
	key = find_label("key", CKO_SECRET_KEY);
	RV(seal(), CKR_OK, "a key is used all the same");
	p11_stop();
	testenv_config(NULL, "timeout = 2", NULL);
	p11_start();
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK,
	    "with another directory it works");
}

static const struct child_row steps[] = {
    {"full", step_full_disk}, {"no-space", step_no_space}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	testenv_log("error");
	p11_start();
	key = key_make(material(1), "key");
	test_faults();
	test_advice();
	test_slow();
	test_down();
	test_bad_credentials();
	test_denied_key();
	test_no_space();
	test_state_directory();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
