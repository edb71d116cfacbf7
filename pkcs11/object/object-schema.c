#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/x509.h>
#include "cryptoki/constants.h"
#include "keydata/check-value.h"
#include "keydata/ec-public.h"
#include "keydata/hash.h"
#include "keydata/number.h"
#include "keydata/curve.h"
#include "keydata/parameter-set.h"
#include "ffc-attrs.h"
#include "object-schema.h"
#include "keydata/pkcs8.h"
#include "keydata/public-key.h"
#include "keydata/rsa.h"
#include "pkey.h"

#define NO_TYPE CK_UNAVAILABLE_INFORMATION
#define RSA_BITS_MAX 16384
#define NOT_ONE_KEY "the numbers are not those of one RSA key"

struct object_schema {
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type; /* NO_TYPE: no key */
	CK_ATTRIBUTE_TYPE needs[4]; /* 0 ends them */
	CK_RV (*complete)(struct call *, struct attrset *); /* or NULL */
};

static CK_RV
invalid(struct call *c, const char *what)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID, "%s", what));
}

static CK_RV
result_of(struct call *c, enum err e)
{
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

size_t
schema_key_length(CK_KEY_TYPE type)
{
	return (type == CKK_CHACHA20 || type == CKK_POLY1305 ? 32 : 0);
}

bool
schema_key_length_fits(CK_KEY_TYPE type, size_t len)
{
	if (type == CKK_AES)
		return (len == 16 || len == 24 || len == 32);
	if (type == CKK_AES_XTS)
		return (len == 32 || len == 64);
	if (schema_key_length(type) != 0)
		return (len == schema_key_length(type));
	return (len != 0);
}

/* CKA_CHECK_VALUE: none where the template has an empty one. */
static CK_RV
put_check_value(struct call *c, struct attrset *b)
{
	uint8_t own[CHECK_VALUE_LEN];
	struct view given;
	enum err e;

	e = check_value_of_secret(
	    c->module->crypto, b->type, attrset_view(b, CKA_VALUE), own);
	if (e != ERR_OK)
		return (call_fail(c, e));
	if (!attrset_get(b, CKA_CHECK_VALUE, &given))
		return (result_of(c, attrset_set(b, CKA_CHECK_VALUE,
					 VIEW(own, sizeof(own)), false)));
	if (given.len != 0 && !view_equal(given, VIEW(own, sizeof(own))))
		return (invalid(c, "CKA_CHECK_VALUE is that of another key"));
	return (CKR_OK);
}

static CK_RV
complete_secret(struct call *c, struct attrset *b)
{
	CK_RV rv;

	size_t len = attrset_view(b, CKA_VALUE).len;

	if (!schema_key_length_fits(b->type, len))
		return (invalid(c, "no key of that type has such a length"));
	rv = result_of(c, attrset_set_ulong(b, CKA_VALUE_LEN, len));
	return (rv == CKR_OK ? put_check_value(c, b) : rv);
}

/* One key may be written in more ways than one: a point compressed. */
static bool
is_info_of(struct call *c, struct view info, EVP_PKEY *pkey)
{
	EVP_PKEY *given = NULL;
	bool same = public_key_open(c->module->crypto, info, &given) ==
			ERR_OK &&
		    EVP_PKEY_eq(given, pkey) == 1;

	EVP_PKEY_free(given);
	return (same);
}

/* CKA_PUBLIC_KEY_INFO, which must be that of the key if it was given. */
static CK_RV
put_info(struct call *c, struct attrset *b, EVP_PKEY *pkey)
{
	struct view given = attrset_view(b, CKA_PUBLIC_KEY_INFO);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(pkey, &der);
	CK_RV rv;

	if (len <= 0)
		return (CKR_FUNCTION_FAILED);
	if (given.len != 0 && !view_equal(given, VIEW(der, (size_t)len)) &&
	    !is_info_of(c, given, pkey))
		rv = invalid(c, "CKA_PUBLIC_KEY_INFO does not match this key");
	else
		rv = result_of(c, attrset_set(b, CKA_PUBLIC_KEY_INFO,
				      VIEW(der, (size_t)len), false));
	OPENSSL_free(der);
	return (rv);
}

/* The same of the key that the attributes are. */
static CK_RV
put_own_info(struct call *c, struct attrset *b)
{
	EVP_PKEY *pkey = NULL;
	CK_RV rv = pkey_from_attrs(c, b, &pkey);

	if (rv == CKR_OK)
		rv = put_info(c, b, pkey);
	EVP_PKEY_free(pkey);
	return (rv);
}

/* Not by OpenSSL, whose check leaves copies of the parts in the heap. */
static CK_RV
check_pair(struct call *c, const struct attrset *b)
{
	struct rsa_private key;
	size_t bits;
	enum err e;

	for (int i = 0; i < RSA_PARTS; i++)
		key.part[i] = attrset_view(b, rsa_part_names[i].type);
	if ((e = rsa_check_primes(&key, &bits)) == ERR_OK)
		e = rsa_check_exponents(&key, c->module->arena);
	return (e == ERR_DATA ? invalid(c, NOT_ONE_KEY) : result_of(c, e));
}

/* The numbers of the Chinese remainder theorem that were not given. */
static CK_RV
put_missing(struct call *c, struct attrset *b)
{
	struct rsa_private key;
	struct buf bytes = BUF_SECRET(RSA_PARTS * RSA_BYTES_MAX, b->arena);
	bool given[RSA_PARTS];
	enum err e;

	for (int i = 0; i < RSA_PARTS; i++) {
		key.part[i] = attrset_view(b, rsa_part_names[i].type);
		given[i] = key.part[i].len != 0;
	}
	if (rsa_missing(&key) == RSA_PARTS)
		return (CKR_OK);
	e = rsa_complete(c->module->crypto, &key, &bytes);
	for (int i = 0; i < RSA_PARTS && e == ERR_OK; i++)
		if (!given[i])
			e = attrset_set(
			    b, rsa_part_names[i].type, key.part[i], true);
	buf_free(&bytes);
	return (e == ERR_DATA ? invalid(c, NOT_ONE_KEY) : result_of(c, e));
}

static CK_RV
complete_rsa(struct call *c, struct attrset *b)
{
	struct view e = number_trim(attrset_view(b, CKA_PUBLIC_EXPONENT));
	size_t bits = number_bits(attrset_view(b, CKA_MODULUS));
	size_t least = b->class == CKO_PRIVATE_KEY ? RSA_BITS_MIN : 1;
	CK_RV rv;

	/* a public key that is too short is kept, and no Init takes it */
	if (bits < least || bits > RSA_BITS_MAX)
		return (invalid(c, "RSA keys have 505 to 16384 bits"));
	if (e.len == 0 || (e.ptr[e.len - 1] & 1) == 0 ||
	    (e.len == 1 && *e.ptr == 1))
		return (invalid(c, "no RSA key has that exponent"));
	if (b->class == CKO_PRIVATE_KEY &&
	    ((rv = put_missing(c, b)) != CKR_OK ||
		(rv = check_pair(c, b)) != CKR_OK))
		return (rv);
	return (put_own_info(c, b));
}

static CK_RV
complete_rsa_public(struct call *c, struct attrset *b)
{
	size_t bits = number_bits(attrset_view(b, CKA_MODULUS));
	CK_RV rv;

	if ((rv = complete_rsa(c, b)) != CKR_OK)
		return (rv);
	return (result_of(c, attrset_set_ulong(b, CKA_MODULUS_BITS, bits)));
}

static CK_RV
complete_rsa_private(struct call *c, struct attrset *b)
{
	if (attrset_view(b, CKA_PUBLIC_EXPONENT).len == 0)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "CKA_PUBLIC_EXPONENT is missing"));
	return (complete_rsa(c, b));
}

/* CKA_EC_POINT, in whichever form it was given, as it is shown. */
static CK_RV
put_point(struct call *c, struct attrset *b, struct view point)
{
	struct buf der = BUF_INIT(CURVE_DER_MAX);
	enum err e = curve_put_point(point,
	    curve_wraps_point(b->type, c->token->config->octet_string_points),
	    &der);

	if (e == ERR_OK)
		e = attrset_set(b, CKA_EC_POINT, buf_view(&der), false);
	buf_free(&der);
	return (result_of(c, e));
}

static CK_RV
complete_ec_public(struct call *c, struct attrset *b)
{
	const struct curve *curve = curve_find(
	    b->type, attrset_view(b, CKA_EC_PARAMS));
	struct view given, point;
	CK_RV rv;

	if (curve == NULL)
		return (
		    call_error(c, curve_refusal(attrset_view(b, CKA_EC_PARAMS)),
			"CKA_EC_PARAMS names no curve that is known here"));
	given = attrset_view(b, CKA_EC_POINT);
	if (!curve_read_point(curve, given, POINT_ANY, &point))
		return (invalid(c, "CKA_EC_POINT is no point of that curve"));
	if ((rv = put_point(c, b, point)) != CKR_OK)
		return (rv);
	/* OpenSSL takes no point that is not on the curve */
	return (put_own_info(c, b));
}

/* The public value that belongs to CKA_VALUE. */
static CK_RV
compute_point(struct call *c, const struct attrset *b,
    const struct curve *curve, struct buf *out)
{
	struct view d = attrset_view(b, CKA_VALUE);
	EVP_PKEY *pkey;
	size_t len = curve->point;
	enum err e;

	if (curve->type == CKK_EC) {
		e = ec_public_point(c->module->crypto, curve->params, d, out);
		return (e == ERR_DATA ? CKR_ATTRIBUTE_VALUE_INVALID
				      : result_of(c, e));
	}
	if (d.len != curve->scalar)
		return (CKR_ATTRIBUTE_VALUE_INVALID);
	if ((e = buf_reserve(out, len)) != ERR_OK)
		return (call_fail(c, e));
	pkey = EVP_PKEY_new_raw_private_key_ex(
	    c->module->crypto->lib, curve->name, NULL, d.ptr, d.len);
	if (pkey == NULL ||
	    EVP_PKEY_get_raw_public_key(pkey, out->ptr, &len) != 1)
		e = ERR_INTERNAL;
	out->len = len;
	EVP_PKEY_free(pkey);
	return (result_of(c, e));
}

static CK_RV
complete_ec_private(struct call *c, struct attrset *b)
{
	const struct curve *curve = curve_find(
	    b->type, attrset_view(b, CKA_EC_PARAMS));
	struct buf point = BUF_INIT(CURVE_POINT_MAX);
	struct view given = attrset_view(b, CKA_EC_POINT), p;
	CK_RV rv;

	if (curve == NULL)
		return (
		    call_error(c, curve_refusal(attrset_view(b, CKA_EC_PARAMS)),
			"CKA_EC_PARAMS names no curve that is known here"));
	if ((rv = compute_point(c, b, curve, &point)) != CKR_OK)
		goto out;
	if (given.len != 0 &&
	    (!curve_read_point(curve, given, POINT_ANY, &p) ||
		!curve_same_point(curve, buf_view(&point), p))) {
		rv = invalid(c, "CKA_EC_POINT does not match the private key");
		goto out;
	}
	if ((rv = put_point(c, b, buf_view(&point))) == CKR_OK)
		rv = put_own_info(c, b);
out:
	buf_free(&point);
	return (rv);
}

static CK_RV
find_set(
    struct call *c, const struct attrset *b, const struct parameter_set **set)
{
	if ((*set = pkey_set_of_attrs(b)) == NULL)
		return (call_error(c, CKR_PARAMETER_SET_NOT_SUPPORTED,
		    "CKA_PARAMETER_SET is none that is known here"));
	return (CKR_OK);
}

static CK_RV
complete_public_of_set(struct call *c, struct attrset *b)
{
	const struct parameter_set *set;
	CK_RV rv;

	if ((rv = find_set(c, b, &set)) != CKR_OK)
		return (rv);
	if (attrset_view(b, CKA_VALUE).len != set->public)
		return (invalid(c, "CKA_VALUE has another length"));
	return (put_own_info(c, b));
}

/* CKA_VALUE, which must be what the seed stands for if it was given. */
static CK_RV
put_value_of_seed(struct call *c, struct attrset *b,
    const struct parameter_set *set, EVP_PKEY **pkey)
{
	struct buf own = BUF_SECRET(PARAMETER_SET_PRIVATE_MAX, b->arena);
	struct view given = attrset_view(b, CKA_VALUE);
	size_t len = set->private;
	CK_RV rv;

	rv = pkey_from_seed(c, set, attrset_view(b, CKA_SEED), pkey);
	if (rv == CKR_OK && buf_reserve(&own, len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	if (rv == CKR_OK &&
	    EVP_PKEY_get_raw_private_key(*pkey, own.ptr, &len) != 1)
		rv = CKR_FUNCTION_FAILED;
	if (rv != CKR_OK)
		goto out;
	own.len = len;
	if (given.len == 0)
		rv = result_of(
		    c, attrset_set(b, CKA_VALUE, buf_view(&own), true));
	else if (CRYPTO_memcmp(given.ptr, own.ptr, len) != 0)
		rv = invalid(c, "CKA_SEED and CKA_VALUE are of two keys");
out:
	buf_free(&own);
	return (rv);
}

static CK_RV
complete_private_of_set(struct call *c, struct attrset *b)
{
	struct view seed = attrset_view(b, CKA_SEED);
	struct view value = attrset_view(b, CKA_VALUE);
	const struct parameter_set *set;
	EVP_PKEY *pkey = NULL;
	CK_RV rv;

	if (seed.len == 0 && value.len == 0)
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "one of CKA_SEED and CKA_VALUE must be given"));
	if ((rv = find_set(c, b, &set)) != CKR_OK)
		return (rv);
	if ((seed.len != 0 && seed.len != set->seed) ||
	    (value.len != 0 && value.len != set->private))
		return (invalid(c, "CKA_SEED or CKA_VALUE has another length"));
	rv = seed.len != 0 ? put_value_of_seed(c, b, set, &pkey)
			   : pkey_from_attrs(c, b, &pkey);
	if (rv == CKR_OK)
		rv = put_info(c, b, pkey);
	EVP_PKEY_free(pkey);
	return (rv);
}

/* clang-format off */
#define SECRET(type)							\
	{ CKO_SECRET_KEY, type, { CKA_VALUE }, complete_secret }
#define EC(type)							\
	{ CKO_PUBLIC_KEY, type, { CKA_EC_PARAMS, CKA_EC_POINT },	\
	    complete_ec_public },					\
	{ CKO_PRIVATE_KEY, type, { CKA_EC_PARAMS, CKA_VALUE },		\
	    complete_ec_private }
#define OF_SET(type)							\
	{ CKO_PUBLIC_KEY, type, { CKA_PARAMETER_SET, CKA_VALUE },	\
	    complete_public_of_set },					\
	{ CKO_PRIVATE_KEY, type, { CKA_PARAMETER_SET },			\
	    complete_private_of_set }
static const struct object_schema schemas[] = {
	/* class, type, what must be given, what follows */
	{ CKO_DATA, NO_TYPE, { 0 }, NULL },
	{ CKO_CERTIFICATE, NO_TYPE, { CKA_CERTIFICATE_TYPE }, NULL },
	SECRET(CKK_AES),
	SECRET(CKK_GENERIC_SECRET), /* and those for HMAC with one hash */
	SECRET(CKK_HKDF),
	SECRET(CKK_AES_XTS),
	SECRET(CKK_CHACHA20),
	SECRET(CKK_POLY1305),
	{ CKO_PUBLIC_KEY, CKK_RSA, { CKA_MODULUS, CKA_PUBLIC_EXPONENT },
	    complete_rsa_public },
	{ CKO_PRIVATE_KEY, CKK_RSA, { CKA_MODULUS, CKA_PRIVATE_EXPONENT },
	    complete_rsa_private },
	EC(CKK_EC),
	EC(CKK_EC_EDWARDS),
	EC(CKK_EC_MONTGOMERY),
	OF_SET(CKK_ML_DSA),
	OF_SET(CKK_ML_KEM),
#define FFC(type, ...)							\
	{ CKO_PUBLIC_KEY, type, { __VA_ARGS__, CKA_VALUE },		\
	    ffc_complete_public },					\
	{ CKO_PRIVATE_KEY, type, { __VA_ARGS__, CKA_VALUE },		\
	    ffc_complete_private },					\
	{ CKO_DOMAIN_PARAMETERS, type, { __VA_ARGS__ },			\
	    ffc_complete_parameters }
	FFC(CKK_DSA, CKA_PRIME, CKA_SUBPRIME, CKA_BASE),
	FFC(CKK_DH, CKA_PRIME, CKA_BASE),
};
/* clang-format on */

bool
schema_is_secret_key_type(CK_KEY_TYPE type)
{
	if (digest_of_hmac_key(type) != NULL)
		return (true);
	for (size_t i = 0; i < sizeof(schemas) / sizeof(schemas[0]); i++)
		if (schemas[i].class == CKO_SECRET_KEY &&
		    schemas[i].type == type)
			return (true);
	return (false);
}

/* Whether objects of that class have a CKA_KEY_TYPE. */
static bool
has_type(CK_OBJECT_CLASS class)
{
	return (class == CKO_SECRET_KEY || class == CKO_PRIVATE_KEY ||
		class == CKO_PUBLIC_KEY || class == CKO_DOMAIN_PARAMETERS);
}

CK_RV
schema_find(struct call *c, struct template t, const struct object_schema **out)
{
	CK_OBJECT_CLASS class = template_ulong(t, CKA_CLASS, NO_TYPE);
	CK_KEY_TYPE type = template_ulong(t, CKA_KEY_TYPE, NO_TYPE);
	const struct object_schema *schema = schemas;
	const struct object_schema *end = schemas +
					  sizeof(schemas) / sizeof(schemas[0]);

	if (!template_has(t, CKA_CLASS))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_CLASS is missing"));
	if (has_type(class) && !template_has(t, CKA_KEY_TYPE))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_KEY_TYPE is missing"));
	if (!has_type(class))
		type = NO_TYPE;
	else if (class == CKO_SECRET_KEY && digest_of_hmac_key(type) != NULL)
		type = CKK_GENERIC_SECRET;
	while (schema < end && (schema->class != class || schema->type != type))
		schema++;
	if (schema == end && !has_type(class))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "no objects of %s are made here", class_name(class).text));
	if (schema == end || !key_type_is_in_openssl(c->module->crypto, type))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "session objects of %s with %s are not supported%s",
		    class_name(class).text, key_type_name(type).text,
		    schema != end ? " by this OpenSSL" : ""));
	for (size_t i = 0;
	     i < sizeof(schema->needs) / sizeof(schema->needs[0]) &&
	     schema->needs[i] != 0;
	     i++)
		if (!template_has(t, schema->needs[i]))
			return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
			    "%s is missing",
			    attribute_name(schema->needs[i]).text));
	*out = schema;
	return (CKR_OK);
}

CK_RV
schema_complete(
    struct call *c, const struct object_schema *schema, struct attrset *b)
{
	return (schema->complete == NULL ? CKR_OK : schema->complete(c, b));
}
