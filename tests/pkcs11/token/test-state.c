/* The state directory: nothing in it is believed that others could have put
 * there, and no process keeps the lock of another's import. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "child.h"
#include "cryptoki/cryptoki.h"

#define ABOVE "deep"
#define STATE "deep/state"
#define STRANGER 12345 /* a user that is neither root nor this one */
#define LIFE_SECONDS 60 /* of a process that holds nothing */
#define SOON_SECONDS 20

static char token_dir[256], pair_file[512]; /* below the test's folder */

/* The name in the directory that begins so. */
static void
find_in(const char *dir, const char *begin, char *path, size_t size)
{
	DIR *d = opendir(testenv_path(dir));
	const struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' &&
		    strncmp(e->d_name, begin, strlen(begin)) == 0)
			snprintf(path, size, "%s/%s", dir, e->d_name);
	if (d == NULL || path[0] == '\0')
		tap_bail();
	(void)closedir(d);
}

static void
set_mode(const char *name, mode_t mode)
{
	if (chmod(testenv_path(name), mode) != 0)
		tap_bail();
}

/* A process that begins anew reads the wrapping key. Without a state directory
 * that it trusts it does not know the pair for its own: it has no label then. */
static CK_RV
read_wrapping_key(void)
{
	CK_BYTE modulus[512];
	CK_ATTRIBUTE a = {CKA_MODULUS, modulus, sizeof(modulus)};

	p11_stop();
	p11_start();
	return (p11->C_GetAttributeValue(
	    rw, find_label("pair", CKO_PUBLIC_KEY), &a, 1));
}

static void
test_modes(void)
{
	const struct {
		const char *what, *name;
		mode_t mode, before;
	} rows[] = {
	    {"a directory above that everyone can write to", ABOVE, 0777, 0700},
	    {"a state directory that its group can write to", STATE, 0770,
		0700},
	    {"a token's directory that everyone can write to", token_dir, 0707,
		0700},
	    {"even a sticky one", token_dir, 01777, 0700},
	    {"a pair's file that its group can write to", pair_file, 0620,
		0600},
	    {"one that everyone can write to", pair_file, 0602, 0600},
	};

	for (size_t i = 0; i < ELEMS(rows); i++) {
		set_mode(rows[i].name, rows[i].mode);
		OK(read_wrapping_key() != CKR_OK, "%s", rows[i].what);
		set_mode(rows[i].name, rows[i].before);
		RV(read_wrapping_key(), CKR_OK, "mended");
	}
	OK(strstr(testenv_read("log"),
	       "users other than its owner can write") != NULL,
	    "the log says what is wrong");
}

static void
test_links(void)
{
	char elsewhere[512];

	snprintf(elsewhere, sizeof(elsewhere), "%s", testenv_path("planted"));
	NEED(rename(testenv_path(pair_file), elsewhere) == 0 &&
		 symlink(elsewhere, testenv_path(pair_file)) == 0,
	    "a link in the place of a pair's file");
	OK(read_wrapping_key() != CKR_OK, "it is not followed");
	NEED(unlink(testenv_path(pair_file)) == 0 &&
		 rename(elsewhere, testenv_path(pair_file)) == 0 &&
		 rename(testenv_path(STATE), testenv_path("moved")) == 0 &&
		 symlink(testenv_path("moved"), testenv_path(STATE)) == 0,
	    "a link of the user's to the directory");
	RV(read_wrapping_key(), CKR_OK, "leads there");
	set_mode("moved", 0770);
	OK(read_wrapping_key() != CKR_OK, "but what it leads to is checked");
	set_mode("moved", 0700);
	if (geteuid() != 0)
		return;
	(void)chown(testenv_path(pair_file), STRANGER, 0);
	OK(read_wrapping_key() != CKR_OK, "another user's file");
	(void)chown(testenv_path(pair_file), 0, 0);
	(void)lchown(testenv_path(STATE), STRANGER, 0);
	OK(read_wrapping_key() != CKR_OK, "another user's link");
	(void)lchown(testenv_path(STATE), 0, 0);
	RV(read_wrapping_key(), CKR_OK, "all is well again");
}

/* Nothing is made in KMS that could not be noted here first. */
static void
test_import(void)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;

	set_mode("moved", 0777);
	calls_clear();
	key_template(&k, material(1), "key");
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_FUNCTION_FAILED,
	    "an import that must be noted where others can write");
	COUNT(calls("CreateKey"), 0, "makes no key");
	set_mode("moved", 0700);
	RV(p11->C_CreateObject(rw, k.t, k.count, &h), CKR_OK, "mended");
}

static void *
import_it(void *label)
{
	(void)key_make(material(2), label);
	return (NULL);
}

/* Step: forks while an import waits for KMS; ends when it is killed. */
static CK_RV
step_fork(const char *label)
{
	char text[16];
	pthread_t thread;
	pid_t pid;

	if (p11_begin() != CKR_OK || pthread_create(&thread, NULL, import_it,
					 (void *)(uintptr_t)label) != 0)
		return (CKR_GENERAL_ERROR);
	while (calls("CreateKey") == 0)
		usleep(10000);
	if ((pid = fork()) == 0) {
		alarm(LIFE_SECONDS);
		for (;;)
			pause();
	}
	snprintf(text, sizeof(text), "%ld", (long)pid);
	testenv_write("forked", text);
	for (;;)
		pause();
}

static void
test_lock_of_fork(void)
{
	struct child s;
	time_t begin = time(NULL);
	pid_t pid;

	calls_clear();
	control("POST", "/faults?operation=CreateKey&fault=hang&count=1");
	s = child_start("fork", "locked");
	while (testenv_read("forked")[0] == '\0' &&
	       time(NULL) - begin < LIFE_SECONDS)
		usleep(10000);
	pid = (pid_t)atol(testenv_read("forked"));
	NEED(pid > 0, "a process forks while it imports");
	child_kill(&s);
	faults_clear();
	NEED(kill(pid, 0) == 0, "it is killed, and its child lives");
	begin = time(NULL);
	(void)key_make(material(2), "locked");
	OK(time(NULL) - begin < SOON_SECONDS,
	    "the import's lock went with the process that took it");
	(void)kill(pid, SIGKILL);
}

/* A bit of the pair's file flips. at: how far behind that member's name. */
static void
flip(const char *file, const char *member, size_t at)
{
	CK_OBJECT_HANDLE h = find_label("pair", CKO_PUBLIC_KEY);
	char *text = strdup(file), *c = strstr(text, member);
	CK_BYTE modulus[512];

	NEED(c != NULL && strlen(c) > strlen(member) + 3 + at, "%s", member);
	c[strlen(member) + 3 + at] ^= 1;
	testenv_write(pair_file, text);
	free(text);
	calls_clear();
	OK(attr(h, CKA_MODULUS, modulus, sizeof(modulus)) <= sizeof(modulus),
	    "%s has a flipped bit: the wrapping key is read", member);
	COUNT(calls("GetParametersForImport"), 1, "and is another");
	calls_clear();
	(void)attr(h, CKA_MODULUS, modulus, sizeof(modulus));
	COUNT(calls("GetParametersForImport"), 0, "which is kept");
}

static void
test_flipped_bits(void)
{
	char *file;

	RV(read_wrapping_key(), CKR_OK, "a wrapping key is kept");
	file = strdup(testenv_read(pair_file));
	for (size_t at = 0; at < 200; at += 67) {
		flip(file, "ImportToken", at);
		flip(file, "PublicKey", at);
	}
	flip(file, "ParametersValidTo", 2);
	free(file);
}

/* Ends are judged by AWS's clock: this machine's is a day behind. */
static void
test_clock(void)
{
	CK_ULONG end = (CK_ULONG)time(NULL) + 3600;
	struct key_template k;
	CK_OBJECT_HANDLE h = find_label("pair", CKO_PUBLIC_KEY);
	CK_BYTE modulus[512];

	(void)attr(h, CKA_MODULUS, modulus, sizeof(modulus));
	control("POST", "/clock?forward=90000");
	NEED(find_label("pair", CKO_PUBLIC_KEY) == h, "the pair is found");
	calls_clear();
	(void)attr(h, CKA_MODULUS, modulus, sizeof(modulus));
	COUNT(calls("GetParametersForImport"), 1,
	    "what has expired by AWS's clock is got anew");
	calls_clear();
	(void)attr(h, CKA_MODULUS, modulus, sizeof(modulus));
	COUNT(calls("GetParametersForImport"), 0, "once");
	p11_stop();
	p11_start();
	calls_clear();
	key_template(&k, material(1), "has ended");
	template_add(&k, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	RV(p11->C_CreateObject(rw, k.t, k.count, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "so is a new key's end");
	COUNT(calls("CreateKey"), 0, "before there is a key");
	control("POST", "/clock?skew=-90000");
}

/* Older versions called the directory by the token's serial number, of which the
 * section's name is a part. */
static void
test_older_version(void)
{
	char old[512], new[256], text[1024];
	CK_TOKEN_INFO info;

	NEED(p11->C_GetTokenInfo(0, &info) == CKR_OK, "the serial number");
	snprintf(
	    old, sizeof(old), STATE "/%.16s", (const char *)info.serialNumber);
	snprintf(new, sizeof(new), "%s", testenv_path(token_dir));
	p11_stop();
	NEED(rename(new, testenv_path(old)) == 0, "the state as it was");
	p11_start();
	OK(access(testenv_path(pair_file), F_OK) == 0 &&
		access(testenv_path(old), F_OK) != 0,
	    "is where it belongs now");
	RV(read_wrapping_key(), CKR_OK, "the pair is known");
	/* two sections had two directories */
	NEED(mkdir(testenv_path(old), 0700) == 0, "another section's");
	snprintf(text, sizeof(text), "%s/made-other", old);
	testenv_write(text, "other");
	snprintf(text, sizeof(text), "%s/%s", old, strrchr(pair_file, '/') + 1);
	testenv_write(text, "older");
	RV(read_wrapping_key(), CKR_OK, "what is there stays");
	OK(access(testenv_path(text), F_OK) == 0,
	    "what has no place yet is not lost");
	OK(strstr(testenv_read("log"), "cannot be moved") != NULL,
	    "and the log says so");
	snprintf(text, sizeof(text), "%s/made-other", token_dir);
	OK(strcmp(testenv_read(text), "other") == 0, "the rest is moved");
	snprintf(text, sizeof(text), "%s/%s", old, strrchr(pair_file, '/') + 1);
	NEED(remove(testenv_path(text)) == 0, "no trace of it");
	/* the section's name does not matter */
	snprintf(text, sizeof(text),
	    "state = %s\n[token renamed]\nsettle = 0\n", testenv_path(STATE));
	testenv_write("renamed.conf", text);
	snprintf(old, sizeof(old), "%s", getenv("KEYFERRY_CONFIG"));
	setenv("KEYFERRY_CONFIG", testenv_path("renamed.conf"), 1);
	RV(read_wrapping_key(), CKR_OK, "a section with another name");
	setenv("KEYFERRY_CONFIG", old, 1);
	p11_stop();
	p11_start();
}

int
main(int argc, char **argv)
{
	static const struct child_row rows[] = {{"fork", step_fork}};
	char top[640];

	child_main(argc, argv, rows, ELEMS(rows));
	(void)umask(022);
	testenv_start();
	snprintf(top, sizeof(top), "log = %s\nstate = %s\n",
	    testenv_path("log"), testenv_path(STATE));
	testenv_config(top, NULL, NULL);
	p11_load();
	p11_start();
	(void)pair_make("pair");
	RV(read_wrapping_key(), CKR_OK, "a pair's wrapping key is read");
	find_in(STATE, "", token_dir, sizeof(token_dir));
	find_in(token_dir, "pair-", pair_file, sizeof(pair_file));
	test_older_version();
	test_modes();
	test_links();
	test_flipped_bits();
	test_clock();
	test_import();
	test_lock_of_fork();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
