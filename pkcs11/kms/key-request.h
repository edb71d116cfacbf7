#ifndef KEY_REQUEST_H
#define KEY_REQUEST_H
#include "buf.h"
#include "token/key.h"

/*
 * What a caller's template asks of a key in KMS, read once, in KMS's terms.
 * Views borrow from the template, unless said otherwise.
 */
struct key_request {
	/* of the object; the halves of a pair stand for one key */
	CK_OBJECT_CLASS class;
	const struct key_spec *spec; /* KeySpec */
	enum key_usage usage; /* of a new key: KeyUsage */
	/* of a key that exists: bits of enum key_usage; 0: any */
	unsigned accepted_usages;
	/* KMS makes the key's material (Origin AWS_KMS): nothing is imported */
	bool generated_by_kms;
	struct view label, id; /* ptr NULL: not given */
	bool end_is_said; /* of the material; else material-end.h chooses it */
	double valid_to; /* seconds since 1970; 0: does not expire */
	bool new_material; /* other than the key has: rotates it */
	/* of a new key, beside what the configuration says */
	struct view tags; /* as tag-list.h has them */
	bool multi_region_is_said, multi_region;
	/* a secret key's value, or PKCS#8, which encoded holds; ptr NULL: it
	 * comes wrapped, later or not at all */
	struct view material;
	struct buf encoded; /* secret */
};
#define PKCS8_MAX 4096 /* RSA-4096 has 2,375 bytes */
#define KEY_REQUEST_INIT(arena)                           \
	{                                                 \
		.encoded = BUF_SECRET(PKCS8_MAX, (arena)) \
	}
#endif
