/*
 * A walk over processes: rounds in which 2 to 16 of them do things to one
 * account at once, before a KMS whose answers are late and sometimes fail. In
 * the end nothing is lost, double or left over, each code is one that the
 * standard has for it, and what is left is the material that it was given.
 *
 *   walk            the rounds of `make check`
 *   walk 10m        rounds for that time: s, m, h
 *   walk 0 ROUND    that round alone
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "account.h"
#include "acts.h"
#include "child.h"
#include "cryptoki/cryptoki.h"

#define PROCESSES_MAX 16
#define SAMPLE_ROUNDS 6
#define SAMPLE_PROCESSES 4
#define SAMPLE_DELAY_MS 300
#define CALL_SECONDS 90 /* import-timeout; longer is a hang */
#define LINES_SHOWN 5 /* of the log */
#define START_MS 1500 /* so long the processes have to get ready */

/* A round, which its number decides. */
struct walk_round {
	unsigned number, processes, delay_ms;
	bool share_state, faults, quotas, schedules;
	enum walk_before before;
	const struct walk_act *acts[2]; /* of the even and the odd ones */
};

/* What a process tells. */
struct result {
	unsigned long rv;
	long ms;
	char arn[256];
};

static struct result results[PROCESSES_MAX];
static struct account account;
static struct kms_page aliases;
static unsigned random_state;
static bool good; /* the round */

static long
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return ((long)t.tv_sec * 1000 + t.tv_nsec / 1000000);
}

static unsigned
random_below(unsigned n)
{
	random_state = random_state * 1664525U + 1013904223U;
	return ((random_state >> 8) % n);
}

static void bad(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static void
bad(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
	good = false;
}

/* In a process */

static const char *
file_of(const char *kind, unsigned i)
{
	char name[32];

	snprintf(name, sizeof(name), "%s-%u", kind, i);
	return (testenv_path(name));
}

static void
tell(unsigned i, CK_RV rv, long ms, CK_OBJECT_HANDLE object)
{
	char arn[256] = "-";
	FILE *f = fopen(file_of("result", i), "w");

	if (rv == CKR_OK && object != CK_INVALID_HANDLE &&
	    attr(object, CKA_UNIQUE_ID, arn, sizeof(arn) - 1) ==
		CK_UNAVAILABLE_INFORMATION)
		snprintf(arn, sizeof(arn), "gone");
	if (f != NULL) {
		fprintf(f, "%lu %ld %s\n", rv, ms, arn);
		fclose(f);
	}
}

/* "PROCESS BEFORE ACT START" */
static CK_RV
step_act(const char *argument)
{
	const struct walk_act *act;
	CK_OBJECT_HANDLE object;
	unsigned i, before;
	char name[32];
	long start;
	CK_RV rv;

	if (sscanf(argument, "%u %u %31s %ld", &i, &before, name, &start) !=
		4 ||
	    (act = walk_act_find(name)) == NULL)
		return (CKR_ARGUMENTS_BAD);
	setenv("KEYFERRY_CONFIG", file_of("conf", i), 1);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	/* what was just made may not be shown yet */
	while ((object = walk_object((enum walk_before)before)) ==
		   CK_INVALID_HANDLE &&
	       act->takes_object && now_ms() < start)
		usleep(50000);
	if (act->takes_object && object == CK_INVALID_HANDLE)
		return (CKR_GENERAL_ERROR);
	while (now_ms() < start)
		usleep(1000);
	start = now_ms();
	rv = act->run(&object);
	tell(i, rv, now_ms() - start, object);
	p11_stop();
	return (CKR_OK);
}

/* "BEFORE" */
static CK_RV
step_prepare(const char *argument)
{
	CK_RV rv;

	setenv("KEYFERRY_CONFIG", file_of("conf", 0), 1);
	if ((rv = p11_begin()) == CKR_OK)
		rv = walk_prepare((enum walk_before)atoi(argument));
	p11_stop();
	return (rv);
}

/* "VALUE ARN" */
static CK_RV
step_import_again(const char *argument)
{
	CK_RV rv;

	setenv("KEYFERRY_CONFIG", file_of("conf", 0), 1);
	if ((rv = p11_begin()) == CKR_OK)
		rv = walk_import_again(
		    strchr(argument, ' ') + 1, atoi(argument));
	p11_stop();
	return (rv);
}

static const struct child_row steps[] = {
    {"act", step_act},
    {"prepare", step_prepare},
    {"import-again", step_import_again},
};

/* A round */

static void
choose_acts(struct walk_round *r)
{
	for (int i = 0; i < 2; i++)
		do
			r->acts[i] =
			    &walk_acts[random_below((unsigned)walk_act_count)];
		while ((r->acts[i]->before & 1U << r->before) == 0);
}

static void
choose_round(struct walk_round *r, unsigned number, bool sample)
{
	random_state = number * 2654435761U + 7;
	*r = (struct walk_round){.number = number};
	r->processes = 2 + random_below(
			       (sample ? SAMPLE_PROCESSES : PROCESSES_MAX) - 1);
	if (random_below(4) != 0)
		r->delay_ms = random_below(sample ? SAMPLE_DELAY_MS : 5001);
	r->before = (enum walk_before)random_below(3);
	/* only there the pair's import token is known */
	r->share_state = random_below(2) == 0 || r->before == BEFORE_PAIR;
	r->faults = random_below(3) == 0;
	r->quotas = !sample && random_below(4) == 0;
	r->schedules = random_below(2) == 0;
	choose_acts(r);
}

static void
write_configs(const struct walk_round *r)
{
	char text[1024], name[32];

	for (unsigned i = 0; i < r->processes; i++) {
		snprintf(text, sizeof(text),
		    "state = %s\nlog = %s\n[token test]\n"
		    "wrapping-bits = 2048\nrefresh = 0\n"
		    "import-timeout = %d\nsettle = %u\n%s",
		    file_of("state",
			r->number * PROCESSES_MAX + (r->share_state ? 0 : i)),
		    testenv_path("log"), CALL_SECONDS,
		    (r->delay_ms + 999) / 1000,
		    r->schedules ? "destroy = schedule-deletion\n" : "");
		snprintf(name, sizeof(name), "conf-%u", i);
		testenv_write(name, text);
		(void)remove(file_of("result", i));
	}
}

static void
trouble_begin(const struct walk_round *r)
{
	control("POST", "/consistency?ms=%u", r->delay_ms);
	control("POST", "/quotas?enforce=%s", r->quotas ? "on" : "off");
	if (!r->faults)
		return;
	control("POST", "/faults?fault=throttle&every=60&count=0");
	control("POST", "/faults?fault=cut-after&every=55&count=0");
	control("POST", "/faults?fault=internal&every=57&count=0");
}

/* And what was changed meanwhile is seen. */
static void
trouble_end(const struct walk_round *r)
{
	usleep(1000 * r->delay_ms);
	faults_clear();
	control("POST", "/consistency?ms=0");
	control("POST", "/quotas?enforce=off");
}

/* Waits, but not for ever. */
static void
wait_for(struct child *c, unsigned i, long until)
{
	siginfo_t info = {.si_pid = 0};
	FILE *f;

	while (waitid(P_PID, (id_t)c->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0 && now_ms() < until)
		usleep(5000);
	if (info.si_pid == 0) {
		child_kill(c);
		bad("process %u hangs", i);
		return;
	}
	if (child_wait(c) != CKR_OK)
		bad("process %u did not come to its act", i);
	results[i] = (struct result){.rv = CKR_VENDOR_DEFINED};
	if ((f = fopen(file_of("result", i), "r")) == NULL)
		return;
	if (fscanf(f, "%lu %ld %255s", &results[i].rv, &results[i].ms,
		results[i].arn) != 3)
		bad("process %u told nothing", i);
	fclose(f);
}

static void
run_processes(const struct walk_round *r)
{
	struct child children[PROCESSES_MAX];
	char argument[128];
	long start = now_ms() + START_MS + (long)r->delay_ms;

	for (unsigned i = 0; i < r->processes; i++) {
		snprintf(argument, sizeof(argument), "%u %u %s %ld", i,
		    (unsigned)r->before, r->acts[i % 2]->name, start);
		children[i] = child_start("act", argument);
	}
	for (unsigned i = 0; i < r->processes; i++)
		wait_for(&children[i], i,
		    start + 1000L * (CALL_SECONDS + 2 * START_MS));
}

/* What is left */

static bool
has_code(const struct walk_act *a, unsigned long rv)
{
	for (size_t i = 0; i < WALK_CODES_MAX && a->codes[i] != CKR_OK; i++)
		if (a->codes[i] == rv)
			return (true);
	return (rv == CKR_OK);
}

static bool
somebody_destroys(const struct walk_round *r)
{
	return (r->acts[0]->destroys || r->acts[1]->destroys);
}

static void
judge_codes(const struct walk_round *r)
{
	for (unsigned i = 0; i < r->processes; i++) {
		const struct walk_act *a = r->acts[i % 2];
		unsigned long rv = results[i].rv;

		if ((rv == CKR_DEVICE_ERROR || rv == CKR_FUNCTION_FAILED) &&
		    (r->faults || r->quotas))
			continue;
		/* what it had found was taken from under it */
		if (rv == CKR_FUNCTION_FAILED && !a->destroys &&
		    somebody_destroys(r))
			continue;
		if (!has_code(a, rv))
			bad("process %u, %s: 0x%lx", i, a->name, rv);
		else if (a->needs_key && rv != CKR_OK && !somebody_destroys(r))
			bad("process %u, %s: 0x%lx, nobody destroys", i,
			    a->name, rv);
		if (strcmp(results[i].arn, "gone") == 0 &&
		    !somebody_destroys(r))
			bad("process %u, %s: the object is gone", i, a->name);
	}
}

static const struct account_key *
key_of(const char *arn)
{
	const char *slash = strrchr(arn, '/');

	for (size_t i = 0; slash != NULL && i < account.count; i++)
		if (strcmp(account.keys[i].id, slash + 1) == 0)
			return (&account.keys[i]);
	return (NULL);
}

static bool
has_alias(const struct account_key *k)
{
	const struct kms_alias_entry *a = aliases.rows.ptr;

	for (size_t i = 0; i < aliases.rows.count; i++)
		if (strcmp(a[i].key_id, k->id) == 0)
			return (true);
	return (false);
}

static void
judge_keys(const struct walk_round *r)
{
	size_t living = 0;

	for (size_t i = 0; i < account.count; i++) {
		const struct account_key *k = &account.keys[i];
		bool doomed = strcmp(k->state, "PendingDeletion") == 0;

		living += !doomed;
		if (!doomed && !has_alias(k) && !r->faults)
			bad("key %s (%s) has no name", k->id, k->state);
		if (doomed && has_alias(k))
			bad("key %s waits for its deletion with a name", k->id);
	}
	/* a destroyed key's name may be given to another */
	if (living > 1 && !r->faults && !somebody_destroys(r) &&
	    r->acts[0]->name[0] != 'r' && r->acts[1]->name[0] != 'r')
		bad("%zu keys are there", living);
}

/* Those that somebody was told of are there, with that material. */
static void
judge_told(const struct walk_round *r)
{
	char argument[300];

	for (unsigned i = 0; i < r->processes; i++) {
		const struct account_key *k = key_of(results[i].arn);
		int value = r->acts[i % 2]->value;

		if (k == NULL || value == 0 ||
		    (r->before == BEFORE_KEY && somebody_destroys(r)))
			continue;
		if (strcmp(k->state, "Enabled") != 0) {
			bad("process %u was told of %s: %s", i, k->id,
			    k->state);
			continue;
		}
		snprintf(
		    argument, sizeof(argument), "%d %s", value, results[i].arn);
		if (child_run("import-again", argument) != CKR_OK)
			bad("key %s has not the material of process %u", k->id,
			    i);
	}
}

static long
longest_call(const struct walk_round *r)
{
	long most = 0;

	for (unsigned i = 0; i < r->processes; i++)
		if (results[i].ms > most)
			most = results[i].ms;
	return (most);
}

static void
judge(const struct walk_round *r)
{
	struct kms k;

	trouble_end(r);
	account_read(&account);
	k = account_kms();
	if (kms_list_aliases(&k, NULL, &aliases) != ERR_OK)
		tap_bail();
	judge_codes(r);
	judge_keys(r);
	judge_told(r);
	json_rows_free(&aliases.rows);
}

/* What the module has said in a round that went wrong. */
static void
show_log(void)
{
	static char log[65536];
	char *line, *rest;
	int n = 0;

	snprintf(log, sizeof(log), "%s", testenv_read("log"));
	for (line = strtok_r(log, "\n", &rest); line != NULL;
	     line = strtok_r(NULL, "\n", &rest))
		if (strstr(line, " error: ") != NULL && n++ < LINES_SHOWN)
			printf("# %s\n", line);
}

/* Another KMS, with nothing in it. */
static void
empty_kms(void)
{
	static const char *const files[] = {"store/keys.sqlite",
	    "store/keys.sqlite-wal", "store/keys.sqlite-shm"};

	testenv_kms_stop();
	for (size_t i = 0; i < ELEMS(files); i++)
		(void)remove(testenv_path(files[i]));
	testenv_kms_start();
	account_read(&account);
	if (account.count != 0)
		tap_bail();
}

static bool
run_round(unsigned number, bool sample)
{
	struct walk_round r;
	char before[16];

	good = true;
	choose_round(&r, number, sample);
	empty_kms();
	write_configs(&r);
	snprintf(before, sizeof(before), "%u", (unsigned)r.before);
	(void)remove(testenv_path("log"));
	if (!RV(child_run("prepare", before), CKR_OK, "round %u begins",
		number)) {
		show_log();
		tap_bail();
	}
	trouble_begin(&r);
	run_processes(&r);
	judge(&r);
	if (!good)
		show_log();
	return (OK(good,
	    "round %u: %u processes, %s and %s, before %u, %u ms late%s%s%s%s, "
	    "longest call %ld ms",
	    number, r.processes, r.acts[0]->name, r.acts[1]->name,
	    (unsigned)r.before, r.delay_ms,
	    r.share_state ? ", one state directory" : "",
	    r.faults ? ", faults" : "", r.quotas ? ", quotas" : "",
	    r.schedules ? ", schedule-deletion" : "", longest_call(&r)));
}

static long
milliseconds(const char *text)
{
	char unit = 's';
	long n = 0;

	(void)sscanf(text, "%ld%c", &n, &unit);
	return (n * (unit == 'h' ? 3600 : unit == 'm' ? 60 : 1) * 1000);
}

int
main(int argc, char **argv)
{
	long until = now_ms();
	unsigned number = 0;

	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	if (argc > 2) {
		(void)run_round((unsigned)atoi(argv[2]), false);
	} else if (argc > 1) {
		for (until += milliseconds(argv[1]); now_ms() < until;)
			(void)run_round(number++, false);
	} else {
		while (number < SAMPLE_ROUNDS)
			(void)run_round(number++, true);
	}
	testenv_stop();
	return (tap_done());
}
