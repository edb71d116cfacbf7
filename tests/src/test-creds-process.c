/* Credentials that a program prints. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include "client-env.h"
#include "creds-env.h"
#include "files.h"
#include "tap.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define JSON(more)                                          \
	"{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"P\\\"," \
	"\\\"SecretAccessKey\\\":\\\"s\\\"" more "}"
#define PRINT(more) "printf '%s' '" JSON(more) "'"
#define SH(script) "sh -c \"" script "\""

/* clang-format off */
static const struct {
	const char *what, *command;
	enum err err;
	const char *token, *message;
} rows[] = {
	{ "keys alone", SH(PRINT("")), ERR_OK, "", "" },
	{ "a token and its end", SH(PRINT(",\\\"SessionToken\\\":\\\"t\\\","
	  "\\\"Expiration\\\":\\\"2099-01-02T03:04:05Z\\\"")), ERR_OK, "t", "" },
	{ "null members are absent", SH(PRINT(",\\\"SessionToken\\\":null,"
	  "\\\"Expiration\\\":null")), ERR_OK, "", "" },
	{ "a byte order mark", SH("printf '\\\\357\\\\273\\\\277'; " PRINT("")),
	  ERR_OK, "", "" },
	{ "members that nobody knows", SH(PRINT(",\\\"AccountId\\\":\\\"1\\\","
	  "\\\"x\\\":[{}]")), ERR_OK, "", "" },
	{ "a date with an offset", SH(PRINT(","
	  "\\\"Expiration\\\":\\\"2099-01-02T03:04:05.5+00:00\\\"")),
	  ERR_OK, "", "" },
	{ "they have ended", SH(PRINT(","
	  "\\\"Expiration\\\":\\\"2019-01-02T03:04:05Z\\\"")),
	  ERR_CREDS, NULL, "ended at 2019-01-02T03:04:05Z" },
	{ "an end that is no date", SH(PRINT(",\\\"Expiration\\\":\\\"soon\\\"")),
	  ERR_CREDS, NULL, "soon" },
	{ "no version", SH("echo '{\\\"AccessKeyId\\\":\\\"P\\\","
	  "\\\"SecretAccessKey\\\":\\\"s\\\"}'"), ERR_CREDS, NULL,
	  "\"Version\": 1" },
	{ "the version as a text", SH("echo '{\\\"Version\\\":\\\"1\\\"}'"),
	  ERR_CREDS, NULL, "JSON" },
	{ "no secret", SH("echo '{\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"P\\\"}'"),
	  ERR_CREDS, NULL, "no secret access key" },
	{ "a line's end in the id", SH("echo '{\\\"Version\\\":1,"
	  "\\\"AccessKeyId\\\":\\\"a\\\\\\\\nb\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}'"),
	  ERR_CREDS, NULL, "not valid" },
	{ "no JSON", "echo hello", ERR_CREDS, NULL, "JSON" },
	{ "nothing", "true", ERR_CREDS, NULL, "\"Version\": 1" },
	{ "it fails and says why", SH("echo 'log in first' >&2; exit 3"),
	  ERR_CREDS, NULL, "status 3: log in first" },
	{ "it fails with output", SH(PRINT("") "; exit 1"), ERR_CREDS, NULL,
	  "status 1" },
	{ "a signal", SH("kill -TERM $$"), ERR_CREDS, NULL, "status 143" },
	{ "no such program", "/nonexistent/program --x", ERR_CREDS, NULL,
	  "/nonexistent/program: No such file" },
	{ "a quote without an end", "sh -c 'x", ERR_CONFIG, NULL, "quote" },
	{ "it never ends", "sleep 100", ERR_CREDS_SERVICE, NULL, "in time" },
	{ "its output never ends", "yes", ERR_CREDS, NULL, "too much" },
	{ "its child keeps the output", SH("sleep 20 & " PRINT("")),
	  ERR_OK, "", "" },
	{ "much on standard error", SH("yes | head -c 300000 >&2; " PRINT("")),
	  ERR_OK, "", "" },
};
/* clang-format on */

static void
test_row(size_t i)
{
	char config[1024];
	struct found *f;

	(void)snprintf(config, sizeof(config),
	    "[default]\ncredential_process = %s\n", rows[i].command);
	test_creds_files(NULL, config);
	f = test_creds_find(
	    NULL, rows[i].err == ERR_CREDS_SERVICE ? 300 : 8000);
	OK(rows[i].err == ERR_OK
		? test_creds_are(f, "P", "s", rows[i].token)
		: test_creds_failed(f, rows[i].err, rows[i].message),
	    "%s: %s", rows[i].what, f->error.message);
	OK(f->took_ms < 5000, "%s: in time", rows[i].what);
}

/* The words arrive as a shell would hand them over, which is not asked. */
static void
test_words(void)
{
	static const struct {
		const char *words, *want;
	} cases[] = {
	    {"a b", "<a><b>"},
	    {"  a\t b  ", "<a><b>"},
	    {"'a b' \"c  d\"", "<a b><c  d>"},
	    {"a'b'\"c\"d", "<abcd>"},
	    {"'' \"\"", "<><>"},
	    {"a\\ b", "<a b>"},
	    {"\"a\\\"b\\\\c\\d\"", "<a\"b\\c\\d>"},
	    {"'a\\b'", "<a\\b>"},
	    {"$HOME `id` *;", "<$HOME><`id`><*;>"},
	};
	const char *script = file_write(
	    "words.sh", "printf '<%s>' \"$@\" >&2\nexit 1\n");
	char config[1024];

	for (size_t i = 0; i < ELEMS(cases); i++) {
		(void)snprintf(config, sizeof(config),
		    "[default]\ncredential_process = sh %s %s\n", script,
		    cases[i].words);
		test_creds_files(NULL, config);
		OK(test_creds_failed(
		       test_creds_find(NULL, 8000), ERR_CREDS, cases[i].want),
		    "words: %s", cases[i].words);
	}
}

static void
wait_for_all(int sig)
{
	(void)sig;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

/* Whatever the host does with SIGCHLD, no zombie is left. */
static void
test_sigchld(void)
{
	static const struct {
		const char *what;
		void (*handler)(int);
		int flags;
	} cases[] = {
	    {"default", SIG_DFL, 0},
	    {"ignored", SIG_IGN, 0},
	    {"SA_NOCLDWAIT", SIG_DFL, SA_NOCLDWAIT},
	    {"a handler that waits for all", wait_for_all, 0},
	};
	struct sigaction sa;

	test_creds_files(
	    NULL, "[default]\ncredential_process = " SH(PRINT("")) "\n");
	for (size_t i = 0; i < ELEMS(cases); i++) {
		memset(&sa, 0, sizeof(sa));
		sa.sa_handler = cases[i].handler;
		sa.sa_flags = cases[i].flags;
		(void)sigaction(SIGCHLD, &sa, NULL);
		OK(test_creds_are(test_creds_find(NULL, 8000), "P", "s", ""),
		    "SIGCHLD: %s", cases[i].what);
		OK(waitpid(-1, NULL, WNOHANG) == -1 && errno == ECHILD,
		    "SIGCHLD: %s: nothing is left", cases[i].what);
	}
	(void)signal(SIGCHLD, SIG_DFL);
}

/* It gets nothing but its three descriptors, and no signal that we ignore. */
static void
test_inherited(void)
{
	const char *script = file_write("inherited.sh",
	    "[ ! -e /proc/$$/fd/9 ] || { echo has 9 >&2; exit 1; }\n"
	    "kill -PIPE $$\n");
	int fd = open("/dev/null", O_RDONLY), kept;
	char config[512];

	kept = dup2(fd, 9);
	(void)signal(SIGPIPE, SIG_IGN);
	(void)snprintf(config, sizeof(config),
	    "[default]\ncredential_process = sh %s\n", script);
	test_creds_files(NULL, config);
	OK(kept == 9 && test_creds_failed(test_creds_find(NULL, 8000),
			    ERR_CREDS, "status 141"),
	    "no descriptor is inherited, no signal is ignored");
	(void)close(fd);
	(void)close(9);
	/* a host that has closed its standard descriptors */
	test_creds_files(
	    NULL, "[default]\ncredential_process = " SH(PRINT("")) "\n");
	fflush(stdout);
	fd = fcntl(1, F_DUPFD_CLOEXEC, 10);
	kept = fcntl(2, F_DUPFD_CLOEXEC, 10);
	(void)close(0);
	(void)close(1);
	(void)close(2);
	struct found *f = test_creds_find(NULL, 8000);
	(void)open("/dev/null", O_RDONLY);
	(void)dup2(fd, 1);
	(void)dup2(kept, 2);
	(void)close(fd);
	(void)close(kept);
	OK(test_creds_are(f, "P", "s", ""), "standard descriptors are closed");
}

/* Whether another thread could fork() while the program runs. */
static void *
fork_meanwhile(void *arg)
{
	const char *running = arg;
	bool *could = malloc(sizeof(*could));
	char path[256];

	for (int i = 0; i < 10000 && access(running, F_OK) == -1; i++)
		(void)usleep(1000);
	*could = crypto_before_fork(&test_crypto);
	crypto_after_fork(&test_crypto, *could);
	(void)snprintf(path, sizeof(path), "%s.go", running);
	(void)close(open(path, O_WRONLY | O_CREAT, 0600));
	return (could);
}

/* A program may take its time: no other thread's fork() waits for its end. */
static void
test_fork(void)
{
	struct crypto_guard guard;
	char running[160], path[170], config[1024];
	struct found *f;
	pthread_t thread;
	void *could;

	(void)snprintf(
	    running, sizeof(running), "%s/running", test_creds_home());
	(void)snprintf(path, sizeof(path), "%s.go", running);
	(void)snprintf(config, sizeof(config),
	    "[default]\ncredential_process = sh -c \": > %s; "
	    "while [ ! -e %s ]; do sleep 0.01; done; echo '" JSON("") "'\"\n",
	    running, path);
	test_creds_files(NULL, config);
	(void)pthread_create(&thread, NULL, fork_meanwhile, running);
	crypto_enter(&test_crypto, &guard);
	f = test_creds_find(NULL, 8000);
	crypto_leave(&guard);
	(void)pthread_join(thread, &could);
	OK(test_creds_are(f, "P", "s", ""), "a program that takes its time");
	OK(*(bool *)could, "fork() of another thread does not wait for it");
	free(could);
	(void)unlink(running);
	(void)unlink(path);
}

/* Which of a profile's settings counts. */
static void
test_order(void)
{
#define PROCESS "credential_process = " SH(PRINT("")) "\n"
#define KEYS(id) "aws_access_key_id = " id "\naws_secret_access_key = s\n"
	test_creds_files("[default]\n" KEYS("C"), "[default]\n" PROCESS);
	OK(test_creds_are(test_creds_find(NULL, 8000), "C", "s", ""),
	    "keys of the credentials file come before it");
	test_creds_files(NULL, "[default]\n" PROCESS KEYS("F"));
	OK(test_creds_are(test_creds_find(NULL, 8000), "P", "s", ""),
	    "those of the config file come after it");
	test_creds_files(
	    "[default]\n" PROCESS, "[default]\ncredential_process = false\n");
	OK(test_creds_are(test_creds_find(NULL, 8000), "P", "s", ""),
	    "one in the credentials file counts");
	test_creds_files(NULL, "[profile p]\n" PROCESS "[default]\n" KEYS("F"));
	OK(test_creds_are(test_creds_find("p", 8000), "P", "s", ""),
	    "of a profile that was chosen");
}

/* The AWS command line takes this program for one. */
static void
test_awscli(void)
{
	test_creds_files(NULL,
	    "[profile p]\ncredential_process = sh -c \"echo '{"
	    "\\\"Version\\\":1,\\\"AccessKeyId\\\":\\\"PPPP\\\","
	    "\\\"SecretAccessKey\\\":\\\"s\\\"}'\"\n");
	OK(!test_has_awscli() || test_creds_awscli("p", "PPPP"),
	    "the AWS command line takes such a program");
	OK(test_creds_are(test_creds_find("p", 8000), "PPPP", "s", ""),
	    "and so do we");
}

int
main(void)
{
	test_creds_open();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(i);
	test_words();
	test_sigchld();
	test_inherited();
	test_fork();
	test_order();
	test_awscli();
	test_creds_close();
	return (tap_done());
}
