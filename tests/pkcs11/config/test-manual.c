/* keyferry.conf(5) has each option of config.c, what it can be, and what it is
 * without a line for it; and no other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "config/config.h"
#include "tap.h"

static char manual[256 * 1024];

static void
read_manual(void)
{
	const char *srcdir = getenv("srcdir");
	char path[512];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "%s/docs/keyferry.conf.5",
	    srcdir != NULL ? srcdir : ".");
	if ((f = fopen(path, "r")) != NULL) {
		n = fread(manual, 1, sizeof(manual) - 1, f);
		(void)fclose(f);
	}
	if (n == 0)
		tap_bail();
}

/* Copies what stands from start as far as end. */
static void
copy(char *out, size_t size, const char *start, const char *end)
{
	size_t n = (size_t)(end - start);

	if (n >= size)
		n = size - 1;
	memcpy(out, start, n);
	out[n] = '\0';
}

/* The option's line behind its name, and what follows, out of a section. */
static bool
find_item(
    const char *section, const char *name, char head[256], char body[4096])
{
	char start[128];
	const char *at, *end, *line;

	snprintf(start, sizeof(start), "\n.It Cm %s No = ", name);
	if ((at = strstr(section, start)) == NULL)
		return (false);
	at += strlen(start);
	line = strchr(at, '\n');
	copy(head, 256, at, line);
	end = strstr(line, "\n.It Cm ");
	if (end == NULL || strstr(line, "\n.El\n.Ss") < end)
		end = line + strlen(line);
	copy(body, 4096, line, end);
	return (true);
}

/* How the manual's line shows what the option can be; "": in words. */
static void
expected_head(const struct option *o, char head[256])
{
	size_t n = 0;

	head[0] = '\0';
	if (o->kind == OPTION_BOOL)
		snprintf(head, 256, "Cm yes | no");
	if (o->kind == OPTION_NUMBER)
		snprintf(head, 256, "Ar %ld..%ld", o->low, o->high);
	if (o->kind != OPTION_CHOICE && o->kind != OPTION_SIZE)
		return;
	for (size_t i = 0; o->words[i] != NULL; i++)
		n += (size_t)snprintf(head + n, 256 - n, "%s%s",
		    i == 0 ? "Cm " : " | ", o->words[i]);
}

/* Whether a word stands in the text, and not as part of a longer one. */
static bool
has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (; (text = strstr(text, word)) != NULL; text += len)
		if (strchr(" \n", text[-1]) != NULL &&
		    strchr(" ,\n", text[len]) != NULL)
			return (true);
	return (false);
}

static void
check_option(const char *section, const struct option *o)
{
	char head[256], body[4096], want[256];

	if (!OK(find_item(section, o->name, head, body), "%s is there",
		o->name))
		return;
	expected_head(o, want);
	if (!OK(want[0] == '\0' || strcmp(head, want) == 0,
		"%s: what it can be", o->name))
		printf("# \"%s\", not \"%s\"\n", head, want);
	for (size_t i = 0; o->kind == OPTION_NAME && o->words[i] != NULL; i++)
		OK(has_word(body, o->words[i]), "%s: %s", o->name, o->words[i]);
	if (o->standard == NULL)
		return;
	snprintf(want, sizeof(want), "\nDefault:\n.Cm %s .", o->standard);
	OK(strstr(body, want) != NULL, "%s: its default, %s", o->name,
	    o->standard);
}

/* Each option of the section is a row. */
static void
check_items(const char *section, const struct option *rows)
{
	static const char start[] = "\n.It Cm ";
	char name[64];
	size_t count = 0, want = 0;

	for (const char *at = section; (at = strstr(at, start)) != NULL;
	     count++) {
		at += strlen(start);
		copy(name, sizeof(name), at, strchr(at, ' '));
		if (option_find(rows, name) == NULL)
			OK(false, "%s is no option", name);
	}
	for (; rows[want].name != NULL; want++)
		continue;
	OK(count == want, "%zu options in %zu rows", count, want);
}

static void
check_section(const char *title, const struct option *rows)
{
	static char section[128 * 1024];
	const char *at = strstr(manual, title), *end;

	if (!OK(at != NULL, "a section%.*s", (int)strlen(title) - 5, title + 4))
		return;
	end = strstr(at, "\n.El\n");
	copy(section, sizeof(section), at, end != NULL ? end : at);
	for (const struct option *o = rows; o->name != NULL; o++)
		check_option(section, o);
	check_items(section, rows);
}

int
main(void)
{
	read_manual();
	check_section("\n.Ss Options of the module\n", module_options);
	check_section("\n.Ss Options of a token\n", token_options);
	return (tap_done());
}
