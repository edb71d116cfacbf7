#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "ask.h"
#include "command.h"
#include "move-report.h"
#include "run-plan.h"

static bool
user_agrees(const struct plan *p)
{
	size_t move = plan_count(p, STATUS_PLANNED);
	size_t compare = plan_count(p, STATUS_SAME_NAME);

	if (move == 0)
		return (ask(p->options.yes, "Compare %zu?", compare));
	if (compare == 0)
		return (ask(p->options.yes, "%s %zu?", p->words->verb, move));
	return (ask(p->options.yes, "%s %zu and compare %zu?", p->words->verb,
	    move, compare));
}

void
interruptions_wait(sigset_t *blocked)
{
	static const int interruptions[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;

	sigemptyset(blocked);
	for (size_t i = 0; i < 3; i++)
		if (sigaction(interruptions[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaddset(blocked, interruptions[i]);
	sigprocmask(SIG_BLOCK, blocked, NULL);
}

bool
interruption_came(const sigset_t *blocked)
{
	const struct timespec now = {0, 0};

	return (sigtimedwait(blocked, NULL, &now) != -1);
}

static size_t
count_open(const struct plan *p)
{
	return (
	    plan_count(p, STATUS_PLANNED) + plan_count(p, STATUS_SAME_NAME));
}

/* Carries out what is planned. Each is in the report as soon as it is done. */
static void
transfer_all(struct plan *p, FILE *report)
{
	size_t total = count_open(p), done = 0;
	bool go_on = true;
	sigset_t blocked;

	interruptions_wait(&blocked);
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];

		if (key_is_open(k)) {
			go_on = go_on && !interruption_came(&blocked);
			if (go_on)
				go_on = p->transfer(p, k);
			else if (k->status == STATUS_SAME_NAME)
				k->status = STATUS_NOT_COMPARED;
			else
				k->status = STATUS_NOT_TRIED;
			if (go_on || k->reason[0] != '\0')
				report_progress(p, k, ++done, total);
		}
		if (report != NULL) {
			report_json(p, k, report);
			fflush(report);
		}
	}
	report_progress(p, NULL, done, total);
	if (!go_on && p->same_failures != 0)
		fprintf(stderr,
		    "keyferry: %u keys in a row failed in the same way: the "
		    "others are not tried\n",
		    p->same_failures);
}

FILE *
report_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	FILE *f = fd == -1 ? NULL : fdopen(fd, "w");

	if (f == NULL) {
		perror(path);
		if (fd != -1)
			close(fd);
	}
	return (f);
}

static int
exit_status(const struct plan *p)
{
	size_t good = plan_count(p, STATUS_MOVED) +
		      plan_count(p, STATUS_PRESENT) +
		      plan_count(p, STATUS_RENEWED);

	if (p->options.dry_run)
		good += count_open(p);
	return (good == p->count ? EXIT_ALL_DONE : EXIT_SOME_FAILED);
}

/* Shows the plan, and carries it out unless it is a dry run. */
static int
show_and_run_plan(struct plan *p, FILE *report)
{
	bool dry_run = p->options.dry_run;
	int ended;

	if (!plan_check(p))
		return (EXIT_NOTHING_DONE);
	if (p->checked != NULL)
		p->checked(p);
	if (!p->options.json && !p->options.check &&
	    (!p->options.quiet || dry_run))
		report_plan(p, stdout);
	fflush(stdout);
	if (!dry_run && count_open(p) != 0 && !user_agrees(p))
		return (EXIT_NOTHING_DONE);
	if (!dry_run)
		transfer_all(p, report);
	for (size_t i = 0; dry_run && report != NULL && i < p->count; i++)
		report_json(p, &p->keys[i], report);
	ended = exit_status(p);
	if (!p->options.json &&
	    !(p->options.check && p->options.quiet && ended == EXIT_ALL_DONE))
		report_result(p, stdout);
	return (ended);
}

bool
report_close(FILE *f, const char *path)
{
	bool complete = ferror(f) == 0;

	complete = fclose(f) == 0 && complete;
	if (!complete)
		fprintf(stderr, "keyferry: %s: not written completely\n", path);
	return (complete);
}

int
run_plan(struct plan *p)
{
	const char *path = p->options.report;
	FILE *report = p->options.json ? stdout : NULL;
	int ended;

	if (path != NULL && (report = report_open(path)) == NULL)
		return (EXIT_NOTHING_DONE);
	ended = show_and_run_plan(p, report);
	if (path != NULL && !report_close(report, path) &&
	    ended == EXIT_ALL_DONE)
		ended = EXIT_SOME_FAILED;
	return (ended);
}
