#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/rand.h>
#include "crypto-key.h"
#include "keydata/number.h"
#include "keydata/rsa.h"
#include "keydata/curve.h"
#include "keydata/parameter-set.h"
#include "object/template-builder.h"
#include "generate-local.h"
#include "object/ffc-attrs.h"
#include "object/object-schema.h"
#include "object/session-object.h"
#include "object/pkey.h"

#define SECRET_MAX 4096 /* bytes of a secret key */
#define PART_MAX PARAMETER_SET_PRIVATE_MAX /* bytes; a number has 512 */

/* Made here and never elsewhere. */
static struct provenance
generated_here_by(const CK_MECHANISM *m)
{
	return ((struct provenance){m->mechanism, true, true});
}

CK_RV
generate_len(struct call *c, struct template t, CK_KEY_TYPE type, size_t *len)
{
	*len = template_ulong(t, CKA_VALUE_LEN, schema_key_length(type));
	if (*len == 0 && !template_has(t, CKA_VALUE_LEN))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_VALUE_LEN is missing"));
	if (*len > SECRET_MAX || !schema_key_length_fits(type, *len))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "a key of that type cannot have %zu bytes", *len));
	return (CKR_OK);
}

static CK_RV
random_bytes(struct call *c, const CK_MECHANISM *m, size_t len, struct buf *out)
{
	(void)m;
	if (buf_reserve(out, len) != ERR_OK)
		return (CKR_HOST_MEMORY);
	if (RAND_priv_bytes_ex(c->module->crypto->lib, out->ptr, len, 0) != 1)
		return (CKR_FUNCTION_FAILED);
	out->len = len;
	return (CKR_OK);
}

CK_KEY_TYPE
generate_type(const struct mech *row, struct template t)
{
	CK_KEY_TYPE type = template_ulong(t, CKA_KEY_TYPE, row->key_type);

	return (row->key_type == CKK_GENERIC_SECRET && type != CKK_AES
		    ? type
		    : row->key_type);
}

CK_RV
generate_secret_of(struct call *c, const CK_MECHANISM *m, struct template t,
    CK_KEY_TYPE type, secret_maker *make, CK_OBJECT_HANDLE *handle)
{
	struct attr_target target = {
	    CKO_SECRET_KEY, type, ATTR_GENERATE, false};
	struct provenance origin = generated_here_by(m);
	struct buf value = BUF_SECRET(SECRET_MAX, c->module->arena);
	struct template_builder d = {.rows = NULL};
	size_t len;
	CK_RV rv;

	if ((rv = builder_begin(c, &d, t, &target)) != CKR_OK ||
	    (rv = generate_len(c, t, target.type, &len)) != CKR_OK ||
	    (rv = make(c, m, len, &value)) != CKR_OK)
		goto out;
	builder_drop(&d, CKA_VALUE_LEN);
	builder_set(&d, CKA_VALUE, buf_view(&value));
	if ((rv = builder_finish(&d)) == CKR_OK)
		rv = session_object_make(
		    c, builder_template(&d), &origin, handle);
out:
	builder_free(&d);
	buf_free(&value);
	return (rv);
}

static CK_RV
generate_secret(struct call *c, const CK_MECHANISM *m, struct template t,
    CK_OBJECT_HANDLE *handle)
{
	const struct mech *row = mech_find(m->mechanism, CKF_GENERATE);

	return (generate_secret_of(
	    c, m, t, generate_type(row, t), random_bytes, handle));
}

/* Pairs. OpenSSL makes them in memory of its own, which it wipes when they are
 * freed; what is kept goes straight into the arena. */

struct pair_builder {
	struct attr_target public_target, private_target;
	struct template_builder public, private;
	struct provenance origin;
	struct buf parts[RSA_PARTS]; /* of the arena */
	EVP_PKEY *pkey;
};

static void
pair_free(struct pair_builder *p)
{
	builder_free(&p->public);
	builder_free(&p->private);
	for (size_t i = 0; i < RSA_PARTS; i++)
		buf_free(&p->parts[i]);
	EVP_PKEY_free(p->pkey);
}

static CK_RV
pair_begin(struct call *c, const CK_MECHANISM *m, struct template public_t,
    struct template private_t, struct pair_builder *p)
{
	const struct mech *row = mech_find(m->mechanism, CKF_GENERATE_KEY_PAIR);
	CK_RV rv;

	*p = (struct pair_builder){.origin = generated_here_by(m)};
	p->public_target = (struct attr_target){
	    CKO_PUBLIC_KEY, row->key_type, ATTR_GENERATE, false};
	p->private_target = (struct attr_target){
	    CKO_PRIVATE_KEY, row->key_type, ATTR_GENERATE, false};
	for (size_t i = 0; i < RSA_PARTS; i++)
		p->parts[i] = (struct buf)BUF_SECRET(
		    PART_MAX, c->module->arena);
	if (template_bool(public_t, CKA_TOKEN, false))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "both halves of a key pair must have the same CKA_TOKEN"));
	rv = builder_begin(c, &p->public, public_t, &p->public_target);
	if (rv == CKR_OK)
		rv = builder_begin(
		    c, &p->private, private_t, &p->private_target);
	return (rv);
}

/* Both objects appear, or none. */
static CK_RV
pair_make(struct call *c, struct pair_builder *p, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	struct attrset *public = NULL, *private = NULL;
	CK_OBJECT_HANDLE first;
	CK_RV rv;

	if ((rv = builder_finish(&p->public)) != CKR_OK ||
	    (rv = builder_finish(&p->private)) != CKR_OK ||
	    (rv = session_object_build(c, builder_template(&p->public),
		 &p->origin, &public)) != CKR_OK ||
	    (rv = session_object_build(c, builder_template(&p->private),
		 &p->origin, &private)) != CKR_OK ||
	    (rv = session_object_add(c, public, &first)) != CKR_OK)
		goto out;
	if ((rv = session_object_add(c, private, private_key)) == CKR_OK)
		*public_key = first;
	else
		(void)object_table_remove(&c->token->objects, first);
out:
	attrset_unref(public);
	attrset_unref(private);
	return (rv);
}

static CK_RV
take_number(EVP_PKEY *pkey, const char *name, size_t width, struct buf *out)
{
	BIGNUM *n = NULL;
	size_t len;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (EVP_PKEY_get_bn_param(pkey, name, &n) != 1)
		return (rv);
	len = width != 0 ? width : (size_t)BN_num_bytes(n);
	if (buf_reserve(out, len) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else if (BN_bn2binpad(n, out->ptr, (int)len) == (int)len)
		rv = CKR_OK;
	if (rv == CKR_OK)
		out->len = len;
	BN_clear_free(n);
	return (rv);
}

/* The provider may refuse what the mechanism has: that of FIPS does. */
static CK_RV
not_generated(struct call *c)
{
	switch (crypto_reason()) {
	case CRYPTO_NONE:
	case CRYPTO_NO_MEMORY:
		return (CKR_HOST_MEMORY);
	case CRYPTO_KEY_SIZE:
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "OpenSSL's provider generates no key of that size"));
	case CRYPTO_UNSUPPORTED:
		return (call_error(c, CKR_CURVE_NOT_SUPPORTED,
		    "OpenSSL's provider does not have that curve"));
	default:
		return (CKR_FUNCTION_FAILED);
	}
}

static CK_RV
keygen(
    struct call *c, const char *type, const OSSL_PARAM *params, EVP_PKEY **out)
{
	return (crypto_key_generate(c->module->crypto, type, params, out)
		    ? CKR_OK
		    : not_generated(c));
}

/* CKA_PUBLIC_EXPONENT, in the machine's order; 65537 where it is absent.
 * CKR_TEMPLATE_INCONSISTENT: PKCS#11 3.2, section 6.1.4. */
static CK_RV
read_exponent(
    struct call *c, struct template t, uint8_t e[sizeof(uint64_t)], size_t *len)
{
	static const uint8_t usual[] = {1, 0, 1};
	struct view v = number_trim(template_view(t, CKA_PUBLIC_EXPONENT));

	if (!template_has(t, CKA_PUBLIC_EXPONENT))
		v = VIEW(usual, sizeof(usual));
	/* FIPS 186-5, section A.1.1, but for 3 to 65535, which some have */
	if (v.len == 0 || v.len > sizeof(uint64_t) ||
	    (v.ptr[v.len - 1] & 1) == 0 || (v.len == 1 && v.ptr[0] == 1))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "an RSA key cannot be generated with that exponent"));
	number_reverse(v, e);
	*len = v.len;
	return (CKR_OK);
}

static CK_RV
rsa_keygen(
    struct call *c, const CK_MECHANISM *m, struct template t, EVP_PKEY **out)
{
	const struct mech *row = mech_find(m->mechanism, CKF_GENERATE_KEY_PAIR);
	CK_ULONG bits = template_ulong(t, CKA_MODULUS_BITS, 0);
	uint8_t e[sizeof(uint64_t)];
	size_t size = bits, e_len = 0;
	OSSL_PARAM params[3];
	CK_RV rv;

	if (!template_has(t, CKA_MODULUS_BITS))
		return (call_error(
		    c, CKR_TEMPLATE_INCOMPLETE, "CKA_MODULUS_BITS is missing"));
	if (bits < row->min || bits > row->max || bits % 8 != 0)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "RSA keys made here have %lu to %lu bits", row->min,
		    row->max));
	if ((rv = read_exponent(c, t, e, &e_len)) != CKR_OK)
		return (rv);
	params[0] = OSSL_PARAM_construct_size_t(
	    OSSL_PKEY_PARAM_RSA_BITS, &size);
	params[1] = OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e, e_len);
	params[2] = OSSL_PARAM_construct_end();
	return (keygen(c, CRYPTO_TYPE_RSA, params, out));
}

static CK_RV
generate_rsa(struct call *c, const CK_MECHANISM *m, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	struct pair_builder p;
	CK_RV rv = pair_begin(c, m, public_t, private_t, &p);

	if (rv == CKR_OK)
		rv = rsa_keygen(c, m, public_t, &p.pkey);
	builder_drop(&p.public, CKA_MODULUS_BITS);
	for (size_t i = 0; i < RSA_PARTS && rv == CKR_OK; i++) {
		rv = take_number(
		    p.pkey, rsa_part_names[i].openssl, 0, &p.parts[i]);
		builder_set(
		    &p.private, rsa_part_names[i].type, buf_view(&p.parts[i]));
		if (i < 2)
			builder_set(&p.public, rsa_part_names[i].type,
			    buf_view(&p.parts[i]));
	}
	if (rv == CKR_OK)
		rv = pair_make(c, &p, public_key, private_key);
	pair_free(&p);
	return (rv);
}

static CK_RV
ec_keygen(struct call *c, const struct curve *curve, EVP_PKEY **out)
{
	char name[16];
	OSSL_PARAM params[2] = {
	    OSSL_PARAM_construct_end(), OSSL_PARAM_construct_end()};

	OPENSSL_strlcpy(name, curve->name, sizeof(name));
	if (curve->type != CKK_EC)
		return (keygen(c, curve->name, params, out));
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	return (keygen(c, CRYPTO_TYPE_EC, params, out));
}

/* The private value, then the public one. */
static CK_RV
ec_parts(const struct curve *curve, EVP_PKEY *pkey, struct buf parts[2])
{
	size_t n = curve->scalar, len = curve->point;

	if (buf_reserve(&parts[0], n) != ERR_OK ||
	    buf_reserve(&parts[1], len) != ERR_OK)
		return (CKR_HOST_MEMORY);
	if (EVP_PKEY_get_octet_string_param(
		pkey, OSSL_PKEY_PARAM_PUB_KEY, parts[1].ptr, len, &len) != 1)
		return (CKR_FUNCTION_FAILED);
	parts[1].len = len;
	if (curve->type == CKK_EC)
		return (
		    take_number(pkey, OSSL_PKEY_PARAM_PRIV_KEY, n, &parts[0]));
	if (EVP_PKEY_get_raw_private_key(pkey, parts[0].ptr, &n) != 1)
		return (CKR_FUNCTION_FAILED);
	parts[0].len = n;
	return (CKR_OK);
}

CK_RV
generate_curve_parts(
    struct call *c, const struct curve *curve, struct buf parts[2])
{
	EVP_PKEY *pkey = NULL;
	CK_RV rv = ec_keygen(c, curve, &pkey);

	if (rv == CKR_OK)
		rv = ec_parts(curve, pkey, parts);
	EVP_PKEY_free(pkey);
	return (rv);
}

static CK_RV
generate_ec(struct call *c, const CK_MECHANISM *m, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	struct view params = template_view(public_t, CKA_EC_PARAMS);
	const struct curve *curve = NULL;
	struct pair_builder p;
	CK_RV rv = pair_begin(c, m, public_t, private_t, &p);

	if (rv == CKR_OK && !template_has(public_t, CKA_EC_PARAMS))
		rv = call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "the public template must name the curve: CKA_EC_PARAMS");
	if (rv == CKR_OK &&
	    (curve = curve_find(p.public_target.type, params)) == NULL)
		rv = call_error(c, curve_refusal(params),
		    "CKA_EC_PARAMS names no curve that is known here");
	if (rv == CKR_OK)
		rv = generate_curve_parts(c, curve, p.parts);
	builder_set(&p.private, CKA_EC_PARAMS, params);
	builder_set(&p.private, CKA_VALUE, buf_view(&p.parts[0]));
	builder_set(&p.public, CKA_EC_POINT, buf_view(&p.parts[1]));
	if (rv == CKR_OK)
		rv = pair_make(c, &p, public_key, private_key);
	pair_free(&p);
	return (rv);
}

/* The private half, its seed and the public half. */
static CK_RV
set_parts(const struct parameter_set *set, EVP_PKEY *pkey, struct buf parts[3])
{
	const struct {
		const char *name;
		size_t len;
	} rows[] = {{OSSL_PKEY_PARAM_PRIV_KEY, set->private},
	    {"seed", set->seed}, {OSSL_PKEY_PARAM_PUB_KEY, set->public}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t len = rows[i].len;

		if (buf_reserve(&parts[i], len) != ERR_OK)
			return (CKR_HOST_MEMORY);
		if (EVP_PKEY_get_octet_string_param(
			pkey, rows[i].name, parts[i].ptr, len, &len) != 1 ||
		    len != rows[i].len)
			return (CKR_FUNCTION_FAILED);
		parts[i].len = len;
	}
	return (CKR_OK);
}

static CK_RV
find_set(struct call *c, CK_KEY_TYPE type, struct template t,
    const struct parameter_set **set)
{
	CK_ULONG number = template_ulong(t, CKA_PARAMETER_SET, 0);

	if (!template_has(t, CKA_PARAMETER_SET))
		return (call_error(c, CKR_TEMPLATE_INCOMPLETE,
		    "the public template must have CKA_PARAMETER_SET"));
	if ((*set = parameter_set_find(type, number)) == NULL)
		return (call_error(c, CKR_PARAMETER_SET_NOT_SUPPORTED,
		    "CKA_PARAMETER_SET is none that is known here"));
	return (CKR_OK);
}

static CK_RV
generate_of_set(struct call *c, const CK_MECHANISM *m, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	const struct parameter_set *set = NULL;
	const OSSL_PARAM none = OSSL_PARAM_construct_end();
	struct pair_builder p;
	CK_RV rv = pair_begin(c, m, public_t, private_t, &p);

	if (rv == CKR_OK &&
	    (rv = find_set(c, p.public_target.type, public_t, &set)) ==
		CKR_OK &&
	    (rv = keygen(c, set->name, &none, &p.pkey)) == CKR_OK &&
	    (rv = set_parts(set, p.pkey, p.parts)) == CKR_OK) {
		builder_set(&p.private, CKA_PARAMETER_SET,
		    VIEW(&set->number, sizeof(set->number)));
		builder_set(&p.private, CKA_VALUE, buf_view(&p.parts[0]));
		builder_set(&p.private, CKA_SEED, buf_view(&p.parts[1]));
		builder_set(&p.public, CKA_VALUE, buf_view(&p.parts[2]));
		rv = pair_make(c, &p, public_key, private_key);
	}
	pair_free(&p);
	return (rv);
}

/* The private value, then the public one. */
static CK_RV
ffc_parts(struct call *c, const struct ffc_group *g, struct template private_t,
    struct buf parts[2])
{
	const struct crypto *crypto = c->module->crypto;
	CK_ULONG bits = template_ulong(private_t, CKA_VALUE_BITS, 0);
	enum err e = ffc_check_group(crypto, g);

	if (e == ERR_DATA)
		return (call_error(c, CKR_DOMAIN_PARAMS_INVALID,
		    "the numbers of the public template are no such group"));
	if (bits == 0 && template_has(private_t, CKA_VALUE_BITS))
		e = ERR_DATA;
	if (e == ERR_OK)
		e = ffc_new_private(crypto, g, bits, &parts[0]);
	if (e == ERR_DATA)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "CKA_VALUE_BITS cannot be more than the prime has"));
	if (e == ERR_OK)
		e = ffc_public(crypto, g, buf_view(&parts[0]), &parts[1]);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
generate_ffc(struct call *c, const CK_MECHANISM *m, struct template public_t,
    struct template private_t, CK_OBJECT_HANDLE *public_key,
    CK_OBJECT_HANDLE *private_key)
{
	struct ffc_group g;
	struct pair_builder p;
	CK_RV rv = pair_begin(c, m, public_t, private_t, &p);

	if (rv == CKR_OK &&
	    (rv = ffc_of_template(c, p.public_target.type, public_t, &g)) ==
		CKR_OK &&
	    (rv = ffc_parts(c, &g, private_t, p.parts)) == CKR_OK) {
		builder_drop(&p.private, CKA_VALUE_BITS);
		builder_set(&p.private, CKA_PRIME, g.prime);
		builder_set(&p.private, CKA_BASE, g.base);
		if (p.public_target.type == CKK_DSA)
			builder_set(&p.private, CKA_SUBPRIME, g.subprime);
		builder_set(&p.private, CKA_VALUE, buf_view(&p.parts[0]));
		builder_set(&p.public, CKA_VALUE, buf_view(&p.parts[1]));
		rv = pair_make(c, &p, public_key, private_key);
	}
	pair_free(&p);
	return (rv);
}

const struct key_ops generate_secret_key_ops = {.generate = generate_secret};
const struct key_ops generate_rsa_ops = {.generate_pair = generate_rsa};
const struct key_ops generate_ec_ops = {.generate_pair = generate_ec};
const struct key_ops generate_of_set_ops = {.generate_pair = generate_of_set};
const struct key_ops generate_ffc_ops = {.generate_pair = generate_ffc};
