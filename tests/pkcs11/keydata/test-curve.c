/* The forms in which a public value of a curve may be given. */
#include <string.h>
#include "keydata/curve.h"
#include "keydata/number.h"
#include "tap.h"

#define P256 VIEW_STR("\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07")
#define P521 VIEW_STR("\x06\x05\x2b\x81\x04\x00\x23")
#define ED25519 VIEW_STR("\x06\x03\x2b\x65\x70")

/* A value of that length and first byte, in an OCTET STRING or not, is read by
 * those forms and no others. */
static void
check(const struct curve *c, uint8_t first, size_t len, unsigned form,
    const char *what)
{
	uint8_t bytes[CURVE_DER_MAX + 1] = {0x04};
	size_t head = len > 127 ? 3 : 2;
	struct view bare, der, point;

	bytes[1] = head == 3 ? 0x81 : (uint8_t)len;
	bytes[head - 1] = (uint8_t)len;
	memset(bytes + head, 7, len);
	bytes[head] = first;
	der = VIEW(bytes, head + len);
	bare = VIEW(bytes + head, len);
	for (unsigned forms = 0; forms <= POINT_ANY; forms++) {
		bool wanted = form != 0 && (forms & form) != 0;
		bool octets = wanted && (forms & POINT_OCTET_STRING) != 0;

		if (!OK(curve_read_point(c, bare, forms, &point) == wanted &&
			    (!wanted || view_equal(point, bare)),
			"%s, forms %x: bare", what, forms) ||
		    !OK(curve_read_point(c, der, forms, &point) == octets &&
			    (!octets || view_equal(point, bare)),
			"%s, forms %x: in an OCTET STRING", what, forms))
			return;
	}
}

int
main(void)
{
	const struct curve *p256 = curve_find(CKK_EC, P256);
	const struct curve *p521 = curve_find(CKK_EC, P521);
	const struct curve *ed = curve_find(CKK_EC_EDWARDS, ED25519);

	if (!OK(p256 != NULL && p521 != NULL && ed != NULL, "three curves"))
		return (tap_done());
	check(p256, 0x04, 65, POINT_PLAIN, "P-256");
	check(p521, 0x04, 133, POINT_PLAIN, "P-521");
	check(p256, 0x02, 33, POINT_COMPRESSED, "compressed, even");
	check(p256, 0x03, 33, POINT_COMPRESSED, "compressed, odd");
	check(p256, 0x06, 65, POINT_HYBRID, "hybrid, even");
	check(p521, 0x07, 133, POINT_HYBRID, "hybrid, odd");
	check(ed, 0x99, 32, POINT_PLAIN, "Ed25519");
	check(ed, 0x04, 32, POINT_PLAIN, "Ed25519 that begins with 4");
	check(p256, 0x05, 65, 0, "no form begins with 5");
	check(p256, 0x04, 64, 0, "too short");
	check(p256, 0x02, 65, 0, "too long for a compressed one");
	OK(number_bits(VIEW_STR("\0\0\x01\xff")) == 9, "bits of a number");
	OK(number_bits(VIEW_STR("\0\0")) == 0 && number_bits(VIEW("", 0)) == 0,
	    "bits of 0");
	return (tap_done());
}
