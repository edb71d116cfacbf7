#ifndef CURVE_H
#define CURVE_H
#include "buf.h"
#include "cryptoki/cryptoki.h"

#define CURVE_NAMES 3
/* A named curve of keys that are worked with in this process: one row. */
struct curve {
	CK_KEY_TYPE type;
	struct view params; /* CKA_EC_PARAMS: the DER of its OID */
	/* the same, as a PrintableString: PKCS#11 3.2, section 6.3.3; after
	 * SEC 2, X9.62, RFC 5639 and RFC 7748 */
	const char *names[CURVE_NAMES];
	const char *name; /* OpenSSL's: of a group, else of the key type */
	int nid; /* OpenSSL's, of a group; 0: none */
	size_t bits; /* of the order */
	size_t scalar; /* bytes of the private value */
	size_t point; /* bytes of the public value, uncompressed */
};
#define CURVE_SCALAR_MAX 66 /* P-521 */
#define CURVE_POINT_MAX (1 + 2 * CURVE_SCALAR_MAX)
/* bytes of CKA_EC_POINT: at most an OCTET STRING around the public value */
#define CURVE_DER_MAX (CURVE_POINT_MAX + 3)

/* The row for that CKA_EC_PARAMS, a name or explicit parameters, or NULL. */
const struct curve *curve_find(CK_KEY_TYPE, struct view params);

/* The code for one of which there is no row: CKR_CURVE_NOT_SUPPORTED, or
 * CKR_DOMAIN_PARAMS_INVALID where it names no curve at all. */
CK_RV curve_refusal(struct view params);

/* How a public value may be given (SEC 1, section 2.3.3). */
enum point_form {
	POINT_PLAIN =
	    1 << 0, /* 04 X Y; all of an Edwards or Montgomery curve */
	POINT_COMPRESSED = 1 << 1, /* 02 or 03 X */
	POINT_HYBRID = 1 << 2, /* 06 or 07 X Y */
	/* any of these in a DER OCTET STRING; an Edwards or Montgomery curve's
	 * in a BIT STRING, too, as some read PKCS#11 3.0 */
	POINT_OCTET_STRING = 1 << 3,
	POINT_ANY = POINT_PLAIN | POINT_COMPRESSED | POINT_HYBRID |
		    POINT_OCTET_STRING,
};
/* Leaves the public value itself, which is part of what was given, in *point.
 * False: it has none of those forms. Whether it is on the curve is not told. */
bool curve_read_point(const struct curve *, struct view given, unsigned forms,
    struct view *point);
/* Whether a public value in any form, in no OCTET STRING, is the one whose
 * POINT_PLAIN is plain. */
bool curve_same_point(
    const struct curve *, struct view plain, struct view given);
/* Whether CKA_EC_POINT shows the public value in an OCTET STRING: where always
 * is true, as PKCS#11 3.0 has it; else not of Edwards and Montgomery curves,
 * as 3.1 and 3.2 have it. */
bool curve_wraps_point(CK_KEY_TYPE, bool always);
/* Appends the public value, in an OCTET STRING if wrap is true. */
enum err curve_put_point(struct view point, bool wrap, struct buf *out);
#endif
