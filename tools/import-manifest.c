#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "import-manifest.h"
#include "message.h"

#define END_DATE 5 /* which of the options it is */
#define FILE_COLUMN WANTED_OPTIONS /* the first of the others */
#define SOURCE_COLUMN (WANTED_OPTIONS + 1)
#define ONLY_COLUMNS 8
#define COLUMNS (WANTED_OPTIONS + ONLY_COLUMNS)

void
wanted_key_options(struct wanted_key *w, struct option_row rows[WANTED_OPTIONS])
{
	const struct option_row all[WANTED_OPTIONS] = {
	    {"label", NULL, &w->label, NULL, NULL},
	    {"id", NULL, NULL, key_option_id, &w->id},
	    {"into", NULL, &w->into, NULL, NULL},
	    {"usage", NULL, NULL, key_option_usage, &w->wish.usage},
	    {"hash", NULL, NULL, key_option_hmac, &w->wish.hmac},
	    {"end-date", NULL, NULL, key_option_end_date, &w->wish},
	    {"valid-days", NULL, NULL, key_option_valid_days, &w->wish},
	    {"format", NULL, NULL, key_option_format, &w->format},
	    {"multi-region", NULL, NULL, key_option_multi_region, &w->wish},
	    {"tags", NULL, NULL, key_option_tags, &w->wish},
	};

	memcpy(rows, all, sizeof(all));
}

struct view
label_of_file(const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash == NULL ? file : slash + 1;
	const char *dot = strrchr(name, '.');

	return (VIEW(name,
	    dot == NULL || dot == name ? strlen(name) : (size_t)(dot - name)));
}

struct view
wanted_key_label(const struct wanted_key *w)
{
	if (w->label != NULL)
		return (view_str(w->label));
	return (w->id.len == 0 && w->file != NULL ? label_of_file(w->file)
						  : VIEW_STR(""));
}

const char *
wanted_key_check(const struct wanted_key *w)
{
	bool named = w->label != NULL || w->id.len != 0;

	if (w->into != NULL &&
	    (named || w->wish.usage != USAGE_ANY || w->wish.hmac != 0 ||
		w->wish.tags != NULL || w->wish.multi_region != NOT_SAID))
		return ("a key of --into has its label, id, usage, hash and "
			"tags");
	if (w->new_material && w->into == NULL)
		return ("--new-material is for a key that --into names");
	return (NULL);
}

bool
wanted_keys_add(struct wanted_keys *l, const struct wanted_key *w)
{
	struct wanted_key *rows = array_grow(
	    l->rows, &l->cap, l->count + 1, sizeof(*rows));

	if (rows == NULL) {
		message("out of memory");
		return (false);
	}
	l->rows = rows;
	rows[l->count++] = *w;
	return (true);
}

/* A manifest's columns, of a key whose row is written. */
static void
column_rows(struct wanted_key *w, struct option_row rows[COLUMNS])
{
	const struct option_row only[ONLY_COLUMNS] = {
	    {"file", NULL, &w->file, NULL, NULL},
	    {"source", NULL, &w->source, NULL, NULL},
	    {"material", NULL, &w->material, NULL, NULL},
	    {"arn", NULL, &w->arn, NULL, NULL},
	    {"regions", NULL, &w->regions, NULL, NULL},
	    {"spec", NULL, &w->spec, NULL, NULL},
	    {"public-key", NULL, &w->public_key, NULL, NULL},
	    {"check-value", NULL, &w->check_value, NULL, NULL},
	};

	wanted_key_options(w, rows);
	rows[END_DATE].read = key_option_any_end_date;
	memcpy(rows + WANTED_OPTIONS, only, sizeof(only));
}

bool
wanted_keys_read(struct wanted_keys *l, const char *manifest,
    const struct wanted_key *defaults, bool need_key)
{
	struct record_file *r = &l->file;
	struct wanted_key w = *defaults;
	struct option_row rows[COLUMNS];
	const char *why;
	int n;

	column_rows(&w, rows);
	if (!record_file_open(r, manifest, rows, COLUMNS))
		return (false);
	if (need_key && !record_file_may_have(r, FILE_COLUMN) &&
	    !record_file_may_have(r, SOURCE_COLUMN))
		return (record_file_complain(r,
		    "the first line must name the column", "file",
		    " or source"));
	while ((n = record_file_next(r, rows, COLUMNS)) == 1) {
		w.line = r->line;
		if (need_key && (w.file == NULL) == (w.source == NULL))
			return (record_file_complain(r, "it names",
			    w.file == NULL ? "no file and no source"
					   : "a file and a source",
			    ""));
		if (w.wish.ends > defaults->wish.ends + 1)
			return (record_file_complain(r,
			    "it has both an end-date and", "valid-days", ""));
		if ((why = wanted_key_check(&w)) != NULL)
			return (record_file_complain(r, why, "", ""));
		if (!wanted_keys_add(l, &w))
			return (false);
		w = *defaults;
	}
	if (n == 0 && l->count == 0)
		return (record_file_complain(r, "it names no", "key", ""));
	return (n == 0);
}

void
wanted_keys_free(struct wanted_keys *l)
{
	free(l->rows);
	record_file_close(&l->file);
}
