#include <stdint.h>
#include <stdio.h>
#include "move.h"

/* The length of the UTF-8 character at s (RFC 3629), 0 if it is none. */
static size_t
utf8(const unsigned char *s, size_t n)
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
		return (i + 1);
	}
	return (0);
}

/* A terminal obeys control characters: those of C1, too, which are C2 80 to
 * C2 9F. */
static bool
is_control(const unsigned char *s)
{
	return (s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0));
}

size_t
text_print(FILE *f, const struct blob *b)
{
	size_t columns = 0, len;

	for (size_t i = 0; i < b->len; i += len) {
		len = utf8(b->ptr + i, b->len - i);
		if (len == 0 || is_control(b->ptr + i)) {
			len = 1;
			fprintf(f, "\\x%02x", b->ptr[i]);
			columns += 4;
			continue;
		}
		fwrite(b->ptr + i, 1, len, f);
		columns++;
	}
	return (columns);
}

void
text_print_hex(FILE *f, const struct blob *b)
{
	for (size_t i = 0; i < b->len; i++)
		fprintf(f, "%02x", b->ptr[i]);
}

void
text_print_json(FILE *f, const void *ptr, size_t n)
{
	const unsigned char *s = ptr;
	size_t len;

	putc('"', f);
	for (size_t i = 0; i < n; i += len) {
		len = utf8(s + i, n - i);
		if (len == 0) {
			len = 1;
			fputs("\\ufffd", f);
		} else if (s[i] == '"' || s[i] == '\\')
			fprintf(f, "\\%c", s[i]);
		else if (len == 1 && (s[i] < 0x20 || s[i] == 0x7f))
			fprintf(f, "\\u%04x", s[i]);
		else
			fwrite(s + i, 1, len, f);
	}
	putc('"', f);
}
