#include "base64.h"

#define BAD 0xffU

static const char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum err
base64_write(struct view bytes, struct buf *out)
{
	size_t i, n, quads = bytes.len / 3 + (bytes.len % 3 != 0);
	uint32_t bits;
	enum err e;

	if (quads > (out->max - out->len) / 4)
		return (ERR_TOO_BIG);
	if ((e = buf_reserve(out, out->len + 4 * quads)) != ERR_OK)
		return (e);
	for (i = 0; i < bytes.len; i += 3) {
		n = bytes.len - i;
		bits = (uint32_t)bytes.ptr[i] << 16;
		bits |= n > 1 ? (uint32_t)bytes.ptr[i + 1] << 8 : 0;
		bits |= n > 2 ? (uint32_t)bytes.ptr[i + 2] : 0;
		out->ptr[out->len++] = (uint8_t)alphabet[bits >> 18];
		out->ptr[out->len++] = (uint8_t)alphabet[bits >> 12 & 63];
		out->ptr[out->len++] = n > 1 ? (uint8_t)alphabet[bits >> 6 & 63]
					     : '=';
		out->ptr[out->len++] = n > 2 ? (uint8_t)alphabet[bits & 63]
					     : '=';
	}
	return (ERR_OK);
}

static uint32_t
value_of(uint32_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (c - 'A');
	if (c >= 'a' && c <= 'z')
		return (c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (c - '0' + 52);
	return (c == '+' ? 62 : c == '/' ? 63 : BAD);
}

/* Four characters as 24 bits; BAD << 24 when they are not. Padding counts as
 * 'A', so that the bits it leaves over are zero. */
static uint32_t
quad_bits(const uint8_t *c, size_t padding)
{
	uint32_t bits = 0, bad = 0, v;

	for (size_t i = 0; i < 4; i++) {
		v = i < 4 - padding ? value_of(c[i]) : 0;
		bad |= v & 0xc0U;
		bits = bits << 6 | (v & 63);
	}
	/* what the last character holds beyond the last whole byte */
	if (padding != 0)
		bad |= bits & (padding == 1 ? 0xffU : 0xffffU);
	return (bad != 0 ? BAD << 24 : bits);
}

enum err
base64_read(struct view text, struct buf *out)
{
	size_t padding = 0, start = out->len, len;
	uint32_t bits;
	enum err e;

	if (text.len % 4 != 0)
		return (ERR_DATA);
	if (text.len == 0)
		return (ERR_OK);
	while (padding < 2 && text.ptr[text.len - 1 - padding] == '=')
		padding++;
	len = text.len / 4 * 3 - padding;
	if (len > out->max - start)
		return (ERR_TOO_BIG);
	if ((e = buf_reserve(out, start + len)) != ERR_OK)
		return (e);
	for (size_t i = 0; i < text.len; i += 4) {
		bits = quad_bits(text.ptr + i, i + 4 == text.len ? padding : 0);
		if (bits >> 24 != 0) {
			buf_cut(out, start);
			return (ERR_DATA);
		}
		for (unsigned shift = 16; out->len - start < len; shift -= 8) {
			out->ptr[out->len++] = (uint8_t)(bits >> shift);
			if (shift == 0)
				break;
		}
	}
	return (ERR_OK);
}
