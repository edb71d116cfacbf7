/* A token of many keys is listed: they are asked for at once, and what befalls
 * one of them, or the KMS meanwhile. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"
#include "counting-proxy.h"

#define KEYS 300
#define AT_ONCE 32 /* that the module asks for */
#define THREADS 6 /* more than list at once, each so many */

static char ids[KEYS][KMS_ID_SIZE];

static void
make_keys(void)
{
	const struct kms_create_key_in in = {.spec = "SYMMETRIC_DEFAULT",
	    .usage = "ENCRYPT_DECRYPT",
	    .origin = "AWS_KMS",
	    .description = ""};
	struct kms kms = account_kms();
	struct kms_key meta = KMS_KEY_INIT;
	size_t made = 0;

	for (; made < KEYS; made++) {
		kms.deadline = deadline_in(&clock_system, 30000);
		if (kms_create_key(&kms, &in, &meta) != ERR_OK)
			break;
		memcpy(ids[made], meta.id, sizeof(meta.id));
		kms_key_free(&meta);
	}
	NEED(made == KEYS &&
		 kms_create_alias(&kms, "alias/last", ids[KEYS - 1]) == ERR_OK,
	    "%d keys", KEYS);
}

static CK_ULONG
list(void)
{
	return (find(rw, NULL, 0, NULL, 0));
}

/* With refresh 0, each search lists anew. */
static void
begin(const char *more)
{
	char lines[128];

	p11_stop();
	snprintf(lines, sizeof(lines), "refresh = 0\n%s", more);
	testenv_config(NULL, lines, NULL);
	p11_start();
	testenv_write("log", "");
	calls_clear();
}

static void
test_at_once(void)
{
	begin("");
	control("POST", "/faults?operation=DescribeKey&fault=delay&ms=20"
			"&count=0");
	COUNT(list(), KEYS, "all keys are listed");
	COUNT(calls("DescribeKey"), KEYS, "each was asked for once");
	OK(calls_at_once() > 1 && calls_at_once() <= AT_ONCE,
	    "%lu at once, and no more than %d", calls_at_once(), AT_ONCE);
	OK(attr_is_text(find_label("last", CKO_SECRET_KEY), CKA_LABEL, "last"),
	    "its name is that of the right key");
	control("DELETE", "/faults");
	/* so slow that all are under way before the first is answered */
	calls_clear();
	control("POST",
	    "/faults?operation=DescribeKey&fault=delay&ms=3000"
	    "&skip=1&count=%d",
	    AT_ONCE);
	COUNT(list(), KEYS, "and again");
	COUNT(calls_at_once(), AT_ONCE, "at once");
}

/* By a proxy that counts connections. */
static void
test_connections(void)
{
	size_t before;

	p11_stop();
	proxy_start();
	p11_start();
	COUNT(list(), KEYS, "by way of a proxy");
	before = proxy_connections();
	OK(before > 1, "%zu connections", before);
	COUNT(list(), KEYS, "once more");
	OK(proxy_connections() <= AT_ONCE + 1,
	    "on connections that were there: %zu", proxy_connections());
	p11_stop();
	testenv_kms_stop();
	testenv_kms_start();
	p11_start();
}

static void
test_one_of_them(void)
{
	CK_OBJECT_CLASS class = CKO_PROFILE;
	const CK_ATTRIBUTE is_profile = A(CKA_CLASS, class);
	CK_OBJECT_HANDLE profile;
	char line[512];

	begin("");
	(void)find(rw, &is_profile, 1, &profile, 1);
	control("POST", "/faults?operation=DescribeKey&fault=throttle"
			"&skip=5&count=3");
	COUNT(list(), KEYS, "three that are throttled");
	COUNT(calls("DescribeKey"), KEYS + 3, "are asked for again");
	control("POST", "/faults?operation=DescribeKey&fault=internal"
			"&skip=150&count=2");
	COUNT(list(), KEYS, "two that fail for a moment");
	control("POST", "/denials?operation=DescribeKey&key=%s", ids[100]);
	calls_clear();
	COUNT(list(), KEYS - 1, "one that may not be seen");
	COUNT(calls("DescribeKey"), KEYS, "is asked for once");
	snprintf(line, sizeof(line), "key %s is left out", ids[100]);
	OK(strstr(testenv_read("log"), line) != NULL, "the log says so");
	OK(attr_is_text(profile, CKA_KEYFERRY_LEFT_OUT, ids[100]),
	    "and CKA_KEYFERRY_LEFT_OUT");
	control("POST", "/denials?operation=DescribeKey&key=%s", ids[7]);
	COUNT(list(), KEYS - 2, "two of them");
	COUNT(attr(profile, CKA_KEYFERRY_LEFT_OUT, line, sizeof(line)),
	    strlen(ids[100]) + 1 + strlen(ids[7]), "are both in it");
	control("DELETE", "/denials");
	control("POST", "/faults?operation=DescribeKey&fault=error"
			"&error=NotFoundException&skip=299");
	COUNT(list(), KEYS - 1, "the last that is gone meanwhile");
	OK(attr_is_text(profile, CKA_KEYFERRY_LEFT_OUT, ""), "is not missed");
	COUNT(list(), KEYS, "all of them");
}

/* A list ends at Truncated false, and where its markers come again. */
static void
test_pages(void)
{
	calls_clear();
	edit_replies(
	    "ListAliases", NULL, "{\"Truncated\":false,\"NextMarker\":\"a\"}");
	COUNT(list(), KEYS, "a marker beside Truncated false");
	COUNT(calls("ListAliases"), 1, "leads nowhere");
	faults_clear();
	calls_clear();
	replace_replies("ListAliases", 200,
	    "{\"Aliases\":[],\"Truncated\":true,\"NextMarker\":\"a\"}");
	(void)list();
	COUNT(calls("ListAliases"), 2, "a marker that comes again ends a list");
	faults_clear();
}

static void
test_strange_reply(void)
{
	testenv_write("log", "");
	edit_replies(
	    "DescribeKey", ids[7], "{\"KeyMetadata\":{\"KeyState\":7}}");
	COUNT(list(), KEYS - 1, "one of which the reply cannot be read");
	faults_clear();
	OK(strstr(testenv_read("log"),
	       "is left out: DescribeKey, HTTP status 200, Content-Type "
	       "application/x-amz-json-1.1: the member KeyState") != NULL,
	    "the log has operation, status, type and member: %s",
	    testenv_read("log"));
	testenv_write("log", "");
	replace_replies("ListKeys", 200, "{\"Pages\":[]}");
	RV(p11->C_FindObjectsInit(rw, NULL, 0), CKR_DEVICE_ERROR,
	    "a list without its member");
	faults_clear();
	OK(strstr(testenv_read("log"),
	       "[ListKeys, HTTP status 200, Content-Type "
	       "application/x-amz-json-1.1: the member Keys ") != NULL,
	    "the log says so: %s", testenv_read("log"));
}

/* What is left out for its state, or as unknown, is told. */
static void
test_left_out(void)
{
	static const struct {
		const char *patch, *line;
	} rows[] = {
	    {"{\"KeyMetadata\":{\"KeyState\":\"Creating\"}}",
		"is left out, for its state is Creating: "},
	    {"{\"KeyMetadata\":{\"KeyState\":\"Unavailable\"}}",
		"is left out, for its state is Unavailable: "},
	    {"{\"KeyMetadata\":{\"KeySpec\":\"SM2\"}}",
		"is left out, for this version does not know what SM2, "},
	    {"{\"KeyMetadata\":{\"KeyUsage\":\"FLYING\"}}", "FLYING is"},
	};

	for (size_t i = 0; i < ELEMS(rows); i++) {
		testenv_write("log", "");
		edit_replies("DescribeKey", ids[7], rows[i].patch);
		COUNT(list(), KEYS - 1, "%s", rows[i].patch);
		faults_clear();
		OK(strstr(testenv_read("log"), rows[i].line) != NULL,
		    "the log says so: %s", testenv_read("log"));
	}
}

static void
test_first_is_denied(void)
{
	control("POST", "/denials?operation=DescribeKey");
	calls_clear();
	COUNT(list(), 0, "none that may be seen");
	COUNT(calls("DescribeKey"), KEYS, "each was asked for");
	control("DELETE", "/denials");
	COUNT(list(), KEYS, "all that may");
}

static atomic_bool searched;

static void *
search(void *rv)
{
	*(CK_RV *)rv = p11->C_FindObjectsInit(rw, NULL, 0);
	atomic_store(&searched, true);
	return (NULL);
}

static void
test_no_answer(void)
{
	pthread_t thread;
	CK_RV rv = CKR_OK;

	begin("");
	control("POST", "/faults?operation=DescribeKey&fault=cut-before"
			"&skip=100&count=0");
	RV(p11->C_FindObjectsInit(rw, NULL, 0), CKR_DEVICE_ERROR,
	    "a KMS that cuts connections in the middle");
	/* behind the line that says what is in use */
	COUNT(testenv_lines(testenv_read("log")), 2, "a line in the log");
	control("DELETE", "/faults");
	COUNT(list(), KEYS, "the next call works");
	control("POST", "/faults?operation=DescribeKey&fault=hang&skip=100"
			"&count=0");
	calls_clear();
	NEED(pthread_create(&thread, NULL, search, &rv) == 0, "a thread");
	while (calls("DescribeKey") < 100 && !atomic_load(&searched))
		usleep(1000);
	testenv_kms_stop();
	pthread_join(thread, NULL);
	RV(rv, CKR_DEVICE_ERROR, "a KMS that dies in the middle");
	RV(p11->C_FindObjectsInit(rw, NULL, 0), CKR_DEVICE_ERROR,
	    "and is dead");
	testenv_kms_start();
	COUNT(list(), KEYS, "it works when it is back");
	begin("list-timeout = 2");
	control("POST", "/faults?operation=DescribeKey&fault=hang&skip=100"
			"&count=0");
	RV(p11->C_FindObjectsInit(rw, NULL, 0), CKR_DEVICE_ERROR,
	    "one that does not answer, until the time is over");
	control("DELETE", "/faults");
	begin("");
	COUNT(list(), KEYS, "and with time");
}

static void *
list_in_thread(void *out)
{
	CK_SESSION_HANDLE s = 0;
	CK_OBJECT_HANDLE h[KEYS];
	CK_ULONG n = 0;

	if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) ==
		CKR_OK &&
	    p11->C_FindObjectsInit(s, NULL, 0) == CKR_OK)
		(void)p11->C_FindObjects(s, h, KEYS, &n);
	*(CK_ULONG *)out = n;
	return (NULL);
}

static void
test_threads(void)
{
	pthread_t threads[THREADS];
	CK_ULONG n[THREADS];

	for (size_t i = 0; i < THREADS; i++)
		NEED(pthread_create(&threads[i], NULL, list_in_thread, &n[i]) ==
			 0,
		    "thread %zu", i);
	for (size_t i = 0; i < THREADS; i++) {
		pthread_join(threads[i], NULL);
		COUNT(n[i], KEYS, "what it finds");
	}
}

int
main(void)
{
	testenv_start();
	testenv_log("info");
	p11_start();
	make_keys();
	test_at_once();
	test_connections();
	test_one_of_them();
	test_pages();
	test_strange_reply();
	test_left_out();
	test_first_is_denied();
	test_no_answer();
	test_threads();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
