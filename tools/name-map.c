#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "message.h"
#include "name-map.h"

#define COLUMNS 4

struct name_map_row {
	char *label, *new_label; /* NULL: not given */
	struct key_id id, new_id;
	unsigned line;
	bool is_used;
};

static void
column_rows(struct name_map_row *r, struct option_row rows[COLUMNS])
{
	const struct option_row all[COLUMNS] = {
	    {"label", NULL, &r->label, NULL, NULL},
	    {"id", NULL, NULL, key_option_id, &r->id},
	    {"new-label", NULL, &r->new_label, NULL, NULL},
	    {"new-id", NULL, NULL, key_option_id, &r->new_id},
	};

	memcpy(rows, all, sizeof(all));
}

static bool
add_row(struct name_map *m, struct name_map_row *r)
{
	struct name_map_row *rows;

	r->line = m->file.line;
	if (r->label == NULL && r->id.len == 0)
		return (
		    record_file_complain(&m->file, "it names no", "key", ""));
	if (r->new_label == NULL && r->new_id.len == 0)
		return (record_file_complain(
		    &m->file, "it gives no", "new-label", " and no new-id"));
	rows = array_grow(m->rows, &m->cap, m->count + 1, sizeof(*rows));
	if (rows == NULL) {
		message("out of memory");
		return (false);
	}
	m->rows = rows;
	rows[m->count++] = *r;
	return (true);
}

bool
name_map_read(struct name_map *m, const char *path)
{
	struct name_map_row row = {0};
	struct option_row options[COLUMNS];
	int n;

	column_rows(&row, options);
	if (!record_file_open(&m->file, path, options, COLUMNS))
		return (false);
	while ((n = record_file_next(&m->file, options, COLUMNS)) == 1) {
		if (!add_row(m, &row))
			return (false);
		row = (struct name_map_row){.new_label = NULL};
	}
	return (n == 0);
}

static bool
is_meant(const struct name_map_row *r, struct view label, struct view id)
{
	return (
	    (r->label == NULL || view_equal(view_str(r->label), label)) &&
	    (r->id.len == 0 || view_equal(VIEW(r->id.bytes, r->id.len), id)));
}

void
name_map_find(struct name_map *m, struct view label, struct view id,
    const char **new_label, const struct key_id **new_id)
{
	*new_label = NULL;
	*new_id = NULL;
	for (size_t i = 0; i < m->count; i++) {
		struct name_map_row *r = &m->rows[i];

		if (!is_meant(r, label, id))
			continue;
		r->is_used = true;
		*new_label = r->new_label;
		*new_id = r->new_id.len == 0 ? NULL : &r->new_id;
		return;
	}
}

bool
name_map_is_used_up(const struct name_map *m)
{
	bool all = true;

	for (size_t i = 0; i < m->count; i++) {
		if (m->rows[i].is_used)
			continue;
		all = false;
		message(
		    "%s: line %u: no key that is to be moved has these names",
		    m->file.path, m->rows[i].line);
	}
	return (all);
}

void
name_map_free(struct name_map *m)
{
	free(m->rows);
	record_file_close(&m->file);
}
