#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tables.h"
#include "tap.h"

#define LINE_MAX_LEN 1024
#define DIFFERENCES_MAX 600
#define WORDS_MAX 16
#define COLUMNS 8

static FILE *
open_table(const char *name)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	FILE *f;

	snprintf(
	    path, sizeof(path), "%s/%s", srcdir != NULL ? srcdir : ".", name);
	if ((f = fopen(path, "r")) == NULL) {
		printf("# %s cannot be read\n", path);
		tap_bail();
	}
	return (f);
}

/* The next line that is no comment, cut at the separator. False: the end. */
static bool
read_row(FILE *f, char *line, char separator, char *columns[COLUMNS])
{
	do {
		if (fgets(line, LINE_MAX_LEN, f) == NULL)
			return (false);
	} while (*line == '#');
	line[strcspn(line, "\n")] = '\0';
	for (size_t i = 0; i < COLUMNS; i++) {
		columns[i] = line;
		line += strcspn(line, (char[]){separator, '\0'});
		if (*line != '\0')
			*line++ = '\0';
	}
	return (true);
}

static void
copy(char *to, size_t size, const char *from)
{
	if (snprintf(to, size, "%s", from) >= (int)size)
		tap_bail();
}
#define COPY(to, from) copy((to), sizeof(to), (from))

static enum form
read_form(const char *s)
{
	static const char *const names[] = {
	    "bool", "ulong", "bytes", "date", "mechanisms", "template"};
	size_t i = 0;

	while (i < sizeof(names) / sizeof(names[0]) && strcmp(s, names[i]) != 0)
		i++;
	if (i == sizeof(names) / sizeof(names[0]))
		tap_bail();
	return ((enum form)i);
}

/* Numbers after commas; L1 is needed at creation, as 1. Other letters are of
 * objects that no token here has. */
static unsigned
read_footnotes(const char *s)
{
	unsigned notes = 0;

	for (; *s != '\0'; s += strcspn(s, ","), s += *s == ',')
		if (*s != 'L' && *s != '-')
			notes |= NOTE(atoi(s));
		else if (s[0] == 'L' && s[1] == '1' && (s[2] < '0'))
			notes |= NOTE(1);
	return (notes);
}

const struct attribute_row *
attribute_rows(size_t *count)
{
	static struct attribute_row rows[ATTRIBUTE_ROWS_MAX];
	static size_t n;
	char line[LINE_MAX_LEN], *columns[COLUMNS];
	FILE *f;

	if (n == 0) {
		f = open_table("tests/standard/attributes.tsv");
		(void)read_row(f, line, '\t', columns); /* the header */
		while (n < ATTRIBUTE_ROWS_MAX &&
		       read_row(f, line, '\t', columns)) {
			struct attribute_row *r = &rows[n++];

			COPY(r->class, columns[0]);
			COPY(r->key_type, columns[1]);
			COPY(r->name, columns[2]);
			r->type = strtoul(columns[3], NULL, 16);
			r->form = read_form(columns[4]);
			r->footnotes = read_footnotes(columns[5]);
			COPY(r->value, columns[6]);
		}
		(void)fclose(f);
	}
	*count = n;
	return (rows);
}

/* One answer of the table in docs/standard.md, whose rows may have several
 * classes or key types, attributes and functions. */
struct difference {
	char place[16], of[24], attribute[40], function[16], answer[40];
	bool is_used;
};
static struct difference differences[DIFFERENCES_MAX];
static size_t difference_count;

/* Without the spaces and the quotes of Markdown. */
static const char *
trim(char *s)
{
	size_t n;

	s += strspn(s, " `");
	for (n = strlen(s); n > 0 && strchr(" `", s[n - 1]) != NULL; n--)
		s[n - 1] = '\0';
	return (s);
}

/* The words between commas; how many. */
static size_t
split(char *s, const char *words[WORDS_MAX])
{
	size_t n = 0;
	char *rest = NULL;

	for (s = strtok_r(s, ",", &rest); s != NULL;
	     s = strtok_r(NULL, ",", &rest)) {
		if (n == WORDS_MAX)
			tap_bail();
		words[n++] = trim(s);
	}
	return (n);
}

/* The columns: place, classes and key types, attributes, functions, answer. */
static void
add_differences(const char *place, char *columns[COLUMNS])
{
	const char *w[3][WORDS_MAX], *answer = trim(columns[5]);
	size_t n[3];

	for (size_t i = 0; i < 3; i++)
		n[i] = split(columns[2 + i], w[i]);
	for (size_t i = 0; i < n[0] * n[1] * n[2]; i++) {
		struct difference *d = &differences[difference_count];

		if (++difference_count == DIFFERENCES_MAX)
			tap_bail();
		COPY(d->place, place);
		COPY(d->of, w[0][i / n[2] / n[1]]);
		COPY(d->attribute, w[1][i / n[2] % n[1]]);
		COPY(d->function, w[2][i % n[2]]);
		COPY(d->answer, answer);
	}
}

static void
read_differences(void)
{
	char line[LINE_MAX_LEN], *columns[COLUMNS];
	FILE *f = open_table("docs/standard.md");

	while (read_row(f, line, '|', columns)) {
		const char *place = trim(columns[1]);

		if (strcmp(place, "session") == 0 ||
		    strcmp(place, "token") == 0)
			add_differences(place, columns);
	}
	(void)fclose(f);
}

static bool
is_or_any(const char *row, const char *wanted)
{
	return (strcmp(row, "*") == 0 || strcmp(row, wanted) == 0);
}

const char *
difference(const char *place, const char *class, const char *key_type,
    const char *attribute, const char *function)
{
	if (difference_count == 0)
		read_differences();
	for (size_t i = 0; i < difference_count; i++) {
		struct difference *d = &differences[i];

		if (strcmp(d->place, place) == 0 &&
		    (is_or_any(d->of, class) || is_or_any(d->of, key_type)) &&
		    is_or_any(d->attribute, attribute) &&
		    strcmp(d->function, function) == 0) {
			d->is_used = true;
			return (d->answer);
		}
	}
	return ("");
}

void
differences_skip(const char *key_type)
{
	for (size_t i = 0; i < difference_count; i++)
		if (strcmp(differences[i].of, key_type) == 0)
			differences[i].is_used = true;
}

size_t
differences_left(void)
{
	size_t n = 0;

	for (size_t i = 0; i < difference_count; i++)
		if (!differences[i].is_used) {
			printf("# docs/standard.md: no longer so: %s %s %s\n",
			    differences[i].of, differences[i].attribute,
			    differences[i].function);
			n++;
		}
	return (n);
}
