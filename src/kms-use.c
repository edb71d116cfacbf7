#include <stdlib.h>
#include <string.h>
#include "kms-call.h"

#define ML_KEM_SECRET_SIZE 32

/* Keys in use. A blob alone is decoded straight into the caller's buffer. */
#define BLOB(name)                             \
	{                                      \
		(name), JSON_BYTES, 0, 0, NULL \
	}

/* Encrypt, Decrypt */
#define CRYPT(member, name, kind) \
	JSON_FIELD(struct kms_crypt_in, member, name, kind)
#define CRYPT_COMMON                                         \
	CRYPT(key, "KeyId", STRING),                         \
	    CRYPT(algorithm, "EncryptionAlgorithm", STRING), \
	    CRYPT(context, "EncryptionContext", MAP)
static const struct json_field encrypt_in[] = {
    CRYPT_COMMON, CRYPT(data, "Plaintext", BYTES), JSON_END};
static const struct json_field decrypt_in[] = {
    CRYPT_COMMON, CRYPT(data, "CiphertextBlob", BYTES), JSON_END};
static const struct json_field ciphertext_out[] = {
    BLOB("CiphertextBlob"), JSON_END};
static const struct json_field plaintext_out[] = {BLOB("Plaintext"), JSON_END};

enum err
kms_encrypt(struct kms *k, const struct kms_crypt_in *in, struct buf *out)
{
	enum err e = kms_call(
	    k, "Encrypt", in->key, encrypt_in, in, ciphertext_out, out);

	return (kms_require(k, e, out->len != 0, "CiphertextBlob"));
}

enum err
kms_decrypt(struct kms *k, const struct kms_crypt_in *in, struct buf *out)
{
	enum err e = kms_call(
	    k, "Decrypt", in->key, decrypt_in, in, plaintext_out, out);

	return (kms_require(
	    k, e, out->len != 0 && out->len <= KMS_PLAINTEXT_MAX, "Plaintext"));
}

/* GenerateDataKey */
#define DATA_KEY(type, member, name, kind) \
	JSON_FIELD(struct kms_data_key##type, member, name, kind)
static const struct json_field data_key_in[] = {
    DATA_KEY(_in, key, "KeyId", STRING), DATA_KEY(_in, spec, "KeySpec", STRING),
    DATA_KEY(_in, n, "NumberOfBytes", NUMBER),
    DATA_KEY(_in, context, "EncryptionContext", MAP), JSON_END};
static const struct json_field data_key_out[] = {DATA_KEY(, arn, "KeyId", TEXT),
    DATA_KEY(, ciphertext, "CiphertextBlob", BYTES),
    DATA_KEY(, plaintext, "Plaintext", BYTES), JSON_END};

void
kms_data_key_free(struct kms_data_key *d)
{
	buf_free(&d->ciphertext);
	buf_free(&d->plaintext);
}

static size_t
data_key_length(const struct kms_data_key_in *in)
{
	if (in->spec == NULL)
		return ((size_t)in->n);
	return (strcmp(in->spec, "AES_128") == 0 ? 16 : 32);
}

enum err
kms_generate_data_key(
    struct kms *k, const struct kms_data_key_in *in, struct kms_data_key *out)
{
	enum err e = kms_call(
	    k, "GenerateDataKey", in->key, data_key_in, in, data_key_out, out);

	return (kms_require(k, e,
	    out->arn[0] != '\0' && out->ciphertext.len != 0 &&
		out->plaintext.len == data_key_length(in),
	    "KeyId, CiphertextBlob or Plaintext"));
}

/* Sign */
#define SIGN(member, name, kind) \
	JSON_FIELD(struct kms_sign_in, member, name, kind)
static const struct json_field sign_in[] = {SIGN(key, "KeyId", STRING),
    SIGN(message, "Message", BYTES), SIGN(message_type, "MessageType", STRING),
    SIGN(algorithm, "SigningAlgorithm", STRING), JSON_END};
static const struct json_field sign_out[] = {BLOB("Signature"), JSON_END};

enum err
kms_sign(struct kms *k, const struct kms_sign_in *in, struct buf *out)
{
	enum err e = kms_call(k, "Sign", in->key, sign_in, in, sign_out, out);

	return (kms_require(k, e, out->len != 0, "Signature"));
}

/* GetPublicKey */
struct key_in {
	const char *key;
};
static const struct json_field key_in[] = {
    JSON_FIELD(struct key_in, key, "KeyId", STRING), JSON_END};
static const struct json_field public_key_out[] = {BLOB("PublicKey"), JSON_END};

enum err
kms_get_public_key(struct kms *k, const char *key, struct buf *out)
{
	struct key_in in = {key};
	enum err e = kms_call(
	    k, "GetPublicKey", key, key_in, &in, public_key_out, out);

	return (kms_require(k, e, out->len != 0, "PublicKey"));
}

/* GenerateMac, VerifyMac */
#define MAC(member, name, kind) \
	JSON_FIELD(struct kms_mac_in, member, name, kind)
static const struct json_field mac_in[] = {MAC(key, "KeyId", STRING),
    MAC(message, "Message", BYTES), MAC(algorithm, "MacAlgorithm", STRING),
    MAC(mac, "Mac", BYTES), JSON_END};
static const struct json_field generate_mac_out[] = {BLOB("Mac"), JSON_END};
struct verify_mac_out {
	enum json_bool valid;
};
static const struct json_field verify_mac_out[] = {
    JSON_FIELD(struct verify_mac_out, valid, "MacValid", BOOL), JSON_END};

/* "HMAC_SHA_384" -> 48 */
static size_t
mac_length(const char *algorithm)
{
	const char *bits = strrchr(algorithm, '_');

	return (bits == NULL ? 0 : strtoul(bits + 1, NULL, 10) / 8);
}

enum err
kms_generate_mac(struct kms *k, const struct kms_mac_in *in, struct buf *out)
{
	enum err e = kms_call(
	    k, "GenerateMac", in->key, mac_in, in, generate_mac_out, out);

	return (kms_require(k, e,
	    out->len != 0 && out->len == mac_length(in->algorithm), "Mac"));
}

enum err
kms_verify_mac(struct kms *k, const struct kms_mac_in *in)
{
	struct verify_mac_out out = {JSON_UNSET};
	enum err e = kms_call(
	    k, "VerifyMac", in->key, mac_in, in, verify_mac_out, &out);

	/* KMS says it by an exception; if it ever says it so, it is no yes */
	if (e == ERR_OK && out.valid == JSON_FALSE)
		e = ERR_BAD_MAC;
	return (kms_require(k, e, out.valid != JSON_UNSET, "MacValid"));
}

/* DeriveSharedSecret, Encapsulate, Decapsulate */
#define AGREE(member, name, kind) \
	JSON_FIELD(struct agree_in, member, name, kind)
struct agree_in {
	const char *key, *agreement, *encapsulation;
	struct view public_key, ciphertext;
};
static const struct json_field agree_in[] = {AGREE(key, "KeyId", STRING),
    AGREE(agreement, "KeyAgreementAlgorithm", STRING),
    AGREE(encapsulation, "EncapsulationAlgorithm", STRING),
    AGREE(public_key, "PublicKey", BYTES),
    AGREE(ciphertext, "SharedSecretCiphertextBlob", BYTES), JSON_END};
static const struct json_field secret_out[] = {BLOB("SharedSecret"), JSON_END};

enum err
kms_derive_shared_secret(
    struct kms *k, const char *key, struct view peer, struct buf *secret)
{
	struct agree_in in = {
	    .key = key, .agreement = "ECDH", .public_key = peer};
	enum err e = kms_call(
	    k, "DeriveSharedSecret", key, agree_in, &in, secret_out, secret);

	return (kms_require(k, e, secret->len != 0, "SharedSecret"));
}

static const struct json_field encapsulate_out[] = {
    JSON_FIELD(struct kms_encapsulated, secret, "SharedSecret", BYTES),
    JSON_FIELD(struct kms_encapsulated, ciphertext,
	"SharedSecretCiphertextBlob", BYTES),
    JSON_END};

void
kms_encapsulated_free(struct kms_encapsulated *e)
{
	buf_free(&e->secret);
	buf_free(&e->ciphertext);
}

enum err
kms_encapsulate(struct kms *k, const char *key, struct kms_encapsulated *out)
{
	struct agree_in in = {.key = key, .encapsulation = "ML_KEM"};
	enum err e = kms_call(
	    k, "Encapsulate", key, agree_in, &in, encapsulate_out, out);

	return (kms_require(k, e,
	    out->secret.len == ML_KEM_SECRET_SIZE && out->ciphertext.len != 0,
	    "SharedSecret or SharedSecretCiphertextBlob"));
}

enum err
kms_decapsulate(
    struct kms *k, const char *key, struct view ciphertext, struct buf *secret)
{
	struct agree_in in = {
	    .key = key, .encapsulation = "ML_KEM", .ciphertext = ciphertext};
	enum err e = kms_call(
	    k, "Decapsulate", key, agree_in, &in, secret_out, secret);

	return (kms_require(
	    k, e, secret->len == ML_KEM_SECRET_SIZE, "SharedSecret"));
}
