#include <string.h>
#include <openssl/core_names.h>
#include "crypto-key.h"
#include "ffc-attrs.h"
#include "keydata/curve.h"
#include "keydata/number.h"
#include "keydata/rsa.h"
#include "pkey.h"
#include "token/pubkey.h"

#define NUMBERS_MAX (16 * 1024) /* of one RSA key, all told */

/* Numbers as OpenSSL takes them: in the machine's order, in memory of ours, so
 * that the builders of OpenSSL, which do not wipe, need no copy of them. */
struct numbers {
	OSSL_PARAM params[RSA_PARTS + 3];
	size_t count;
	struct buf bytes;
};

static enum err
add_number(struct numbers *n, const char *name, struct view v)
{
	size_t at = n->bytes.len;

	v = number_trim(v);
	/* all of them fit at once: what params point to does not move */
	if (v.len == 0 || v.len > n->bytes.cap - at)
		return (ERR_DATA);
	number_reverse(v, n->bytes.ptr + at);
	n->bytes.len += v.len;
	n->params[n->count++] = OSSL_PARAM_construct_BN(
	    name, n->bytes.ptr + at, v.len);
	return (ERR_OK);
}

static CK_RV
not_taken(CK_RV unsupported)
{
	switch (crypto_reason()) {
	case CRYPTO_NONE:
	case CRYPTO_NO_MEMORY:
		return (CKR_HOST_MEMORY);
	case CRYPTO_UNSUPPORTED:
		return (unsupported);
	default:
		return (CKR_ATTRIBUTE_VALUE_INVALID);
	}
}

/* CKR_ATTRIBUTE_VALUE_INVALID when OpenSSL does not take it. */
static CK_RV
from_params(struct call *c, const char *type, struct numbers *n, bool private,
    EVP_PKEY **out)
{
	int selection = private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY;

	n->params[n->count] = OSSL_PARAM_construct_end();
	return (crypto_key_from_params(
		    c->module->crypto, type, selection, n->params, out)
		    ? CKR_OK
		    : not_taken(CKR_CURVE_NOT_SUPPORTED));
}

static CK_RV
rsa_of_attrset(struct call *c, const struct attrset *b, EVP_PKEY **out)
{
	struct numbers n = {.bytes = BUF_SECRET(NUMBERS_MAX, b->arena)};
	size_t count = b->class == CKO_PUBLIC_KEY ? 2 : RSA_PARTS;
	struct view v;
	CK_RV rv = CKR_OK;

	if (buf_reserve(&n.bytes, attrset_size(b)) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	for (size_t i = 0; i < count && rv == CKR_OK; i++)
		if (attrset_get(b, rsa_part_names[i].type, &v) &&
		    add_number(&n, rsa_part_names[i].openssl, v) != ERR_OK)
			rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		rv = from_params(c, CRYPTO_TYPE_RSA, &n, count != 2, out);
	buf_free(&n.bytes);
	return (rv);
}

static CK_RV
ec_of_attrset(struct call *c, const struct attrset *b,
    const struct curve *curve, EVP_PKEY **out)
{
	struct numbers n = {.bytes = BUF_SECRET(NUMBERS_MAX, b->arena)};
	char name[16];
	uint8_t bytes[CURVE_POINT_MAX];
	struct view given, point;
	CK_RV rv = CKR_OK;

	OPENSSL_strlcpy(name, curve->name, sizeof(name));
	n.params[n.count++] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	if (attrset_get(b, CKA_EC_POINT, &given)) {
		if (!curve_read_point(curve, given, POINT_ANY, &point))
			return (CKR_ATTRIBUTE_VALUE_INVALID);
		memcpy(bytes, point.ptr, point.len);
		n.params[n.count++] = OSSL_PARAM_construct_octet_string(
		    OSSL_PKEY_PARAM_PUB_KEY, bytes, point.len);
	}
	if (buf_reserve(&n.bytes, attrset_size(b)) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (b->class == CKO_PRIVATE_KEY &&
		 add_number(&n, OSSL_PKEY_PARAM_PRIV_KEY,
		     attrset_view(b, CKA_VALUE)) != ERR_OK)
		rv = CKR_ATTRIBUTE_VALUE_INVALID;
	if (rv == CKR_OK)
		rv = from_params(
		    c, CRYPTO_TYPE_EC, &n, b->class == CKO_PRIVATE_KEY, out);
	buf_free(&n.bytes);
	return (rv);
}

/* OpenSSL wants the public value, too, with a private one. */
static CK_RV
dsa_of_attrset(struct call *c, const struct attrset *b, EVP_PKEY **out)
{
	struct numbers n = {.bytes = BUF_SECRET(NUMBERS_MAX, b->arena)};
	struct ffc_group g = ffc_of_attrs(b);
	struct buf public = BUF_INIT(FFC_BYTES_MAX);
	bool private = b->class == CKO_PRIVATE_KEY;
	struct view value = attrset_view(b, CKA_VALUE);
	enum err e = ERR_OK;
	CK_RV rv;

	if (private)
		e = ffc_public(c->module->crypto, &g, value, &public);
	if (e == ERR_OK)
		e = buf_reserve(&n.bytes, 5 * FFC_BYTES_MAX);
	if (e == ERR_OK &&
	    (e = add_number(&n, OSSL_PKEY_PARAM_FFC_P, g.prime)) == ERR_OK &&
	    (e = add_number(&n, OSSL_PKEY_PARAM_FFC_Q, g.subprime)) == ERR_OK &&
	    (e = add_number(&n, OSSL_PKEY_PARAM_FFC_G, g.base)) == ERR_OK)
		e = add_number(&n, OSSL_PKEY_PARAM_PUB_KEY,
		    private ? buf_view(&public) : value);
	if (e == ERR_OK && private)
		e = add_number(&n, OSSL_PKEY_PARAM_PRIV_KEY, value);
	rv = e == ERR_OK     ? from_params(c, CRYPTO_TYPE_DSA, &n, private, out)
	     : e == ERR_DATA ? CKR_ATTRIBUTE_VALUE_INVALID
			     : call_fail(c, e);
	buf_free(&public);
	buf_free(&n.bytes);
	return (rv);
}

/* Edwards and Montgomery curves: the bytes are the key. */
static CK_RV
raw_of_attrset(struct call *c, const struct attrset *b,
    const struct curve *curve, EVP_PKEY **out)
{
	OSSL_LIB_CTX *lib = c->module->crypto->lib;
	struct view v = attrset_view(b, CKA_VALUE);

	if (b->class == CKO_PRIVATE_KEY)
		*out = EVP_PKEY_new_raw_private_key_ex(
		    lib, curve->name, NULL, v.ptr, v.len);
	else if (!curve_read_point(
		     curve, attrset_view(b, CKA_EC_POINT), POINT_ANY, &v))
		return (CKR_ATTRIBUTE_VALUE_INVALID);
	else
		*out = EVP_PKEY_new_raw_public_key_ex(
		    lib, curve->name, NULL, v.ptr, v.len);
	return (*out != NULL ? CKR_OK : not_taken(CKR_CURVE_NOT_SUPPORTED));
}

const struct parameter_set *
pkey_set_of_attrs(const struct attrset *b)
{
	struct view v = attrset_view(b, CKA_PARAMETER_SET);
	CK_ULONG number;

	if (v.len != sizeof(number))
		return (NULL);
	memcpy(&number, v.ptr, sizeof(number));
	return (parameter_set_find(b->type, number));
}

CK_RV
pkey_from_seed(struct call *c, const struct parameter_set *set,
    struct view seed, EVP_PKEY **out)
{
	/* OpenSSL's member is not const; nothing is written there */
	OSSL_PARAM params[2] = {OSSL_PARAM_construct_octet_string("seed",
				    (void *)(uintptr_t)seed.ptr, seed.len),
	    OSSL_PARAM_construct_end()};

	*out = NULL;
	return (crypto_key_from_params(
		    c->module->crypto, set->name, EVP_PKEY_KEYPAIR, params, out)
		    ? CKR_OK
		    : not_taken(CKR_PARAMETER_SET_NOT_SUPPORTED));
}

/* ML-DSA and ML-KEM: the bytes are the key. */
static CK_RV
of_set(struct call *c, const struct attrset *b, EVP_PKEY **out)
{
	OSSL_LIB_CTX *lib = c->module->crypto->lib;
	const struct parameter_set *set = pkey_set_of_attrs(b);
	struct view v = attrset_view(b, CKA_VALUE);

	if (set == NULL)
		return (CKR_PARAMETER_SET_NOT_SUPPORTED);
	*out = b->class == CKO_PRIVATE_KEY
		   ? EVP_PKEY_new_raw_private_key_ex(
			 lib, set->name, NULL, v.ptr, v.len)
		   : EVP_PKEY_new_raw_public_key_ex(
			 lib, set->name, NULL, v.ptr, v.len);
	return (
	    *out != NULL ? CKR_OK : not_taken(CKR_PARAMETER_SET_NOT_SUPPORTED));
}

CK_RV
pkey_from_attrs(struct call *c, const struct attrset *b, EVP_PKEY **out)
{
	const struct curve *curve;

	*out = NULL;
	if (b->class != CKO_PUBLIC_KEY && b->class != CKO_PRIVATE_KEY)
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (b->type == CKK_RSA)
		return (rsa_of_attrset(c, b, out));
	if (b->type == CKK_DSA)
		return (dsa_of_attrset(c, b, out));
	if (parameter_set_has(b->type))
		return (of_set(c, b, out));
	curve = curve_find(b->type, attrset_view(b, CKA_EC_PARAMS));
	if (curve == NULL)
		return (CKR_CURVE_NOT_SUPPORTED);
	return (curve->type == CKK_EC ? ec_of_attrset(c, b, curve, out)
				      : raw_of_attrset(c, b, curve, out));
}

CK_RV
pkey_from_object(struct call *c, const struct object *o, EVP_PKEY **out)
{
	const struct pubkey *p;
	CK_RV rv;

	if (o->attrs != NULL) {
		rv = pkey_from_attrs(c, o->attrs, out);
		return (rv == CKR_ATTRIBUTE_VALUE_INVALID
			    ? call_error(c, CKR_FUNCTION_FAILED,
				  "OpenSSL does not take the key")
			    : rv);
	}
	if ((rv = pubkey_get(c, o->key, &p)) != CKR_OK)
		return (rv);
	if (p->pkey == NULL || EVP_PKEY_up_ref(p->pkey) != 1)
		return (call_error(c, CKR_MECHANISM_INVALID,
		    "this OpenSSL does not know the public key"));
	*out = p->pkey;
	return (CKR_OK);
}

const struct parameter_set *
pkey_parameter_set(const struct object *o)
{
	return (o->attrs != NULL ? pkey_set_of_attrs(o->attrs)
				 : parameter_set_find(
				       o->key->spec->type, o->key->spec->bits));
}

size_t
pkey_bits(const struct object *o)
{
	const struct parameter_set *set;
	const struct curve *curve;

	if (o->key != NULL)
		return (o->key->spec->bits);
	if (o->attrs == NULL)
		return (0);
	if (o->attrs->type == CKK_RSA)
		return (number_bits(attrset_view(o->attrs, CKA_MODULUS)));
	if (ffc_is_type(o->attrs->type))
		return (number_bits(attrset_view(o->attrs, CKA_PRIME)));
	if ((set = pkey_set_of_attrs(o->attrs)) != NULL)
		return (set->public);
	curve = curve_find(
	    o->attrs->type, attrset_view(o->attrs, CKA_EC_PARAMS));
	return (curve != NULL ? curve->bits : 0);
}
