#include <string.h>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include "crypto-key.h"
#include "cryptoki/der.h"
#include "curve.h"
#include "der-read.h"
#include "number.h"
#include "public-key.h"

#define RSA_BYTES_MAX_PUBLIC 2048 /* 16,384 bits, as OpenSSL has it */
#define ED25519_OID VIEW_STR("\x06\x03\x2b\x65\x70") /* RFC 8410 */
/* Of NIST's algorithms, but for the last two bytes (RFC 9881, RFC 9935). */
#define NIST_OID VIEW_STR("\x06\x09\x60\x86\x48\x01\x65\x03\x04")

/* FIPS 203 and 204: the length of a public key, in bytes. */
static const struct lattice {
	uint8_t oid[2];
	CK_KEY_TYPE type;
	CK_ULONG set;
	size_t len;
	const char *name; /* OpenSSL's */
} lattices[] = {
    {{3, 17}, CKK_ML_DSA, CKP_ML_DSA_44, 1312, "ML-DSA-44"},
    {{3, 18}, CKK_ML_DSA, CKP_ML_DSA_65, 1952, "ML-DSA-65"},
    {{3, 19}, CKK_ML_DSA, CKP_ML_DSA_87, 2592, "ML-DSA-87"},
    {{4, 1}, CKK_ML_KEM, CKP_ML_KEM_512, 800, "ML-KEM-512"},
    {{4, 2}, CKK_ML_KEM, CKP_ML_KEM_768, 1184, "ML-KEM-768"},
    {{4, 3}, CKK_ML_KEM, CKP_ML_KEM_1024, 1568, "ML-KEM-1024"},
};

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
read_lattice(struct view algorithm, struct view bits, struct public_key *out)
{
	const struct lattice *l;

	if (!der_take_bytes(&algorithm, NIST_OID))
		return (ERR_DATA);
	for (l = lattices; l < lattices + sizeof(lattices) / sizeof(*l); l++)
		if (view_equal(algorithm, VIEW(l->oid, sizeof(l->oid)))) {
			out->type = l->type;
			out->parameter_set = l->set;
			out->value = bits;
			return (bits.len == l->len ? ERR_OK : ERR_DATA);
		}
	return (ERR_DATA);
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
	return (read_lattice(algorithm, bits, out));
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

static const char *
raw_name(const struct public_key *k)
{
	const struct lattice *l = lattices;

	if (k->type == CKK_EC_EDWARDS)
		return (k->curve->name);
	while (l->type != k->type || l->set != k->parameter_set)
		l++;
	return (l->name);
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
	*out = EVP_PKEY_new_raw_public_key_ex(
	    crypto->lib, raw_name(k), NULL, k->value.ptr, k->value.len);
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
