#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "hex.h"
#include "json-line.h"

/*
 * Not by yajl, which src/json.c reads replies with: it makes a question mark of
 * half a surrogate pair, and a label would be another than the manifest's.
 */

static void
skip_space(char **at)
{
	*at += strspn(*at, " \t");
}

/* The four digits of \uXXXX, behind the u. */
static bool
read_unit(char **from, uint32_t *unit)
{
	uint8_t bytes[2];
	char digits[5] = "";

	memcpy(digits, *from, strnlen(*from, 4));
	if (strlen(digits) != 4 || !hex_read(digits, bytes, sizeof(bytes)))
		return (false);
	*unit = (uint32_t)bytes[0] << 8 | bytes[1];
	*from += 4;
	return (true);
}

/* A character, as UTF-8, which is not longer than its escape. */
static char *
put_character(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
		return (to);
	}
	if (c >= 0x10000) {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
	} else if (c >= 0x800)
		*to++ = (char)(0xe0 | c >> 12);
	if (c >= 0x800)
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
	else
		*to++ = (char)(0xc0 | c >> 6);
	*to++ = (char)(0x80 | (c & 0x3f));
	return (to);
}

/* \uXXXX, and of a character beyond U+FFFF the two halves. */
static bool
read_character(char **from, char **to)
{
	uint32_t c, low;

	if (!read_unit(from, &c) || c == 0)
		return (false);
	if (c >= 0xd800 && c < 0xe000) {
		if (c >= 0xdc00 || (*from)[0] != '\\' || (*from)[1] != 'u')
			return (false);
		*from += 2;
		if (!read_unit(from, &low) || low < 0xdc00 || low >= 0xe000)
			return (false);
		c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
	}
	*to = put_character(*to, c);
	return (true);
}

/* What is behind a backslash. */
static bool
read_escape(char **from, char **to)
{
	static const char names[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
	char name = *(*from)++;
	const char *found = name == '\0' ? NULL : strchr(names, name);

	if (name == 'u')
		return (read_character(from, to));
	if (found != NULL)
		*(*to)++ = values[found - names];
	return (found != NULL);
}

/* A text, from its quote on. */
static const char *
read_text(char **at, char **text)
{
	char *from = *at + 1, *to = from;

	*text = from;
	while (*from != '"') {
		if ((unsigned char)*from < ' ')
			return ("a text in it is not closed");
		if (*from != '\\')
			*to++ = *from++;
		else if (from++, !read_escape(&from, &to))
			return ("a text in it has an escape that JSON has not");
	}
	*at = from + 1;
	*to = '\0';
	return (NULL);
}

/* A number, true, false or null. *end is where it ends. */
static const char *
read_word(char **at, struct json_member *m, char **end)
{
	static const char *const booleans[] = {"true", "false"};
	size_t len = strspn(*at, "0123456789abcdefghijklmnopqrstuvwxyz.+-E");

	m->value = *at;
	m->kind = JSON_VALUE_NUMBER;
	for (size_t i = 0; i < 2; i++)
		if (strlen(booleans[i]) == len &&
		    memcmp(*at, booleans[i], len) == 0)
			m->kind = JSON_VALUE_BOOLEAN;
	if (len == 4 && memcmp(*at, "null", len) == 0)
		m->kind = JSON_VALUE_NULL;
	else if (m->kind == JSON_VALUE_NUMBER &&
		 (len == 0 || strspn(*at, "0123456789.+-eE") != len))
		return ("a value in it is no text, number or boolean");
	*end = *at += len;
	return (NULL);
}

/* "name": value, and the white space behind it */
static const char *
read_member(char **at, struct json_member *m, char **end)
{
	const char *why;

	*end = NULL;
	if (**at != '"')
		return ("the name of a member is missing");
	if ((why = read_text(at, &m->name)) != NULL)
		return (why);
	skip_space(at);
	if (*(*at)++ != ':')
		return ("behind the name of a member is no colon");
	skip_space(at);
	m->kind = JSON_VALUE_TEXT;
	why = **at == '"' ? read_text(at, &m->value) : read_word(at, m, end);
	skip_space(at);
	return (why);
}

/* The members, and the brace behind them. */
static const char *
read_members(char **at, struct json_member *m, int max, int *count)
{
	const char *why;
	char *end, behind = ',';

	for (skip_space(at); behind == ','; skip_space(at)) {
		if (*count == 0 && **at == '}') {
			++*at;
			return (NULL);
		}
		if (*count == max)
			return ("it has too many members");
		if ((why = read_member(at, &m[*count], &end)) != NULL)
			return (why);
		if ((behind = **at) != ',' && behind != '}')
			return ("behind a value is neither a comma nor the "
				"brace that closes the object");
		++*at;
		if (end != NULL)
			*end = '\0';
		++*count;
	}
	return (NULL);
}

int
json_line_next(char **at, unsigned *line, struct json_member *members, int max,
    const char **why)
{
	int count = 0;

	*why = NULL;
	++*line;
	for (*at += strspn(*at, " \t\r"); **at == '\n';
	     *at += strspn(*at, " \t\r")) {
		++*at;
		++*line;
	}
	if (**at == '\0')
		return (-1);
	if (*(*at)++ != '{') {
		*why = "it does not begin with the brace of a JSON object";
		return (-1);
	}
	if ((*why = read_members(at, members, max, &count)) != NULL)
		return (-1);
	*at += strspn(*at, " \t\r");
	if (**at != '\0' && **at != '\n')
		*why = "something follows the object: each is a line of its "
		       "own";
	else if (**at == '\n')
		++*at;
	return (*why == NULL ? count : -1);
}
