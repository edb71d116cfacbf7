#include <stdlib.h>
#include <string.h>
#include "cryptoki/constants.h"
#include "hex.h"
#include "list-report.h"
#include "replacement.h"
#include "table.h"
#include "text.h"
#include "write-json.h"

#define SOON_DAYS 30 /* yellow */
#define URGENT_DAYS 7 /* red */
#define COLUMNS 10
#define FIELD_SIZE 32
#define ID_SHOWN 128 /* bytes: an alias holds fewer */

static const char *const titles[COLUMNS] = {"LABEL", "ID", "SPEC", "USAGE",
    "ORIGIN", "STATE", "END", "DAYS", "MATERIALS", "REGIONS"};

/* "" where the material does not end. */
static void
write_days(const struct listed_key *k, time_t now, char out[FIELD_SIZE])
{
	out[0] = '\0';
	if (k->end != 0)
		snprintf(out, FIELD_SIZE, "%ld", listed_key_days(k, now));
}

/* "3", or "2/3" where one is missing. */
static void
write_materials(const struct listed_key *k, char out[FIELD_SIZE])
{
	out[0] = '\0';
	if (k->materials == CK_UNAVAILABLE_INFORMATION)
		return;
	if (k->missing == 0 || k->missing > k->materials)
		snprintf(out, FIELD_SIZE, "%lu", k->materials);
	else
		snprintf(out, FIELD_SIZE, "%lu/%lu", k->materials - k->missing,
		    k->materials);
}

static const char *
colour(const struct listed_key *k, time_t now)
{
	long days = listed_key_days(k, now);

	if (k->waits || (k->end != 0 && days < URGENT_DAYS))
		return ("\033[31m");
	return (k->end != 0 && days < SOON_DAYS ? "\033[33m" : "");
}

static bool
add_row(struct table *t, const struct listed_key *k, time_t now)
{
	char end[TEXT_TIME_SIZE] = "", days[FIELD_SIZE], materials[FIELD_SIZE];
	char id[2 * ID_SHOWN + 1];

	if (k->end != 0)
		text_time(k->end, end);
	write_days(k, now, days);
	write_materials(k, materials);
	hex_write(k->id.ptr, k->id.len < ID_SHOWN ? k->id.len : ID_SHOWN, id);
	return (table_add(t, colour(k, now),
	    (const struct view[COLUMNS]){buf_view(&k->label), view_str(id),
		buf_view(&k->spec), buf_view(&k->usage), buf_view(&k->origin),
		buf_view(&k->state), view_str(end), view_str(days),
		view_str(materials), buf_view(&k->regions)}));
}

bool
list_print_table(FILE *f, const struct key_list *l, time_t now)
{
	struct view head[COLUMNS];
	struct table t;
	bool done;

	for (size_t i = 0; i < COLUMNS; i++)
		head[i] = view_str(titles[i]);
	table_begin(&t, COLUMNS);
	done = table_add(&t, "", head);
	for (size_t i = 0; i < l->count && done; i++)
		done = add_row(&t, &l->rows[i], now);
	if (done)
		table_print(f, &t, is_terminal(f));
	table_free(&t);
	return (done);
}

static void
print_json(FILE *f, const struct listed_key *k, time_t now)
{
	struct json_writer w;
	char when[TEXT_TIME_SIZE];

	write_json_begin(&w, f);
	write_json_text(&w, "label", buf_view(&k->label));
	write_json_hex(&w, "id", buf_view(&k->id));
	write_json_text(&w, "arn", buf_view(&k->arn));
	write_json_text(&w, "spec", buf_view(&k->spec));
	write_json_text(&w, "usage", buf_view(&k->usage));
	write_json_text(&w, "origin", buf_view(&k->origin));
	write_json_text(&w, "state", buf_view(&k->state));
	write_json_text(&w, "regions", buf_view(&k->regions));
	if (k->end != 0) {
		text_time(k->end, when);
		write_json_text(&w, "end", view_str(when));
		write_json_number(&w, "days_left", listed_key_days(k, now));
	}
	if (k->deletion != 0) {
		text_time(k->deletion, when);
		write_json_text(&w, "deletion_date", view_str(when));
	}
	if (k->materials != CK_UNAVAILABLE_INFORMATION)
		write_json_number(&w, "materials", (long long)k->materials);
	if (k->missing != CK_UNAVAILABLE_INFORMATION)
		write_json_number(
		    &w, "materials_missing", (long long)k->missing);
	if (k->failure.rv != CKR_OK)
		write_json_text(&w, "unread",
		    view_str(attribute_name(k->failure.type).text));
	write_json_end(&w);
}

void
list_print_json(
    FILE *f, const struct key_list *l, struct view left_out, time_t now)
{
	const char *between = "\n", *id;
	struct json_writer w;

	putc('[', f);
	for (size_t i = 0; i < l->count; i++, between = ",\n") {
		fputs(between, f);
		print_json(f, &l->rows[i], now);
	}
	for (; (id = view_take_string(&left_out)) != NULL; between = ",\n") {
		fputs(between, f);
		write_json_begin(&w, f);
		write_json_text(&w, "left_out", view_str(id));
		write_json_end(&w);
	}
	fputs("\n]\n", f);
}

void
list_print_leftovers(FILE *f, const struct key_list *l)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct listed_key *k = &l->rows[i];
		bool named = k->label.len != 0 || k->has_own_id;

		text_print(f, buf_view(&k->arn));
		fputs(!named ? ": waits for material, and has no name"
			     : ": never had material",
		    f);
		if (k->label.len != 0) {
			fputs(", label ", f);
			text_print(f, buf_view(&k->label));
		}
		fputs("\n    to remove it: keyferry delete ", f);
		text_print(f, buf_view(&k->arn));
		putc('\n', f);
	}
}

/* A label of a metric. Prometheus wants UTF-8, and a backslash before these. */
static bool
put_label(FILE *f, const char *before, const struct buf *value)
{
	char *text = NULL;
	size_t size = 0;
	FILE *t = open_memstream(&text, &size);

	if (t == NULL)
		return (false);
	text_print(t, buf_view(value));
	if (fclose(t) != 0)
		return (false);
	fputs(before, f);
	for (size_t i = 0; i < size; i++) {
		if (text[i] == '"' || text[i] == '\\')
			putc('\\', f);
		putc(text[i], f);
	}
	putc('"', f);
	free(text);
	return (true);
}

static bool
put_metric(FILE *f, const char *name, const struct listed_key *k, long long n)
{
	fputs(name, f);
	if (!put_label(f, "{arn=\"", &k->arn) ||
	    !put_label(f, ",label=\"", &k->label) ||
	    !put_label(f, ",state=\"", &k->state))
		return (false);
	fprintf(f, "} %lld\n", n);
	return (true);
}

static bool
is_enabled(const struct listed_key *k)
{
	return (view_equal(buf_view(&k->state), view_str("Enabled")));
}

#define END_METRIC "keyferry_key_end_timestamp_seconds"
#define ENABLED_METRIC "keyferry_key_enabled"
#define LEFT_OUT_METRIC "keyferry_keys_left_out"
#define LIST_METRIC "keyferry_list_timestamp_seconds"

static bool
write_prometheus(
    FILE *f, const struct key_list *l, struct view left_out, time_t now)
{
	bool done = true;
	size_t n = 0;

	fputs("# HELP " END_METRIC " When the key's material ends.\n"
	      "# TYPE " END_METRIC " gauge\n",
	    f);
	for (size_t i = 0; i < l->count && done; i++)
		if (l->rows[i].end != 0)
			done = put_metric(
			    f, END_METRIC, &l->rows[i], l->rows[i].end);
	fputs("# HELP " ENABLED_METRIC " 1: the key can be used.\n"
	      "# TYPE " ENABLED_METRIC " gauge\n",
	    f);
	for (size_t i = 0; i < l->count && done; i++)
		done = put_metric(
		    f, ENABLED_METRIC, &l->rows[i], is_enabled(&l->rows[i]));
	while (view_take_string(&left_out) != NULL)
		n++;
	fprintf(f,
	    "# HELP " LEFT_OUT_METRIC " Keys that KMS does not let be seen.\n"
	    "# TYPE " LEFT_OUT_METRIC " gauge\n" LEFT_OUT_METRIC " %zu\n",
	    n);
	fprintf(f,
	    "# HELP " LIST_METRIC " When the keys were listed.\n"
	    "# TYPE " LIST_METRIC " gauge\n" LIST_METRIC " %lld\n",
	    (long long)now);
	return (done);
}

bool
list_write_prometheus(const char *path, const struct key_list *l,
    struct view left_out, time_t now)
{
	struct replacement r;

	/* node_exporter is another user */
	if (!replacement_begin(&r, path, 0644))
		return (false);
	if (write_prometheus(r.f, l, left_out, now))
		return (replacement_end(&r));
	replacement_abandon(&r);
	return (false);
}
