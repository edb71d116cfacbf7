#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "csv.h"
#include "json-line.h"
#include "key-options.h"
#include "message.h"
#include "pin.h"
#include "record-file.h"
#include "text.h"

#define NAME_SHOWN_MAX 24 /* characters */

static bool
read_file(struct record_file *r)
{
	int fd = open(r->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e = ERR_FILE;

	if (fd != -1) {
		e = buf_read(&r->text, fd);
		close(fd);
	}
	if (e == ERR_OK && !text_is_utf8(buf_view(&r->text)))
		e = ERR_DATA;
	if (e == ERR_OK)
		e = buf_append(&r->text, VIEW("", 1));
	if (e != ERR_OK)
		message("%s: %s", r->path,
		    e == ERR_FILE     ? strerror(errno)
		    : e == ERR_DATA   ? "it is no text in UTF-8"
		    : e == ERR_MEMORY ? "out of memory"
				      : "it is too long");
	return (e == ERR_OK);
}

bool
record_file_complain(const struct record_file *r, const char *what,
    const char *value, const char *why)
{
	message("%s: line %u: %s%s%s%s", r->path, r->line, what,
	    value[0] == '\0' ? "" : " ", value, why);
	return (false);
}

/* A file with a key may be given by mistake: it must not get into a log. */
static bool
may_be_shown(const char *name)
{
	size_t len = strlen(name);

	return (len != 0 && len <= NAME_SHOWN_MAX &&
		strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			     "WXYZ0123456789 ;_-") == len);
}

/* The row of that name, which none of the fields before has; -1: it said what
 * is wrong. */
static int
find_row(const struct record_file *r, const struct option_row *rows, int count,
    const char *name, const int *before, int before_count)
{
	const char *what = r->json ? "the member" : "the column";
	int row = count - 1;

	while (row >= 0 && strcmp(rows[row].name, name) != 0)
		row--;
	if (row == -1 && may_be_shown(name))
		record_file_complain(r, what, name, " is unknown");
	else if (row == -1)
		record_file_complain(r,
		    r->json ? "one of its members is unknown"
			    : "one of its columns is unknown",
		    "", "");
	for (int i = 0; i < before_count && row != -1; i++)
		if (before[i] == row) {
			record_file_complain(r, what, name, " is there twice");
			row = -1;
		}
	return (row);
}

static bool
read_titles(struct record_file *r, const struct option_row *rows, int count)
{
	char *titles[RECORD_FIELDS_MAX];
	const char *why;
	int n = csv_next(&r->at, &r->line, titles, count, &why);

	if (n == -1)
		return (record_file_complain(r, why, "", ""));
	for (int i = 0; i < n; i++)
		if ((r->columns[i] = find_row(
			 r, rows, count, titles[i], r->columns, i)) == -1)
			return (false);
	r->column_count = n;
	return (true);
}

bool
record_file_open(struct record_file *r, const char *path,
    const struct option_row *rows, int count)
{
	r->path = path;
	if (!read_file(r))
		return (false);
	r->at = (char *)r->text.ptr;
	if (strncmp(r->at, "\xef\xbb\xbf", 3) == 0)
		r->at += 3; /* as spreadsheets begin UTF-8 */
	r->json = strchr("{[", r->at[strspn(r->at, " \t\r\n")]) != NULL &&
		  r->at[strspn(r->at, " \t\r\n")] != '\0';
	return (r->json || read_titles(r, rows, count));
}

bool
record_file_may_have(const struct record_file *r, int row)
{
	bool has = r->json;

	for (int i = 0; i < r->column_count; i++)
		has = has || r->columns[i] == row;
	return (has);
}

/* An empty field counts as none. */
static bool
take(const struct record_file *r, const struct option_row *row, char *value)
{
	if (value[0] == '\0' || options_take(row, value))
		return (true);
	pin_wipe_text(value); /* of a source in another's place */
	return (record_file_complain(r, row->name, value, " is not valid"));
}

static int
next_of_csv(struct record_file *r, const struct option_row *rows)
{
	char *fields[RECORD_FIELDS_MAX];
	const char *why;
	int n = csv_next(&r->at, &r->line, fields, r->column_count, &why);

	if (n != -1 && n != 0 && n != r->column_count) {
		why = "it has fewer fields than the first line";
		n = -1;
	}
	if (n == -1)
		record_file_complain(r, why, "", "");
	for (int i = 0; i < n; i++)
		if (!take(r, &rows[r->columns[i]], fields[i]))
			return (-1);
	return (n > 0 ? 1 : n);
}

/* A number or boolean is taken where there is no doubt about what it means. */
static bool
take_member(struct record_file *r, const struct option_row *row,
    const struct json_member *m)
{
	switch (m->kind) {
	case JSON_VALUE_NULL:
		return (true);
	case JSON_VALUE_BOOLEAN:
		if (row->read == key_option_multi_region)
			return (take(r, row,
			    strcpy(
				m->value, m->value[0] == 't' ? "yes" : "no")));
		break;
	case JSON_VALUE_NUMBER:
		if (row->read == key_option_valid_days)
			return (take(r, row, m->value));
		break;
	case JSON_VALUE_TEXT:
		return (take(r, row, m->value));
	}
	return (record_file_complain(
	    r, "the member", row->name, " must be a text in quotes"));
}

static int
next_of_json(struct record_file *r, const struct option_row *rows, int count)
{
	struct json_member members[RECORD_FIELDS_MAX];
	int taken[RECORD_FIELDS_MAX];
	const char *why;
	int n = json_line_next(
	    &r->at, &r->line, members, RECORD_FIELDS_MAX, &why);

	if (n == -1 && why == NULL)
		return (0);
	if (n == -1)
		record_file_complain(r, why, "", "");
	for (int i = 0; i < n; i++) {
		taken[i] = find_row(r, rows, count, members[i].name, taken, i);
		if (taken[i] == -1 ||
		    !take_member(r, &rows[taken[i]], &members[i]))
			return (-1);
	}
	return (n == -1 ? -1 : 1);
}

int
record_file_next(
    struct record_file *r, const struct option_row *rows, int count)
{
	return (r->json ? next_of_json(r, rows, count) : next_of_csv(r, rows));
}

void
record_file_close(struct record_file *r)
{
	buf_free(&r->text);
}
