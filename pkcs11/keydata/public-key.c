#include <string.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include "crypto-key.h"
#include "cryptoki/der.h"
#include "curve.h"
#include "der-read.h"
#include "number.h"
#include "parameter-set.h"
#include "public-key.h"

#define RSA_BYTES_MAX_PUBLIC 2048 /* 16,384 bits, as OpenSSL has it */
#define ED25519_OID VIEW_STR("\x06\x03\x2b\x65\x70") /* RFC 8410 */

/* RSAPublicKey (RFC 8017, appendix A.1.1) */
static enum err
read_rsa(struct view bits, struct public_key *out)
{
	struct view body;

	out->type = CKK_RSA;
	if (!der_take(&bits, DER_SEQUENCE, &body) || bits.len != 0 ||
	    !der_take_number(&body, &out->modulus) ||
	    !der_take_number(&body, &out->exponent) || body.len != 0)
		return (ERR_DATA);
	return (out->modulus.len != 0 && out->exponent.len != 0 &&
			out->modulus.len <= RSA_BYTES_MAX_PUBLIC &&
			out->exponent.len <= out->modulus.len
		    ? ERR_OK
		    : ERR_DATA);
}

static enum err
read_point(CK_KEY_TYPE type, struct view params, struct view bits,
    struct public_key *out)
{
	out->type = type;
	if ((out->curve = curve_find(type, params)) == NULL)
		return (ERR_DATA);
	return (curve_read_point(out->curve, bits,
		    POINT_PLAIN | POINT_COMPRESSED, &out->value)
		    ? ERR_OK
		    : ERR_DATA);
}

static enum err
read_of_set(struct view algorithm, struct view bits, struct public_key *out)
{
	const struct parameter_set *set = parameter_set_of_oid(algorithm);

	if (set == NULL || bits.len != set->public)
		return (ERR_DATA);
	out->type = set->type;
	out->set = set;
	out->value = bits;
	return (ERR_OK);
}

enum err
public_key_read(struct view der, struct public_key *out)
{
	struct view info, algorithm, bits;

	*out = (struct public_key){.curve = NULL};
	if (!der_take(&der, DER_SEQUENCE, &info) || der.len != 0 ||
	    !der_take(&info, DER_SEQUENCE, &algorithm) ||
	    !der_take(&info, DER_BITS, &bits) || info.len != 0 ||
	    !der_take_bytes(&bits, VIEW("", 1))) /* no unused bits */
		return (ERR_DATA);
	if (der_take_bytes(&algorithm, DER_RSA))
		return (view_equal(algorithm, DER_NULL) ? read_rsa(bits, out)
							: ERR_DATA);
	if (der_take_bytes(&algorithm, DER_EC))
		return (read_point(CKK_EC, algorithm, bits, out));
	if (view_equal(algorithm, ED25519_OID))
		return (read_point(CKK_EC_EDWARDS, algorithm, bits, out));
	return (read_of_set(algorithm, bits, out));
}

/* What OpenSSL does not take. */
static enum err
not_loaded(void)
{
	switch (crypto_reason()) {
	case CRYPTO_NONE:
	case CRYPTO_NO_MEMORY:
		return (ERR_MEMORY);
	case CRYPTO_UNSUPPORTED:
		return (ERR_UNSUPPORTED);
	default:
		return (ERR_DATA);
	}
}

static enum err
from_params(const struct crypto *crypto, const char *type, OSSL_PARAM *params,
    EVP_PKEY **out)
{
	bool done = crypto_key_from_params(
	    crypto, type, EVP_PKEY_PUBLIC_KEY, params, out);

	return (done ? ERR_OK : not_loaded());
}

static enum err
load_rsa(
    const struct crypto *crypto, const struct public_key *k, EVP_PKEY **out)
{
	uint8_t n[RSA_BYTES_MAX_PUBLIC], e[RSA_BYTES_MAX_PUBLIC];
	OSSL_PARAM params[3];
	enum err done;

	number_reverse(k->modulus, n);
	number_reverse(k->exponent, e);
	params[0] = OSSL_PARAM_construct_BN(
	    OSSL_PKEY_PARAM_RSA_N, n, k->modulus.len);
	params[1] = OSSL_PARAM_construct_BN(
	    OSSL_PKEY_PARAM_RSA_E, e, k->exponent.len);
	params[2] = OSSL_PARAM_construct_end();
	/* two numbers are always a key: it is nothing that they lack */
	done = from_params(crypto, CRYPTO_TYPE_RSA, params, out);
	return (done == ERR_DATA ? ERR_INTERNAL : done);
}

static enum err
load_ec(const struct crypto *crypto, const struct public_key *k, EVP_PKEY **out)
{
	char name[16];
	uint8_t point[CURVE_POINT_MAX];
	OSSL_PARAM params[3];

	OPENSSL_strlcpy(name, k->curve->name, sizeof(name));
	memcpy(point, k->value.ptr, k->value.len);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    OSSL_PKEY_PARAM_GROUP_NAME, name, 0);
	params[1] = OSSL_PARAM_construct_octet_string(
	    OSSL_PKEY_PARAM_PUB_KEY, point, k->value.len);
	params[2] = OSSL_PARAM_construct_end();
	return (from_params(crypto, CRYPTO_TYPE_EC, params, out));
}

enum err
public_key_load(
    const struct crypto *crypto, const struct public_key *k, EVP_PKEY **out)
{
	*out = NULL;
	if (k->type == CKK_RSA)
		return (load_rsa(crypto, k, out));
	if (k->type == CKK_EC)
		return (load_ec(crypto, k, out));
	*out = EVP_PKEY_new_raw_public_key_ex(crypto->lib,
	    k->set != NULL ? k->set->name : k->curve->name, NULL, k->value.ptr,
	    k->value.len);
	return (*out != NULL ? ERR_OK : not_loaded());
}

enum err
public_key_open(const struct crypto *crypto, struct view der, EVP_PKEY **out)
{
	struct public_key k;
	enum err e;

	*out = NULL;
	if ((e = public_key_read(der, &k)) == ERR_OK)
		e = public_key_load(crypto, &k, out);
	return (e);
}
