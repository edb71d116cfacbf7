/* The session of a role ends while 32 threads list and use keys, and again
 * before a process forks: nobody notices, for each gets a new one. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define THREADS 32
#define KEYS 40
#define SESSION_SECONDS "900"
#define LATER "1000" /* seconds: the session has ended */

static CK_OBJECT_HANDLE key;
static atomic_int begun, bad;
static atomic_bool ended;

static bool
use_keys(CK_SESSION_HANDLE s)
{
	CK_BYTE text[] = "text", sealed[1024];
	CK_ULONG len = sizeof(sealed);

	return (find(s, NULL, 0, NULL, 0) == KEYS &&
		p11->C_EncryptInit(s, &kms_mechanism, key) == CKR_OK &&
		p11->C_Encrypt(s, text, sizeof(text), sealed, &len) == CKR_OK);
}

/* Until the session has ended, and once more. */
static void *
work(void *unused)
{
	CK_SESSION_HANDLE s = CK_INVALID_HANDLE;
	bool last, first = true;

	(void)unused;
	if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &s) != CKR_OK)
		atomic_fetch_add(&bad, 1);
	do {
		last = atomic_load(&ended);
		if (!use_keys(s))
			atomic_fetch_add(&bad, 1);
		if (first)
			atomic_fetch_add(&begun, 1);
		first = false;
	} while (!last && atomic_load(&bad) == 0);
	return (NULL);
}

/* A line of the log with that in it, or NULL; static memory. At trace level it
 * is longer than testenv_read() reads. */
static const char *
log_line_with(const char *text)
{
	static char line[4096];
	FILE *f = fopen(testenv_path("log"), "r");
	const char *found = NULL;

	while (
	    f != NULL && found == NULL && fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, text) != NULL)
			found = line;
	if (f != NULL)
		(void)fclose(f);
	return (found);
}

static void
test_threads(void)
{
	const char *failed;

	pthread_t threads[THREADS];

	testenv_write("log", "");
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, work, NULL) != 0)
			tap_bail();
	while (atomic_load(&begun) < THREADS && atomic_load(&bad) == 0)
		usleep(1000);
	control("POST", "/clock?skew=" LATER);
	atomic_store(&ended, true);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	COUNT((unsigned long)atomic_load(&bad), 0,
	    "calls of %d threads that failed", THREADS);
	OK(log_line_with("ExpiredTokenException") != NULL,
	    "the session did end");
	failed = log_line_with(" error: ");
	OK(failed == NULL, "and no call failed: %s",
	    failed != NULL ? failed : "none");
}

/* The parent's session has ended when the child begins. */
static void
test_fork(void)
{
	CK_SESSION_HANDLE s;
	int status = -1;
	pid_t pid;

	control("POST", "/clock?skew=" LATER);
	(void)fflush(stdout);
	if ((pid = fork()) == -1)
		tap_bail();
	if (pid == 0)
		_exit(p11->C_Initialize(NULL) == CKR_OK &&
			      p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL,
				  NULL, &s) == CKR_OK &&
			      (key = find_label("one", CKO_SECRET_KEY)) !=
				  CK_INVALID_HANDLE &&
			      use_keys(s)
			  ? 0
			  : 1);
	OK(waitpid(pid, &status, 0) == pid && status == 0,
	    "a child gets a session of its own");
	OK(use_keys(rw), "and the parent another");
}

int
main(void)
{
	char text[1024], url[96];

	testenv_start();
	snprintf(url, sizeof(url), "http://%s", testenv_address());
	snprintf(text, sizeof(text),
	    "[profile base]\naws_access_key_id = %s\naws_secret_access_key = "
	    "%s\n[profile role]\nsource_profile = base\nrole_arn = "
	    "arn:aws:iam::111122223333:role/short\n"
	    "duration_seconds = " SESSION_SECONDS "\n",
	    getenv("AWS_ACCESS_KEY_ID"), getenv("AWS_SECRET_ACCESS_KEY"));
	testenv_write("aws-config", text);
	setenv("AWS_CONFIG_FILE", testenv_path("aws-config"), 1);
	setenv("AWS_ENDPOINT_URL_STS", url, 1);
	(void)account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/one");
	for (int i = 1; i < KEYS; i++)
		(void)account_make(
		    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", NULL);
	snprintf(text, sizeof(text), "log = trace:%s\n", testenv_path("log"));
	testenv_config(text, "profile = role\nrefresh = 0", NULL);
	p11_load();
	p11_start();
	key = find_label("one", CKO_SECRET_KEY);
	test_threads();
	test_fork();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
