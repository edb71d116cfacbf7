#include <stdio.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/hmac.h>
#include <openssl/objects.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

#define KEK_LEN 32
#define TEXT "what the key in KMS is tried with"

/* clang-format off */
#define SECRET CKO_SECRET_KEY
#define PRIVATE CKO_PRIVATE_KEY
const struct external_key_kind external_key_aes =
	{ "SYMMETRIC_DEFAULT", SECRET, CKK_AES, NULL, 256, NULL, NULL };
const struct external_key_kind external_key_hmacs[] = {
	{ "HMAC_224", SECRET, CKK_SHA224_HMAC, NULL, 224,
	    "HMAC_SHA_224", "SHA224" },
	{ "HMAC_256", SECRET, CKK_SHA256_HMAC, NULL, 256,
	    "HMAC_SHA_256", "SHA256" },
	{ "HMAC_384", SECRET, CKK_SHA384_HMAC, NULL, 384,
	    "HMAC_SHA_384", "SHA384" },
	{ "HMAC_512", SECRET, CKK_SHA512_HMAC, NULL, 512,
	    "HMAC_SHA_512", "SHA512" },
};
#define RSA_KIND(n)							\
	{ "RSA_" #n, PRIVATE, CKK_RSA, NULL, n,				\
	    "RSASSA_PKCS1_V1_5_SHA_256", "SHA256" }
const struct external_key_kind external_key_rsas[] = {
	RSA_KIND(2048), RSA_KIND(3072), RSA_KIND(4096) };
const struct external_key_kind external_key_rsa_2048 = RSA_KIND(2048);
const struct external_key_kind external_key_ecs[] = {
	{ "ECC_NIST_P256", PRIVATE, CKK_EC, "P-256", 0,
	    "ECDSA_SHA_256", "SHA256" },
	{ "ECC_NIST_P384", PRIVATE, CKK_EC, "P-384", 0,
	    "ECDSA_SHA_384", "SHA384" },
	{ "ECC_NIST_P521", PRIVATE, CKK_EC, "P-521", 0,
	    "ECDSA_SHA_512", "SHA512" },
	{ "ECC_SECG_P256K1", PRIVATE, CKK_EC, "secp256k1", 0,
	    "ECDSA_SHA_256", "SHA256" },
};
/* clang-format on */

static void
add(struct external_key *o, unsigned part, CK_ATTRIBUTE_TYPE type, size_t len)
{
	template_add(&o->t, type, o->parts[part], len);
}

const struct rsa_part rsa_parts[8] = {{CKA_MODULUS, OSSL_PKEY_PARAM_RSA_N},
    {CKA_PUBLIC_EXPONENT, OSSL_PKEY_PARAM_RSA_E},
    {CKA_PRIVATE_EXPONENT, OSSL_PKEY_PARAM_RSA_D},
    {CKA_PRIME_1, OSSL_PKEY_PARAM_RSA_FACTOR1},
    {CKA_PRIME_2, OSSL_PKEY_PARAM_RSA_FACTOR2},
    {CKA_EXPONENT_1, OSSL_PKEY_PARAM_RSA_EXPONENT1},
    {CKA_EXPONENT_2, OSSL_PKEY_PARAM_RSA_EXPONENT2},
    {CKA_COEFFICIENT, OSSL_PKEY_PARAM_RSA_COEFFICIENT1}};

static void
add_rsa(struct external_key *o)
{
	BIGNUM *n = NULL;

	for (unsigned i = 0; i < ELEMS(rsa_parts); i++) {
		if (EVP_PKEY_get_bn_param(o->pkey, rsa_parts[i].name, &n) != 1)
			tap_bail();
		add(o, i, rsa_parts[i].type, (size_t)BN_bn2bin(n, o->parts[i]));
		BN_free(n);
		n = NULL;
	}
}

static void
add_ec(struct external_key *o)
{
	unsigned char *p = o->parts[0];
	BIGNUM *n = NULL;
	char name[64];
	int len;

	if (EVP_PKEY_get_group_name(o->pkey, name, sizeof(name), NULL) != 1 ||
	    (len = i2d_ASN1_OBJECT(OBJ_nid2obj(OBJ_sn2nid(name)), &p)) <= 0 ||
	    EVP_PKEY_get_bn_param(o->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &n) != 1)
		tap_bail();
	add(o, 0, CKA_EC_PARAMS, (size_t)len);
	add(o, 1, CKA_VALUE, (size_t)BN_bn2bin(n, o->parts[1]));
	BN_free(n);
}

static void
begin(struct external_key *o, const struct external_key_kind *kind,
    const char *label)
{
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	template_add(&o->t, CKA_CLASS, &kind->class, sizeof(kind->class));
	template_add(&o->t, CKA_KEY_TYPE, &kind->type, sizeof(kind->type));
	template_add(&o->t, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&o->t, CKA_LABEL, label, strlen(label));
	o->material_at = o->t.count;
}

void
external_key_take(struct external_key *o, const struct external_key_kind *kind,
    EVP_PKEY *pkey, const char *label)
{
	NEED(pkey != NULL, "a key of OpenSSL for %s", kind->spec);
	begin(o, kind, label);
	o->pkey = pkey;
	if (kind->group != NULL)
		add_ec(o);
	else
		add_rsa(o);
}

void
external_key_make(struct external_key *o, const struct external_key_kind *kind,
    size_t len, const char *label)
{
	if (kind->class == CKO_PRIVATE_KEY) {
		external_key_take(o, kind,
		    kind->group != NULL ? EVP_EC_gen(kind->group)
					: EVP_RSA_gen(kind->bits),
		    label);
		return;
	}
	begin(o, kind, label);
	o->len = len != 0 ? len : kind->bits / 8;
	if (RAND_bytes(o->value, (int)o->len) != 1)
		tap_bail();
	template_add(&o->t, CKA_VALUE, o->value, o->len);
}

void
external_key_free(struct external_key *o)
{
	EVP_PKEY_free(o->pkey);
	o->pkey = NULL;
}

void
external_key_describe(const struct external_key *o, struct key_template *t)
{
	static const CK_ULONG sizes[] = {2048, 3072, 4096};

	t->count = 0;
	template_add(t, CKA_CLASS, &o->kind->class, sizeof(o->kind->class));
	template_add(t, CKA_KEY_TYPE, &o->kind->type, sizeof(o->kind->type));
	for (size_t i = 0; i < ELEMS(sizes); i++)
		if (o->kind->type == CKK_RSA && o->kind->bits == sizes[i])
			template_add(
			    t, CKA_MODULUS_BITS, &sizes[i], sizeof(sizes[i]));
	if (o->kind->type == CKK_EC)
		t->t[t->count++] = o->t.t[o->material_at];
}

size_t
external_key_material(const struct external_key *o, CK_BYTE *out)
{
	PKCS8_PRIV_KEY_INFO *info;
	int len;

	if (o->pkey == NULL) {
		memcpy(out, o->value, o->len);
		return (o->len);
	}
	info = EVP_PKEY2PKCS8(o->pkey);
	len = i2d_PKCS8_PRIV_KEY_INFO(info, &out);
	PKCS8_PRIV_KEY_INFO_free(info);
	NEED(len > 0 && len <= EXTERNAL_KEY_MATERIAL_MAX, "PKCS #8 by OpenSSL");
	return ((size_t)len);
}

static size_t
oaep(EVP_PKEY *pkey, const char *hash, const CK_BYTE *in, size_t in_len,
    CK_BYTE *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	size_t len = 512;
	bool done;

	done = EVP_PKEY_encrypt_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md_name(ctx, hash, NULL) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md_name(ctx, hash, NULL) == 1 &&
	       EVP_PKEY_encrypt(ctx, out, &len, in, in_len) == 1;
	EVP_PKEY_CTX_free(ctx);
	return (done ? len : 0);
}

static size_t
key_wrap_pad(const CK_BYTE *kek, const CK_BYTE *in, size_t in_len, CK_BYTE *out)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;

	EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
	if (EVP_EncryptInit_ex(ctx, EVP_aes_256_wrap_pad(), NULL, kek, NULL) !=
		1 ||
	    EVP_EncryptUpdate(ctx, out, &n, in, (int)in_len) != 1)
		tap_bail();
	EVP_CIPHER_CTX_free(ctx);
	return ((size_t)n);
}

size_t
external_key_wrap(const char *algorithm, const CK_BYTE *spki, size_t len,
    const CK_BYTE *material, size_t material_len, CK_BYTE *out)
{
	const char *hash = strstr(algorithm, "256") ? "SHA256" : "SHA1";
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &spki, (long)len);
	CK_BYTE kek[KEK_LEN];
	size_t n;

	NEED(pkey != NULL, "a wrapping key");
	if (strncmp(algorithm, "RSAES", 5) == 0) {
		n = oaep(pkey, hash, material, material_len, out);
	} else {
		if (RAND_bytes(kek, sizeof(kek)) != 1)
			tap_bail();
		n = oaep(pkey, hash, kek, sizeof(kek), out);
		n += key_wrap_pad(kek, material, material_len, out + n);
	}
	EVP_PKEY_free(pkey);
	return (n);
}

/* Trying the key in KMS */

static bool
signs(struct kms *k, const struct external_key *o, const char *key)
{
	struct kms_sign_in in = {.key = key,
	    .message = VIEW_STR(TEXT),
	    .algorithm = o->kind->algorithm};
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	good = kms_sign(k, &in, &out) == ERR_OK &&
	       EVP_DigestVerifyInit_ex(
		   ctx, NULL, o->kind->hash, NULL, NULL, o->pkey, NULL) == 1 &&
	       EVP_DigestVerify(ctx, out.ptr, out.len,
		   (const unsigned char *)TEXT, sizeof(TEXT) - 1) == 1;
	EVP_MD_CTX_free(ctx);
	buf_free(&out);
	return (good);
}

static bool
macs(struct kms *k, const struct external_key *o, const char *key)
{
	struct kms_mac_in in = {.key = key,
	    .message = VIEW_STR(TEXT),
	    .algorithm = o->kind->algorithm};
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	CK_BYTE want[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	bool good;

	HMAC(EVP_get_digestbyname(o->kind->hash), o->value, (int)o->len,
	    (const unsigned char *)TEXT, sizeof(TEXT) - 1, want, &len);
	good = kms_generate_mac(k, &in, &out) == ERR_OK &&
	       view_equal(buf_view(&out), VIEW(want, len));
	buf_free(&out);
	return (good);
}

static bool
decrypts(struct kms *k, const struct external_key *o, const char *key)
{
	CK_BYTE sealed[512];
	struct kms_crypt_in in = {
	    .key = key, .algorithm = "RSAES_OAEP_SHA_256"};
	struct buf out = BUF_INIT(KMS_PLAINTEXT_MAX);
	bool good;

	in.data = VIEW(sealed, oaep(o->pkey, "SHA256", (const CK_BYTE *)TEXT,
				   sizeof(TEXT), sealed));
	good = kms_decrypt(k, &in, &out) == ERR_OK &&
	       view_equal(buf_view(&out), VIEW(TEXT, sizeof(TEXT)));
	buf_free(&out);
	return (good);
}

/* KMS with the other's public half, OpenSSL with the other's private half. */
static bool
agrees(struct kms *k, const struct external_key *o, const char *key)
{
	EVP_PKEY *peer = EVP_EC_gen(o->kind->group);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(peer, NULL);
	struct buf out = BUF_INIT(KMS_SECRET_MAX);
	unsigned char *der = NULL, want[128];
	size_t len = sizeof(want);
	int n = i2d_PUBKEY(peer, &der);
	bool good;

	good = n > 0 && EVP_PKEY_derive_init(ctx) == 1 &&
	       EVP_PKEY_derive_set_peer(ctx, o->pkey) == 1 &&
	       EVP_PKEY_derive(ctx, want, &len) == 1 &&
	       kms_derive_shared_secret(k, key, VIEW(der, (size_t)n), &out) ==
		   ERR_OK &&
	       view_equal(buf_view(&out), VIEW(want, len));
	OPENSSL_free(der);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(peer);
	buf_free(&out);
	return (good);
}

static bool
seals(struct kms *k, const char *key)
{
	struct kms_crypt_in in = {.key = key, .data = VIEW_STR(TEXT)};
	struct buf sealed = BUF_INIT(KMS_BLOB_MAX);
	struct buf out = BUF_INIT(KMS_PLAINTEXT_MAX);
	bool good = kms_encrypt(k, &in, &sealed) == ERR_OK;

	in.data = buf_view(&sealed);
	good = good && kms_decrypt(k, &in, &out) == ERR_OK &&
	       view_equal(buf_view(&out), VIEW_STR(TEXT));
	buf_free(&sealed);
	buf_free(&out);
	return (good);
}

bool
external_key_is(const struct external_key *o, const char *label)
{
	struct kms k = account_kms();
	struct account_key a;
	char alias[128];
	bool good;

	snprintf(alias, sizeof(alias), "alias/%s", label);
	if (!account_alias(alias, &a) || strcmp(a.spec, o->kind->spec) != 0 ||
	    strcmp(a.origin, "EXTERNAL") != 0)
		return (false);
	if (strcmp(a.usage, "SIGN_VERIFY") == 0)
		good = signs(&k, o, a.id);
	else if (strcmp(a.usage, "GENERATE_VERIFY_MAC") == 0)
		good = macs(&k, o, a.id);
	else if (strcmp(a.usage, "KEY_AGREEMENT") == 0)
		good = agrees(&k, o, a.id);
	else if (o->pkey != NULL)
		good = decrypts(&k, o, a.id);
	else
		good = seals(&k, a.id);
	if (!good)
		printf("# %s (%s, %s): %s %s\n", label, a.spec, a.usage,
		    k.error.exception, k.error.message);
	return (good);
}
