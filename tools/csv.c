#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "csv.h"
#include "text.h"

#define TITLE_MAX 24 /* characters of a column's name that is shown */

bool
csv_open(struct csv *c, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	enum err e = ERR_FILE;

	c->path = path;
	if (fd != -1) {
		e = buf_read(&c->text, fd);
		close(fd);
	}
	if (e == ERR_OK && memchr(c->text.ptr, '\0', c->text.len) != NULL)
		e = ERR_DATA;
	if (e == ERR_OK)
		e = buf_append(&c->text, VIEW("", 1));
	c->at = (char *)c->text.ptr;
	if (e == ERR_OK && strncmp(c->at, "\xef\xbb\xbf", 3) == 0)
		c->at += 3; /* as spreadsheets begin UTF-8 */
	if (e != ERR_OK)
		fprintf(stderr, "keyferry: %s: %s\n", path,
		    e == ERR_FILE     ? strerror(errno)
		    : e == ERR_DATA   ? "it is no text"
		    : e == ERR_MEMORY ? "out of memory"
				      : "it is too long");
	return (e == ERR_OK);
}

bool
csv_complain(
    const struct csv *c, const char *what, const char *value, const char *why)
{
	fprintf(stderr, "keyferry: %s: line %u: %s ", c->path, c->line, what);
	text_print(stderr, view_str(value));
	fprintf(stderr, "%s\n", why);
	return (false);
}

/* A field in quotes, of which two stand for one. False: they are not closed, or
 * something else than the field's end is behind them. */
static bool
unquote(struct csv *c, char **field)
{
	char *from = c->at + 1, *to = from;
	bool closed = false;

	*field = from;
	while (!closed && *from != '\0') {
		closed = from[0] == '"' && from[1] != '"';
		from += *from == '"';
		if (closed)
			break;
		c->line += *from == '\n';
		*to++ = *from++;
	}
	if (!closed || strchr(",\r\n", *from) == NULL)
		return (false);
	c->at = from;
	*to = '\0';
	return (true);
}

/* Ends the field. Returns whether another follows it. */
static bool
end_field(struct csv *c)
{
	char end = *c->at;

	if (end != '\0')
		*c->at++ = '\0';
	if (end == '\r' && *c->at == '\n')
		c->at++;
	return (end == ',');
}

int
csv_next(struct csv *c, char **fields, int max)
{
	int n = 0;
	bool more = true;

	for (c->line++; *c->at == '\n' || *c->at == '\r'; c->at++)
		c->line += *c->at == '\n';
	if (*c->at == '\0')
		return (0);
	while (more) {
		if (n == max) {
			csv_complain(c, "it has", "more",
			    " fields than the "
			    "first line");
			return (-1);
		}
		fields[n] = c->at;
		if (*c->at != '"')
			c->at += strcspn(c->at, ",\r\n");
		else if (!unquote(c, &fields[n])) {
			csv_complain(c, "a quote", "\"", " is not closed");
			return (-1);
		}
		n++;
		more = end_field(c);
	}
	return (n);
}

/* A file with a key may be given by mistake: it must not get into a log. */
static bool
may_be_shown(const char *title)
{
	size_t len = strlen(title);

	return (len != 0 && len <= TITLE_MAX &&
		strspn(title, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
			      "WXYZ0123456789 ;_-") == len);
}

int
csv_columns(
    struct csv *c, const struct option_row *rows, int count, int *columns)
{
	char *titles[CSV_COLUMNS_MAX];
	int n = csv_next(c, titles, count);

	for (int i = 0; i < n; i++) {
		for (columns[i] = count - 1; columns[i] >= 0; columns[i]--)
			if (strcmp(rows[columns[i]].name, titles[i]) == 0)
				break;
		if (columns[i] == -1) {
			if (may_be_shown(titles[i]))
				csv_complain(
				    c, "the column", titles[i], " is unknown");
			else
				csv_complain(
				    c, "one of its columns is unknown", "", "");
			return (-1);
		}
		for (int j = 0; j < i; j++)
			if (columns[j] == columns[i]) {
				csv_complain(c, "the column", titles[i],
				    " is there twice");
				return (-1);
			}
	}
	return (n);
}

bool
csv_take(struct csv *c, const struct option_row *rows, const int *columns,
    char **fields, int count)
{
	for (int i = 0; i < count; i++) {
		const struct option_row *row = &rows[columns[i]];

		if (fields[i][0] != '\0' && !options_take(row, fields[i]))
			return (csv_complain(
			    c, row->name, fields[i], " is not valid"));
	}
	return (true);
}

void
csv_close(struct csv *c)
{
	buf_free(&c->text);
}
