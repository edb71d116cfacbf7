#include "der-write.h"
#include "number.h"

void
der_put(struct der_writer *w, struct view v)
{
	if (w->err == ERR_OK)
		w->err = buf_append(w->out, v);
}

size_t
der_element_len(size_t n)
{
	return (n + (n < 0x80 ? 2 : n < 0x100 ? 3 : 4));
}

void
der_put_head(struct der_writer *w, uint8_t tag, size_t n)
{
	uint8_t head[4] = {tag, (uint8_t)n}, *p = head + 1;

	if (n > UINT16_MAX && w->err == ERR_OK)
		w->err = ERR_TOO_BIG;
	if (n >= 0x80) {
		*p++ = n < 0x100 ? 0x81 : 0x82;
		if (n >= 0x100)
			*p++ = (uint8_t)(n >> 8);
		*p = (uint8_t)n;
	}
	der_put(w, VIEW(head, (size_t)(p + 1 - head)));
}

/* The first bit is the sign. */
size_t
der_number_len(struct view v)
{
	v = number_trim(v);
	return (v.len == 0 ? 1 : v.len + (v.ptr[0] >> 7));
}

void
der_put_number(struct der_writer *w, struct view v)
{
	size_t n = der_number_len(v);

	v = number_trim(v);
	der_put_head(w, DER_INTEGER, n);
	if (n != v.len)
		der_put(w, VIEW("", 1));
	der_put(w, v);
}
