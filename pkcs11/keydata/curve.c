#include <string.h>
#include <openssl/obj_mac.h>
#include "cryptoki/der.h"
#include "curve.h"
#include "ec-parameters.h"

#define BYTES(...)                                   \
	{                                            \
		(const uint8_t[]){__VA_ARGS__},      \
		    sizeof((uint8_t[]){__VA_ARGS__}) \
	}
/* clang-format off */
static const struct curve curves[] = {
	/* RFC 5480, RFC 8410 */
	{ CKK_EC, BYTES(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7),
	    { "secp256r1", "prime256v1", "P-256" },
	    "P-256", NID_X9_62_prime256v1, 256, 32, 65 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 34), { "secp384r1", "P-384" },
	    "P-384", NID_secp384r1, 384, 48, 97 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 35), { "secp521r1", "P-521" },
	    "P-521", NID_secp521r1, 521, 66, 133 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 10), { "secp256k1" },
	    "secp256k1", NID_secp256k1, 256, 32, 65 },
	{ CKK_EC, BYTES(6, 5, 0x2b, 0x81, 4, 0, 33), { "secp224r1", "P-224" },
	    "P-224", NID_secp224r1, 224, 28, 57 },
	{ CKK_EC, BYTES(6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 1),
	    { "secp192r1", "prime192v1", "P-192" },
	    "P-192", NID_X9_62_prime192v1, 192, 24, 49 },
	/* RFC 5639: each of a kind that was drawn by lot, and its twist */
#define BRAINPOOL(bits, kind, last)					\
	{ CKK_EC, BYTES(6, 9, 0x2b, 0x24, 3, 3, 2, 8, 1, 1, last),	\
	    { "brainpoolP" #bits #kind },					\
	    "brainpoolP" #bits #kind, NID_brainpoolP##bits##kind, bits,	\
	    (bits) / 8, 1 + 2 * ((bits) / 8) }
	BRAINPOOL(160, r1, 1), BRAINPOOL(160, t1, 2),
	BRAINPOOL(192, r1, 3), BRAINPOOL(192, t1, 4),
	BRAINPOOL(224, r1, 5), BRAINPOOL(224, t1, 6),
	BRAINPOOL(256, r1, 7), BRAINPOOL(256, t1, 8),
	BRAINPOOL(320, r1, 9), BRAINPOOL(320, t1, 10),
	BRAINPOOL(384, r1, 11), BRAINPOOL(384, t1, 12),
	BRAINPOOL(512, r1, 13), BRAINPOOL(512, t1, 14),
	{ CKK_EC_EDWARDS, BYTES(6, 3, 0x2b, 0x65, 0x70), { "edwards25519" },
	    "ED25519", 0, 255, 32, 32 },
	{ CKK_EC_MONTGOMERY, BYTES(6, 3, 0x2b, 0x65, 0x6e), { "curve25519" },
	    "X25519", 0, 255, 32, 32 },
	{ CKK_EC_EDWARDS, BYTES(6, 3, 0x2b, 0x65, 0x71), { "edwards448" },
	    "ED448", 0, 448, 57, 57 },
	{ CKK_EC_MONTGOMERY, BYTES(6, 3, 0x2b, 0x65, 0x6f), { "curve448" },
	    "X448", 0, 448, 56, 56 },
};
/* clang-format on */

static bool
is_named(const struct curve *c, struct view params)
{
	struct view name;

	if (view_equal(c->params, params))
		return (true);
	if (params.len < 2 || params.ptr[0] != DER_PRINTABLE ||
	    params.ptr[1] != params.len - 2)
		return (false);
	name = VIEW(params.ptr + 2, params.len - 2);
	for (size_t i = 0; i < CURVE_NAMES && c->names[i] != NULL; i++)
		if (view_equal(name, view_str(c->names[i])))
			return (true);
	return (false);
}

const struct curve *
curve_find(CK_KEY_TYPE type, struct view params)
{
	bool by_numbers = type == CKK_EC && params.len != 0 &&
			  params.ptr[0] == DER_SEQUENCE;

	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++)
		if (curves[i].type == type &&
		    (by_numbers ? ec_parameters_are(params, curves[i].nid)
				: is_named(&curves[i], params)))
			return (&curves[i]);
	return (NULL);
}

/* Whether it is a public value in one of the forms, and in no OCTET STRING. */
static bool
is_point(const struct curve *c, struct view v, unsigned forms)
{
	if (v.len == 0)
		return (false);
	if (c->type != CKK_EC)
		return (v.len == c->point && (forms & POINT_PLAIN) != 0);
	switch (v.ptr[0]) {
	case 0x02:
	case 0x03:
		return (v.len == (c->point + 1) / 2 &&
			(forms & POINT_COMPRESSED) != 0);
	case 0x04:
		return (v.len == c->point && (forms & POINT_PLAIN) != 0);
	case 0x06:
	case 0x07:
		return (v.len == c->point && (forms & POINT_HYBRID) != 0);
	}
	return (false);
}

/* ECParameters (X9.62): an OID, explicit parameters or a name, in DER. */
CK_RV
curve_refusal(struct view v)
{
	static const uint8_t tags[] = {
	    0x06, 0x30, 0x13, 0x0c}; /* the last two are names */
	size_t head = v.len > 2 && v.ptr[1] == 0x81   ? 3
		      : v.len > 3 && v.ptr[1] == 0x82 ? 4
						      : 2;
	size_t len = 0;

	if (v.len <= head || memchr(tags, v.ptr[0], sizeof(tags)) == NULL)
		return (CKR_DOMAIN_PARAMS_INVALID);
	for (size_t i = head == 2 ? 1 : 2; i < head; i++)
		len = len << 8 | v.ptr[i];
	/* an OID's last number ends: X.690, section 8.19.2 */
	if (len != v.len - head || (v.ptr[0] == 0x06 && v.ptr[v.len - 1] > 127))
		return (CKR_DOMAIN_PARAMS_INVALID);
	return (CKR_CURVE_NOT_SUPPORTED);
}

bool
curve_read_point(const struct curve *c, struct view given, unsigned forms,
    struct view *point)
{
	size_t head = given.len > 2 && given.ptr[1] == 0x81 ? 3 : 2;
	struct view inner;

	if ((forms & POINT_OCTET_STRING) != 0 && c->type != CKK_EC &&
	    given.len == c->point + 3 && given.ptr[0] == DER_BITS &&
	    given.ptr[1] == c->point + 1 && given.ptr[2] == 0) {
		*point = VIEW(given.ptr + 3, c->point);
		return (true);
	}
	/* what begins like an OCTET STRING may be a point all the same */
	if ((forms & POINT_OCTET_STRING) != 0 && given.len > head &&
	    given.ptr[0] == DER_OCTETS &&
	    given.ptr[head - 1] == given.len - head) {
		inner = VIEW(given.ptr + head, given.len - head);
		if (is_point(c, inner, forms)) {
			*point = inner;
			return (true);
		}
	}
	*point = given;
	return (is_point(c, given, forms));
}

bool
curve_same_point(const struct curve *c, struct view plain, struct view given)
{
	if (!is_point(c, given, POINT_COMPRESSED | POINT_HYBRID))
		return (view_equal(plain, given));
	/* the last bit of the form is that of Y */
	return (is_point(c, plain, POINT_PLAIN) &&
		(given.ptr[0] & 1) == (plain.ptr[plain.len - 1] & 1) &&
		memcmp(given.ptr + 1, plain.ptr + 1, given.len - 1) == 0);
}

bool
curve_wraps_point(CK_KEY_TYPE type, bool always)
{
	return (always || type == CKK_EC);
}

enum err
curve_put_point(struct view point, bool wrap, struct buf *out)
{
	uint8_t head[3] = {0x04, 0, 0};
	size_t n = 0;
	enum err e;

	if (!wrap)
		return (buf_append(out, point));
	if (point.len > 255)
		return (ERR_TOO_BIG);
	if (point.len > 127)
		head[++n] = 0x81;
	head[++n] = (uint8_t)point.len;
	if ((e = buf_append(out, VIEW(head, n + 1))) == ERR_OK)
		e = buf_append(out, point);
	return (e);
}
