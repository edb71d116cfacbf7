/* Key pairs that are imported: what PKCS#8 may look like, and what has to be
 * consistent with itself and with the key's spec. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "localkms.h"
#include "key/material.h"
#include "tap.h"

#define FOREVER ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""

static EVP_PKEY *
make_rsa(const char *type, int bits, int primes)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *pkey = NULL;

	if (ctx == NULL || EVP_PKEY_keygen_init(ctx) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, bits) != 1 ||
	    EVP_PKEY_CTX_set_rsa_keygen_primes(ctx, primes) != 1 ||
	    EVP_PKEY_keygen(ctx, &pkey) != 1)
		tap_bail();
	EVP_PKEY_CTX_free(ctx);
	return (pkey);
}

static EVP_PKEY *
make_ec(const char *group)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", group);

	if (pkey == NULL)
		tap_bail();
	return (pkey);
}

/* PKCS#8; the key goes. */
static void
encode(EVP_PKEY *pkey, struct buf *out)
{
	if (pkey == NULL || !material_pkcs8(pkey, out))
		tap_bail();
	EVP_PKEY_free(pkey);
}

/* What follows makes one case each. */

static void
good_rsa(struct buf *out)
{
	encode(make_rsa("RSA", 2048, 2), out);
}

static void
good_ec(struct buf *out)
{
	encode(make_ec("P-256"), out);
}

static void
set_text(EVP_PKEY *pkey, const char *name, const char *value)
{
	if (EVP_PKEY_set_utf8_string_param(pkey, name, value) != 1)
		tap_bail();
}

static void
compressed_point(struct buf *out)
{
	EVP_PKEY *pkey = make_ec("P-256");

	set_text(
	    pkey, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed");
	encode(pkey, out);
}

static void
no_point(struct buf *out)
{
	EVP_PKEY *pkey = make_ec("P-256");
	int no = 0;
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, &no),
	    OSSL_PARAM_construct_end()};

	if (EVP_PKEY_set_params(pkey, params) != 1)
		tap_bail();
	encode(pkey, out);
}

static void
explicit_curve(struct buf *out)
{
	EVP_PKEY *pkey = make_ec("P-256");

	set_text(pkey, OSSL_PKEY_PARAM_EC_ENCODING, "explicit");
	encode(pkey, out);
}

/* The public half of another key, whose place is the end. */
static void
other_point(struct buf *out)
{
	struct buf other = BUF_INIT(KEY_MATERIAL_MAX);

	good_ec(out);
	good_ec(&other);
	memcpy(out->ptr + out->len - 64, other.ptr + other.len - 64, 64);
	buf_free(&other);
}

static void
no_such_point(struct buf *out)
{
	good_ec(out);
	out->ptr[out->len - 1] ^= 1;
}

static void
trailing_byte(struct buf *out)
{
	good_ec(out);
	if (buf_append(out, VIEW("", 1)) != ERR_OK)
		tap_bail();
}

static void
cut_short(struct buf *out)
{
	good_rsa(out);
	out->len--;
}

static void
other_curve(struct buf *out)
{
	encode(make_ec("secp256k1"), out);
}

static void
larger_curve(struct buf *out)
{
	encode(make_ec("P-384"), out);
}

static void
ed25519(struct buf *out)
{
	encode(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), out);
}

static void
larger_rsa(struct buf *out)
{
	encode(make_rsa("RSA", 3072, 2), out);
}

static void
odd_rsa(struct buf *out)
{
	encode(make_rsa("RSA", 2056, 2), out);
}

static void
pss_only(struct buf *out)
{
	encode(make_rsa("RSA-PSS", 2048, 2), out);
}

static void
three_primes(struct buf *out)
{
	encode(make_rsa("RSA", 2048, 3), out);
}

/* The last of an RSA key is the CRT coefficient. */
static void
wrong_coefficient(struct buf *out)
{
	good_rsa(out);
	out->ptr[out->len - 1] ^= 1;
}

/* The modulus begins 38 bytes into PKCS#8 of 2048 bits. */
static void
wrong_modulus(struct buf *out)
{
	good_rsa(out);
	out->ptr[100] ^= 1;
}

static void
not_pkcs8(EVP_PKEY *pkey, struct buf *out)
{
	unsigned char *der = NULL;
	int n = i2d_PrivateKey(pkey, &der);

	if (n <= 0 || buf_append(out, VIEW(der, (size_t)n)) != ERR_OK)
		tap_bail();
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

static void
pkcs1(struct buf *out)
{
	not_pkcs8(make_rsa("RSA", 2048, 2), out);
}

static void
sec1(struct buf *out)
{
	not_pkcs8(make_ec("P-256"), out);
}

static void
public_half(struct buf *out)
{
	EVP_PKEY *pkey = make_ec("P-256");
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);

	if (n <= 0 || buf_append(out, VIEW(der, (size_t)n)) != ERR_OK)
		tap_bail();
	OPENSSL_free(der);
	EVP_PKEY_free(pkey);
}

/* clang-format off */
static const struct {
	const char *name, *spec;
	void (*make)(struct buf *);
	bool taken;
} cases[] = {
	{ "an RSA key", "RSA_2048", good_rsa, true },
	{ "an EC key", "ECC_NIST_P256", good_ec, true },
	{ "with a compressed point", "ECC_NIST_P256", compressed_point, true },
	{ "without a public half", "ECC_NIST_P256", no_point, true },
	{ "parameters instead of a name", "ECC_NIST_P256", explicit_curve,
	    false },
	{ "another's public half", "ECC_NIST_P256", other_point, false },
	{ "a point off the curve", "ECC_NIST_P256", no_such_point, false },
	{ "a byte too many", "ECC_NIST_P256", trailing_byte, false },
	{ "a byte too few", "RSA_2048", cut_short, false },
	{ "another curve", "ECC_NIST_P256", other_curve, false },
	{ "a larger curve", "ECC_NIST_P256", larger_curve, false },
	{ "Ed25519", "ECC_NIST_P256", ed25519, false },
	{ "RSA", "ECC_NIST_P256", good_rsa, false },
	{ "EC", "RSA_2048", good_ec, false },
	{ "3072 bits", "RSA_2048", larger_rsa, false },
	{ "2056 bits", "RSA_2048", odd_rsa, false },
	{ "RSA for PSS only", "RSA_2048", pss_only, false },
	{ "three primes", "RSA_2048", three_primes, false },
	{ "a wrong CRT coefficient", "RSA_2048", wrong_coefficient, false },
	{ "a wrong modulus", "RSA_2048", wrong_modulus, false },
	{ "PKCS#1", "RSA_2048", pkcs1, false },
	{ "SEC 1", "ECC_NIST_P256", sec1, false },
	{ "a public key", "ECC_NIST_P256", public_half, false },
};
/* clang-format on */

static void
run_case(struct localkms *l, size_t i)
{
	struct buf clear = BUF_INIT(KEY_MATERIAL_MAX);
	char members[128], *key;
	bool taken;

	snprintf(members, sizeof(members),
	    "\"Origin\":\"EXTERNAL\",\"KeySpec\":\"%s\",\"KeyUsage\":"
	    "\"SIGN_VERIFY\"",
	    cases[i].spec);
	key = localkms_key(l, members);
	cases[i].make(&clear);
	taken = localkms_import(l, key, buf_view(&clear),
	    "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048", FOREVER);
	OK(taken == cases[i].taken &&
		(taken || strcmp(localkms_text(l, "__type"),
			      "IncorrectKeyMaterialException") == 0),
	    "%s for %s: %s", cases[i].name, cases[i].spec,
	    cases[i].taken ? "taken" : "refused");
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key) &&
		strcmp(localkms_text(l, "KeyMetadata.KeyState"),
		    cases[i].taken ? "Enabled" : "PendingImport") == 0,
	    "and the key's state is as it should be");
	/* whatever form it had, the same key in its usual form is the same */
	if (cases[i].taken)
		OK(localkms_import(l, key, buf_view(&clear),
		       "RSA_AES_KEY_WRAP_SHA_1", "RSA_2048", FOREVER),
		    "imported again");
	buf_free(&clear);
	free(key);
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&l, i);
	localkms_close(&l);
	return (tap_done());
}
