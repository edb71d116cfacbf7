#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "array.h"
#include "table.h"
#include "text.h"

#define SPACE 2 /* between two columns */

void
table_begin(struct table *t, size_t columns)
{
	*t = (struct table){.columns = columns};
}

bool
is_terminal(FILE *f)
{
	return (isatty(fileno(f)) == 1);
}

/* Whoever sets NO_COLOR, or has a terminal that knows none, gets none. */
static bool
wants_colour(void)
{
	const char *term = getenv("TERM");

	return (getenv("NO_COLOR") == NULL && term != NULL &&
		strcmp(term, "dumb") != 0);
}

static bool
write_cell(struct table_cell *c, struct view text)
{
	size_t size;
	FILE *f = open_memstream(&c->text, &size);

	if (f == NULL)
		return (false);
	c->columns = text_print(f, text);
	return (fclose(f) == 0);
}

/* A row is its paint, which takes no columns, and its fields. */
bool
table_add(struct table *t, const char *paint, const struct view fields[])
{
	size_t row = t->columns + 1;
	struct table_cell *cells = array_grow(
	    t->cells, &t->cap, t->count + row, sizeof(*cells));

	if (cells == NULL)
		return (false);
	t->cells = cells;
	memset(cells + t->count, 0, row * sizeof(*cells));
	if ((cells[t->count].text = strdup(paint)) == NULL)
		return (false);
	t->count++;
	for (size_t i = 0; i < t->columns; i++)
		if (!write_cell(&cells[t->count++], fields[i]))
			return (false);
	return (true);
}

static size_t
width_of(const struct table *t, size_t column)
{
	size_t width = 0;

	for (size_t i = 1 + column; i < t->count; i += t->columns + 1)
		if (t->cells[i].columns > width)
			width = t->cells[i].columns;
	return (width);
}

static void
print_row(
    FILE *f, const struct table *t, const struct table_cell *row, bool terminal)
{
	bool painted = terminal && row[0].text[0] != '\0' && wants_colour();
	size_t left;

	if (painted)
		fputs(row[0].text, f);
	for (size_t i = 0; i < t->columns; i++) {
		fputs(row[i + 1].text, f);
		if (i + 1 == t->columns)
			break;
		left = width_of(t, i) - row[i + 1].columns + SPACE;
		fprintf(f, "%*s", terminal ? (int)left : 0, "");
		if (!terminal)
			putc('\t', f);
	}
	fputs(painted ? "\033[0m\n" : "\n", f);
}

void
table_print(FILE *f, const struct table *t, bool terminal)
{
	size_t row = t->columns + 1;

	for (size_t i = 0; i + row <= t->count; i += row)
		print_row(f, t, &t->cells[i], terminal);
}

void
table_free(struct table *t)
{
	for (size_t i = 0; i < t->count; i++)
		free(t->cells[i].text);
	free(t->cells);
	*t = (struct table){0};
}
