/* A KMS that lies: what it answers is held against what was asked, and none of
 * it is handed out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "http-server.h"
#include "p11.h"

#define ID "11111111-2222-3333-4444-555555555555"
#define ARN "arn:aws:kms:eu-central-1:111122223333:key/" ID

static struct http_server *server;
static char body[16384];
static unsigned char reply[8192]; /* what the call in question yields */
static size_t reply_len;

/* The key that KMS has, and the answer that is looked at. */
static const struct kind {
	const char *spec, *usage, *algorithms, *target, *member;
} * now;

static const char *
base64(const unsigned char *bytes, size_t len)
{
	static char text[12288];

	EVP_EncodeBlock((unsigned char *)text, bytes, (int)len);
	return (text);
}

/* A public key with the modulus of one that is good. */
static EVP_PKEY *
with_exponent(unsigned exponent)
{
	EVP_PKEY *good = EVP_RSA_gen(2048), *key = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	BIGNUM *n = NULL;

	if (EVP_PKEY_get_bn_param(good, OSSL_PKEY_PARAM_RSA_N, &n) != 1 ||
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, n) != 1 ||
	    OSSL_PARAM_BLD_push_uint(b, OSSL_PKEY_PARAM_RSA_E, exponent) != 1)
		tap_bail();
	params = OSSL_PARAM_BLD_to_param(b);
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		tap_bail();
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(b);
	BN_free(n);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(good);
	return (key);
}

static EVP_PKEY *
of_type(const char *spec)
{
	return (strncmp(spec, "e = ", 4) == 0
		    ? with_exponent((unsigned)strtoul(spec + 4, NULL, 10))
		: strcmp(spec, "RSA_2048") == 0	     ? EVP_RSA_gen(2048)
		: strcmp(spec, "RSA_3072") == 0	     ? EVP_RSA_gen(3072)
		: strcmp(spec, "ECC_NIST_P384") == 0 ? EVP_EC_gen("P-384")
						     : EVP_EC_gen("P-256"));
}

static void
put_public(const char *spec)
{
	EVP_PKEY *k = of_type(spec);
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k, &der);

	snprintf(body, sizeof(body),
	    "{\"KeyId\":\"" ARN "\",\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\","
	    "\"PublicKey\":\"%s\"}",
	    now->spec, now->usage, base64(der, (size_t)n));
	OPENSSL_free(der);
	EVP_PKEY_free(k);
}

/* Before each reply: what was asked last decides. */
static void
answer(void)
{
	const char *asked = http_server_request(
	    server, http_server_requests(server) - 1);

	if (strstr(asked, "TrentService.ListKeys") != NULL)
		snprintf(body, sizeof(body),
		    "{\"Keys\":[{\"KeyId\":\"" ID "\",\"KeyArn\":\"" ARN
		    "\"}],\"Truncated\":false}");
	else if (strstr(asked, "TrentService.ListAliases") != NULL)
		snprintf(
		    body, sizeof(body), "{\"Aliases\":[],\"Truncated\":false}");
	else if (strstr(asked, "TrentService.DescribeKey") != NULL)
		snprintf(body, sizeof(body),
		    "{\"KeyMetadata\":{\"KeyId\":\"" ID "\",\"Arn\":\"" ARN
		    "\",\"KeySpec\":\"%s\",\"KeyUsage\":\"%s\",\"KeyState\":"
		    "\"Enabled\",\"Origin\":\"AWS_KMS\",\"KeyManager\":"
		    "\"CUSTOMER\",\"CreationDate\":1.7e9,\"MultiRegion\":false,"
		    "%s}}",
		    now->spec, now->usage, now->algorithms);
	else if (strstr(asked, "TrentService.GetPublicKey") != NULL &&
		 strcmp(now->target, "GetPublicKey") != 0)
		put_public(now->spec);
	else if (reply_len == 0)
		put_public((const char *)reply);
	else
		snprintf(body, sizeof(body),
		    "{\"KeyId\":\"" ARN "\",\"%s\":\"%s\"}", now->member,
		    base64(reply, reply_len));
}

static CK_OBJECT_HANDLE
begin(const struct kind *k, CK_OBJECT_CLASS class)
{
	static const struct http_step step = {
	    .status = 200, .body = body, .hook = answer};
	CK_ATTRIBUTE t = A(CKA_CLASS, class);
	CK_OBJECT_HANDLE h[2];

	now = k;
	server = http_server_start(&step, 1, NULL);
	setenv("AWS_ENDPOINT_URL_KMS", http_server_url(server), 1);
	p11_start();
	NEED(find(rw, &t, 1, h, 2) == 1, "the %s key", k->spec);
	return (h[0]);
}

static void
end(void)
{
	p11_stop();
	http_server_stop(server);
}

static const struct kind
    rsa = {"RSA_2048", "SIGN_VERIFY",
	"\"SigningAlgorithms\":[\"RSASSA_PKCS1_V1_5_SHA_256\"]", "Sign",
	"Signature"},
    ec = {"ECC_NIST_P256", "SIGN_VERIFY",
	"\"SigningAlgorithms\":[\"ECDSA_SHA_256\"]", "Sign", "Signature"},
    oaep = {"RSA_2048", "ENCRYPT_DECRYPT",
	"\"EncryptionAlgorithms\":[\"RSAES_OAEP_SHA_256\"]", "Decrypt",
	"Plaintext"},
    aes = {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT",
	"\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"]", "Decrypt",
	"Plaintext"},
    ecdh = {"ECC_NIST_P256", "KEY_AGREEMENT",
	"\"KeyAgreementAlgorithms\":[\"ECDH\"]", "DeriveSharedSecret",
	"SharedSecret"};

static void
set_reply(const void *bytes, size_t len)
{
	if (bytes == NULL)
		memset(reply, 0x42, len);
	else
		memcpy(reply, bytes, len);
	reply_len = len;
}

static void
signs(
    CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE type, CK_RV want, const char *name)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_BYTE out[4096];
	CK_ULONG n = sizeof(out);

	NEED(p11->C_SignInit(rw, &m, key) == CKR_OK, "C_SignInit");
	RV(p11->C_Sign(rw, (CK_BYTE *)"text", 4, out, &n), want, "%s", name);
}

static void
test_rsa(void)
{
	CK_OBJECT_HANDLE key = begin(&rsa, CKO_PRIVATE_KEY);

	set_reply(NULL, 256);
	signs(key, CKM_SHA256_RSA_PKCS, CKR_OK, "as long as the modulus");
	for (size_t len = 255; len <= 257; len += 2) {
		set_reply(NULL, len);
		signs(key, CKM_SHA256_RSA_PKCS, CKR_DEVICE_ERROR,
		    len < 256 ? "a byte less" : "a byte more");
	}
	end();
}

/* SEQUENCE { r, s }: one byte each, or 32, with more behind. */
static void
test_ec(void)
{
	static const unsigned char zero_r[] = {0x30, 6, 2, 1, 0, 2, 1, 1},
				   zero_s[] = {0x30, 6, 2, 1, 1, 2, 1, 0},
				   minus[] = {0x30, 6, 2, 1, 0xff, 2, 1, 1},
				   good[] = {0x30, 6, 2, 1, 1, 2, 1, 1},
				   more[] = {0x30, 6, 2, 1, 1, 2, 1, 1, 0};
	unsigned char big[40] = {0x30, 38, 2, 33, 0};
	CK_OBJECT_HANDLE key = begin(&ec, CKO_PRIVATE_KEY);

	memset(big + 5, 0xff, 32);
	big[37] = 2;
	big[38] = 1;
	big[39] = 1;
	set_reply(good, sizeof(good));
	signs(key, CKM_ECDSA_SHA256, CKR_OK, "r and s in range");
	set_reply(zero_r, sizeof(zero_r));
	signs(key, CKM_ECDSA_SHA256, CKR_DEVICE_ERROR, "r = 0");
	set_reply(zero_s, sizeof(zero_s));
	signs(key, CKM_ECDSA_SHA256, CKR_DEVICE_ERROR, "s = 0");
	set_reply(minus, sizeof(minus));
	signs(key, CKM_ECDSA_SHA256, CKR_DEVICE_ERROR, "a negative r");
	set_reply(big, sizeof(big));
	signs(key, CKM_ECDSA_SHA256, CKR_DEVICE_ERROR, "r above the order");
	set_reply(more, sizeof(more));
	signs(key, CKM_ECDSA_SHA256, CKR_DEVICE_ERROR, "bytes behind it");
	end();
}

static void
decrypts(CK_OBJECT_HANDLE key, CK_MECHANISM *m, size_t in, CK_RV want,
    const char *name)
{
	static CK_BYTE sealed[512], out[8192];
	CK_ULONG n = sizeof(out);

	RV(decrypt(key, m, sealed, in, out, &n), want, "%s", name);
}

static void
test_plaintexts(void)
{
	CK_RSA_PKCS_OAEP_PARAMS p = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)};
	CK_OBJECT_HANDLE key = begin(&oaep, CKO_PRIVATE_KEY);

	set_reply(NULL, 190);
	decrypts(key, &m, 256, CKR_OK, "all that OAEP has room for");
	set_reply(NULL, 191);
	decrypts(key, &m, 256, CKR_DEVICE_ERROR, "a byte more");
	end();
	key = begin(&aes, CKO_SECRET_KEY);
	set_reply(NULL, 4096);
	decrypts(key, &kms_mechanism, 200, CKR_OK, "all that KMS encrypts");
	set_reply(NULL, 4097);
	decrypts(key, &kms_mechanism, 200, CKR_DEVICE_ERROR, "a byte more");
	end();
}

static void
test_secret(void)
{
	EVP_PKEY *peer = EVP_EC_gen("P-256");
	CK_BYTE point[65];
	size_t n = sizeof(point);
	CK_ECDH1_DERIVE_PARAMS p = {CKD_NULL, 0, NULL, sizeof(point), point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_OBJECT_HANDLE key = begin(&ecdh, CKO_PRIVATE_KEY), h;
	static const size_t lens[] = {32, 31, 33, 16};

	NEED(EVP_PKEY_get_octet_string_param(
		 peer, "encoded-pub-key", point, n, &n) == 1,
	    "a point");
	for (size_t i = 0; i < ELEMS(lens); i++) {
		set_reply(NULL, lens[i]);
		RV(p11->C_DeriveKey(rw, &m, key, NULL, 0, &h),
		    lens[i] == 32 ? CKR_OK : CKR_DEVICE_ERROR,
		    "a shared secret of %zu bytes", lens[i]);
	}
	EVP_PKEY_free(peer);
	end();
}

static void
test_public(const struct kind *like, const char *spec, bool good)
{
	struct kind k = *like;
	CK_OBJECT_HANDLE key;
	CK_BYTE out[8192];
	CK_ATTRIBUTE t = {CKA_PUBLIC_KEY_INFO, out, sizeof(out)};

	k.target = "GetPublicKey";
	key = begin(&k, CKO_PUBLIC_KEY);
	reply_len = 0;
	snprintf((char *)reply, sizeof(reply), "%s", spec);
	RV(p11->C_GetAttributeValue(rw, key, &t, 1),
	    good ? CKR_OK : CKR_DEVICE_ERROR, "a key of %s, told to be %s",
	    spec, k.spec);
	end();
}

int
main(void)
{
	testenv_start();
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	test_rsa();
	test_ec();
	test_plaintexts();
	test_secret();
	test_public(&rsa, "RSA_2048", true);
	test_public(&rsa, "RSA_3072", false);
	test_public(&rsa, "e = 3", true);
	test_public(&rsa, "e = 1", false);
	test_public(&rsa, "e = 65538", false);
	test_public(&rsa, "ECC_NIST_P256", false);
	test_public(&ec, "ECC_NIST_P256", true);
	test_public(&ec, "ECC_NIST_P384", false);
	test_public(&ec, "RSA_2048", false);
	testenv_stop();
	return (tap_done());
}
