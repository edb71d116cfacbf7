#include "curve.h"

#define BYTES(...)                                   \
	{                                            \
		(const uint8_t[]){__VA_ARGS__},      \
		    sizeof((uint8_t[]){__VA_ARGS__}) \
	}
#define NONE            \
	{               \
		NULL, 0 \
	}
#define ED25519_NAME                                                         \
	BYTES(19, 12, 'e', 'd', 'w', 'a', 'r', 'd', 's', '2', '5', '5', '1', \
	    '9')
#define X25519_NAME \
	BYTES(19, 10, 'c', 'u', 'r', 'v', 'e', '2', '5', '5', '1', '9')

/* clang-format off */
static const struct curve curves[] = {
	/* RFC 5480, RFC 8410 */
	{ CKK_EC, BYTES(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7), NONE,
	    "P-256", 256, 32, 65 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 34), NONE,
	    "P-384", 384, 48, 97 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 35), NONE,
	    "P-521", 521, 66, 133 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 10), NONE,
	    "secp256k1", 256, 32, 65 },
	{ CKK_EC_EDWARDS, BYTES(6, 3, 0x2b, 0x65, 0x70), ED25519_NAME,
	    "ED25519", 255, 32, 32 },
	{ CKK_EC_MONTGOMERY, BYTES(6, 3, 0x2b, 0x65, 0x6e), X25519_NAME,
	    "X25519", 255, 32, 32 },
};
/* clang-format on */

const struct curve *
curve_find(CK_KEY_TYPE type, struct view params)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].type == type &&
		    (view_equal(curves[i].params, params) ||
			(curves[i].other.len != 0 &&
			    view_equal(curves[i].other, params))))
			return (&curves[i]);
	return (NULL);
}

/* SEC 1, section 2.3.3: points of a curve over a prime field may be
 * compressed. */
static bool
len_fits(const struct curve *c, size_t len)
{
	return (len == c->point ||
		(c->type == CKK_EC && len == (c->point + 1) / 2));
}

bool
curve_point(const struct curve *c, struct view given, struct view *point)
{
	size_t head = given.len > 2 && given.ptr[1] == 0x81 ? 3 : 2;

	/* what begins like an OCTET STRING may be a point all the same */
	if (given.len > head && given.ptr[0] == 0x04 &&
	    given.ptr[head - 1] == given.len - head &&
	    len_fits(c, given.len - head)) {
		*point = VIEW(given.ptr + head, given.len - head);
		return (true);
	}
	*point = given;
	return (len_fits(c, given.len));
}

enum err
curve_put_point(struct view point, struct buf *out)
{
	uint8_t head[3] = {0x04, 0, 0};
	size_t n = 0;
	enum err e;

	if (point.len > 255)
		return (ERR_TOO_BIG);
	if (point.len > 127)
		head[++n] = 0x81;
	head[++n] = (uint8_t)point.len;
	if ((e = buf_append(out, VIEW(head, n + 1))) == ERR_OK)
		e = buf_append(out, point);
	return (e);
}
