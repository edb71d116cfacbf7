/* Keys of every spec, made by the server: what is signed, encrypted, agreed
 * and authenticated is checked by OpenSSL outside of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "localkms.h"
#include "tap.h"

static EVP_PKEY *
public_key(struct localkms *l, const char *key)
{
	struct buf spki = BUF_INIT(8192);
	const unsigned char *p;
	EVP_PKEY *pkey;

	if (!localkms_call(l, "GetPublicKey", "{\"KeyId\":\"%s\"}", key))
		tap_bail();
	localkms_bytes(l, "PublicKey", &spki);
	p = spki.ptr;
	if ((pkey = d2i_PUBKEY(NULL, &p, (long)spki.len)) == NULL)
		tap_bail();
	buf_free(&spki);
	return (pkey);
}

/* OpenSSL's word on a signature of "a message". */
static bool
verifies(EVP_PKEY *pkey, const char *digest, bool pss, struct view sig)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *p = NULL;
	bool ok;

	ok = EVP_DigestVerifyInit_ex(ctx, &p, digest, NULL, NULL, pkey, NULL) ==
		 1 &&
	     (!pss ||
		 (EVP_PKEY_CTX_set_rsa_padding(p, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(
			 p, RSA_PSS_SALTLEN_DIGEST) == 1)) &&
	     EVP_DigestVerify(ctx, sig.ptr, sig.len,
		 (const unsigned char *)"a message", 9) == 1;
	EVP_MD_CTX_free(ctx);
	return (ok);
}

/* clang-format off */
static const struct {
	const char *spec, *algorithm, *digest;
	bool pss;
} signers[] = {
	{ "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256", "SHA256", false },
	{ "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_384", "SHA384", false },
	{ "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_512", "SHA512", false },
	{ "RSA_2048", "RSASSA_PSS_SHA_256", "SHA256", true },
	{ "RSA_2048", "RSASSA_PSS_SHA_384", "SHA384", true },
	{ "RSA_2048", "RSASSA_PSS_SHA_512", "SHA512", true },
	{ "RSA_3072", "RSASSA_PSS_SHA_512", "SHA512", true },
	{ "ECC_NIST_P256", "ECDSA_SHA_256", "SHA256", false },
	{ "ECC_NIST_P384", "ECDSA_SHA_384", "SHA384", false },
	{ "ECC_NIST_P521", "ECDSA_SHA_512", "SHA512", false },
	{ "ECC_SECG_P256K1", "ECDSA_SHA_256", "SHA256", false },
	{ "ECC_NIST_EDWARDS25519", "ED25519_SHA_512", NULL, false },
	{ "ML_DSA_44", "ML_DSA_SHAKE_256", NULL, false },
	{ "ML_DSA_65", "ML_DSA_SHAKE_256", NULL, false },
	{ "ML_DSA_87", "ML_DSA_SHAKE_256", NULL, false },
};
/* clang-format on */

#define MESSAGE "YSBtZXNzYWdl" /* "a message" */
#define OTHER "YSBtZXNzYWdm"

static void
test_signer(struct localkms *l, size_t i)
{
	const char *spec = signers[i].spec, *name = signers[i].algorithm;
	struct buf sig = BUF_INIT(8192);
	EVP_PKEY *pkey;
	char *key, *text;

	if (!localkms_call(l, "CreateKey",
		"{\"KeySpec\":\"%s\",\"KeyUsage\":\"SIGN_VERIFY\"}", spec)) {
		tap_skip("OpenSSL 3.5 has it", name);
		return;
	}
	key = strdup(localkms_text(l, "KeyMetadata.KeyId"));
	pkey = public_key(l, key);
	NEED(localkms_call(l, "Sign",
		 "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
		 "\",\"SigningAlgorithm\":\"%s\"}",
		 key, name),
	    "%s %s signs", spec, name);
	localkms_bytes(l, "Signature", &sig);
	text = strdup(localkms_text(l, "Signature"));
	OK(verifies(pkey, signers[i].digest, signers[i].pss, buf_view(&sig)),
	    "%s %s: OpenSSL verifies", spec, name);
	OK(localkms_call(l, "Verify",
	       "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
	       "\",\"SigningAlgorithm\":\"%s\",\"Signature\":\"%s\"}",
	       key, name, text) &&
		strcmp(localkms_text(l, "SignatureValid"), "true") == 0,
	    "%s %s: the server verifies", spec, name);
	OK(localkms_refused(l, "KMSInvalidSignatureException", "Verify",
	       "{\"KeyId\":\"%s\",\"Message\":\"" OTHER
	       "\",\"SigningAlgorithm\":\"%s\",\"Signature\":\"%s\"}",
	       key, name, text),
	    "%s %s: another message is refused", spec, name);
	EVP_PKEY_free(pkey);
	buf_free(&sig);
	free(text);
	free(key);
}

static void
test_sign_limits(struct localkms *l)
{
	char *rsa = localkms_key(
	    l, "\"KeySpec\":\"RSA_2048\",\"KeyUsage\":\"SIGN_VERIFY\"");
	char *aes = localkms_key(l, "");

	OK(localkms_refused(l, "ValidationException", "Sign",
	       "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
	       "\",\"MessageType\":\"DIGEST\","
	       "\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\"}",
	       rsa) &&
		strcmp(localkms_message(l),
		    "Digest is invalid length for algorithm "
		    "RSASSA_PSS_SHA_256.") == 0,
	    "a digest of the wrong length");
	OK(localkms_refused(l, "InvalidKeyUsageException", "Sign",
	       "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
	       "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
	       rsa) &&
		strcmp(localkms_message(l),
		    "Algorithm ECDSA_SHA_256 is incompatible with key spec "
		    "RSA_2048.") == 0,
	    "an algorithm of another family");
	OK(localkms_refused(l, "InvalidKeyUsageException", "Sign",
	       "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
	       "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"}",
	       aes) &&
		strstr(localkms_message(l),
		    "key usage is ENCRYPT_DECRYPT which is not valid for "
		    "Sign.") != NULL,
	    "a key that does not sign");
	OK(localkms_refused(l, "DryRunOperationException", "Sign",
	       "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE "\",\"DryRun\":true,"
	       "\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\"}",
	       rsa),
	    "a dry run");
	OK(localkms_refused(l, "UnsupportedOperationException", "GetPublicKey",
	       "{\"KeyId\":\"%s\"}", aes),
	    "a symmetric key has no public key");
	free(aes);
	free(rsa);
}

static void
test_rsa_encryption(struct localkms *l)
{
	char *key = localkms_key(
	    l, "\"KeySpec\":\"RSA_2048\",\"KeyUsage\":\"ENCRYPT_DECRYPT\"");
	uint8_t big[215] = {0};
	char *text = localkms_base64(VIEW(big, sizeof(big))), *blob;

	NEED(localkms_call(l, "Encrypt",
		 "{\"KeyId\":\"%s\",\"Plaintext\":\"" MESSAGE
		 "\",\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}",
		 key),
	    "RSA encrypts");
	blob = strdup(localkms_text(l, "CiphertextBlob"));
	OK(localkms_call(l, "Decrypt",
	       "{\"KeyId\":\"%s\",\"CiphertextBlob\":\"%s\","
	       "\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\"}",
	       key, blob) &&
		strcmp(localkms_text(l, "Plaintext"), MESSAGE) == 0,
	    "RSA decrypts");
	OK(localkms_refused(l, "InvalidCiphertextException", "Decrypt",
	       "{\"KeyId\":\"%s\",\"CiphertextBlob\":\"%s\","
	       "\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}",
	       key, blob),
	    "RSA decrypts not with the other hash");
	OK(localkms_refused(l, "ValidationException", "Encrypt",
	       "{\"KeyId\":\"%s\",\"Plaintext\":\"%s\","
	       "\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_1\"}",
	       key, text) &&
		strcmp(localkms_message(l),
		    "Algorithm RSAES_OAEP_SHA_1 and key spec RSA_2048 cannot "
		    "encrypt data larger than 214 bytes.") == 0,
	    "RSA's limit");
	free(blob);
	free(text);
	free(key);
}

static void
test_mac(struct localkms *l)
{
	static const char *const bits[] = {"224", "256", "384", "512"};
	char spec[64], *key, *mac;

	for (size_t i = 0; i < 4; i++) {
		snprintf(spec, sizeof(spec),
		    "\"KeySpec\":\"HMAC_%s\",\"KeyUsage\":"
		    "\"GENERATE_VERIFY_MAC\"",
		    bits[i]);
		key = localkms_key(l, spec);
		NEED(localkms_call(l, "GenerateMac",
			 "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
			 "\",\"MacAlgorithm\":\"HMAC_SHA_%s\"}",
			 key, bits[i]),
		    "HMAC_%s makes a MAC", bits[i]);
		mac = strdup(localkms_text(l, "Mac"));
		OK(localkms_call(l, "VerifyMac",
		       "{\"KeyId\":\"%s\",\"Message\":\"" MESSAGE
		       "\",\"MacAlgorithm\":\"HMAC_SHA_%s\",\"Mac\":\"%s\"}",
		       key, bits[i], mac),
		    "HMAC_%s verifies it", bits[i]);
		OK(localkms_refused(l, "KMSInvalidMacException", "VerifyMac",
		       "{\"KeyId\":\"%s\",\"Message\":\"" OTHER
		       "\",\"MacAlgorithm\":\"HMAC_SHA_%s\",\"Mac\":\"%s\"}",
		       key, bits[i], mac),
		    "HMAC_%s refuses another message", bits[i]);
		free(mac);
		free(key);
	}
}

static void
test_agreement(struct localkms *l)
{
	static const char *const specs[] = {
	    "ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"};
	struct buf one = BUF_INIT(256), two = BUF_INIT(256);
	char members[96], *keys[2], *publics[2];

	for (size_t i = 0; i < 3; i++) {
		snprintf(members, sizeof(members),
		    "\"KeySpec\":\"%s\",\"KeyUsage\":\"KEY_AGREEMENT\"",
		    specs[i]);
		for (size_t n = 0; n < 2; n++) {
			keys[n] = localkms_key(l, members);
			EVP_PKEY_free(public_key(l, keys[n]));
			publics[n] = strdup(localkms_text(l, "PublicKey"));
		}
		for (size_t n = 0; n < 2; n++) {
			NEED(localkms_call(l, "DeriveSharedSecret",
				 "{\"KeyId\":\"%s\",\"PublicKey\":\"%s\","
				 "\"KeyAgreementAlgorithm\":\"ECDH\"}",
				 keys[n], publics[1 - n]),
			    "%s derives", specs[i]);
			localkms_bytes(l, "SharedSecret", n == 0 ? &one : &two);
		}
		OK(view_equal(buf_view(&one), buf_view(&two)),
		    "%s: both sides have the same secret", specs[i]);
		buf_reset(&one);
		buf_reset(&two);
		for (size_t n = 0; n < 2; n++) {
			free(keys[n]);
			free(publics[n]);
		}
	}
	buf_free(&one);
	buf_free(&two);
}

static void
test_encapsulation(struct localkms *l)
{
	static const char *const specs[] = {
	    "ML_KEM_512", "ML_KEM_768", "ML_KEM_1024"};
	char *key, *secret;

	for (size_t i = 0; i < 3; i++) {
		if (!localkms_call(l, "CreateKey",
			"{\"KeySpec\":\"%s\",\"KeyUsage\":"
			"\"ENCAPSULATE_DECAPSULATE\"}",
			specs[i])) {
			tap_skip("OpenSSL 3.5 has it", specs[i]);
			continue;
		}
		key = strdup(localkms_text(l, "KeyMetadata.KeyId"));
		NEED(localkms_call(l, "Encapsulate",
			 "{\"KeyId\":\"%s\",\"EncapsulationAlgorithm\":"
			 "\"ML_KEM\"}",
			 key),
		    "%s encapsulates", specs[i]);
		secret = strdup(localkms_text(l, "SharedSecret"));
		char *blob = strdup(
		    localkms_text(l, "SharedSecretCiphertextBlob"));
		OK(localkms_call(l, "Decapsulate",
		       "{\"KeyId\":\"%s\",\"EncapsulationAlgorithm\":"
		       "\"ML_KEM\",\"SharedSecretCiphertextBlob\":\"%s\"}",
		       key, blob) &&
			strcmp(localkms_text(l, "SharedSecret"), secret) == 0,
		    "%s decapsulates the same secret", specs[i]);
		OK(localkms_refused(l, "InvalidCiphertextException",
		       "Decapsulate",
		       "{\"KeyId\":\"%s\",\"EncapsulationAlgorithm\":"
		       "\"ML_KEM\",\"SharedSecretCiphertextBlob\":\"AAAA\"}",
		       key),
		    "%s: a ciphertext of the wrong length", specs[i]);
		free(blob);
		free(secret);
		free(key);
	}
}

static void
test_data_keys(struct localkms *l)
{
	char *key = localkms_key(l, ""), *other = localkms_key(l, ""), *clear,
	     *blob;

	NEED(localkms_call(l, "GenerateDataKey",
		 "{\"KeyId\":\"%s\",\"KeySpec\":\"AES_256\","
		 "\"EncryptionContext\":{\"b\":\"2\",\"a\":\"1\"}}",
		 key),
	    "a data key");
	clear = strdup(localkms_text(l, "Plaintext"));
	blob = strdup(localkms_text(l, "CiphertextBlob"));
	OK(strlen(clear) == 44, "of 32 bytes");
	OK(localkms_call(l, "Decrypt",
	       "{\"CiphertextBlob\":\"%s\","
	       "\"EncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}}",
	       blob) &&
		strcmp(localkms_text(l, "Plaintext"), clear) == 0,
	    "decrypts, the context in another order");
	OK(localkms_refused(l, "IncorrectKeyException", "Decrypt",
	       "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\","
	       "\"EncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}}",
	       blob, other),
	    "not with another key");
	NEED(localkms_call(l, "ReEncrypt",
		 "{\"CiphertextBlob\":\"%s\",\"DestinationKeyId\":\"%s\","
		 "\"SourceEncryptionContext\":{\"a\":\"1\",\"b\":\"2\"}}",
		 blob, other),
	    "re-encrypted");
	free(blob);
	blob = strdup(localkms_text(l, "CiphertextBlob"));
	OK(localkms_call(l, "Decrypt",
	       "{\"CiphertextBlob\":\"%s\",\"KeyId\":\"%s\"}", blob, other) &&
		strcmp(localkms_text(l, "Plaintext"), clear) == 0,
	    "it decrypts under the other key");
	OK(localkms_refused(l, "ValidationException", "GenerateDataKey",
	       "{\"KeyId\":\"%s\"}", key),
	    "neither a length nor a spec");
	NEED(localkms_call(l, "GenerateDataKeyPair",
		 "{\"KeyId\":\"%s\",\"KeyPairSpec\":\"ECC_NIST_P256\"}", key),
	    "a data key pair");
	free(clear);
	free(blob);
	clear = strdup(localkms_text(l, "PrivateKeyPlaintext"));
	blob = strdup(localkms_text(l, "PrivateKeyCiphertextBlob"));
	OK(localkms_call(l, "Decrypt", "{\"CiphertextBlob\":\"%s\"}", blob) &&
		strcmp(localkms_text(l, "Plaintext"), clear) == 0,
	    "its private key decrypts");
	free(clear);
	free(blob);
	free(key);
	free(other);
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	for (size_t i = 0; i < sizeof(signers) / sizeof(signers[0]); i++)
		test_signer(&l, i);
	test_sign_limits(&l);
	test_rsa_encryption(&l);
	test_mac(&l);
	test_agreement(&l);
	test_encapsulation(&l);
	test_data_keys(&l);
	localkms_close(&l);
	return (tap_done());
}
