#include <ftw.h>
#include <glob.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "tap.h"
#include "testenv.h"

#define START_SECONDS 60 /* a machine under load, a server with sanitizers */
#define FILE_SIZE (64 * 1024)
#define ANSWERS 4 /* of testenv_read(), at a time */

static struct {
	char dir[64];
	char build[PATH_MAX];
	char module[PATH_MAX + 32], server[PATH_MAX + 32];
	char address[64];
	bool tls;
	pid_t pid; /* of the KMS; 0: none */
	pid_t owner; /* who removes the folder */
} w;

/* Of the host's environment these would change what is tested. */
static const char *const unwanted[] = {"AWS_PROFILE", "AWS_DEFAULT_PROFILE",
    "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_KMS", "AWS_CA_BUNDLE", "AWS_MAX_ATTEMPTS",
    "AWS_RETRY_MODE", "AWS_NEW_RETRIES_2026",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "KEYFERRY_LOG", "KEYFERRY_CONFIG",
    "XDG_CONFIG_HOME", "XDG_STATE_HOME", "http_proxy", "https_proxy",
    "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};

static void
die(const char *what)
{
	perror(what);
	tap_bail();
}

const char *
testenv_path(const char *name)
{
	static char paths[4][PATH_MAX];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", w.dir, name);
	return (path);
}

const char *
testenv_module(void)
{
	return (w.module);
}

const char *
testenv_address(void)
{
	return (w.address);
}

static void
set(const char *name, const char *value)
{
	if (setenv(name, value, 1) != 0)
		die(name);
}

/* A built file: named in the environment, or where the build puts it. */
static void
find_built(const char *variable, const char *name, char *path, size_t size)
{
	const char *named = getenv(variable);

	if (named != NULL && named[0] != '\0')
		snprintf(path, size, "%s", named);
	else
		snprintf(path, size, "%s/%s", w.build, name);
	if (access(path, R_OK) != 0)
		die(path);
}

void
testenv_open(void)
{
	const char *build = getenv("builddir");

	if (realpath(build != NULL ? build : ".", w.build) == NULL)
		die("builddir");
	find_built("KEYFERRY_MODULE", ".libs/keyferry-pkcs11.so", w.module,
	    sizeof(w.module));
	snprintf(w.dir, sizeof(w.dir), "/tmp/keyferry-test-XXXXXX");
	if (mkdtemp(w.dir) == NULL)
		die(w.dir);
	w.owner = getpid();
	set("KEYFERRY_TEST_DIR", w.dir);
	set("KEYFERRY_MODULE", w.module);
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		unsetenv(unwanted[i]);
	set("HOME", w.dir);
	set("AWS_CONFIG_FILE", "/dev/null");
	set("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
	set("AWS_EC2_METADATA_DISABLED", "true");
	/* a KMS that nobody serves: whoever calls it fails at once */
	set("AWS_REGION", "us-east-1");
	set("AWS_ENDPOINT_URL_KMS", "http://127.0.0.1:1");
	set("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE");
	set("AWS_SECRET_ACCESS_KEY", "nobody");
	testenv_config(NULL, NULL, NULL);
}

void
testenv_join(void)
{
	snprintf(w.dir, sizeof(w.dir), "%s", getenv("KEYFERRY_TEST_DIR"));
	snprintf(w.module, sizeof(w.module), "%s", getenv("KEYFERRY_MODULE"));
}

void
testenv_write(const char *name, const char *text)
{
	const char *path = testenv_path(name);
	FILE *f = fopen(path, "w");

	if (f == NULL || fputs(text, f) == EOF || fclose(f) != 0 ||
	    chmod(path, 0600) != 0)
		die(path);
}

const char *
testenv_read(const char *name)
{
	/* the last few answers stay, for a check that reads and then prints */
	static char *texts[ANSWERS];
	static size_t turn;
	char **text = &texts[turn++ % ANSWERS];
	FILE *f = fopen(testenv_path(name), "r");
	size_t size = FILE_SIZE, n = 0;

	do {
		size *= 2;
		if ((*text = realloc(*text, size)) == NULL)
			die(name);
		if (f != NULL)
			n += fread(*text + n, 1, size - 1 - n, f);
	} while (n == size - 1);
	if (f != NULL)
		fclose(f);
	(*text)[n] = '\0';
	return (*text);
}

size_t
testenv_state_files(const char *key_id)
{
	char pattern[512];
	glob_t found;
	size_t n = 0;

	snprintf(pattern, sizeof(pattern), "%s/*/*-%s", testenv_path("state"),
	    key_id);
	if (glob(pattern, 0, NULL, &found) == 0)
		n = found.gl_pathc;
	globfree(&found);
	return (n);
}

size_t
testenv_lines(const char *text)
{
	size_t n = 0;

	for (; (text = strchr(text, '\n')) != NULL; text++)
		n++;
	return (n);
}

void
testenv_config(const char *top, const char *token, const char *more)
{
	char text[8192];

	snprintf(text, sizeof(text),
	    "state = %s/state\n%s\n[token test]\nwrapping-bits = "
	    "2048\nsettle = 0\nslot = 0\n%s\n%s\n",
	    w.dir, top != NULL ? top : "", token != NULL ? token : "",
	    more != NULL ? more : "");
	testenv_write("keyferry.conf", text);
	set("KEYFERRY_CONFIG", testenv_path("keyferry.conf"));
}

/* Takes "export NAME='VALUE'" lines into the environment. */
static void
take_env(const char *name)
{
	static const char start[] = "export ";
	char line[512], *equals, *end;
	FILE *f = fopen(testenv_path(name), "r");

	if (f == NULL)
		die(name);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, start, strlen(start)) != 0 ||
		    (equals = strchr(line, '=')) == NULL)
			continue;
		*equals++ = '\0';
		end = equals + strcspn(equals, "\n");
		if (end > equals + 1 && *equals == '\'' && end[-1] == '\'') {
			equals++;
			end--;
		}
		*end = '\0';
		set(line + strlen(start), equals);
	}
	fclose(f);
	snprintf(w.address, sizeof(w.address), "%s",
	    getenv("AWS_ENDPOINT_URL_KMS") +
		strlen(w.tls ? "https://" : "http://"));
}

static void
wait_for_env(void)
{
	const struct timespec moment = {.tv_nsec = 5 * 1000 * 1000};

	for (int i = 0; i < START_SECONDS * 200; i++) {
		if (access(testenv_path("env"), R_OK) == 0)
			return;
		if (waitpid(w.pid, NULL, WNOHANG) == w.pid)
			break;
		nanosleep(&moment, NULL);
	}
	printf("# %s\n", testenv_read("kms.log"));
	die("keyferry-localkms does not start");
}

void
testenv_kms_start(void)
{
	const char *address = w.address[0] != '\0' ? w.address : "127.0.0.1:0";

	find_built("KEYFERRY_LOCALKMS", "keyferry-localkms", w.server,
	    sizeof(w.server));
	unlink(testenv_path("env"));
	fflush(stdout);
	if ((w.pid = fork()) == -1)
		die("fork");
	if (w.pid == 0) {
		if (freopen(testenv_path("kms.log"), "a", stderr) == NULL ||
		    freopen("/dev/null", "w", stdout) == NULL)
			_exit(127);
		execl(w.server, "keyferry-localkms", "--listen", address,
		    "--store", testenv_path("store"), "--env-file",
		    testenv_path("env"), w.tls ? "--tls" : (char *)NULL,
		    (char *)NULL);
		_exit(127);
	}
	wait_for_env();
	take_env("env");
	/* an RSA key pair for each set of parameters is most of a test's time */
	control("POST", "/wrapping-keys?share=on");
}

void
testenv_kms_stop(void)
{
	int status;

	if (w.pid == 0)
		return;
	kill(w.pid, SIGTERM);
	waitpid(w.pid, &status, 0);
	w.pid = 0;
	if (!OK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
		"the KMS ends cleanly"))
		printf("# status 0x%x\n%s\n", (unsigned)status,
		    testenv_read("kms.log"));
}

static void
at_end(void)
{
	if (w.owner == getpid() && w.pid != 0)
		kill(w.pid, SIGKILL);
}

void
testenv_start(void)
{
	testenv_open();
	/* a test that gives up must not leave it running */
	atexit(at_end);
	testenv_kms_start();
}

void
testenv_start_tls(void)
{
	w.tls = true;
	testenv_start();
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return (remove(path));
}

void
testenv_stop(void)
{
	testenv_kms_stop();
	if (getenv("KEYFERRY_TEST_KEEP") == NULL)
		nftw(w.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	else
		printf("# kept: %s\n", w.dir);
}

void
testenv_log(const char *level)
{
	char log[512];

	snprintf(log, sizeof(log), "%s:%s", level, testenv_path("log"));
	setenv("KEYFERRY_LOG", log, 1);
}

int
testenv_logged(const char *text)
{
	if (strstr(testenv_read("log"), text) != NULL)
		return (1);
	printf("# %s\n", testenv_read("log"));
	return (0);
}

int
testenv_logged_last(const char *text)
{
	const char *line = testenv_read("log"), *next;

	while ((next = strchr(line, '\n')) != NULL && next[1] != '\0')
		line = next + 1;
	if (strstr(line, text) != NULL)
		return (1);
	printf("# %s\n", line);
	return (0);
}
