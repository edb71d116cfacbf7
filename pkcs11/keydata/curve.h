#ifndef CURVE_H
#define CURVE_H
#include "buf.h"
#include "cryptoki/cryptoki.h"

/* A named curve of keys that are worked with in this process: one row. */
struct curve {
	CK_KEY_TYPE type;
	struct view params; /* CKA_EC_PARAMS: the DER of its OID */
	/* the same as PrintableString, as PKCS#11 3.0 has it; or none */
	struct view other;
	const char *name; /* OpenSSL's: of a group, else of the key type */
	size_t bits; /* of the order */
	size_t scalar; /* bytes of the private value */
	size_t point; /* bytes of the public value, uncompressed */
};
#define CURVE_POINT_MAX 133
/* bytes of CKA_EC_POINT: an OCTET STRING around the public value */
#define CURVE_DER_MAX (CURVE_POINT_MAX + 3)

/* The row for that CKA_EC_PARAMS, or NULL. */
const struct curve *curve_find(CK_KEY_TYPE, struct view params);
/*
 * The public value as it is, of one given so or in an OCTET STRING. False when
 * it has the length of neither.
 */
bool curve_point(const struct curve *, struct view given, struct view *point);
/* Appends the public value in an OCTET STRING. */
enum err curve_put_point(struct view point, struct buf *out);
#endif
