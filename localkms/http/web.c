#include <string.h>
#include <strings.h>
#include "http/web.h"
#include "hex.h"

const char *
web_header(const struct web_request *q, const char *name)
{
	for (size_t i = 0; i < q->header_count; i++)
		if (strcasecmp(q->headers[i].name, name) == 0)
			return (q->headers[i].value);
	return (NULL);
}

/* Decodes %XX and +; false: cut short or too long. */
static bool
decode(const char *s, size_t len, char *out, size_t size)
{
	uint8_t byte;
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		if (n + 1 >= size)
			return (false);
		if (s[i] == '%') {
			if (i + 2 >= len || !hex_read(s + i + 1, &byte, 1))
				return (false);
			out[n++] = (char)byte;
			i += 2;
		} else
			out[n++] = s[i] == '+' ? ' ' : s[i];
	}
	out[n] = '\0';
	return (true);
}

bool
form_parameter(struct view form, const char *name, char *out, size_t size)
{
	const char *s = (const char *)form.ptr, *end = s + form.len, *eq, *amp;
	size_t len = strlen(name);

	for (; s != NULL && s < end; s = amp + 1) {
		if ((amp = memchr(s, '&', (size_t)(end - s))) == NULL)
			amp = end;
		eq = memchr(s, '=', (size_t)(amp - s));
		if (eq != NULL && (size_t)(eq - s) == len &&
		    memcmp(s, name, len) == 0)
			return (
			    decode(eq + 1, (size_t)(amp - eq) - 1, out, size));
	}
	return (false);
}

bool
web_parameter(
    const struct web_request *q, const char *name, char *out, size_t size)
{
	return (form_parameter(view_str(q->query), name, out, size));
}
