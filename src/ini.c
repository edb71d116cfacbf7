#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "array.h"
#include "ini.h"

#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* in UTF-8 */

struct parser {
	struct ini *ini;
	const char *name; /* the file's */
	struct error_info *error;
	const char *section; /* "" before the first */
	const char *parent; /* the last key that was not nested */
	size_t indent; /* of that key */
	int line;
};

static bool
is_space(char c)
{
	return (c == ' ' || c == '\t' || c == '\r');
}

static char *
trim(char *s)
{
	size_t n;

	while (is_space(*s))
		s++;
	for (n = strlen(s); n > 0 && is_space(s[n - 1]); n--)
		continue;
	s[n] = '\0';
	return (s);
}

/* A comment at a line's end has a space before it: "#" may be in a value. */
static void
cut_comment(char *s)
{
	char *p;

	for (p = s; *p != '\0'; p++)
		if ((*p == '#' || *p == ';') && (p == s || is_space(p[-1]))) {
			*p = '\0';
			return;
		}
}

static enum err
bad_line(const struct parser *p, const char *why)
{
	return (error_info_set(
	    p->error, ERR_CONFIG, "%s line %d: %s", p->name, p->line, why));
}

static enum err
item_add(struct ini *ini, struct ini_item item)
{
	struct ini_item *items = array_grow(
	    ini->items, &ini->cap, ini->count + 1, sizeof(*items));

	if (items == NULL)
		return (ERR_MEMORY);
	ini->items = items;
	items[ini->count++] = item;
	return (ERR_OK);
}

static enum err
section_add(struct parser *p, char *s)
{
	char *end = strchr(s, ']');

	if (end == NULL)
		return (bad_line(p, "']' is missing"));
	*end = '\0';
	cut_comment(end + 1);
	if (*trim(end + 1) != '\0')
		return (bad_line(p, "text after ']'"));
	p->section = trim(s + 1);
	p->parent = NULL;
	return (item_add(
	    p->ini, (struct ini_item){p->section, "", NULL, "", p->line}));
}

/* The AWS command line takes ":" for "=", too, but not in nested lines. A key
 * has no space in it: "keys arn:aws:kms" lacks its "=". */
static char *
find_equals(char *s, bool nested)
{
	char *end = s + strcspn(s, nested ? "=" : "=: \t");

	end += strspn(end, " \t");
	return (*end == ':' && !nested ? end : strchr(s, '='));
}

static enum err
line_add(struct parser *p, char *s)
{
	struct ini_item item = {.parent = "", .line = p->line};
	char *equals;
	size_t indent;
	bool nested;

	for (indent = 0; is_space(s[indent]); indent++)
		continue;
	cut_comment(s);
	s = trim(s);
	if (*s == '\0')
		return (ERR_OK);
	if (*s == '[' && indent == 0)
		return (section_add(p, s));
	item.section = p->section;
	nested = p->parent != NULL && indent > p->indent;
	equals = find_equals(s, nested);
	if (equals != NULL)
		*equals = '\0';
	else if (!nested)
		return (bad_line(p, "'=' is missing"));
	item.value = equals != NULL ? trim(equals + 1) : "";
	if (*(item.key = trim(s)) == '\0')
		return (bad_line(p, "a key is missing before '='"));
	if (nested) {
		item.parent = p->parent;
	} else {
		p->parent = item.key;
		p->indent = indent;
	}
	return (item_add(p->ini, item));
}

enum err
ini_read(struct ini *ini, int fd, const char *name, struct error_info *error)
{
	struct parser p = {
	    .ini = ini, .section = "", .name = name, .error = error};
	char *s, *next;
	enum err e;

	if ((e = buf_read(&ini->text, fd)) != ERR_OK ||
	    (e = buf_append(&ini->text, VIEW("", 1))) != ERR_OK)
		return (error_info_set(error, e, "%s: %s", name,
		    e == ERR_FILE ? strerror(errno) : err_text(e)));
	s = (char *)ini->text.ptr;
	if (strlen(s) + 1 != ini->text.len)
		return (error_info_set(error, ERR_CONFIG,
		    "%s: a NUL byte in it: save it as UTF-8, not as UTF-16",
		    name));
	/* some editors on Windows put it there */
	if (strncmp(s, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
		s += strlen(BYTE_ORDER_MARK);
	for (; s != NULL && e == ERR_OK; s = next) {
		p.line++;
		if ((next = strchr(s, '\n')) != NULL)
			*next++ = '\0';
		e = line_add(&p, s);
	}
	return (e);
}

const char *
ini_get(const struct ini *ini, const char *section, const char *parent,
    const char *key)
{
	const struct ini_item *it;
	size_t i;

	for (i = ini->count; i > 0; i--) {
		it = &ini->items[i - 1];
		if (it->key != NULL && strcasecmp(it->key, key) == 0 &&
		    strcmp(it->section, section) == 0 &&
		    strcasecmp(it->parent, parent) == 0)
			return (it->value);
	}
	return (NULL);
}

bool
ini_has_section(const struct ini *ini, const char *section)
{
	size_t i;

	for (i = 0; i < ini->count; i++)
		if (strcmp(ini->items[i].section, section) == 0)
			return (true);
	return (false);
}

void
ini_free(struct ini *ini)
{
	buf_free(&ini->text);
	free(ini->items);
	ini->items = NULL;
	ini->count = ini->cap = 0;
}
