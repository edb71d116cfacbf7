#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "command.h"
#include "move.h"
#include "open.h"
#include "pin.h"

#define FROM_MAX 64

const char move_usage[] =
    "usage: keyferry move --from URI [--from URI ...] --to URI [options]\n"
    "Takes secret and private keys from PKCS#11 tokens to another one, "
    "wrapped.\n"
    "The keys stay where they are, too.\n"
    "  --from URI         the token, and which keys: object=, id=, type=; all "
    "if\n"
    "                     none is given. May be repeated\n"
    "  --to URI           the token that they go to\n"
    "  --dry-run          show what would go and what not, and change nothing\n"
    "  --yes              do not ask\n"
    "  --quiet            no plan and no progress, the result alone\n"
    "  --report FILE      write what became of each key, a line of JSON each\n"
    "  --usage sign|decrypt|derive  for keys that have several, where KMS has "
    "one\n"
    "  --end-date YYYY-MM-DD  the last day on which the new keys are good\n"
    "  --label-prefix TEXT  put it before each label on the target\n"
    "  --hash sha256|sha1 of RSA-OAEP (default: sha256 if the source has it)\n"
    "  --wrapping-bits 2048|3072|4096  of the wrapping keys (default 4096)\n"
    "An URI may have module-path=, pin-source= and pin-value=; a PIN may also "
    "be in\n"
    "the environment's PKCS11_PIN, else it is asked for.\n";

/* What the command line said. */
struct arguments {
	char *from[FROM_MAX], *to;
	P11KitUri *from_uris[FROM_MAX], *to_uri;
	size_t from_count;
	struct wishes wishes;
};

static bool
digits(const char *s, size_t n, int *value)
{
	*value = 0;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (false);
		*value = *value * 10 + (s[i] - '0');
	}
	return (true);
}

/* A day that there is, and that is not over. */
static bool
read_date(const char *s, CK_DATE *date)
{
	struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59}, asked;

	if (strlen(s) != strlen("YYYY-MM-DD") || s[4] != '-' || s[7] != '-' ||
	    !digits(s, 4, &tm.tm_year) || !digits(s + 5, 2, &tm.tm_mon) ||
	    !digits(s + 8, 2, &tm.tm_mday))
		return (false);
	tm.tm_year -= 1900;
	tm.tm_mon--;
	asked = tm;
	/* timegm() makes a date of anything: the 31st of February, too */
	if (timegm(&tm) < time(NULL) || tm.tm_mday != asked.tm_mday ||
	    tm.tm_mon != asked.tm_mon)
		return (false);
	memcpy(date->year, s, 4);
	memcpy(date->month, s + 5, 2);
	memcpy(date->day, s + 8, 2);
	return (true);
}

static bool
read_hash(const char *s, CK_MECHANISM_TYPE *hash)
{
	*hash = strcmp(s, "sha256") == 0 ? CKM_SHA256
		: strcmp(s, "sha1") == 0 ? CKM_SHA_1
					 : 0;
	return (*hash != 0);
}

static bool
read_bits(const char *s, CK_ULONG *bits)
{
	*bits = strtoul(s, NULL, 10);
	return (strcmp(s, "2048") == 0 || strcmp(s, "3072") == 0 ||
		strcmp(s, "4096") == 0);
}

static bool
read_option(struct arguments *a, int ch, char *value)
{
	struct wishes *w = &a->wishes;

	switch (ch) {
	case 'f':
		if (a->from_count == FROM_MAX)
			return (false);
		a->from[a->from_count++] = value;
		return (true);
	case 't':
		a->to = value;
		return (true);
	case 'n':
		return (w->dry_run = true);
	case 'y':
		return (w->yes = true);
	case 'q':
		return (w->quiet = true);
	case 'r':
		w->report = value;
		return (true);
	case 'p':
		w->prefix = value;
		return (true);
	case 'u':
		return ((w->usage = usage_of_name(value)) != USAGE_ANY);
	case 'e':
		return (w->expires = read_date(value, &w->end_date));
	case 'h':
		return (read_hash(value, &w->hash));
	case 'b':
		return (read_bits(value, &w->bits));
	default:
		return (false);
	}
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	static const struct option rows[] = {
	    {"from", required_argument, NULL, 'f'},
	    {"to", required_argument, NULL, 't'},
	    {"dry-run", no_argument, NULL, 'n'},
	    {"yes", no_argument, NULL, 'y'},
	    {"quiet", no_argument, NULL, 'q'},
	    {"report", required_argument, NULL, 'r'},
	    {"label-prefix", required_argument, NULL, 'p'},
	    {"usage", required_argument, NULL, 'u'},
	    {"end-date", required_argument, NULL, 'e'},
	    {"hash", required_argument, NULL, 'h'},
	    {"wrapping-bits", required_argument, NULL, 'b'},
	    {NULL, 0, NULL, 0},
	};
	int ch, row;

	a->wishes.bits = 4096;
	while ((ch = getopt_long(argc, argv, "", rows, &row)) != -1) {
		if (ch == '?')
			return (false);
		if (!read_option(a, ch, optarg)) {
			fprintf(stderr, "keyferry: --%s %s is not valid\n",
			    rows[row].name, optarg);
			return (false);
		}
	}
	if (optind == argc && a->from_count != 0 && a->to != NULL)
		return (true);
	fprintf(stderr, optind != argc
			    ? "keyferry: what is not an option is not known\n"
			    : "keyferry: --from and --to are needed\n");
	return (false);
}

/* The URI as parsed; a PIN in it is wiped from the command line. */
static P11KitUri *
parse(char *text)
{
	P11KitUri *uri = p11_kit_uri_new();
	int result;

	if (uri == NULL)
		return (NULL);
	result = p11_kit_uri_parse(text, P11_KIT_URI_FOR_ANY, uri);
	pin_wipe_text(text);
	if (result == P11_KIT_URI_OK && !p11_kit_uri_any_unrecognized(uri))
		return (uri);
	fprintf(stderr, "keyferry: %s: %s\n", text,
	    result == P11_KIT_URI_OK ? "a part of it is not known"
				     : p11_kit_uri_message(result));
	p11_kit_uri_free(uri);
	return (NULL);
}

static void
uri_free(P11KitUri *uri)
{
	if (uri == NULL)
		return;
	pin_wipe(uri);
	p11_kit_uri_free(uri);
}

static bool
selects_nothing(P11KitUri *uri, const char *text)
{
	CK_ULONG count = 0;

	(void)p11_kit_uri_get_attributes(uri, &count);
	if (count != 0)
		fprintf(stderr,
		    "keyferry: %s: --to names a token, no objects\n", text);
	return (count == 0);
}

static bool
selects_keys(P11KitUri *uri, const char *text)
{
	const CK_ATTRIBUTE *a = p11_kit_uri_get_attribute(uri, CKA_CLASS);
	CK_OBJECT_CLASS class;

	if (a == NULL)
		return (true);
	memcpy(&class, a->pValue, sizeof(class));
	if (class == CKO_SECRET_KEY || class == CKO_PRIVATE_KEY)
		return (true);
	fprintf(stderr,
	    "keyferry: %s: of types, secret-key and private go, no others\n",
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

/* All that can be said of the URIs before a module is loaded. */
static bool
read_uris(struct arguments *a)
{
	if ((a->to_uri = parse(a->to)) == NULL ||
	    !selects_nothing(a->to_uri, a->to))
		return (false);
	for (size_t i = 0; i < a->from_count; i++)
		if ((a->from_uris[i] = parse(a->from[i])) == NULL ||
		    !selects_keys(a->from_uris[i], a->from[i]))
			return (false);
	return (true);
}

static bool
open_target(struct opened *o, const struct arguments *a, struct plan *p)
{
	if ((p->to = open_token(o, a->to_uri, true)) == NULL)
		return (false);
	p->to_keyferry = token_is_keyferry(p->to);
	return (true);
}

static bool
open_source(struct opened *o, P11KitUri *uri, const char *text, struct plan *p)
{
	const CK_ATTRIBUTE *selection;
	struct token *from;
	CK_ULONG count = 0, found = 0;

	if ((from = open_token(o, uri, false)) == NULL)
		return (false);
	if (is_same_token(from, p->to)) {
		fprintf(stderr, "keyferry: %s: that is the target\n", text);
		return (false);
	}
	selection = p11_kit_uri_get_attributes(uri, &count);
	if (!plan_add(p, from, selection, count, &found))
		return (false);
	if (found == 0)
		fprintf(stderr, "keyferry: %s: there is no such key\n", text);
	return (found != 0);
}

/* Asks at the terminal; without one, only --yes does it. */
static bool
agreed(const struct plan *p)
{
	char answer[16];

	if (p->wishes.yes)
		return (true);
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "keyferry: nobody to ask here: --yes does it, "
				"--dry-run shows the plan\n");
		return (false);
	}
	fprintf(stderr, "Move %zu? [y/N] ", plan_count(p, FATE_GOES));
	return (fgets(answer, sizeof(answer), stdin) != NULL &&
		(answer[0] == 'y' || answer[0] == 'Y'));
}

/* From here on an interruption waits until the key in hand is done. One that
 * whoever started us wants ignored (nohup) stays so. */
static void
hold_signals(sigset_t *held)
{
	static const int interruptions[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction now;

	sigemptyset(held);
	for (size_t i = 0; i < 3; i++)
		if (sigaction(interruptions[i], NULL, &now) == 0 &&
		    now.sa_handler != SIG_IGN)
			sigaddset(held, interruptions[i]);
	sigprocmask(SIG_BLOCK, held, NULL);
}

static bool
is_interrupted(const sigset_t *held)
{
	const struct timespec now = {0, 0};

	return (sigtimedwait(held, NULL, &now) != -1);
}

/* Carries the plan out. A key that is done is in the report at once. */
static void
carry_out(struct plan *p, FILE *report)
{
	size_t of = plan_count(p, FATE_GOES), done = 0;
	bool go_on = true;
	sigset_t held;

	hold_signals(&held);
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];

		if (k->fate == FATE_GOES) {
			go_on = go_on && !is_interrupted(&held);
			if (go_on)
				go_on = carry(p, k);
			else
				k->fate = FATE_LEFT;
			if (k->fate != FATE_LEFT)
				report_progress(p, k, ++done, of);
		}
		if (report != NULL) {
			report_json(p, k, report);
			fflush(report);
		}
	}
	report_progress(p, NULL, done, of);
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
status(const struct plan *p)
{
	size_t good = plan_count(p, FATE_MOVED) + plan_count(p, FATE_THERE);

	if (p->wishes.dry_run)
		good += plan_count(p, FATE_GOES);
	return (good == p->count ? ENDED_WELL : ENDED_PARTLY);
}

/* Shows the plan, and does it or not. */
static int
show_and_do(struct plan *p, FILE *report)
{
	bool dry_run = p->wishes.dry_run;

	plan_decide(p);
	if (!p->wishes.quiet || dry_run)
		report_plan(p, stdout);
	fflush(stdout);
	if (!dry_run && plan_count(p, FATE_GOES) != 0 && !agreed(p))
		return (ENDED_UNSTARTED);
	if (!dry_run)
		carry_out(p, report);
	for (size_t i = 0; dry_run && report != NULL && i < p->count; i++)
		report_json(p, &p->keys[i], report);
	report_result(p, stdout);
	return (status(p));
}

/* Whether all of the report is in its file. */
static bool
close_report(FILE *f, const char *path)
{
	bool whole = ferror(f) == 0;

	whole = fclose(f) == 0 && whole;
	if (!whole)
		fprintf(stderr, "keyferry: %s: not written whole\n", path);
	return (whole);
}

static int
move(struct plan *p, struct opened *o, struct arguments *a)
{
	const char *path = p->wishes.report;
	FILE *report = NULL;
	int ended;

	if (!read_uris(a) || !open_target(o, a, p))
		return (ENDED_UNSTARTED);
	for (size_t i = 0; i < a->from_count; i++)
		if (!open_source(o, a->from_uris[i], a->from[i], p))
			return (ENDED_UNSTARTED);
	if (path != NULL && (report = open_report(path)) == NULL)
		return (ENDED_UNSTARTED);
	ended = show_and_do(p, report);
	if (report != NULL && !close_report(report, path) &&
	    ended == ENDED_WELL)
		ended = ENDED_PARTLY;
	return (ended);
}

int
move_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct opened o = OPENED_INIT;
	struct plan p = {0};
	int ended;

	if (!read_arguments(argc, argv, &a)) {
		fputs(move_usage, stderr);
		return (ENDED_UNSTARTED);
	}
	p.wishes = a.wishes;
	ended = move(&p, &o, &a);
	uri_free(a.to_uri);
	for (size_t i = 0; i < a.from_count; i++)
		uri_free(a.from_uris[i]);
	plan_free(&p);
	open_end(&o);
	return (ended);
}
