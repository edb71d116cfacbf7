#include <stdint.h>
#include <stdio.h>
#include "text.h"
#include "hex.h"

/* The length of the UTF-8 character at s (RFC 3629); 0 if there is none. */
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

/* A terminal acts on control characters, including those of the C1 set, which
 * are C2 80 to C2 9F in UTF-8. */
static bool
is_control(const unsigned char *s)
{
	return (s[0] < 0x20 || s[0] == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0));
}

size_t
text_print(FILE *f, struct view v)
{
	size_t columns = 0, len;

	for (size_t i = 0; i < v.len; i += len) {
		len = utf8(v.ptr + i, v.len - i);
		if (len == 0 || is_control(v.ptr + i)) {
			len = 1;
			fprintf(f, "\\x%02x", v.ptr[i]);
			columns += 4;
			continue;
		}
		fwrite(v.ptr + i, 1, len, f);
		columns++;
	}
	return (columns);
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

	putc('"', f);
	for (size_t i = 0; i < v.len; i += len) {
		len = utf8(v.ptr + i, v.len - i);
		if (len == 0) {
			len = 1;
			fputs("\\ufffd", f);
		} else if (v.ptr[i] == '"' || v.ptr[i] == '\\')
			fprintf(f, "\\%c", v.ptr[i]);
		else if (len == 1 && (v.ptr[i] < 0x20 || v.ptr[i] == 0x7f))
			fprintf(f, "\\u%04x", v.ptr[i]);
		else
			fwrite(v.ptr + i, 1, len, f);
	}
	putc('"', f);
}
