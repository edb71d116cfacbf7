#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include "text.h"
#include "hex.h"

/* The length of the UTF-8 character at s (RFC 3629), and which it is; 0 if
 * there is none. */
static size_t
utf8(const unsigned char *s, size_t n, uint32_t *out)
{
	static const struct {
		uint32_t lowest;
		unsigned char mask, head;
	} forms[] = {{0, 0x80, 0}, {0x80, 0xe0, 0xc0}, {0x800, 0xf0, 0xe0},
	    {0x10000, 0xf8, 0xf0}};
	uint32_t c;

	for (size_t i = 0; i < 4; i++) {
		if ((s[0] & forms[i].mask) != forms[i].head || i >= n)
			continue;
		c = s[0] & (unsigned char)~forms[i].mask;
		for (size_t j = 1; j <= i; j++) {
			if ((s[j] & 0xc0) != 0x80)
				return (0);
			c = c << 6 | (s[j] & 0x3fU);
		}
		if (c < forms[i].lowest || c > 0x10ffff ||
		    (c >= 0xd800 && c < 0xe000))
			return (0);
		*out = c;
		return (i + 1);
	}
	return (0);
}

/*
 * A terminal acts on control characters, including those of the C1 set, and on
 * those that turn the direction of text round. Others take no place, or that of
 * the end of a line. With any of them a label would look like another.
 */
static bool
is_control(uint32_t c)
{
	static const struct {
		uint32_t from, to;
	} ranges[] = {{0, 0x1f}, {0x7f, 0x9f}, {0xad, 0xad}, {0x61c, 0x61c},
	    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
	    {0xfeff, 0xfeff}};

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (c >= ranges[i].from && c <= ranges[i].to)
			return (true);
	return (false);
}

size_t
text_print(FILE *f, struct view v)
{
	size_t columns = 0, len;
	uint32_t c = 0;

	for (size_t i = 0; i < v.len; i += len) {
		len = utf8(v.ptr + i, v.len - i, &c);
		if (len == 0 || is_control(c)) {
			len = len == 0 ? 1 : len;
			for (size_t j = 0; j < len; j++)
				fprintf(f, "\\x%02x", v.ptr[i + j]);
			columns += 4 * len;
			continue;
		}
		fwrite(v.ptr + i, 1, len, f);
		columns++;
	}
	return (columns);
}

bool
text_is_utf8(struct view v)
{
	size_t len = 1;
	uint32_t c = 1;

	for (size_t i = 0; i < v.len && len != 0 && c != 0; i += len)
		len = utf8(v.ptr + i, v.len - i, &c);
	return (len != 0 && c != 0);
}

void
text_vprintf(FILE *f, const char *fmt, va_list ap)
{
	char *text = NULL;

	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	text_print(f, view_str(text == NULL ? "out of memory" : text));
	free(text);
}

void
text_printf(FILE *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	text_vprintf(f, fmt, ap);
	va_end(ap);
}

void
text_print_hex(FILE *f, struct view v)
{
	char digits[3];

	for (size_t i = 0; i < v.len; i++) {
		hex_write(v.ptr + i, 1, digits);
		fputs(digits, f);
	}
}

void
text_print_json(FILE *f, struct view v)
{
	size_t len;
	uint32_t c = 0;

	putc('"', f);
	for (size_t i = 0; i < v.len; i += len) {
		len = utf8(v.ptr + i, v.len - i, &c);
		if (len == 0) {
			len = 1;
			fputs("\\ufffd", f);
		} else if (v.ptr[i] == '"' || v.ptr[i] == '\\')
			fprintf(f, "\\%c", v.ptr[i]);
		else if (is_control(c))
			fprintf(f, "\\u%04x", (unsigned)c);
		else
			fwrite(v.ptr + i, 1, len, f);
	}
	putc('"', f);
}

void
text_time(time_t t, char out[TEXT_TIME_SIZE])
{
	struct tm tm;

	out[0] = '\0';
	if (gmtime_r(&t, &tm) != NULL &&
	    strftime(out, TEXT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		out[0] = '\0';
}
