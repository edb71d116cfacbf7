/* Import as AWS describes it: every spec and wrapping, the life of material,
 * rotation, Regions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include "localkms.h"
#include "tap.h"

#define OAEP "RSAES_OAEP_SHA_256"
#define TWO_STEPS "RSA_AES_KEY_WRAP_SHA_256"
#define FOR_EVER ",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""
#define HELLO "aGVsbG8="

static const char *
state(struct localkms *l, const char *key)
{
	if (!localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key))
		return ("");
	return (localkms_text(l, "KeyMetadata.KeyState"));
}

static bool
is_state(struct localkms *l, const char *key, const char *wanted)
{
	const char *s = state(l, key);

	if (strcmp(s, wanted) == 0)
		return (true);
	printf("# state %s\n", s);
	return (false);
}

static void
pkcs8(EVP_PKEY *pkey, struct buf *out)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	if (n <= 0 || buf_append(out, VIEW(der, (size_t)n)) != ERR_OK)
		tap_bail();
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
}

/* clang-format off */
static const struct {
	const char *spec, *curve;
	unsigned bits;
	const char *wrapping, *wrapping_key, *algorithm;
} pairs[] = {
	{ "RSA_2048", NULL, 2048, "RSA_AES_KEY_WRAP_SHA_256", "RSA_2048",
	    "RSASSA_PKCS1_V1_5_SHA_256" },
	{ "RSA_3072", NULL, 3072, "RSA_AES_KEY_WRAP_SHA_1", "RSA_3072",
	    "RSASSA_PKCS1_V1_5_SHA_256" },
	{ "ECC_NIST_P256", "prime256v1", 0, "RSAES_OAEP_SHA_256", "RSA_2048",
	    "ECDSA_SHA_256" },
	{ "ECC_NIST_P384", "secp384r1", 0, "RSAES_OAEP_SHA_1", "RSA_3072",
	    "ECDSA_SHA_384" },
	{ "ECC_NIST_P521", "secp521r1", 0, "RSA_AES_KEY_WRAP_SHA_256",
	    "RSA_2048", "ECDSA_SHA_512" },
	{ "ECC_NIST_P521", "secp521r1", 0, "RSAES_OAEP_SHA_256", "RSA_3072",
	    "ECDSA_SHA_512" },
	{ "ECC_SECG_P256K1", "secp256k1", 0, "RSA_AES_KEY_WRAP_SHA_1",
	    "RSA_2048", "ECDSA_SHA_256" },
};
/* clang-format on */

/* The server's signature verifies against the key that was imported. */
static void
test_pair(struct localkms *l, size_t i)
{
	const char *digest = strstr(pairs[i].algorithm, "SHA_") + 4;
	EVP_PKEY *pkey = pairs[i].curve != NULL
			     ? EVP_PKEY_Q_keygen(
				   NULL, NULL, "EC", pairs[i].curve)
			     : EVP_PKEY_Q_keygen(
				   NULL, NULL, "RSA", (size_t)pairs[i].bits);
	struct buf clear = BUF_INIT(8192), sig = BUF_INIT(1024);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char members[128], name[16], *key;

	snprintf(members, sizeof(members),
	    "\"Origin\":\"EXTERNAL\",\"KeyUsage\":\"SIGN_VERIFY\","
	    "\"KeySpec\":\"%s\"",
	    pairs[i].spec);
	key = localkms_key(l, members);
	pkcs8(pkey, &clear);
	OK(localkms_import(l, key, buf_view(&clear), pairs[i].wrapping,
	       pairs[i].wrapping_key, FOR_EVER),
	    "%s by %s, %s", pairs[i].spec, pairs[i].wrapping,
	    pairs[i].wrapping_key);
	OK(is_state(l, key, "Enabled"), "it is enabled");
	NEED(localkms_call(l, "Sign",
		 "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
		 "\",\"SigningAlgorithm\":\"%s\"}",
		 key, pairs[i].algorithm),
	    "it signs");
	localkms_bytes(l, "Signature", &sig);
	snprintf(name, sizeof(name), "SHA%s", digest);
	OK(EVP_DigestVerifyInit_ex(ctx, NULL, name, NULL, NULL, pkey, NULL) ==
		    1 &&
		EVP_DigestVerify(ctx, sig.ptr, sig.len,
		    (const unsigned char *)"hello", 5) == 1,
	    "the imported key verifies it");
	OK(!localkms_import(l, key, VIEW("no key at all", 13),
	       pairs[i].wrapping, pairs[i].wrapping_key, FOR_EVER) &&
		strcmp(localkms_text(l, "__type"),
		    "IncorrectKeyMaterialException") == 0,
	    "what is no PKCS#8 is refused");
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	buf_free(&clear);
	buf_free(&sig);
	free(key);
}

static void
test_mac_keys(struct localkms *l)
{
	static const struct {
		const char *bits;
		size_t len;
		bool fits;
	} rows[] = {{"224", 28, true}, {"256", 32, true}, {"384", 48, true},
	    {"512", 64, true}, {"256", 128, true}, {"256", 31, false},
	    {"256", 129, false}, {"512", 63, false}};
	uint8_t bytes[129], mac[64];
	struct buf got = BUF_INIT(64);
	char members[128], name[16], *key;
	size_t n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		RAND_bytes(bytes, sizeof(bytes));
		snprintf(members, sizeof(members),
		    "\"Origin\":\"EXTERNAL\",\"KeyUsage\":"
		    "\"GENERATE_VERIFY_MAC\",\"KeySpec\":\"HMAC_%s\"",
		    rows[i].bits);
		key = localkms_key(l, members);
		OK(localkms_import(l, key, VIEW(bytes, rows[i].len), OAEP,
		       "RSA_2048", FOR_EVER) == rows[i].fits,
		    "HMAC_%s of %zu bytes is %s", rows[i].bits, rows[i].len,
		    rows[i].fits ? "taken" : "refused");
		if (rows[i].fits) {
			NEED(localkms_call(l, "GenerateMac",
				 "{\"KeyId\":\"%s\",\"Message\":\"" HELLO
				 "\",\"MacAlgorithm\":\"HMAC_SHA_%s\"}",
				 key, rows[i].bits),
			    "it makes a MAC");
			localkms_bytes(l, "Mac", &got);
			snprintf(name, sizeof(name), "SHA%s", rows[i].bits);
			OK(EVP_Q_mac(NULL, "HMAC", NULL, name, NULL, bytes,
			       rows[i].len, (const unsigned char *)"hello", 5,
			       mac, sizeof(mac), &n) != NULL &&
				view_equal(buf_view(&got), VIEW(mac, n)),
			    "which OpenSSL makes, too");
			buf_reset(&got);
		}
		free(key);
	}
	buf_free(&got);
}

static void
test_refused_combinations(struct localkms *l)
{
	static const struct {
		const char *spec, *usage, *wrapping, *wrapping_key;
	} rows[] = {
	    {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", TWO_STEPS, "RSA_2048"},
	    {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "RSAES_PKCS1_V1_5",
		"RSA_2048"},
	    {"HMAC_256", "GENERATE_VERIFY_MAC", TWO_STEPS, "RSA_4096"},
	    {"RSA_2048", "SIGN_VERIFY", OAEP, "RSA_4096"},
	    {"ECC_NIST_P521", "SIGN_VERIFY", OAEP, "RSA_2048"},
	    {"ECC_NIST_P521", "SIGN_VERIFY", "RSAES_OAEP_SHA_1", "RSA_2048"},
	    {"ECC_NIST_P256", "SIGN_VERIFY", "SM2PKE", "RSA_2048"},
	    {"ECC_NIST_P256", "SIGN_VERIFY", OAEP, "SM2"},
	};
	char members[128], *key;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(members, sizeof(members),
		    "\"Origin\":\"EXTERNAL\",\"KeyUsage\":\"%s\","
		    "\"KeySpec\":\"%s\"",
		    rows[i].usage, rows[i].spec);
		key = localkms_key(l, members);
		OK(localkms_refused(l, "UnsupportedOperationException",
		       "GetParametersForImport",
		       "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"%s\","
		       "\"WrappingKeySpec\":\"%s\"}",
		       key, rows[i].wrapping, rows[i].wrapping_key),
		    "%s by %s, %s", rows[i].spec, rows[i].wrapping,
		    rows[i].wrapping_key);
		free(key);
	}
	OK(localkms_refused(l, "UnsupportedOperationException", "CreateKey",
	       "{\"Origin\":\"EXTERNAL\",\"KeyUsage\":\"SIGN_VERIFY\","
	       "\"KeySpec\":\"ECC_NIST_EDWARDS25519\"}"),
	    "Ed25519 is not imported");
	key = localkms_key(l, "");
	OK(localkms_refused(l, "UnsupportedOperationException",
	       "GetParametersForImport",
	       "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"" OAEP
	       "\",\"WrappingKeySpec\":\"RSA_2048\"}",
	       key) &&
		strstr(localkms_message(l),
		    "origin is AWS_KMS which is not valid for this "
		    "operation.") != NULL,
	    "a key that KMS made");
	free(key);
}

/* What a person brings: material for some key, and another. */
static const uint8_t first[32] = "the first material of 32 bytes.";
static const uint8_t second[32] = "another material of 32 bytes...";

static char *
encrypt(struct localkms *l, const char *key)
{
	if (!localkms_call(l, "Encrypt",
		"{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", key))
		return (NULL);
	return (strdup(localkms_text(l, "CiphertextBlob")));
}

static bool
decrypts(struct localkms *l, const char *blob)
{
	return (
	    localkms_call(l, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob) &&
	    strcmp(localkms_text(l, "Plaintext"), HELLO) == 0);
}

static bool
was_refused(const struct localkms *l, const char *exception)
{
	return (strcmp(localkms_text(l, "__type"), exception) == 0);
}

static void
test_life(struct localkms *l)
{
	char *key = localkms_key(l, "\"Origin\":\"EXTERNAL\""), *blob, *id;
	char more[96];

	OK(is_state(l, key, "PendingImport"), "a new key waits");
	OK(!localkms_import(
	       l, key, VIEW(first, 31), OAEP, "RSA_2048", FOR_EVER) &&
		was_refused(l, "IncorrectKeyMaterialException"),
	    "AES of 31 bytes is refused");
	OK(!localkms_import(l, key, VIEW(first, 32), OAEP, "RSA_2048", "") &&
		strcmp(localkms_message(l),
		    "A validTo date must be set if the ExpirationModel is "
		    "KEY_MATERIAL_EXPIRES") == 0,
	    "an expiry is wanted");
	snprintf(more, sizeof(more), ",\"ValidTo\":%lld",
	    (long long)time(NULL) + 366LL * 24 * 3600);
	OK(!localkms_import(l, key, VIEW(first, 32), OAEP, "RSA_2048", more) &&
		was_refused(l, "ValidationException"),
	    "of 365 days at most");
	snprintf(more, sizeof(more), ",\"ValidTo\":%lld.5",
	    (long long)time(NULL) + 3600);
	NEED(localkms_import(l, key, VIEW(first, 32), OAEP, "RSA_2048", more),
	    "an import for an hour");
	id = strdup(localkms_text(l, "KeyMaterialId"));
	OK(strlen(id) == 64, "the material has an id");
	OK(is_state(l, key, "Enabled") &&
		strcmp(localkms_text(l, "KeyMetadata.ExpirationModel"),
		    "KEY_MATERIAL_EXPIRES") == 0 &&
		strcmp(localkms_text(l, "KeyMetadata.CurrentKeyMaterialId"),
		    id) == 0,
	    "the key says when it expires");
	NEED((blob = encrypt(l, key)) != NULL, "it encrypts");
	NEED(localkms_control(l, "POST", "/clock", "forward=3700"),
	    "an hour goes by");
	OK(is_state(l, key, "PendingImport") &&
		localkms_text(l, "KeyMetadata.ExpirationModel")[0] == '\0' &&
		strcmp(localkms_text(l, "KeyMetadata.CurrentKeyMaterialId"),
		    id) == 0,
	    "the material is gone, its id stays");
	OK(localkms_refused(l, "KMSInvalidStateException", "Decrypt",
	       "{\"CiphertextBlob\":\"%s\"}", blob) &&
		strstr(localkms_message(l), " is pending import.") != NULL,
	    "nothing decrypts");
	localkms_reopen(l);
	NEED(
	    localkms_control(l, "POST", "/clock", "forward=3700"), "once more");
	OK(!localkms_import(
	       l, key, VIEW(second, 32), OAEP, "RSA_2048", FOR_EVER) &&
		was_refused(l, "IncorrectKeyMaterialException"),
	    "other material is refused");
	OK(localkms_import(l, key, VIEW(first, 32), "RSAES_OAEP_SHA_1",
	       "RSA_3072", FOR_EVER) &&
		strcmp(localkms_text(l, "KeyMaterialId"), id) == 0,
	    "the same is taken, by another wrapping");
	OK(decrypts(l, blob), "the old ciphertext decrypts again");
	OK(localkms_call(
	       l, "DeleteImportedKeyMaterial", "{\"KeyId\":\"%s\"}", key) &&
		is_state(l, key, "PendingImport"),
	    "it is deleted");
	localkms_reopen(l);
	NEED(localkms_import(
		 l, key, VIEW(first, 32), OAEP, "RSA_2048", FOR_EVER),
	    "and imported after a restart");
	OK(decrypts(l, blob), "the old ciphertext decrypts once more");
	free(blob);
	free(key);
	free(id);
}

static void
test_tokens(struct localkms *l)
{
	char *one = localkms_key(l, "\"Origin\":\"EXTERNAL\"");
	char *two = localkms_key(l, "\"Origin\":\"EXTERNAL\""), *token;

	NEED(localkms_call(l, "GetParametersForImport",
		 "{\"KeyId\":\"%s\",\"WrappingAlgorithm\":\"" OAEP
		 "\",\"WrappingKeySpec\":\"RSA_2048\"}",
		 one),
	    "a set");
	token = strdup(localkms_text(l, "ImportToken"));
	OK(localkms_refused(l, "InvalidImportTokenException",
	       "ImportKeyMaterial",
	       "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\","
	       "\"EncryptedKeyMaterial\":\"AAAA\"" FOR_EVER "}",
	       two, token),
	    "a token of another key");
	OK(localkms_refused(l, "InvalidImportTokenException",
	       "ImportKeyMaterial",
	       "{\"KeyId\":\"%s\",\"ImportToken\":\"AAAA\","
	       "\"EncryptedKeyMaterial\":\"AAAA\"" FOR_EVER "}",
	       one),
	    "a token of nobody");
	OK(localkms_refused(l, "InvalidCiphertextException",
	       "ImportKeyMaterial",
	       "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\","
	       "\"EncryptedKeyMaterial\":\"AAAA\"" FOR_EVER "}",
	       one, token),
	    "material that does not unwrap");
	NEED(localkms_control(l, "POST", "/clock", "forward=86401"),
	    "a day goes by");
	OK(localkms_refused(l, "ExpiredImportTokenException",
	       "ImportKeyMaterial",
	       "{\"KeyId\":\"%s\",\"ImportToken\":\"%s\","
	       "\"EncryptedKeyMaterial\":\"AAAA\"" FOR_EVER "}",
	       one, token),
	    "a token that is too old");
	free(token);
	free(one);
	free(two);
}

#define NEW FOR_EVER ",\"ImportType\":\"NEW_KEY_MATERIAL\""

static void
test_rotation(struct localkms *l)
{
	char *key = localkms_key(l, "\"Origin\":\"EXTERNAL\""), *old, *blob;
	char *id;

	NEED(localkms_import(
		 l, key, VIEW(first, 32), OAEP, "RSA_2048", FOR_EVER),
	    "the first material");
	NEED((old = encrypt(l, key)) != NULL, "a ciphertext");
	OK(localkms_refused(l, "KMSInvalidStateException", "RotateKeyOnDemand",
	       "{\"KeyId\":\"%s\"}", key) &&
		strncmp(localkms_message(l),
		    "No available key material pending rotation for the key: ",
		    55) == 0,
	    "there is nothing to rotate to");
	OK(!localkms_import(l, key, VIEW(first, 32), OAEP, "RSA_2048", NEW) &&
		was_refused(l, "IncorrectKeyMaterialException"),
	    "the same is not new");
	NEED(localkms_import(l, key, VIEW(second, 32), OAEP, "RSA_2048",
		 NEW ",\"KeyMaterialDescription\":\"next year\""),
	    "new material");
	id = strdup(localkms_text(l, "KeyMaterialId"));
	OK(decrypts(l, old), "which does not matter yet");
	NEED(localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key),
	    "rotated");
	OK(is_state(l, key, "Enabled") &&
		strcmp(localkms_text(l, "KeyMetadata.CurrentKeyMaterialId"),
		    id) == 0,
	    "the new one is current");
	NEED((blob = encrypt(l, key)) != NULL, "it encrypts");
	OK(decrypts(l, blob) &&
		strcmp(localkms_text(l, "KeyMaterialId"), id) == 0,
	    "and decrypts");
	OK(decrypts(l, old) &&
		strcmp(localkms_text(l, "KeyMaterialId"), id) != 0,
	    "the old one decrypts what it encrypted");
	OK(localkms_call(l, "ListKeyRotations",
	       "{\"KeyId\":\"%s\",\"IncludeKeyMaterial\":"
	       "\"ALL_KEY_MATERIAL\"}",
	       key) &&
		strcmp(localkms_text(l, "Rotations.0.KeyMaterialState"),
		    "NON_CURRENT") == 0 &&
		strcmp(localkms_text(l, "Rotations.1.KeyMaterialState"),
		    "CURRENT") == 0 &&
		strcmp(localkms_text(l, "Rotations.1.RotationType"),
		    "ON_DEMAND") == 0,
	    "the list shows both");
	NEED(localkms_call(l, "DeleteImportedKeyMaterial",
		 "{\"KeyId\":\"%s\",\"KeyMaterialId\":\"%s\"}", key, id),
	    "one is deleted");
	OK(is_state(l, key, "PendingImport"), "then the key waits for it");
	free(id);
	free(old);
	free(blob);
	free(key);
}

static void
test_regions(struct localkms *l)
{
	char *key = localkms_key(
	    l, "\"Origin\":\"EXTERNAL\",\"MultiRegion\":true");
	char *blob;

	OK(strncmp(key, "mrk-", 4) == 0, "a multi-Region key");
	NEED(localkms_import(
		 l, key, VIEW(first, 32), OAEP, "RSA_2048", FOR_EVER),
	    "its material");
	NEED((blob = encrypt(l, key)) != NULL, "a ciphertext");
	NEED(localkms_call(l, "ReplicateKey",
		 "{\"KeyId\":\"%s\",\"ReplicaRegion\":\"eu-west-1\"}", key),
	    "replicated");
	l->region = "eu-west-1";
	OK(is_state(l, key, "PendingImport"), "the replica waits");
	OK(!localkms_import(
	       l, key, VIEW(second, 32), OAEP, "RSA_2048", FOR_EVER) &&
		was_refused(l, "IncorrectKeyMaterialException"),
	    "for the same material only");
	NEED(localkms_import(
		 l, key, VIEW(first, 32), OAEP, "RSA_2048", FOR_EVER),
	    "which it gets");
	OK(decrypts(l, blob), "and decrypts what the primary encrypted");
	l->region = "us-east-1";
	NEED(localkms_import(l, key, VIEW(second, 32), OAEP, "RSA_2048", NEW),
	    "new material for the primary");
	OK(localkms_refused(l, "KMSInvalidStateException", "RotateKeyOnDemand",
	       "{\"KeyId\":\"%s\"}", key),
	    "is not for use before the replica has it");
	l->region = "eu-west-1";
	NEED(localkms_import(l, key, VIEW(second, 32), OAEP, "RSA_2048",
		 FOR_EVER ",\"ImportType\":\"EXISTING_KEY_MATERIAL\""),
	    "the replica gets it");
	l->region = "us-east-1";
	OK(localkms_call(l, "RotateKeyOnDemand", "{\"KeyId\":\"%s\"}", key),
	    "then it rotates");
	OK(localkms_call(l, "UpdatePrimaryRegion",
	       "{\"KeyId\":\"%s\",\"PrimaryRegion\":\"eu-west-1\"}", key) &&
		localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key) &&
		strcmp(localkms_text(l, "KeyMetadata.MultiRegionConfiguration."
					"MultiRegionKeyType"),
		    "REPLICA") == 0,
	    "another Region becomes the primary");
	l->region = "eu-west-1";
	OK(localkms_call(l, "ScheduleKeyDeletion",
	       "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", key) &&
		is_state(l, key, "PendingReplicaDeletion"),
	    "which outlives its replicas");
	l->region = "us-east-1";
	NEED(localkms_call(l, "ScheduleKeyDeletion",
		 "{\"KeyId\":\"%s\",\"PendingWindowInDays\":7}", key),
	    "the replica goes");
	NEED(localkms_control(l, "POST", "/clock", "forward=604801"),
	    "a week goes by");
	OK(localkms_refused(l, "NotFoundException", "DescribeKey",
	       "{\"KeyId\":\"%s\"}", key),
	    "the replica is gone");
	l->region = "eu-west-1";
	OK(is_state(l, key, "PendingDeletion"), "the primary's turn comes");
	NEED(localkms_control(l, "POST", "/clock", "forward=604801"),
	    "another week");
	OK(localkms_refused(l, "NotFoundException", "DescribeKey",
	       "{\"KeyId\":\"%s\"}", key),
	    "the primary is gone");
	l->region = "us-east-1";
	free(blob);
	free(key);
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		test_pair(&l, i);
	test_mac_keys(&l);
	test_refused_combinations(&l);
	test_life(&l);
	test_rotation(&l);
	test_tokens(&l);
	test_regions(&l);
	localkms_close(&l);
	return (tap_done());
}
