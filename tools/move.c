#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ask.h"
#include "command.h"
#include "move.h"
#include "move-report.h"
#include "move-transfer.h"
#include "open-token.h"
#include "options.h"
#include "uri.h"

#define FROM_MAX 64

const char move_usage[] =
    "usage: keyferry move --from URI [--from URI ...] --to URI [options]\n"
    "Copies secret and private keys, wrapped, from PKCS#11 tokens to another\n"
    "token. The originals stay where they are.\n"
    "  --from URI         the source token, and which of its keys: object=, "
    "id=,\n"
    "                     type=; without these, all. May be repeated\n"
    "  --to URI           the target token\n"
    "  --dry-run          show which keys would be moved, and change nothing\n"
    "  --yes              do not ask for confirmation\n"
    "  --quiet            print only the result, no plan and no progress\n"
    "  --report FILE      write a line of JSON for each key\n"
    "  --usage sign|decrypt|derive\n"
    "                     which usage a key gets in KMS, if it has several\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which the keys are valid, also of "
    "those\n"
    "                     that are on the target\n"
    "  --label-prefix TEXT\n"
    "                     put TEXT before each label on the target\n"
    "  --hash sha256|sha1 the hash for RSA-OAEP (default: sha256 if the "
    "source\n"
    "                     has it)\n"
    "  --hmac sha224|sha256|sha384|sha512\n"
    "                     the hash of HMAC keys (default: their own, or the "
    "longest\n"
    "                     for their length)\n"
    "  --wrapping-bits 2048|3072|4096\n"
    "                     the size of the wrapping keys, at most (default: "
    "4096)\n"
    "A URI may contain module-path=, pin-source= and pin-value=. Without a PIN "
    "there,\n"
    "PKCS11_PIN in the environment is used, or you are asked for it.\n";

/* What the command line said. */
struct arguments {
	char *from[FROM_MAX], *to;
	P11KitUri *from_uris[FROM_MAX], *to_uri;
	size_t from_count;
	struct move_options options;
};

static bool
read_digits(const char *s, size_t n, int *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (false);
		*value = *value * 10 + (s[i] - '0');
	}
	return (true);
}

/* A day that exists and is not over. */
static bool
read_date(const char *s, CK_DATE *date, time_t *end)
{
	struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59}, asked;

	if (strlen(s) != strlen("YYYY-MM-DD") || s[4] != '-' || s[7] != '-' ||
	    !read_digits(s, 4, &tm.tm_year) ||
	    !read_digits(s + 5, 2, &tm.tm_mon) ||
	    !read_digits(s + 8, 2, &tm.tm_mday))
		return (false);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	asked = tm;
	/* timegm() accepts the 31st of February, and makes another day of it */
	if ((*end = timegm(&tm)) < time(NULL) || tm.tm_mday != asked.tm_mday ||
	    tm.tm_mon != asked.tm_mon)
		return (false);
	memcpy(date->year, s, 4);
	memcpy(date->month, s + 5, 2);
	memcpy(date->day, s + 8, 2);
	return (true);
}

static bool
read_end_date(char *s, void *to)
{
	struct move_options *o = to;

	return (o->expires = read_date(s, &o->end_date, &o->end));
}

static bool
read_hash(char *s, void *to)
{
	CK_MECHANISM_TYPE *hash = to;

	*hash = strcmp(s, "sha256") == 0 ? CKM_SHA256
		: strcmp(s, "sha1") == 0 ? CKM_SHA_1
					 : 0;
	return (*hash != 0);
}

static bool
read_hmac(char *s, void *to)
{
	return ((*(CK_ULONG *)to = hmac_from_name(s)) != 0);
}

static bool
read_bits(char *s, void *to)
{
	*(CK_ULONG *)to = strtoul(s, NULL, 10);
	return (strcmp(s, "2048") == 0 || strcmp(s, "3072") == 0 ||
		strcmp(s, "4096") == 0);
}

static bool
read_usage(char *s, void *to)
{
	return ((*(enum usage *)to = usage_from_name(s)) != USAGE_ANY);
}

static bool
read_from(char *s, void *to)
{
	struct arguments *a = to;

	if (a->from_count == FROM_MAX)
		return (false);
	a->from[a->from_count++] = s;
	return (true);
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	struct move_options *o = &a->options;
	const struct option_row rows[] = {
	    {"from", NULL, NULL, read_from, a},
	    {"to", NULL, &a->to, NULL, NULL},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"yes", &o->yes, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"label-prefix", NULL, &o->prefix, NULL, NULL},
	    {"usage", NULL, NULL, read_usage, &o->usage},
	    {"end-date", NULL, NULL, read_end_date, o},
	    {"hash", NULL, NULL, read_hash, &o->hash},
	    {"hmac", NULL, NULL, read_hmac, &o->hmac},
	    {"wrapping-bits", NULL, NULL, read_bits, &o->bits},
	};

	o->bits = 4096;
	if (options_read(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 0) ==
	    -1)
		return (false);
	if (a->from_count == 0 || a->to == NULL)
		fputs("keyferry: --from and --to are required\n", stderr);
	return (a->from_count != 0 && a->to != NULL);
}

static bool
selects_nothing(P11KitUri *uri, const char *text)
{
	CK_ULONG count = 0;

	(void)p11_kit_uri_get_attributes(uri, &count);
	if (count != 0)
		fprintf(stderr,
		    "keyferry: %s: --to must name a token, not an object\n",
		    text);
	return (count == 0);
}

static bool
selects_keys(P11KitUri *uri, const char *text)
{
	if (uri_allows_class(uri, CKO_SECRET_KEY) ||
	    uri_allows_class(uri, CKO_PRIVATE_KEY))
		return (true);
	fprintf(stderr, "keyferry: %s: type= must be secret-key or private\n",
	    text);
	return (false);
}

static bool
is_same_token(const struct token *a, const struct token *b)
{
	return (
	    memcmp(a->info.label, b->info.label, sizeof(a->info.label)) == 0 &&
	    memcmp(a->info.manufacturerID, b->info.manufacturerID,
		sizeof(a->info.manufacturerID)) == 0 &&
	    memcmp(a->info.serialNumber, b->info.serialNumber,
		sizeof(a->info.serialNumber)) == 0);
}

/* Checks all that can be checked before a module is loaded. */
static bool
read_uris(struct arguments *a)
{
	if ((a->to_uri = uri_parse(a->to)) == NULL ||
	    !selects_nothing(a->to_uri, a->to))
		return (false);
	for (size_t i = 0; i < a->from_count; i++)
		if ((a->from_uris[i] = uri_parse(a->from[i])) == NULL ||
		    !selects_keys(a->from_uris[i], a->from[i]))
			return (false);
	return (true);
}

static bool
open_target(struct open_tokens *o, const struct arguments *a, struct plan *p)
{
	if ((p->to = open_token(o, a->to_uri, true)) == NULL)
		return (false);
	p->to_keyferry = token_is_keyferry(p->to);
	return (true);
}

static bool
open_source(
    struct open_tokens *o, P11KitUri *uri, const char *text, struct plan *p)
{
	const CK_ATTRIBUTE *selection;
	struct token *from;
	CK_ULONG count = 0, found = 0;

	if ((from = open_token(o, uri, false)) == NULL)
		return (false);
	if (is_same_token(from, p->to)) {
		fprintf(
		    stderr, "keyferry: %s: this is the target token\n", text);
		return (false);
	}
	selection = p11_kit_uri_get_attributes(uri, &count);
	if (!plan_add_keys(p, from, selection, count, &found))
		return (false);
	if (found == 0)
		fprintf(stderr, "keyferry: %s: there is no such key\n", text);
	return (found != 0);
}

static bool
user_agrees(const struct plan *p)
{
	size_t move = plan_count(p, STATUS_PLANNED);
	size_t compare = plan_count(p, STATUS_SAME_NAME);

	if (move == 0)
		return (ask(p->options.yes, "Compare %zu?", compare));
	if (compare == 0)
		return (ask(p->options.yes, "Move %zu?", move));
	return (
	    ask(p->options.yes, "Move %zu and compare %zu?", move, compare));
}

/* From here on an interruption waits until the current key is done. A signal
 * that is ignored, as under nohup, stays ignored. */
static void
block_signals(sigset_t *blocked)
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

static bool
is_interrupted(const sigset_t *blocked)
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

/* Moves the planned keys. Each is in the report as soon as it is done. */
static void
transfer_all(struct plan *p, FILE *report)
{
	size_t total = count_open(p), done = 0;
	bool go_on = true;
	sigset_t blocked;

	block_signals(&blocked);
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];

		if (key_is_open(k)) {
			go_on = go_on && !is_interrupted(&blocked);
			if (go_on)
				go_on = transfer_key(p, k);
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

static FILE *
open_report(const char *path)
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

	if (!plan_check(p))
		return (EXIT_NOTHING_DONE);
	if (!p->options.quiet || dry_run)
		report_plan(p, stdout);
	fflush(stdout);
	if (!dry_run && count_open(p) != 0 && !user_agrees(p))
		return (EXIT_NOTHING_DONE);
	if (!dry_run)
		transfer_all(p, report);
	for (size_t i = 0; dry_run && report != NULL && i < p->count; i++)
		report_json(p, &p->keys[i], report);
	report_result(p, stdout);
	return (exit_status(p));
}

/* False: the report could not be written completely. */
static bool
close_report(FILE *f, const char *path)
{
	bool complete = ferror(f) == 0;

	complete = fclose(f) == 0 && complete;
	if (!complete)
		fprintf(stderr, "keyferry: %s: not written completely\n", path);
	return (complete);
}

static int
move_keys(struct plan *p, struct open_tokens *o, struct arguments *a)
{
	const char *path = p->options.report;
	FILE *report = NULL;
	int ended;

	if (!read_uris(a) || !open_target(o, a, p))
		return (EXIT_NOTHING_DONE);
	for (size_t i = 0; i < a->from_count; i++)
		if (!open_source(o, a->from_uris[i], a->from[i], p))
			return (EXIT_NOTHING_DONE);
	if (path != NULL && (report = open_report(path)) == NULL)
		return (EXIT_NOTHING_DONE);
	ended = show_and_run_plan(p, report);
	if (report != NULL && !close_report(report, path) &&
	    ended == EXIT_ALL_DONE)
		ended = EXIT_SOME_FAILED;
	return (ended);
}

int
move_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct open_tokens o = OPEN_TOKENS_INIT;
	struct plan p = {0};
	int ended;

	if (!read_arguments(argc, argv, &a)) {
		fputs(move_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	p.options = a.options;
	ended = move_keys(&p, &o, &a);
	uri_free(a.to_uri);
	for (size_t i = 0; i < a.from_count; i++)
		uri_free(a.from_uris[i]);
	plan_free(&p);
	close_tokens(&o);
	return (ended);
}
