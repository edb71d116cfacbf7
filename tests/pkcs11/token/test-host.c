/* Hosts that do what a guest must bear: they load the module again and again, end
 * without a word or in whatever order, close descriptors that are not theirs, start
 * programs, speak another language, take the configuration away. */
#include <dirent.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "child.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

#define FIRST 3 /* of the descriptors that are no standard ones */
#define MANY 32

static CK_RV
use(void)
{
	CK_BYTE sealed[1024];
	CK_ULONG n = sizeof(sealed);
	CK_OBJECT_HANDLE key = find_label("host's", CKO_SECRET_KEY);

	if (key == CK_INVALID_HANDLE)
		return (CKR_KEY_HANDLE_INVALID);
	return (encrypt(key, &kms_mechanism, "text", 4, sealed, &n));
}

static CK_RV
begin_and_use(void)
{
	CK_RV rv = p11_begin();

	return (rv == CKR_OK ? use() : rv);
}

/* Each runs in a process of its own. */

static CK_RV
load_ten_times(const char *unused)
{
	CK_RV rv = CKR_OK;
	CK_FUNCTION_LIST *list;
	CK_C_GetFunctionList get;
	void *module, *f;

	(void)unused;
	for (int i = 0; i < 10 && rv == CKR_OK; i++) {
		module = dlopen(testenv_module(), RTLD_NOW | RTLD_LOCAL);
		if (module == NULL ||
		    (f = dlsym(module, "C_GetFunctionList")) == NULL)
			return (CKR_GENERAL_ERROR);
		memcpy(&get, &f, sizeof(get));
		if ((rv = get(&list)) == CKR_OK)
			rv = begin_and_use();
		if (rv == CKR_OK)
			rv = list->C_Finalize(NULL);
		dlclose(module);
	}
	return (rv);
}

static void
finalize_at_exit(void)
{
	if (p11->C_Finalize(NULL) != CKR_OK)
		_exit(3);
}

static void
use_at_exit(void)
{
	CK_SESSION_INFO info;
	CK_BYTE random[16];

	(void)p11->C_GetSessionInfo(rw, &info);
	(void)p11->C_GenerateRandom(rw, random, sizeof(random));
	(void)p11->C_Finalize(NULL);
}

/* The handler runs after the module's own. */
static CK_RV
finalize_after(const char *unused)
{
	(void)unused;
	atexit(finalize_at_exit);
	return (begin_and_use());
}

static CK_RV
finalize_before(const char *unused)
{
	CK_RV rv = begin_and_use();

	(void)unused;
	atexit(finalize_at_exit);
	return (rv);
}

static CK_RV
use_after(const char *unused)
{
	(void)unused;
	atexit(use_at_exit);
	return (begin_and_use());
}

static CK_RV
never_finalize(const char *unused)
{
	(void)unused;
	return (begin_and_use());
}

static void *
use_for_ever(void *session)
{
	CK_SESSION_INFO info;

	while (p11->C_GetSessionInfo(*(CK_SESSION_HANDLE *)session, &info) !=
	       CKR_CRYPTOKI_NOT_INITIALIZED)
		continue;
	for (;;)
		(void)p11->C_GetSessionInfo(
		    *(CK_SESSION_HANDLE *)session, &info);
	return (NULL);
}

static CK_RV
leave_threads(const char *unused)
{
	pthread_t t;
	CK_RV rv = begin_and_use();

	(void)unused;
	if (pthread_create(&t, NULL, use_for_ever, &rw) != 0)
		return (CKR_GENERAL_ERROR);
	return (rv == CKR_OK ? p11->C_Finalize(NULL) : rv);
}

static void *
use_and_stay(void *unused)
{
	(void)use();
	for (;;)
		(void)pause();
	return (unused);
}

/* KMS does not answer, C_Finalize comes, and the process ends: a search for leaks
 * finds none, though nothing is freed on the way out. */
static CK_RV
leave_a_call(const char *unused)
{
	pthread_t t;
	CK_RV rv = begin_and_use();

	(void)unused;
	control("POST", "/faults?operation=Encrypt&fault=hang&count=0");
	calls_clear();
	if (pthread_create(&t, NULL, use_and_stay, &rw) != 0)
		return (CKR_GENERAL_ERROR);
	while (calls("Encrypt") == 0)
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	return (rv == CKR_OK ? p11->C_Finalize(NULL) : rv);
}

static CK_RV
speak_german(const char *unused)
{
	(void)unused;
	/* where numbers have commas, if it is there */
	(void)setlocale(LC_ALL, "de_DE.UTF-8");
	return (begin_and_use());
}

/* What curl has for connections whose numbers are the host's now is lost (see
 * src/http.c): no search for leaks. */
static void
end_at_once(void)
{
	_exit(0);
}

/* A daemon closes what it has inherited, and opens what it needs. */
static CK_RV
close_all(const char *reopens)
{
	int pairs[MANY][2];
	bool opens = strcmp(reopens, "no") != 0;
	char byte;
	CK_RV rv = begin_and_use();

	if (rv != CKR_OK)
		return (rv);
	for (int fd = FIRST; fd < 256; fd++)
		if (fd != child_result())
			(void)close(fd);
	for (int i = 0; opens && i < MANY; i++)
		if (socketpair(
			AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pairs[i]) != 0)
			return (CKR_GENERAL_ERROR);
	if (opens)
		atexit(end_at_once);
	for (int i = 0;
	     strcmp(reopens, "at-the-end") != 0 && i < 3 && rv == CKR_OK; i++)
		rv = use();
	for (int i = 0; opens && i < MANY && rv == CKR_OK; i++)
		if (recv(pairs[i][0], &byte, 1, 0) != -1 ||
		    recv(pairs[i][1], &byte, 1, 0) != -1)
			rv = CKR_DATA_INVALID; /* the module wrote there */
	if (rv == CKR_OK)
		rv = p11->C_Finalize(NULL);
	for (int i = 0; opens && i < MANY && rv == CKR_OK; i++)
		if (send(pairs[i][0], "x", 1, 0) != 1 ||
		    recv(pairs[i][1], &byte, 1, 0) != 1)
			rv = CKR_DATA_LEN_RANGE; /* it closed them */
	return (rv);
}

/* How many descriptors a program that the host starts now would have. */
static int
count_inherited(void)
{
	const struct dirent *entry;
	char path[64], to[256];
	DIR *d = opendir("/proc/self/fd");
	int fd, found = 0;
	ssize_t n;

	while (d != NULL && (entry = readdir(d)) != NULL) {
		fd = atoi(entry->d_name);
		if (fd < FIRST || (fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0)
			continue;
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		n = readlink(path, to, sizeof(to));
		fprintf(stderr, "# %d: %.*s\n", fd, (int)n, to);
		found++;
	}
	if (d != NULL)
		closedir(d);
	return (found);
}

static CK_RV
inherit(const char *unused)
{
	int before = count_inherited();
	CK_RV rv = begin_and_use();

	(void)unused;
	if (count_inherited() != before)
		return (CKR_GENERAL_ERROR);
	(void)!ftruncate(STDERR_FILENO, 0);
	return (rv);
}

static CK_RV
lose_configuration(const char *unused)
{
	CK_RV rv = begin_and_use();

	(void)unused;
	testenv_config(NULL, NULL, NULL);
	testenv_write("keyferry.conf", "[token another]\nslot = 7\n");
	if (rv == CKR_OK && (rv = use()) == CKR_OK)
		rv = p11->C_Finalize(NULL);
	if (rv != CKR_OK || (rv = p11->C_Initialize(NULL)) != CKR_OK)
		return (rv);
	if (p11->C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &rw) !=
		CKR_SLOT_ID_INVALID ||
	    p11->C_Finalize(NULL) != CKR_OK)
		return (CKR_SLOT_ID_INVALID);
	/* and all of it, and what was there comes back */
	(void)unlink(testenv_path("keyferry.conf"));
	if (p11->C_Initialize(NULL) != CKR_GENERAL_ERROR)
		return (CKR_GENERAL_ERROR);
	testenv_config("log = /dev/null", NULL, NULL);
	if ((rv = begin_and_use()) == CKR_OK)
		rv = p11->C_Finalize(NULL);
	return (rv);
}

static volatile sig_atomic_t alarms;

static void
on_alarm(int number)
{
	(void)number;
	alarms++;
}

static CK_RV
take_signals(const char *unused)
{
	const struct itimerval often = {{0, 2000}, {0, 2000}};
	struct sigaction act = {.sa_handler = on_alarm};
	CK_RV rv = p11_begin();

	(void)unused;
	if (sigaction(SIGALRM, &act, NULL) != 0 ||
	    setitimer(ITIMER_REAL, &often, NULL) != 0)
		return (CKR_GENERAL_ERROR);
	for (int i = 0; i < 20 && rv == CKR_OK; i++)
		rv = use();
	return (rv == CKR_OK && alarms == 0 ? CKR_GENERAL_ERROR : rv);
}

static const struct child_row rows[] = {{"load", load_ten_times},
    {"before", finalize_before}, {"after", finalize_after}, {"use", use_after},
    {"never", never_finalize}, {"threads", leave_threads},
    {"call", leave_a_call}, {"german", speak_german}, {"close", close_all},
    {"inherit", inherit}, {"lose", lose_configuration},
    {"signals", take_signals}};

static const struct {
	const char *name, *argument, *what;
} hosts[] = {{"load", "-", "ten times loaded and unloaded"},
    {"before", "-", "C_Finalize at exit, before the module's handler"},
    {"after", "-", "C_Finalize at exit, after it"},
    {"use", "-", "calls at exit, after it"}, {"never", "-", "no C_Finalize"},
    {"threads", "-", "threads that outlive C_Finalize"},
    {"call", "-", "a call that outlives it"},
    {"german", "-", "numbers with commas"},
    {"close", "no", "all descriptors closed"},
    {"close", "yes", "all descriptors closed, and others opened"},
    {"close", "at-the-end", "the same, and C_Finalize comes next"},
    {"inherit", "-", "no descriptor for a program that it starts"},
    {"signals", "-", "signals while the module waits"},
    {"lose", "-", "the token taken out of the configuration"}};

int
main(int argc, char **argv)
{
	const char *printed;

	child_main(argc, argv, rows, ELEMS(rows));
	testenv_start();
	testenv_config("log = /dev/null", NULL, NULL);
	p11_start();
	(void)key_make(material(1), "host's");
	p11_stop();
	for (size_t i = 0; i < ELEMS(hosts); i++) {
		testenv_write("child.out", "");
		RV(child_run(hosts[i].name, hosts[i].argument), CKR_OK, "%s",
		    hosts[i].what);
		printed = testenv_read("child.out");
		OK(printed[0] == '\0', "prints nothing: %s", printed);
		faults_clear();
	}
	testenv_stop();
	return (tap_done());
}
