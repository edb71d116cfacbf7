#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "command.h"
#include "message.h"
#include "options.h"
#include "restore.h"
#include "restore-source.h"
#include "run-plan.h"
#include "source-key.h"
#include "uri.h"

#define WRAPPING_BITS 4096 /* at most: a source may take fewer */

const char restore_usage[] =
    "usage: keyferry restore --manifest FILE [--to URI] [options]\n"
    "Builds in KMS the keys of a manifest that are not there, from files and "
    "HSMs, and\n"
    "says how those that are there differ from it. Shows before what it will "
    "do, and\n"
    "asks.\n"
    "  --manifest FILE    CSV or JSON Lines, as for keyferry import, and with "
    "source,\n"
    "                     spec, public-key, check-value, arn and material, "
    "too\n"
    "  --to URI           Keyferry's token, if there are several\n"
    "  --from URI         the token that has the keys of lines without file "
    "and\n"
    "                     source, by their id or label\n"
    "  --check            only compare KMS with the manifest: no source is "
    "needed;\n"
    "                     exit status 1 if anything is missing or differs\n"
    "  --end-date YYYY-MM-DD\n"
    "                     the last day on which keys are valid, instead of "
    "the\n"
    "                     manifest's\n"
    "  --passphrase-file FILE\n"
    "                     of encrypted private keys, in the first line; "
    "without "
    "it\n"
    "                     you are asked\n"
    "  --dry-run          show what would be built, and change nothing\n"
    "  --yes              do not ask for confirmation\n"
    "  --report FILE      write a line of JSON for each key\n"
    "  --json             print these lines instead of plan and result\n"
    "  --quiet            print only the result, no plan and no progress\n";

struct arguments {
	char *to, *from;
	struct key_wish end; /* of --end-date */
};

static bool
read_arguments(int argc, char **argv, struct arguments *a, struct restore *r)
{
	struct move_options *o = &r->plan.options;
	char *passphrase_file = NULL;
	const struct option_row rows[] = {
	    {"manifest", NULL, &r->manifest, NULL, NULL},
	    {"to", NULL, &a->to, NULL, NULL},
	    {"from", NULL, &a->from, NULL, NULL},
	    {"check", &o->check, NULL, NULL, NULL},
	    {"end-date", NULL, NULL, key_option_end_date, &a->end},
	    {"passphrase-file", NULL, &passphrase_file, NULL, NULL},
	    {"dry-run", &o->dry_run, NULL, NULL, NULL},
	    {"yes", &o->yes, NULL, NULL, NULL},
	    {"report", NULL, &o->report, NULL, NULL},
	    {"json", &o->json, NULL, NULL, NULL},
	    {"quiet", &o->quiet, NULL, NULL, NULL},
	};

	o->bits = WRAPPING_BITS;
	if (options_read(argc, argv, rows, sizeof(rows) / sizeof(rows[0]), 0) ==
	    -1)
		return (false);
	r->reader.passphrase_file = passphrase_file;
	if (r->manifest == NULL)
		message("--manifest is required");
	else if (o->check && o->dry_run)
		message("--check changes nothing: leave out --dry-run");
	return (r->manifest != NULL && (!o->check || !o->dry_run));
}

/* One that KMS does not let be seen is not missing. What is built is looked for
 * once more before. */
static bool
tell_not_known(const struct restore *r, struct key *k, CK_RV rv,
    const char said[TOKEN_ERROR_SIZE])
{
	if (token_is_in_trouble(rv) || rv == CKR_HOST_MEMORY) {
		message("token %s: looking for keys failed: %s",
		    r->to.token->label, said);
		return (false);
	}
	if (r->plan.options.check) {
		k->status = STATUS_NOT_KNOWN;
		snprintf(k->reason, sizeof(k->reason), "%.*s", REASON_SIZE - 1,
		    said);
	}
	return (true);
}

/* Compares a key with what KMS has of it. What has no room is cut off. */
static bool
compare_key(struct restore *r, struct key *k, struct key_list *found)
{
	const struct wanted_materials m = restore_materials(r, k->wanted);
	char said[TOKEN_ERROR_SIZE];
	CK_RV rv;

	buf_reset(&k->differences);
	k->differences.max = REASON_SIZE - 1;
	if ((rv = restore_find(r->to.token, k->wanted, found, said)) != CKR_OK)
		return (tell_not_known(r, k, rv, said));
	if (found->count != 0)
		(void)restore_compare(r->to.token, &m, &found->rows[0],
		    r->plan.options.check, &k->differences);
	return (true);
}

static void
tell_differences(struct key *k)
{
	k->status = STATUS_DIFFERS;
	snprintf(k->reason, sizeof(k->reason), "%.*s", (int)k->differences.len,
	    (const char *)k->differences.ptr);
}

/* What is there of each key, before anything is planned. A key that is there
 * keeps its end. */
static bool
look_at_keys(struct restore *r)
{
	for (size_t i = 0; i < r->plan.count; i++) {
		struct key *k = &r->plan.keys[i];
		struct key_list found = {NULL, 0, 0};
		bool done = compare_key(r, k, &found);

		if (found.count != 0 && !found.rows[0].waits) {
			k->wish.expires = false;
			k->materials_there = found.rows[0].materials;
		}
		if (r->plan.options.check && k->status != STATUS_NOT_KNOWN)
			k->status = found.count == 0 ? STATUS_MISSING
						     : STATUS_PRESENT;
		if (k->differences.len != 0 && k->status == STATUS_PRESENT)
			tell_differences(k);
		if (k->status == STATUS_DIFFERS &&
		    !listed_key_is_described(&found.rows[0])) {
			k->status = STATUS_NOT_KNOWN;
			buf_reset(&k->differences);
		}
		key_list_free(&found);
		if (!done)
			return (false);
	}
	return (true);
}

/* How many materials of the key are before this one. */
static size_t
material_number(const struct plan *p, const struct key *k)
{
	size_t n = 0;

	for (; k->before != 0; n++)
		k = &p->keys[k->before - 1];
	return (n);
}

/* plan->checked. What differs and is not as KMS has it cannot be mended here.
 * A material that the key has is compared. */
static void
take_differences(struct plan *p)
{
	for (size_t i = 0; i < p->count; i++) {
		struct key *k = &p->keys[i];
		bool same_name;

		if (k->before != 0 && k->status == STATUS_PLANNED &&
		    material_number(p, k) < k->materials_there)
			k->status = STATUS_SAME_NAME;
		if (k->before != 0 || k->differences.len == 0)
			continue;
		same_name = k->status == STATUS_SAME_NAME;
		tell_differences(k);
		if (same_name)
			k->status = STATUS_SAME_NAME;
	}
}

static bool
is_done(const struct key *k)
{
	return (k->status == STATUS_MOVED || k->status == STATUS_PRESENT);
}

/* The key of the materials before takes this one. False: it is not there. */
static bool
aim_material(const struct plan *p, struct key *k)
{
	const struct key *before = &p->keys[k->before - 1];

	if (!is_done(before)) {
		k->status = STATUS_NOT_TRIED;
		snprintf(k->reason, sizeof(k->reason),
		    "the material before it is not there");
		return (false);
	}
	k->there = before->there;
	k->unique_id.max = SIZE_MAX;
	if (buf_append(&k->unique_id, buf_view(&before->unique_id)) != ERR_OK ||
	    buf_append(&k->unique_id, VIEW("", 1)) != ERR_OK) {
		k->status = STATUS_FAILED;
		return (false);
	}
	buf_cut(&k->unique_id, k->unique_id.len - 1);
	k->into = (const char *)k->unique_id.ptr;
	k->new_material = k->status == STATUS_PLANNED;
	return (true);
}

static bool
has_later_material(const struct plan *p, const struct key *k)
{
	for (const struct key *l = k + 1; l < p->keys + p->count; l++)
		if (l->before == (size_t)(k - p->keys) + 1)
			return (true);
	return (false);
}

/* What was built, or was there, is as the manifest says, or is told. */
static void
verify(struct restore *r, struct key *k)
{
	const struct wanted_materials m = restore_materials(r, k->wanted);
	struct key_list found = {NULL, 0, 0};
	char said[TOKEN_ERROR_SIZE];
	CK_RV rv = restore_find(r->to.token, k->wanted, &found, said);

	buf_reset(&k->differences);
	if (rv == CKR_OK && found.count != 0)
		(void)restore_compare(
		    r->to.token, &m, &found.rows[0], true, &k->differences);
	else if (buf_puts(&k->differences, "it cannot be found") == ERR_OK &&
		 rv != CKR_OK && buf_puts(&k->differences, ": ") == ERR_OK)
		(void)buf_puts(&k->differences, said);
	if (k->differences.len != 0)
		tell_differences(k);
	key_list_free(&found);
}

/* plan->transfer */
static bool
restore_key(struct plan *p, struct key *k)
{
	bool go_on = true;

	k->reason[0] = '\0';
	if (k->before != 0 && !aim_material(p, k))
		return (true);
	go_on = source_key_bring(p, k);
	if (is_done(k) && !has_later_material(p, k))
		verify((struct restore *)p, k);
	return (go_on);
}

static void
replace_end(struct key_wish *w, const struct key_wish *end)
{
	w->expires = true;
	w->end = end->end;
	w->end_date = end->end_date;
}

static int
restore(struct restore *r, struct arguments *a)
{
	bool open =
	    (a->from == NULL || (r->from = uri_parse(a->from)) != NULL) &&
	    wanted_keys_read(&r->wanted, r->manifest,
		&(struct wanted_key){.algorithm = ALGORITHM_DEFAULT}, false) &&
	    keyferry_token_open(&r->to, a->to, !r->plan.options.check) &&
	    uri_names_token(r->to.uri);
	bool all = open;

	r->plan.to = r->to.token;
	/* whatever cannot be had is named before the run ends */
	for (size_t i = 0; open && i < r->wanted.count && !r->token_failed;
	     i++) {
		if (a->end.expires)
			replace_end(&r->wanted.rows[i].wish, &a->end);
		all = restore_add_key(r, &r->wanted.rows[i]) && all;
	}
	if (!all || !look_at_keys(r))
		return (EXIT_NOTHING_DONE);
	return (run_plan(&r->plan));
}

int
restore_run(int argc, char **argv)
{
	static const struct plan_words words = {
	    "Restore", "restored", "is not restored"};
	struct restore r = {.plan = {.words = &words,
				.transfer = restore_key,
				.checked = take_differences,
				.to_keyferry = true},
	    .to = KEYFERRY_TOKEN_INIT,
	    .wanted = WANTED_KEYS_INIT};
	struct arguments a = {NULL, NULL, {0}};
	int ended = EXIT_NOTHING_DONE;

	if (!read_arguments(argc, argv, &a, &r)) {
		fputs(restore_usage, stderr);
		return (EXIT_NOTHING_DONE);
	}
	if (key_reader_open(&r.reader)) {
		r.plan.lib = r.reader.lib;
		ended = restore(&r, &a);
	}
	plan_free(&r.plan);
	wanted_keys_free(&r.wanted);
	uri_free(r.from);
	keyferry_token_close(&r.to);
	key_reader_close(&r.reader);
	return (ended);
}
