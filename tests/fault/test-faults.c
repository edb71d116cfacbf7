/* Every failure in turn: each allocation, and each answer of the KMS, of each
 * act that a program can do. No crash, no hang, the next try works, nothing is
 * kept. `make faults` takes each; `make check` some of those in acts that do not
 * ask the KMS. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "account.h"
#include "acts.h"
#include "failing-alloc.h"

/* for one try, what it made being taken back; a process that takes more hangs */
#define SECONDS 120
#define FEW 100 /* allocations of an act, each of which fails */
#define WARM 5 /* of so many allocations one fails first */
#define KEPT_MOST 16 /* blocks that libraries keep for later, once */

/* What the process under test says; it may end at any time. */
static struct report {
	size_t n, tries, failed;
	size_t worse; /* a wrong code, or a try afterwards failed */
	size_t most; /* allocations of the act, or answers */
	size_t kept;
	bool ended; /* the child, with all that it had to do */
	CK_RV rv, after;
	char doing[64];
} * report;
static size_t every = 1;

static void
disarm(void)
{
	report->n = alloc_disarm();
}

/* Runs body in a child; whether it ended by itself. */
static bool
in_child(
    void (*body)(const struct act *, size_t), const struct act *a, size_t from)
{
	static const int crashes[] = {
	    SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM};
	int status = -1;
	pid_t pid;

	fflush(stdout);
	if ((pid = fork()) == 0) {
		for (size_t i = 0; i < ELEMS(crashes); i++)
			signal(crashes[i], alloc_on_crash);
		body(a, from);
		fflush(stdout);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		tap_bail();
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return (true);
	if (WIFSIGNALED(status))
		printf("# %s %zu: %s\n", report->doing, report->tries,
		    WTERMSIG(status) == SIGALRM ? "it hangs"
						: strsignal(WTERMSIG(status)));
	return (false);
}

/* What a call may say when memory is short. OpenSSL before 3.2 does not tell of
 * each allocation that failed; then nothing more is known than that it did not
 * work. No verdict on a key, a signature or an argument may come of it. */
static bool
is_without_memory(CK_RV rv)
{
	return (rv == CKR_OK || rv == CKR_HOST_MEMORY ||
		rv == CKR_GENERAL_ERROR || rv == CKR_FUNCTION_FAILED);
}

/* One allocation fails, or all from it on; then nothing does. False: there are
 * not so many allocations. */
static bool
try_alloc(const struct act *a, size_t n, bool all)
{
	CK_RV after;

	alarm(SECONDS);
	report->tries = n;
	alloc_arm(n, all);
	report->rv = a->run();
	(void)alloc_disarm();
	if (report->n < n)
		return (false);
	report->failed++;
	after = a->run();
	(void)alloc_disarm();
	if (after != CKR_OK || !is_without_memory(report->rv)) {
		printf("# allocation %zu%s: 0x%lx, and then 0x%lx\n", n,
		    all ? " and all behind it" : "", report->rv, after);
		report->worse++;
	}
	return (true);
}

/* Each of few, and some of many. */
static size_t
step_through(const struct act *a)
{
	alloc_arm(0, false);
	(void)a->run();
	(void)alloc_disarm();
	report->most = report->n;
	return (report->n <= FEW ? 1 : every);
}

static void
walk_allocs(const struct act *a, size_t from)
{
	size_t step;

	if (p11_begin() != CKR_OK || acts_prepare() != CKR_OK ||
	    a->run() != CKR_OK)
		_exit(1);
	step = step_through(a);
	/* so that libraries have what they keep */
	for (size_t n = from; try_alloc(a, n, false); n += WARM * step)
		;
	for (size_t n = from; try_alloc(a, n, true); n += WARM * step)
		;
	alloc_mark();
	for (size_t n = from; try_alloc(a, n, false); n += step)
		;
	for (size_t n = from; try_alloc(a, n, true); n += step)
		;
	if (p11->C_Finalize(NULL) != CKR_OK)
		_exit(1);
	report->kept = alloc_unmark(KEPT_MOST);
	report->ended = true;
}

static void
test_allocs(const struct act *a)
{
	size_t crashes = 0, from = 1;

	memset(report, 0, sizeof(*report));
	snprintf(report->doing, sizeof(report->doing), "allocation");
	while (!in_child(walk_allocs, a, from) && report->tries >= from) {
		crashes++;
		from = report->tries + every;
	}
	OK(crashes == 0 && report->ended && report->worse == 0 &&
		report->kept <= KEPT_MOST,
	    "%s: %zu allocations, %zu failures", a->name, report->most,
	    report->failed);
	if (report->kept > KEPT_MOST)
		printf("# %zu blocks are kept\n", report->kept);
}

/* From the very beginning: a process that has done nothing yet. */
static void
cold(const struct act *a, size_t n)
{
	CK_RV rv;

	alarm(SECONDS);
	alloc_arm(n, false);
	if ((rv = p11_begin()) == CKR_OK && (rv = acts_prepare()) == CKR_OK)
		rv = a->run();
	else
		disarm();
	report->rv = rv;
	if (report->n < n)
		return;
	report->failed++;
	rv = p11->C_Finalize(NULL);
	if (rv == CKR_OK || rv == CKR_CRYPTOKI_NOT_INITIALIZED)
		rv = p11_begin();
	if (rv == CKR_OK && (rv = acts_prepare()) == CKR_OK)
		rv = a->run();
	(void)alloc_disarm();
	if (rv != CKR_OK || p11->C_Finalize(NULL) != CKR_OK) {
		printf("# allocation %zu: 0x%lx, and then 0x%lx\n", n,
		    report->rv, rv);
		report->worse++;
	}
}

static void
test_cold(const struct act *a)
{
	size_t crashes = 0, step = every == 1 ? 1 : every * 37;

	memset(report, 0, sizeof(*report));
	snprintf(report->doing, sizeof(report->doing), "allocation");
	for (size_t n = 1;; n += step) {
		report->n = report->tries = n;
		if (!in_child(cold, a, n))
			crashes++;
		else if (report->n < n)
			break;
	}
	OK(crashes == 0 && report->failed != 0 && report->worse == 0,
	    "from C_Initialize on, %s: %zu failing allocations", a->name,
	    report->failed);
}

#define LONG_INPUT (8UL << 30)

/* Inside OpenSSL for longer than a fork() waits. */
static void *
digest_for_long(void *nothing)
{
	CK_MECHANISM sha = {CKM_SHA512, NULL, 0};
	CK_SESSION_HANDLE s = p11_session(0);
	void *zeros = mmap(NULL, LONG_INPUT, PROT_READ,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CK_BYTE out[64];
	CK_ULONG n = sizeof(out);

	if (zeros != MAP_FAILED && p11->C_DigestInit(s, &sha) == CKR_OK)
		(void)p11->C_Digest(s, zeros, LONG_INPUT, out, &n);
	return (nothing);
}

/* How many parts of this process's memory are left out of core files, as those
 * for secrets are. */
static size_t
arenas(void)
{
	FILE *f = fopen("/proc/self/smaps", "r");
	char line[256];
	size_t n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		n += strncmp(line, "VmFlags:", 8) == 0 &&
		     strstr(line, " dd ") != NULL;
	if (f != NULL)
		fclose(f);
	return (n);
}

static size_t arenas_before; /* without the module */

/* The first call of a child's child, which makes the module its own: where that
 * fails, the next one does, and nothing of the parent's is left in the end. */
static void
use_forked(const struct act *a, size_t n)
{
	CK_SESSION_INFO info;

	(void)a;
	alarm(SECONDS);
	alloc_arm(n, false);
	report->rv = p11->C_GetSessionInfo(rw, &info);
	report->n = alloc_disarm();
	if (report->n < n)
		return;
	report->failed++;
	if ((report->rv != CKR_OK &&
		p11->C_GetSessionInfo(rw, &info) != CKR_OK) ||
	    p11->C_Finalize(NULL) != CKR_OK)
		_exit(1);
	/* one is of the child's library context */
	report->kept += arenas() > arenas_before + 1;
}

static void
walk_forked(const struct act *a, size_t from)
{
	pthread_t t;
	pid_t pid;
	int status = -1;

	(void)from;
	alarm(SECONDS);
	if (p11_begin() != CKR_OK || p11->C_Finalize(NULL) != CKR_OK)
		_exit(1);
	arenas_before = arenas();
	if (p11_begin() != CKR_OK || arenas() <= arenas_before ||
	    pthread_create(&t, NULL, digest_for_long, NULL) != 0)
		_exit(1);
	usleep(200000);
	if ((pid = fork()) == 0) {
		for (size_t n = 1, last = 0; report->n >= last;
		     last = n, n += 1 + every * 9)
			if (!in_child(use_forked, a, n))
				_exit(1);
		_exit(0);
	}
	if (pid == -1 || waitpid(pid, &status, 0) != pid || status != 0)
		_exit(1);
	report->ended = true;
}

static void
test_forked(void)
{
	bool done;

	memset(report, 0, sizeof(*report));
	snprintf(report->doing, sizeof(report->doing), "forked, allocation");
	done = in_child(walk_forked, NULL, 0);
	OK(done && report->ended && report->failed != 0 && report->kept == 0,
	    "the first call of a forked child: %zu failures, %zu leave "
	    "something",
	    report->failed, report->kept);
}

/* What the KMS does instead of answering; those that take time are not in the
 * sample. */
static const struct kind {
	const char *fault;
	bool slow;
} kinds[] = {{"throttle", false}, {"internal", false}, {"unavailable", false},
    {"key-unavailable", false}, {"cut-before", false}, {"cut-after", false},
    {"cut-reply", false}, {"garbage", false}, {"wrong-type", false},
    {"too-large", true}, {"html", false}, {"hang", true}, {"hang-after", true}};

static void
try_reply(const struct act *a, const struct kind *k, size_t skip, size_t count)
{
	CK_RV after;

	alarm(SECONDS);
	snprintf(report->doing, sizeof(report->doing), "%s, answer", k->fault);
	report->tries = skip;
	control("POST", "/faults?fault=%s&skip=%zu&count=%zu&size=8388608",
	    k->fault, skip, count);
	report->rv = a->run();
	control("DELETE", "/faults");
	report->failed++;
	after = a->run();
	if (after != CKR_OK) {
		printf("# %s at answer %zu: 0x%lx, and then 0x%lx\n", k->fault,
		    skip, report->rv, after);
		report->worse++;
	}
}

static void
walk_replies(const struct act *a, size_t from)
{
	unsigned long n;
	size_t i = 0;

	if (p11_begin() != CKR_OK || acts_prepare() != CKR_OK)
		_exit(1);
	calls_clear();
	if (a->run() != CKR_OK)
		_exit(1);
	n = report->most = calls(NULL);
	for (size_t skip = 0; skip < n; skip++)
		for (size_t k = 0; k < ELEMS(kinds); k++, i++) {
			if (i % every != 0 || (kinds[k].slow && every > 1) ||
			    i < from)
				continue;
			report->kept = i;
			try_reply(a, &kinds[k], skip, 1);
			try_reply(a, &kinds[k], skip, 1000);
		}
	if (p11->C_Finalize(NULL) != CKR_OK)
		_exit(1);
	report->ended = true;
}

static void
test_replies(const struct act *a)
{
	size_t crashes = 0, from = 0;

	/* an answer that never comes is not waited for for long */
	testenv_config(
	    NULL, "timeout = 1\nimport-timeout = 8\nlist-timeout = 1\n", NULL);
	memset(report, 0, sizeof(*report));
	while (!in_child(walk_replies, a, from) && report->kept >= from) {
		control("DELETE", "/faults");
		crashes++;
		from = report->kept + 1;
	}
	testenv_config(NULL, NULL, NULL);
	OK(crashes == 0 && report->ended && report->failed != 0 &&
		report->worse == 0,
	    "%s: %zu answers, %zu failures", a->name, report->most,
	    report->failed);
}

int
main(void)
{
	const char *some = getenv("KEYFERRY_FAULTS_EVERY"),
		   *only = getenv("KEYFERRY_FAULTS_ONLY");

	every = some != NULL ? strtoul(some, NULL, 10) : 23;
	report = mmap(NULL, sizeof(*report), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (every == 0 || report == MAP_FAILED)
		tap_bail();
	act_is_done = disarm;
	testenv_start();
	setenv("AWS_MAX_ATTEMPTS", "2", 1);
	(void)account_make(
	    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/acts-aes");
	(void)account_make(
	    "HMAC_256", "GENERATE_VERIFY_MAC", "alias/acts-hmac");
	(void)account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/acts-ec");
	acts_begin();
	p11_load();
	for (size_t i = 0; i < act_count; i++) {
		if ((only != NULL && strstr(acts[i].name, only) == NULL) ||
		    (some == NULL && acts[i].kms))
			continue;
		test_allocs(&acts[i]);
		if (acts[i].kms)
			test_replies(&acts[i]);
	}
	/* most goes on before the first act: one of each kind will do */
	for (size_t i = 0; i < act_count; i++)
		if (acts[i].cold && (some != NULL || !acts[i].kms) &&
		    (only == NULL || strstr(acts[i].name, only) != NULL))
			test_cold(&acts[i]);
	if (only == NULL || strstr("forked", only) != NULL)
		test_forked();
	testenv_stop();
	return (tap_done());
}
