#include <stdio.h>
#include <string.h>
#include "move-report.h"
#include "renewal-report.h"
#include "table.h"
#include "text.h"
#include "write-json.h"

#define LABEL_COLUMNS 24

/* What becomes, or became, of a material: in text, and in JSON. */
static const struct {
	enum key_status status;
	const char *text, *json;
} words[] = {
    {STATUS_PLANNED, "to be renewed", "planned"},
    {STATUS_RENEWED, "renewed", "renewed"},
    {STATUS_PRESENT, "renewed by another run", "there"},
    {STATUS_REFUSED, "cannot be renewed", "refused"},
    {STATUS_DIFFERENT, "no source has it", "different"},
    {STATUS_FAILED, "failed", "failed"},
    {STATUS_NOT_TRIED, "not tried", "left"},
};
#define WORD_COUNT (sizeof(words) / sizeof(words[0]))

static size_t
row_of(enum key_status status)
{
	size_t i = 0;

	while (i < WORD_COUNT - 1 && words[i].status != status)
		i++;
	return (i);
}

static const char *
source_name(const struct due_material *due)
{
	const struct key *k = due->source;

	if (k == NULL)
		return ("");
	return (k->from != NULL ? k->from->label : k->file);
}

static void
print_material(FILE *f, const struct renewal *r, const struct due_material *due)
{
	const struct listed_key *k = &r->keys.rows[due->key];
	size_t columns = text_print(f, buf_view(&k->label));
	char when[TEXT_TIME_SIZE] = "";

	fprintf(f, "%*s  id ",
	    columns < LABEL_COLUMNS ? (int)(LABEL_COLUMNS - columns) : 0, "");
	text_print_hex(f, buf_view(&k->id));
	fputs("  ", f);
	text_print(f, buf_view(&k->spec));
	if (k->materials > 1 && due->id[0] != '\0') {
		fputs(", KeyMaterialId ", f);
		text_print(f, view_str(due->id));
	}
	if (due->end == 0)
		fputs(", is missing", f);
	else {
		text_time(due->end, when);
		fprintf(f, ", ends %s", when);
	}
}

static void
print_row(FILE *f, const struct renewal *r, const struct due_material *due)
{
	print_material(f, r, due);
	fprintf(f, ": %s", words[row_of(due->status)].text);
	if (due->reason[0] != '\0' && due->status != STATUS_RENEWED &&
	    due->status != STATUS_PRESENT) {
		fputs(": ", f);
		text_print(f, view_str(due->reason));
	} else if (due->source != NULL && due->status == STATUS_PLANNED) {
		fputs(" from ", f);
		text_print(f, view_str(source_name(due)));
		if (due->source->method != NULL)
			fprintf(f, ", wrapped with %s, %s",
			    method_name(due->source->method),
			    hash_name(due->source->hash));
	}
	putc('\n', f);
}

void
renewal_print_plan(const struct renewal *r, FILE *f)
{
	for (size_t i = 0; i < r->due_count; i++)
		print_row(f, r, &r->due[i]);
}

void
renewal_progress(const struct renewal *r, const struct due_material *due,
    const struct progress *g)
{
	struct key shown = {.status = STATUS_PLANNED};

	if (due != NULL)
		shown.label = r->keys.rows[due->key].label;
	report_progress(&r->plan, due == NULL ? NULL : &shown, g);
}

/* What the plan says already is not said again. */
static bool
is_to_be_told(const struct renewal *r, const struct due_material *due)
{
	const struct move_options *o = &r->plan.options;

	if (due->status == STATUS_REFUSED)
		return (o->quiet && !o->dry_run);
	return (due->status == STATUS_DIFFERENT ||
		due->status == STATUS_FAILED ||
		due->status == STATUS_NOT_TRIED);
}

void
renewal_print_result(const struct renewal *r, FILE *f)
{
	const char *comma = ": ";
	size_t n;

	for (size_t i = 0; i < r->due_count; i++)
		if (is_to_be_told(r, &r->due[i]))
			print_row(f, r, &r->due[i]);
	fprintf(
	    f, "%zu material%s", r->due_count, r->due_count == 1 ? "" : "s");
	for (size_t i = 0; i < WORD_COUNT; i++) {
		if ((n = renewal_count(r, words[i].status)) == 0)
			continue;
		fprintf(f, "%s%zu %s", comma, n, words[i].text);
		comma = ", ";
	}
	putc('\n', f);
}

static void
json_time(struct json_writer *w, const char *name, time_t t)
{
	char when[TEXT_TIME_SIZE] = "";

	if (t != 0)
		text_time(t, when);
	write_json_text(w, name, view_str(when));
}

void
renewal_json(const struct renewal *r, const struct due_material *due, FILE *f)
{
	const struct listed_key *k = &r->keys.rows[due->key];
	const struct key *source = due->source;
	bool wrapped = source != NULL && source->method != NULL;
	struct json_writer w;

	write_json_begin(&w, f);
	write_json_text(&w, "label", buf_view(&k->label));
	write_json_hex(&w, "id", buf_view(&k->id));
	write_json_text(&w, "from", view_str(source_name(due)));
	write_json_text(&w, "to", view_str(r->plan.to->label));
	write_json_text(&w, "spec", buf_view(&k->spec));
	write_json_text(&w, "material", view_str(due->id));
	json_time(&w, "end", due->end);
	json_time(&w, "new_end", due->new_end);
	write_json_text(&w, "mechanism",
	    view_str(wrapped ? method_name(source->method) : ""));
	write_json_text(
	    &w, "hash", view_str(wrapped ? hash_name(source->hash) : ""));
	write_json_text(
	    &w, "result", view_str(words[row_of(due->status)].json));
	write_json_text(&w, "reason", view_str(due->reason));
	write_json_text(&w, "wrapping_key",
	    view_str(source != NULL && due->status != STATUS_PRESENT
			 ? source->wrapping_key
			 : ""));
	write_json_text(&w, "unique_id", buf_view(&k->arn));
	write_json_end(&w);
	putc('\n', f);
}
