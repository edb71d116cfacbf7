#include "cryptoki/der.h"
#include "der-read.h"
#include "number.h"

bool
der_take(struct view *in, uint8_t tag, struct view *content)
{
	size_t head = 2, n;

	if (in->len < 2 || in->ptr[0] != tag)
		return (false);
	n = in->ptr[1];
	if (n >= 0x80) {
		if ((n != 0x81 && n != 0x82) || in->len < n - 0x7e)
			return (false);
		head = n - 0x7e;
		n = in->ptr[2];
		if (head == 4)
			n = n << 8 | in->ptr[3];
		if (n < (head == 4 ? 0x100U : 0x80U))
			return (false);
	}
	if (n > in->len - head)
		return (false);
	*content = VIEW(in->ptr + head, n);
	*in = VIEW(in->ptr + head + n, in->len - head - n);
	return (true);
}

bool
der_take_number(struct view *in, struct view *number)
{
	struct view rest = *in, v;

	if (!der_take(&rest, DER_INTEGER, &v) || v.len == 0 ||
	    v.ptr[0] >= 0x80 || (v.len > 1 && v.ptr[0] == 0 && v.ptr[1] < 0x80))
		return (false);
	*number = number_trim(v);
	*in = rest;
	return (true);
}

bool
der_take_bytes(struct view *in, struct view what)
{
	if (in->len < what.len || !view_equal(VIEW(in->ptr, what.len), what))
		return (false);
	*in = VIEW(in->ptr + what.len, in->len - what.len);
	return (true);
}
