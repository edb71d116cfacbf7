/* A KMS that lies: each member of each reply is gone, of another type, too
 * long, or of another key. What matters is refused, what is only shown costs
 * nothing, and no reply of one key takes the others away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

#define LONG 20000
static CK_BYTE data[32];
static CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0},
		    mac = {CKM_SHA256_HMAC, NULL, 0},
		    pkcs1 = {CKM_SHA256_RSA_PKCS, NULL, 0};

/* All keys of the token are listed; whether the one is among them whose
 * replies are never edited. */
static CK_RV
find_keys(void)
{
	CK_ATTRIBUTE t = A(CKA_CLASS, secret_class);
	CK_OBJECT_HANDLE h[64];
	CK_ULONG n = find(rw, &t, 1, h, ELEMS(h));

	for (CK_ULONG i = 0; n <= ELEMS(h) && i < n; i++)
		if (attr_is_text(h[i], CKA_LABEL, "other"))
			return (CKR_OK);
	return (CKR_DEVICE_ERROR);
}

static CK_RV
do_encrypt(void)
{
	CK_OBJECT_HANDLE key = find_label("aes", CKO_SECRET_KEY);
	CK_BYTE out[8192];
	CK_ULONG len = sizeof(out);

	return (encrypt(key, &kms_mechanism, data, sizeof(data), out, &len));
}

static CK_RV
do_decrypt(void)
{
	CK_OBJECT_HANDLE key = find_label("aes", CKO_SECRET_KEY);
	CK_BYTE sealed[8192], out[8192];
	CK_ULONG len = sizeof(sealed), out_len = sizeof(out);
	CK_RV rv;

	rv = encrypt(key, &kms_mechanism, data, sizeof(data), sealed, &len);
	return (rv != CKR_OK
		    ? rv
		    : decrypt(key, &kms_mechanism, sealed, len, out, &out_len));
}

static CK_RV
sign_with(const char *label, CK_OBJECT_CLASS class, CK_MECHANISM *m)
{
	CK_OBJECT_HANDLE key = find_label(label, class);
	CK_BYTE out[1024];
	CK_ULONG len = sizeof(out);
	CK_RV rv = p11->C_SignInit(rw, m, key);

	return (
	    rv != CKR_OK ? rv : p11->C_Sign(rw, data, sizeof(data), out, &len));
}

static CK_RV
do_sign_ec(void)
{
	return (sign_with("ec", CKO_PRIVATE_KEY, &ecdsa));
}

static CK_RV
do_sign_rsa(void)
{
	return (sign_with("rsa", CKO_PRIVATE_KEY, &pkcs1));
}

static CK_RV
do_mac(void)
{
	return (sign_with("hmac", CKO_SECRET_KEY, &mac));
}

/* A MAC that is not the data's: only a KMS that lies says it is. */
static CK_RV
do_verify_mac(void)
{
	CK_BYTE wrong[32] = {0};
	CK_RV rv = p11->C_VerifyInit(
	    rw, &mac, find_label("hmac", CKO_SECRET_KEY));

	if (rv == CKR_OK)
		rv = p11->C_Verify(rw, data, sizeof(data), wrong, 32);
	return (rv == CKR_SIGNATURE_INVALID ? CKR_OK : CKR_GENERAL_ERROR);
}

static CK_RV
read_public(void)
{
	CK_BYTE point[256];

	return (attr(find_label("ec", CKO_PUBLIC_KEY), CKA_EC_POINT, point,
		    sizeof(point)) != CK_UNAVAILABLE_INFORMATION
		    ? CKR_OK
		    : CKR_DEVICE_ERROR);
}

static CK_RV
do_import(void)
{
	static unsigned n;
	struct key_template k;
	CK_OBJECT_HANDLE h;
	char label[32];

	snprintf(label, sizeof(label), "import-%u", n++);
	key_template(&k, material(1), label);
	return (p11->C_CreateObject(rw, k.t, k.count, &h));
}

/* What a reply says where what it should say is this member. */
enum want {
	REFUSED, /* the act fails */
	UNHURT, /* the act succeeds */
	EITHER, /* no crash, no hang; what is made of it is not looked at */
};
static const struct row {
	const char *operation, *key; /* the label whose replies these are */
	const char *patch; /* % is the value */
	CK_RV (*act)(void);
	enum want wrong; /* gone, or of another type */
	enum want longer; /* a text that is far too long */
	const char *values[6]; /* further ones that must be refused */
} rows[] = {
    {"ListKeys", NULL, "{\"Keys\":%}", find_keys, REFUSED, REFUSED,
	{"[1]", "[{}]"}},
    {"ListAliases", NULL, "{\"Aliases\":%}", find_keys, REFUSED, REFUSED,
	{"[1]"}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":%}", find_keys, UNHURT, UNHURT,
	{NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"Description\":%}}", find_keys,
	UNHURT, UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"KeyState\":%}}", find_keys,
	UNHURT, UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"KeySpec\":%}}", find_keys,
	UNHURT, UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"KeyUsage\":%}}", find_keys,
	UNHURT, UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"Origin\":%}}", find_keys,
	UNHURT, UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"Arn\":%}}", find_keys, UNHURT,
	UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"KeyId\":%}}", find_keys, UNHURT,
	UNHURT, {NULL}},
    {"DescribeKey", "aes", "{\"KeyMetadata\":{\"ValidTo\":%}}", find_keys,
	UNHURT, UNHURT, {NULL}},
    {"DescribeKey", "ec", "{\"KeyMetadata\":{\"SigningAlgorithms\":%}}",
	find_keys, UNHURT, UNHURT, {NULL}},
    {"Encrypt", NULL, "{\"CiphertextBlob\":%}", do_encrypt, REFUSED, REFUSED,
	{"\"!!!!\"", "\"YWJj\\nYWJj\"", "\"YQ\""}},
    {"Encrypt", NULL, "{\"KeyId\":%}", do_encrypt, REFUSED, REFUSED,
	{"\"arn:aws:kms:us-east-1:111122223333:key/"
	 "00000000-0000-0000-0000-000000000000\""}},
    {"Decrypt", NULL, "{\"Plaintext\":%}", do_decrypt, REFUSED, REFUSED,
	{"\"!!!!\""}},
    {"Decrypt", NULL, "{\"KeyId\":%}", do_decrypt, REFUSED, REFUSED,
	{"\"arn:aws:kms:us-east-1:111122223333:key/"
	 "00000000-0000-0000-0000-000000000000\""}},
    {"Sign", NULL, "{\"Signature\":%}", do_sign_ec, REFUSED, REFUSED,
	{"\"!!!!\"", "\"AAAA\"", "\"MAYCAQACAQA=\"" /* r = s = 0 */,
	    "\"MAYCAQECAQ==\"" /* cut */}},
    {"Sign", NULL, "{\"Signature\":%}", do_sign_rsa, REFUSED, REFUSED,
	{"\"AAAA\""}},
    {"Sign", NULL, "{\"SigningAlgorithm\":%}", do_sign_ec, EITHER, REFUSED,
	{"\"ECDSA_SHA_384\"", "\"RSASSA_PSS_SHA_256\""}},
    {"GenerateMac", NULL, "{\"MacAlgorithm\":%}", do_mac, EITHER, REFUSED,
	{"\"HMAC_SHA_224\""}},
    {"Encrypt", NULL, "{\"EncryptionAlgorithm\":%}", do_encrypt, EITHER,
	REFUSED, {"\"RSAES_OAEP_SHA_1\""}},
    {"Decrypt", NULL, "{\"EncryptionAlgorithm\":%}", do_decrypt, EITHER,
	REFUSED, {"\"RSAES_OAEP_SHA_1\""}},
    {"Sign", NULL, "{\"KeyId\":%}", do_sign_ec, REFUSED, REFUSED,
	{"\"arn:aws:kms:us-east-1:111122223333:key/"
	 "00000000-0000-0000-0000-000000000000\""}},
    {"GenerateMac", NULL, "{\"Mac\":%}", do_mac, REFUSED, REFUSED,
	{"\"AAAA\""}},
    {"VerifyMac", NULL, "{\"MacValid\":%}", do_verify_mac, EITHER, EITHER,
	{NULL}},
    {"GetPublicKey", "ec", "{\"PublicKey\":%}", read_public, REFUSED, REFUSED,
	{"\"!!!!\"", "\"AAAA\"", "P384", "RSA1024"}},
    {"CreateKey", NULL, "{\"KeyMetadata\":%}", do_import, REFUSED, REFUSED,
	{NULL}},
    {"CreateKey", NULL, "{\"KeyMetadata\":{\"KeyId\":%}}", do_import, REFUSED,
	REFUSED, {NULL}},
    {"GetParametersForImport", NULL, "{\"PublicKey\":%}", do_import, REFUSED,
	REFUSED, {"\"AAAA\"", "P384", "RSA1024"}},
    {"GetParametersForImport", NULL, "{\"ImportToken\":%}", do_import, REFUSED,
	EITHER, {NULL}},
    {"GetParametersForImport", NULL, "{\"ParametersValidTo\":%}", do_import,
	EITHER, EITHER, {NULL}},
    {"ImportKeyMaterial", NULL, "{\"KeyMaterialId\":%}", do_import, EITHER,
	EITHER, {NULL}},
};
/* Gone, and of the other types; a member that is text, bytes, a list or an
 * object is wrong as each of them. */
static const char *const wrong[] = {
    "null", "7", "true", "-1e999", "[[]]", "{\"a\":{}}"};

/* A public key of another kind than was asked for, in base64. */
static const char *
public_key(const char *name)
{
	static char text[1024];
	EVP_PKEY *key = strcmp(name, "P384") == 0
			    ? EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-384")
			    : EVP_PKEY_Q_keygen(
				  NULL, NULL, "RSA", (size_t)1024);
	unsigned char *der = NULL;
	int len = i2d_PUBKEY(key, &der);

	if (len <= 0 || len > 700)
		tap_bail();
	text[0] = '"';
	len = EVP_EncodeBlock((unsigned char *)text + 1, der, len);
	strcpy(text + 1 + len, "\"");
	OPENSSL_free(der);
	EVP_PKEY_free(key);
	return (text);
}

/* The act in a process that knows nothing yet, with that value in the reply. */
static CK_RV
act_with(const struct row *r, const char *value)
{
	static char patch[LONG + 256];
	const char *at = strchr(r->patch, '%');
	struct account_key k = {.id = ""};
	char alias[64];
	CK_RV rv;

	if (value[0] == 'P' || value[0] == 'R')
		value = public_key(value);
	snprintf(
	    alias, sizeof(alias), "alias/%s", r->key == NULL ? "" : r->key);
	if (r->key != NULL && !account_alias(alias, &k))
		tap_bail();
	snprintf(patch, sizeof(patch), "%.*s%s%s", (int)(at - r->patch),
	    r->patch, value, at + 1);
	edit_replies(r->operation, r->key == NULL ? NULL : k.id, patch);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	rv = r->act();
	control("DELETE", "/faults");
	return (rv);
}

static bool
is_as_wanted(const struct row *r, enum want want, const char *value)
{
	CK_RV rv = act_with(r, value), after = r->act();
	bool ok = want == EITHER || (rv == CKR_OK) == (want == UNHURT);

	if (p11->C_Finalize(NULL) != CKR_OK || after != CKR_OK)
		ok = false;
	if (!ok)
		printf("# %s of %.40s: 0x%lx, and then 0x%lx\n", r->patch,
		    value, rv, after);
	return (ok);
}

static void
test_row(const struct row *r)
{
	static char text[LONG + 3];
	size_t bad = 0;

	/* (an object would be merged with the one that is there) */
	for (size_t i = 0; i < ELEMS(wrong); i++)
		if (wrong[i][0] != '{' ||
		    strstr(r->patch, "Metadata\":%") == NULL)
			bad += !is_as_wanted(r, r->wrong, wrong[i]);
	memset(text, 'A', sizeof(text) - 1);
	text[0] = text[sizeof(text) - 2] = '"';
	bad += !is_as_wanted(r, r->longer, text);
	for (size_t i = 0; i < ELEMS(r->values) && r->values[i] != NULL; i++)
		bad += !is_as_wanted(r, REFUSED, r->values[i]);
	OK(bad == 0, "%s: %s", r->operation, r->patch);
}

int
main(void)
{
	const char *only = getenv("KEYFERRY_TEST_ONLY");

	testenv_start();
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	(void)account_make("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/aes");
	(void)account_make(
	    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "alias/other");
	(void)account_make("HMAC_256", "GENERATE_VERIFY_MAC", "alias/hmac");
	(void)account_make("ECC_NIST_P256", "SIGN_VERIFY", "alias/ec");
	(void)account_make("RSA_2048", "SIGN_VERIFY", "alias/rsa");
	p11_load();
	for (size_t i = 0; i < ELEMS(rows); i++)
		if (only == NULL || strcmp(only, rows[i].operation) == 0)
			test_row(&rows[i]);
	testenv_stop();
	return (tap_done());
}
