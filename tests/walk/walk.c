/*
 * A walk over processes: rounds in which 2 to 16 of them do things to one
 * account at once, before a KMS whose answers are late and sometimes fail. In
 * the end nothing is lost, double or left over, each code is one that the
 * standard has for it, and what is left is the material that it was given.
 *
 *   walk              the rounds of `make check`
 *   walk 10m [ROUND]  rounds for that time (s, m, h), from that one on
 *   walk 0 ROUND      that round alone
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "account.h"
#include "child.h"
#include "cryptoki/cryptoki.h"
#include "judge.h"

#define SAMPLE_ROUNDS 6
#define SAMPLE_PROCESSES 4
#define SAMPLE_DELAY_MS 300
#define CALL_SECONDS 90 /* import-timeout; longer is a hang */
#define LINES_SHOWN 5 /* of the log */
#define READY_SECONDS 60 /* so long the processes have to get ready */
#define START_MS 200 /* from then on, until all start at once */

struct walk_result walk_results[WALK_PROCESSES_MAX];
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

void
walk_bad(const char *fmt, ...)
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

/* In static memory: until the next. */
static const char *
name_of(const char *kind, unsigned i)
{
	static char name[32];

	snprintf(name, sizeof(name), "%s-%u", kind, i);
	return (name);
}

static const char *
file_of(const char *kind, unsigned i)
{
	return (testenv_path(name_of(kind, i)));
}

static void
tell(unsigned i, CK_RV rv, long ms, CK_OBJECT_HANDLE object)
{
	char arn[256] = "-";
	FILE *f;

	if (rv == CKR_OK && object != CK_INVALID_HANDLE &&
	    attr(object, CKA_UNIQUE_ID, arn, sizeof(arn) - 1) ==
		CK_UNAVAILABLE_INFORMATION)
		snprintf(arn, sizeof(arn), "gone");
	if ((f = fopen(file_of("result", i), "w")) != NULL) {
		fprintf(f, "%lu %ld %s\n", rv, ms, arn);
		fclose(f);
	}
}

/* When all start: the parent says that when all are ready. 0: not yet. */
static long
start_time(void)
{
	long start = 0;
	FILE *f = fopen(testenv_path("start"), "r");

	if (f == NULL)
		return (0);
	if (fscanf(f, "%ld", &start) != 1)
		start = 0;
	fclose(f);
	return (start);
}

static bool
wait_for_start(unsigned i)
{
	long until = now_ms() + 2 * READY_SECONDS * 1000L, start;

	testenv_write(name_of("ready", i), "");
	while ((start = start_time()) == 0 && now_ms() < until)
		usleep(5000);
	while (start != 0 && now_ms() < start)
		usleep(1000);
	return (start != 0);
}

/* "PROCESS BEFORE ACT" */
static CK_RV
step_act(const char *argument)
{
	const struct walk_act *act;
	CK_OBJECT_HANDLE object;
	unsigned i, before;
	char name[32];
	long until = now_ms() + READY_SECONDS * 1000L, begun;
	CK_RV rv;

	if (sscanf(argument, "%u %u %31s", &i, &before, name) != 3 ||
	    (act = walk_act_find(name)) == NULL)
		return (CKR_ARGUMENTS_BAD);
	walk_process = i;
	setenv("KEYFERRY_CONFIG", file_of("conf", i), 1);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	/* what was just made may not be shown yet */
	while ((object = walk_object((enum walk_before)before)) ==
		   CK_INVALID_HANDLE &&
	       act->takes_object && now_ms() < until)
		usleep(50000);
	if (act->takes_object && object == CK_INVALID_HANDLE)
		return (CKR_GENERAL_ERROR);
	if (!wait_for_start(i))
		return (CKR_FUNCTION_CANCELED);
	begun = now_ms();
	rv = act->run(&object);
	tell(i, rv, now_ms() - begun, object);
	p11_stop();
	return (CKR_OK);
}

/* "BEFORE" */
static CK_RV
step_prepare(const char *argument)
{
	CK_OBJECT_HANDLE object;
	CK_RV rv;

	setenv("KEYFERRY_CONFIG", file_of("conf", 0), 1);
	if ((rv = p11_begin()) == CKR_OK)
		rv = walk_prepare((enum walk_before)atoi(argument), &object);
	if (rv == CKR_OK)
		tell(0, rv, 0, object);
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

/* "REGION" */
static CK_RV
step_judge_region(const char *argument)
{
	setenv("AWS_REGION", argument, 1);
	return (judge_region());
}

static const struct child_row steps[] = {
    {"act", step_act},
    {"prepare", step_prepare},
    {"import-again", step_import_again},
    {"judge-region", step_judge_region},
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
	r->processes = 2 + random_below((sample ? SAMPLE_PROCESSES
						: WALK_PROCESSES_MAX) -
					1);
	if (random_below(4) != 0)
		r->delay_ms = random_below(sample ? SAMPLE_DELAY_MS : 5001);
	r->before = (enum walk_before)random_below(WALK_BEFORE_COUNT);
	/* only there the pair's import token is known */
	r->share_state = random_below(2) == 0 || r->before == BEFORE_PAIR;
	r->faults = random_below(3) == 0;
	r->quotas = !sample && random_below(4) == 0;
	r->schedules = random_below(2) == 0;
	r->replicas = !sample && random_below(5) == 0;
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
		    "two-usages = both\n"
		    "import-timeout = %d\nsettle = %u\n%s%s",
		    file_of("state", r->number * WALK_PROCESSES_MAX +
					 (r->share_state ? 0 : i)),
		    testenv_path("log"), CALL_SECONDS,
		    (r->delay_ms + 999) / 1000,
		    r->schedules ? "destroy = schedule-deletion\n" : "",
		    r->replicas ? "replicas = " WALK_REGION "\n" : "");
		snprintf(name, sizeof(name), "conf-%u", i);
		testenv_write(name, text);
		(void)remove(file_of("result", i));
		(void)remove(file_of("ready", i));
	}
	(void)remove(testenv_path("start"));
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

static void
read_result(unsigned i)
{
	struct walk_result *r = &walk_results[i];
	FILE *f = fopen(file_of("result", i), "r");

	*r = (struct walk_result){.rv = CKR_VENDOR_DEFINED};
	if (f == NULL)
		return;
	if (fscanf(f, "%lu %ld %255s", &r->rv, &r->ms, r->arn) != 3)
		walk_bad("process %u told nothing", i);
	fclose(f);
}

/* Waits, but not for ever. */
static void
wait_for(struct child *c, unsigned i, long until)
{
	siginfo_t info = {.si_pid = 0};

	while (waitid(P_PID, (id_t)c->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == 0 && now_ms() < until)
		usleep(5000);
	if (info.si_pid == 0) {
		child_kill(c);
		walk_bad("process %u hangs", i);
		return;
	}
	if (child_wait(c) != CKR_OK)
		walk_bad("process %u did not come to its act", i);
	read_result(i);
}

static bool
all_ready(unsigned processes)
{
	for (unsigned i = 0; i < processes; i++)
		if (access(file_of("ready", i), F_OK) != 0)
			return (false);
	return (true);
}

static void
run_processes(const struct walk_round *r)
{
	struct child children[WALK_PROCESSES_MAX];
	char argument[128];
	long start = now_ms() + READY_SECONDS * 1000L;

	for (unsigned i = 0; i < r->processes; i++) {
		snprintf(argument, sizeof(argument), "%u %u %s", i,
		    (unsigned)r->before, r->acts[i % 2]->name);
		children[i] = child_start("act", argument);
	}
	while (!all_ready(r->processes) && now_ms() < start)
		usleep(10000);
	start = now_ms() + START_MS;
	snprintf(argument, sizeof(argument), "%ld\n", start);
	testenv_write("start.new", argument);
	(void)rename(testenv_path("start.new"), testenv_path("start"));
	for (unsigned i = 0; i < r->processes; i++)
		wait_for(&children[i], i, start + 1000L * (CALL_SECONDS + 5));
}

static long
longest_call(const struct walk_round *r)
{
	long most = 0;

	for (unsigned i = 0; i < r->processes; i++)
		if (walk_results[i].ms > most)
			most = walk_results[i].ms;
	return (most);
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
	if (!judge_is_empty())
		tap_bail();
}

static bool
run_round(unsigned number, bool sample)
{
	struct walk_round r;
	char before[16], prepared[KMS_ID_SIZE];

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
	read_result(0);
	snprintf(prepared, sizeof(prepared), "%s", walk_results[0].arn);
	(void)remove(file_of("result", 0));
	trouble_begin(&r);
	run_processes(&r);
	trouble_end(&r);
	judge(&r, prepared);
	if (!good)
		show_log();
	return (OK(good,
	    "round %u: %u processes, %s and %s, before %u, %u ms "
	    "late%s%s%s%s%s, "
	    "longest call %ld ms",
	    number, r.processes, r.acts[0]->name, r.acts[1]->name,
	    (unsigned)r.before, r.delay_ms,
	    r.share_state ? ", one state directory" : "",
	    r.faults ? ", faults" : "", r.quotas ? ", quotas" : "",
	    r.schedules ? ", schedule-deletion" : "",
	    r.replicas ? ", replicas" : "", longest_call(&r)));
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
	walk_share();
	if (argc > 1) {
		until += milliseconds(argv[1]);
		number = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
		do
			(void)run_round(number++, false);
		while (now_ms() < until);
	} else {
		while (number < SAMPLE_ROUNDS)
			(void)run_round(number++, true);
	}
	testenv_stop();
	return (tap_done());
}
