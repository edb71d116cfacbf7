#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "xml.h"

static const struct {
	const char *name;
	char c;
} entities[] = {
    {"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}};

struct reader {
	const char *at, *end;
};

static bool
skip(struct reader *r, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, text, n) != 0)
		return (false);
	r->at += n;
	return (true);
}

/* Behind the next such text. */
static bool
skip_to(struct reader *r, const char *text)
{
	const char *found = memmem(
	    r->at, (size_t)(r->end - r->at), text, strlen(text));

	if (found == NULL)
		return (false);
	r->at = found + strlen(text);
	return (true);
}

/* "amp;", "#38;", "#x26;" */
static bool
entity(struct reader *r, char *out)
{
	int base = 10, value = 0, digit;

	for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
		if (skip(r, entities[i].name)) {
			*out = entities[i].c;
			return (true);
		}
	if (!skip(r, "#"))
		return (false);
	if (skip(r, "x"))
		base = 16;
	for (; r->at < r->end && *r->at != ';' && value < 128; r->at++) {
		if (!isxdigit((unsigned char)*r->at))
			return (false);
		digit = isdigit((unsigned char)*r->at)
			    ? *r->at - '0'
			    : tolower((unsigned char)*r->at) - 'a' + 10;
		if (digit >= base)
			return (false);
		value = value * base + digit;
	}
	*out = (char)value;
	return (value > 0 && value < 128 && skip(r, ";"));
}

static bool
text_read(struct reader *r, char *out, size_t size)
{
	size_t n = 0;
	char c;

	while (r->at < r->end && *r->at != '<') {
		c = *r->at++;
		if ((c == '&' && !entity(r, &c)) || c == '\0' || n + 1 >= size)
			return (false);
		out[n++] = c;
	}
	out[n] = '\0';
	return (skip(r, "</"));
}

/* Behind "<": the name of an element, without its namespace. */
static bool
is_element(struct reader *r, const char *name)
{
	size_t n = strlen(name), len;
	const char *s = r->at, *colon;

	for (len = 0; s + len < r->end && !isspace((unsigned char)s[len]) &&
		      s[len] != '>' && s[len] != '/';)
		len++;
	if ((colon = memchr(s, ':', len)) != NULL) {
		len -= (size_t)(colon + 1 - s);
		s = colon + 1;
	}
	return (len == n && memcmp(s, name, n) == 0);
}

bool
xml_text(struct view document, const char *name, char *out, size_t size)
{
	struct reader r = {
	    (const char *)document.ptr, (const char *)document.ptr};
	bool found;

	r.end += document.len;
	out[0] = '\0';
	while (document.len != 0 && skip_to(&r, "<")) {
		if (skip(&r, "!--")) {
			if (!skip_to(&r, "-->"))
				return (false);
			continue;
		}
		found = is_element(&r, name);
		if (!skip_to(&r, ">"))
			return (false);
		if (!found)
			continue;
		if (r.at[-2] == '/')
			return (true);
		if (text_read(&r, out, size))
			return (true);
		memset(out, 0, size);
		return (false);
	}
	return (false);
}
