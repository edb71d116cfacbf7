#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include "key/material.h"
#include "hex.h"

bool
material_pkcs8(EVP_PKEY *pkey, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	int n = info == NULL ? -1 : i2d_PKCS8_PRIV_KEY_INFO(info, &der);
	bool ok = n > 0 && buf_append(out, VIEW(der, (size_t)n)) == ERR_OK;

	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
	return (ok);
}

static bool
generate_raw(struct material *m, size_t len)
{
	if (buf_reserve(&m->bytes, len) != ERR_OK ||
	    RAND_bytes(m->bytes.ptr, (int)len) != 1)
		return (false);
	m->bytes.len = len;
	return (true);
}

bool
material_generate(
    struct material *m, const struct spec *spec, struct rsa_stock *rsa_stock)
{
	if (spec->type == NULL)
		return (generate_raw(m, spec->bits / 8));
	if (spec->family == FAMILY_RSA)
		m->pkey = rsa_stock_take(rsa_stock, spec->bits);
	else if (spec->family == FAMILY_EC)
		m->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", spec->group);
	else
		m->pkey = EVP_PKEY_Q_keygen(NULL, NULL, spec->type);
	return (m->pkey != NULL && material_pkcs8(m->pkey, &m->bytes));
}

/* An AES key has exactly the length of its spec, an HMAC key the length of the
 * hash up to 1024 bits. */
static bool
read_raw(struct material *m, const struct spec *spec, struct view clear)
{
	size_t least = spec->bits / 8;
	size_t most = spec->family == FAMILY_HMAC ? 128 : least;

	return (clear.len >= least && clear.len <= most &&
		buf_append(&m->bytes, clear) == ERR_OK);
}

/* RSA: two primes and the right size. EC: the right curve, given by name. */
static bool
is_of_spec(EVP_PKEY *pkey, const struct spec *spec)
{
	char group[64] = "";
	int explicit_curve = 0;
	BIGNUM *third = NULL;

	if (EVP_PKEY_is_a(pkey, spec->type) != 1)
		return (false);
	if (spec->family == FAMILY_RSA) {
		(void)EVP_PKEY_get_bn_param(
		    pkey, OSSL_PKEY_PARAM_RSA_FACTOR3, &third);
		BN_clear_free(third);
		return (third == NULL &&
			EVP_PKEY_get_bits(pkey) == (int)spec->bits);
	}
	/* OpenSSL finds the name of a curve whose parameters are spelled out */
	(void)EVP_PKEY_get_int_param(pkey,
	    OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit_curve);
	return (explicit_curve == 0 &&
		EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME,
		    group, sizeof(group), NULL) == 1 &&
		strcmp(group, spec->group) == 0);
}

/* PKCS#8 may leave the public key out, or hold a wrong one: OpenSSL derives it
 * from the private key and compares. */
static bool
is_consistent(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
	bool ok = ctx != NULL && EVP_PKEY_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return (ok);
}

bool
material_read(struct material *m, const struct spec *spec, struct view clear)
{
	PKCS8_PRIV_KEY_INFO *info = NULL;
	const unsigned char *p = clear.ptr;
	bool ok = false;

	if (spec->type == NULL)
		return (read_raw(m, spec, clear));
	info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)clear.len);
	if (info == NULL || p != clear.ptr + clear.len ||
	    (m->pkey = EVP_PKCS82PKEY(info)) == NULL)
		goto out;
	ok = is_of_spec(m->pkey, spec) && is_consistent(m->pkey) &&
	     material_pkcs8(m->pkey, &m->bytes);
out:
	PKCS8_PRIV_KEY_INFO_free(info);
	return (ok);
}

bool
material_copy_bytes(struct material *to, const struct material *from)
{
	if (buf_append(&to->bytes, buf_view(&from->bytes)) != ERR_OK)
		return (false);
	to->pkey = from->pkey;
	if (to->pkey != NULL)
		EVP_PKEY_up_ref(to->pkey);
	return (true);
}

bool
material_public(const struct material *m, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(m->pkey, &der);
	bool ok = n > 0 && buf_append(out, VIEW(der, (size_t)n)) == ERR_OK;

	OPENSSL_free(der);
	return (ok);
}

bool
material_set_id(struct material *m, const char *key_id)
{
	/* the public key identifies a key pair, however PKCS#8 encodes it */
	struct buf text = BUF_INIT(2 * KEY_MATERIAL_MAX);
	uint8_t hash[SHA256_DIGEST_LENGTH];
	bool ok = buf_puts(&text, "keyferry-localkms material:") == ERR_OK &&
		  buf_puts(&text, key_id) == ERR_OK &&
		  (m->pkey != NULL
			  ? material_public(m, &text)
			  : buf_append(&text, buf_view(&m->bytes)) == ERR_OK);

	if (ok) {
		SHA256(text.ptr, text.len, hash);
		hex_write(hash, sizeof(hash), m->id);
	}
	buf_free(&text);
	return (ok);
}

bool
material_is_present(const struct material *m)
{
	return (m->bytes.len != 0);
}

void
material_forget(struct material *m)
{
	buf_free(&m->bytes);
	EVP_PKEY_free(m->pkey);
	m->pkey = NULL;
	m->valid_to_ms = 0;
}
