#include <fcntl.h>
#include <signal.h>
#include <unistd.h>
#include "ask.h"
#include "command.h"
#include "message.h"
#include "move-report.h"
#include "run-plan.h"

/* A run: where results go, how far it is. */
struct run {
	FILE *report, *json; /* NULL: not asked for */
	struct progress progress;
	sigset_t blocked;
	bool interrupted;
};

static size_t
count_in_run(const struct plan *p, enum key_status status)
{
	size_t n = 0;

	for (; p != NULL; p = p->next)
		n += plan_count(p, status);
	return (n);
}

static size_t
count_open(const struct plan *p)
{
	return (count_in_run(p, STATUS_PLANNED) +
		count_in_run(p, STATUS_SAME_NAME));
}

static bool
user_agrees(const struct plan *p)
{
	size_t move = count_in_run(p, STATUS_PLANNED);
	size_t compare = count_in_run(p, STATUS_SAME_NAME);

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

static void
put_line(FILE *f, const struct plan *p, const struct key *k)
{
	if (f == NULL)
		return;
	report_json(p, k, f);
	fflush(f);
}

static bool
is_given_up(const struct plan *p, const struct key *k)
{
	return (p->to->given_up || (k->from != NULL && k->from->given_up));
}

/* What failed for a few keys in a row would fail for the others, too. */
static void
give_up(struct plan *p, struct key *k)
{
	struct token *t = k->from != NULL && p->last_failure.on == k->from
			      ? k->from
			      : p->to;

	t->given_up = true;
	if (p->same_failures != 0)
		message("token %s: %u keys in a row failed in the same way: "
			"the others are not tried",
		    t->label, p->same_failures);
	p->same_failures = 0;
}

static void
transfer_one(struct run *r, struct plan *p, struct key *k)
{
	bool go_on;

	r->interrupted = r->interrupted || interruption_came(&r->blocked);
	if (r->interrupted || is_given_up(p, k)) {
		k->status = k->status == STATUS_SAME_NAME ? STATUS_NOT_COMPARED
							  : STATUS_NOT_TRIED;
		return;
	}
	go_on = p->transfer(p, k);
	r->progress.done++;
	report_progress(p, k, &r->progress);
	if (!go_on)
		give_up(p, k);
}

/* Carries out what is planned. Each is in the report as soon as it is done. */
static void
transfer_all(struct run *r, struct plan *first)
{
	r->progress = progress_begin(count_open(first));
	interruptions_wait(&r->blocked);
	for (struct plan *p = first; p != NULL; p = p->next)
		for (size_t i = 0; i < p->count; i++) {
			struct key *k = &p->keys[i];

			if (key_is_open(k))
				transfer_one(r, p, k);
			put_line(r->report, p, k);
			put_line(r->json, p, k);
		}
	report_progress(first, NULL, &r->progress);
}

FILE *
report_open(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	FILE *f = fd == -1 ? NULL : fdopen(fd, "w");

	if (f == NULL) {
		message_errno(path);
		if (fd != -1)
			close(fd);
	}
	return (f);
}

static int
exit_status(const struct plan *p)
{
	size_t good = count_in_run(p, STATUS_MOVED) +
		      count_in_run(p, STATUS_PRESENT) +
		      count_in_run(p, STATUS_RENEWED),
	       all = 0;

	if (p->options.dry_run)
		good += count_open(p);
	for (; p != NULL; p = p->next)
		all += p->count;
	return (good == all ? EXIT_ALL_DONE : EXIT_SOME_FAILED);
}

/* A dry run changes nothing. */
static void
show_plan(struct run *r, const struct plan *p)
{
	const struct move_options *o = &p->options;

	for (; p != NULL; p = p->next) {
		if (!o->json && !o->check && (!o->quiet || o->dry_run))
			report_plan(p, stdout);
		for (size_t i = 0; o->dry_run && i < p->count; i++) {
			put_line(r->report, p, &p->keys[i]);
			put_line(r->json, p, &p->keys[i]);
		}
	}
	fflush(stdout);
}

static bool
check_all(struct plan *p)
{
	for (; p != NULL; p = p->next) {
		if (!plan_check(p))
			return (false);
		if (p->checked != NULL)
			p->checked(p);
	}
	return (true);
}

/* Shows the plans, and carries them out unless it is a dry run. */
static int
show_and_run_plans(struct run *r, struct plan *first)
{
	const struct move_options *o = &first->options;
	bool silent;
	int ended;

	if (!check_all(first))
		return (EXIT_NOTHING_DONE);
	show_plan(r, first);
	if (!o->dry_run && count_open(first) != 0 && !user_agrees(first))
		return (EXIT_NOTHING_DONE);
	if (!o->dry_run)
		transfer_all(r, first);
	ended = exit_status(first);
	silent = o->json || (o->check && o->quiet && ended == EXIT_ALL_DONE);
	for (struct plan *p = first; p != NULL && !silent; p = p->next)
		report_result(p, stdout);
	return (ended);
}

bool
report_close(FILE *f, const char *path)
{
	bool complete = ferror(f) == 0;

	complete = fclose(f) == 0 && complete;
	if (!complete)
		message("%s: not written completely", path);
	return (complete);
}

int
run_plan(struct plan *p)
{
	const char *path = p->options.report;
	struct run r = {.json = p->options.json ? stdout : NULL};
	int ended;

	if (path != NULL && (r.report = report_open(path)) == NULL)
		return (EXIT_NOTHING_DONE);
	ended = show_and_run_plans(&r, p);
	if (path != NULL && !report_close(r.report, path) &&
	    ended == EXIT_ALL_DONE)
		ended = EXIT_SOME_FAILED;
	return (ended);
}
