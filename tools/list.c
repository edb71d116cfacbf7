#include <stdlib.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "command.h"
#include "keyferry-token.h"
#include "list.h"
#include "list-report.h"
#include "message.h"
#include "options.h"
#include "rv-said.h"
#include "write-manifest.h"

const char list_usage[] =
    "usage: keyferry list [--to URI] [options]\n"
    "Lists the keys on Keyferry's token, in whatever state, and when their "
    "material\n"
    "ends.\n"
    "  --to URI           the token, if there are several; object= or id= "
    "lists these\n"
    "                     keys alone\n"
    "  --ending 30d       only keys whose material ends within that time (d: "
    "days,\n"
    "                     h: hours) or has ended; exit status 1 if there is "
    "any\n"
    "  --leftovers        only keys that wait for material and have no name, "
    "or never\n"
    "                     had material, and how to remove them; exit status 1 "
    "if\n"
    "                     there is any\n"
    "  --json             print an array of objects\n"
    "  --prometheus FILE  write FILE for node_exporter, and print nothing\n"
    "  --manifest FILE    write FILE, which keyferry restore reads, and print\n"
    "                     nothing\n"
    "  --quiet            print nothing: the exit status says it\n";

struct arguments {
	char *to, *prometheus, *manifest;
	bool ending, leftovers, json, quiet;
	time_t within; /* seconds */
};

static bool
read_ending(char *s, void *to)
{
	struct arguments *a = to;

	a->ending = true;
	return (options_read_duration(s, &a->within));
}

static bool
read_arguments(int argc, char **argv, struct arguments *a)
{
	const struct option_row rows[] = {
	    {"to", NULL, &a->to, NULL, NULL},
	    {"ending", NULL, NULL, read_ending, a},
	    {"leftovers", &a->leftovers, NULL, NULL, NULL},
	    {"json", &a->json, NULL, NULL, NULL},
	    {"prometheus", NULL, &a->prometheus, NULL, NULL},
	    {"manifest", NULL, &a->manifest, NULL, NULL},
	    {"quiet", &a->quiet, NULL, NULL, NULL},
	};

	if (options_read(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 0) ==
	    -1)
		return (false);
	if (a->ending && a->leftovers)
		message("--ending and --leftovers exclude each other");
	return (!a->ending || !a->leftovers);
}

static bool
is_wanted(const struct listed_key *k, const struct arguments *a, time_t now)
{
	return ((!a->ending || listed_key_ends(k, now + a->within)) &&
		(!a->leftovers || listed_key_is_leftover(k)));
}

/* The wanted ones first. Returns how many they are. */
static size_t
select_keys(struct key_list *l, const struct arguments *a, time_t now)
{
	struct listed_key k;
	size_t n = 0;

	for (size_t i = 0; i < l->count; i++) {
		k = l->rows[i];
		if (!is_wanted(&k, a, now))
			continue;
		l->rows[i] = l->rows[n];
		l->rows[n++] = k;
	}
	return (n);
}

/* What the token failed to tell of a key is not what the key does not have.
 * True: there was nothing of the kind. */
static bool
report_failures(const struct key_list *l, const struct token *t)
{
	char name[RV_SAID_SIZE];
	bool none = true;

	for (size_t i = 0; i < l->count; i++) {
		const struct listed_key *k = &l->rows[i];

		if (k->failure.rv == CKR_OK)
			continue;
		none = false;
		message("token %s: %.*s: %s: %s", t->label, (int)k->arn.len,
		    k->arn.len == 0 ? "" : (const char *)k->arn.ptr,
		    attribute_name(k->failure.type).text,
		    rv_said(k->failure.rv, name));
	}
	return (none);
}

static bool
print_list(const struct key_list *l, struct view left_out,
    const struct arguments *a, time_t now)
{
	bool done = true;

	if (a->json)
		list_print_json(stdout, l, left_out, now);
	else if (a->leftovers)
		list_print_leftovers(stdout, l);
	else if (l->count != 0 || !a->ending)
		done = list_print_table(stdout, l, now);
	if (!done)
		message("out of memory");
	return (done);
}

static bool
write_the_manifest(
    const struct token *t, const struct key_list *l, const struct arguments *a)
{
	size_t left_out;

	if (!write_manifest(a->manifest, t, l, &left_out))
		return (false);
	if (left_out != 0 && !a->quiet)
		message("%zu keys that were not imported, or that KMS is to "
			"delete, are left out",
		    left_out);
	return (true);
}

static bool
write_all(const struct token *t, const struct key_list *l, struct view left_out,
    const struct arguments *a)
{
	time_t now = time(NULL);

	if (a->prometheus != NULL &&
	    !list_write_prometheus(a->prometheus, l, left_out, now)) {
		message_errno(a->prometheus);
		return (false);
	}
	if (a->manifest != NULL && !write_the_manifest(t, l, a))
		return (false);
	return (a->prometheus != NULL || a->manifest != NULL || a->quiet ||
		print_list(l, left_out, a, now));
}

static int
write_list(const struct token *t, const struct key_list *all,
    const struct arguments *a)
{
	struct key_list l = *all;
	struct buf left_out = BUF_INIT(0);
	bool complete = report_failures(all, t), names, done;

	if (key_list_tell_left_out(t, &left_out, &names) != 0)
		complete = false;
	if (!names)
		message("token %s: KMS does not let the names of keys be seen: "
			"allow kms:ListAliases",
		    t->label);
	/* a key without a name may go, and a manifest builds keys by theirs */
	if (!names && (a->leftovers || a->manifest != NULL)) {
		buf_free(&left_out);
		return (EXIT_NOTHING_DONE);
	}
	l.count = select_keys(&l, a, time(NULL));
	done = write_all(t, &l, buf_view(&left_out), a);
	buf_free(&left_out);
	if (!done)
		return (EXIT_NOTHING_DONE);
	return (!complete || ((a->ending || a->leftovers) && l.count != 0)
		    ? EXIT_SOME_FAILED
		    : EXIT_ALL_DONE);
}

int
list_run(int argc, char **argv)
{
	struct arguments a = {0};
	struct keyferry_token k = KEYFERRY_TOKEN_INIT;
	struct key_list l = {NULL, 0, 0};
	int status = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a)) {
		fputs(list_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	if (keyferry_token_open(&k, a.to, false) &&
	    key_list_find(&l, k.token, k.selection, k.selection_count))
		status = write_list(k.token, &l, &a);
	key_list_free(&l);
	keyferry_token_close(&k);
	return (status);
}
