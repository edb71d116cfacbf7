#include <stdio.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "command.h"
#include "find-key.h"
#include "message.h"
#include "renew.h"
#include "renewal-report.h"
#include "renewal-run.h"
#include "renewal-source.h"
#include "run-plan.h"

#define FROM_MAX 64
#define KEYS_MAX 1000 /* on one command line */
#define DAY 86400
#define WITHIN_DAYS 30

const char renew_usage[] =
    "usage: keyferry renew [KEY ...] --from URI | --manifest FILE [options]\n"
    "Brings each key that ends soon again from its source, so that it ends "
    "later. It\n"
    "does not ask: run it each day.\n"
    "KEY is a label, a key id or an ARN: these keys alone are looked at.\n"
    "  --from URI         a token that has the originals, by the labels or ids "
    "that the\n"
    "                     keys have in KMS; object= or id= selects some. May "
    "be\n"
    "                     repeated\n"
    "  --manifest FILE    CSV or JSON Lines name the sources: the first line, "
    "or each\n"
    "                     object, has source (a URI) or file; label, id or\n"
    "                     into; and material, the KeyMaterialId\n"
    "  --to URI           Keyferry's token, if there are several; object= or "
    "id=\n"
    "                     renews these keys alone\n"
    "  --within 30d       renew what ends within that time (d: days, h: hours) "
    "or has\n"
    "                     ended (default: 30d)\n"
    "  --valid-days N     the material is valid for N days from now (default: "
    "what\n"
    "                     renewal-days in keyferry.conf says)\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which it is valid\n"
    "  --label-prefix TEXT\n"
    "                     the labels in KMS have TEXT before those of --from\n"
    "  --wrapping-bits 2048|3072|4096\n"
    "                     the size of the wrapping keys, at most (default: "
    "4096)\n"
    "  --passphrase-file FILE\n"
    "                     of encrypted private keys, in the first line\n"
    "  --dry-run          show what would be renewed, and change nothing\n"
    "  --report FILE      write a line of JSON for each material\n"
    "  --json             print these lines instead of plan and result\n"
    "  --quiet            print only the result, and nothing where no key "
    "ends\n";

struct arguments {
	char **keys; /* that are looked at; all, if there are none */
	int key_count;
	char *from[FROM_MAX], *to, *manifest, *passphrase_file;
	size_t from_count;
	time_t within; /* seconds */
	struct wanted_keys wanted;
	struct move_options options;
};

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
	    {"manifest", NULL, &a->manifest, NULL, NULL},
	    {"to", NULL, &a->to, NULL, NULL},
	    {"within", NULL, NULL, options_read_duration, &a->within},
	    {"valid-days", NULL, NULL, key_option_valid_days, &o->wish},
	    {"end-date", NULL, NULL, key_option_end_date, &o->wish},
	    {"label-prefix", NULL, &o->prefix, NULL, NULL},
	    {"wrapping-bits", NULL, NULL, key_option_wrapping_bits, &o->bits},
	    {"passphrase-file", NULL, &a->passphrase_file, NULL, NULL},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"json", &o->json, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	};
	int first;

	a->within = (time_t)WITHIN_DAYS * DAY;
	o->bits = 4096;
	if ((first = options_read(argc, argv, rows,
		 sizeof(rows) / sizeof(rows[0]), KEYS_MAX)) == -1)
		return (false);
	a->keys = argv + first;
	a->key_count = argc - first;
	if (a->from_count == 0 && a->manifest == NULL)
		message("--from or --manifest is required");
	return (a->from_count != 0 || a->manifest != NULL);
}

/* A line that import or restore takes, too. */
static bool
read_manifest(struct arguments *a)
{
	const struct wanted_key none = {0};

	if (a->manifest == NULL)
		return (true);
	if (!wanted_keys_read(&a->wanted, a->manifest, &none, false))
		return (false);
	for (size_t i = 0; i < a->wanted.count; i++) {
		const struct wanted_key *w = &a->wanted.rows[i];

		if ((w->file != NULL && w->source != NULL) ||
		    (w->file == NULL && w->source == NULL &&
			a->from_count == 0)) {
			message("%s: line %u: it must name a file or a source",
			    a->manifest, w->line);
			return (false);
		}
	}
	return (true);
}

/* The end that renewed material gets is the command line's or the
 * configuration's. */
static bool
find_end(struct renewal *r)
{
	struct buf days = BUF_INIT(0);
	CK_ULONG n = 0;

	token_get_of_profile(r->plan.to, CKA_KEYFERRY_RENEWAL_DAYS, &days);
	if (days.len == sizeof(n))
		memcpy(&n, days.ptr, sizeof(n));
	buf_free(&days);
	r->days = n;
	r->wanted = r->plan.options.wish.expires ? r->plan.options.wish.end
						 : time(NULL) + (time_t)n * DAY;
	if (r->plan.options.wish.expires || n != 0)
		return (true);
	message("renewed until when? Give --valid-days or --end-date, or set "
		"renewal-days in keyferry.conf");
	return (false);
}

static bool
find_sources(struct arguments *a, struct renewal *r, struct renewal_sources *s)
{
	if (!renewal_add_wanted(r, s, &a->wanted))
		return (false);
	for (size_t i = 0; i < a->from_count; i++)
		if (!renewal_add_token(r, s, a->from[i]))
			return (false);
	renewal_check_sources(r);
	return (true);
}

static int
exit_status(const struct renewal *r)
{
	size_t good = renewal_count(r, STATUS_RENEWED) +
		      renewal_count(r, STATUS_PRESENT);

	if (r->plan.options.dry_run)
		good += renewal_count(r, STATUS_PLANNED);
	if (good == r->due_count && r->unread == 0)
		return (EXIT_ALL_DONE);
	return (good == 0 && r->sources_failed ? EXIT_NOTHING_DONE
					       : EXIT_SOME_FAILED);
}

static int
show_and_run(struct renewal *r, FILE *report)
{
	const struct move_options *o = &r->plan.options;

	if (!o->json && r->due_count == 0 && !o->quiet && r->unread == 0)
		puts("no key ends in this time: nothing is to be renewed");
	if (!o->json && (!o->quiet || o->dry_run))
		renewal_print_plan(r, stdout);
	fflush(stdout);
	if (!o->dry_run)
		renewal_run(r, report);
	for (size_t i = 0; o->dry_run && report != NULL && i < r->due_count;
	     i++)
		renewal_json(r, &r->due[i], report);
	if (!o->json && r->due_count != 0)
		renewal_print_result(r, stdout);
	return (exit_status(r));
}

/* With the plan made; as run_plan(). */
static int
carry_out(struct renewal *r)
{
	const char *path = r->plan.options.report;
	FILE *report = r->plan.options.json ? stdout : NULL;
	int ended;

	if (path != NULL && (report = report_open(path)) == NULL)
		return (EXIT_NOTHING_DONE);
	ended = show_and_run(r, report);
	if (path != NULL && !report_close(report, path) &&
	    ended == EXIT_ALL_DONE)
		ended = EXIT_SOME_FAILED;
	return (ended);
}

/* The keys that are named, or those that --to selects. */
static bool
find_keys(
    struct arguments *a, struct renewal *r, const struct keyferry_token *to)
{
	if (a->key_count != 0 && to->selection_count != 0) {
		message("KEY and a --to with object= or id= exclude each "
			"other");
		return (false);
	}
	if (a->key_count == 0)
		return (key_list_find(
		    &r->keys, to->token, to->selection, to->selection_count));
	for (int i = 0; i < a->key_count; i++)
		if (!key_list_find_one(&r->keys, to->token, a->keys[i]))
			return (false);
	return (true);
}

/* What is not due needs no source, and no PIN. */
static int
renew(struct arguments *a, struct renewal *r, struct renewal_sources *s)
{
	struct keyferry_token to = KEYFERRY_TOKEN_INIT;
	int ended = EXIT_NOTHING_DONE;
	bool ready;

	ready = keyferry_token_open(&to, a->to, true);
	r->plan.to = to.token;
	r->plan.to_keyferry = true;
	ready = ready && find_end(r) && find_keys(a, r, &to) &&
		renewal_find_due(r);
	if (ready && r->due_count != 0)
		ready = find_sources(a, r, s);
	if (ready)
		ended = carry_out(r);
	renewal_free(r);
	keyferry_token_close(&to);
	return (ended);
}

int
renew_run(int argc, char **argv)
{
	static const struct plan_words words = {
	    "Renew", "renewed", "is not renewed"};
	struct arguments a = {.wanted = WANTED_KEYS_INIT};
	struct renewal r = {.plan = {.words = &words}};
	struct renewal_sources s = {.tokens = OPEN_TOKENS_INIT};
	int ended = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a)) {
		fputs(renew_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	s.reader.passphrase_file = a.passphrase_file;
	r.plan.options = a.options;
	r.limit = time(NULL) + a.within;
	if (key_reader_open(&s.reader) && read_manifest(&a)) {
		r.plan.lib = s.reader.lib;
		ended = renew(&a, &r, &s);
	}
	renewal_sources_close(&s);
	wanted_keys_free(&a.wanted);
	key_reader_close(&s.reader);
	return (ended);
}
