#include <string.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include "call/metadata.h"
#include "call/state-table.h"
#include "key/material.h"
#include "operations/handlers.h"

const struct json_field reply_sign[] = {OUT(key_id, "KeyId", STRING),
    OUT(signature, "Signature", BYTES), OUT(valid, "SignatureValid", BOOL),
    OUT(algorithm, "SigningAlgorithm", STRING), JSON_END};

const struct json_field reply_mac[] = {OUT(key_id, "KeyId", STRING),
    OUT(mac, "Mac", BYTES), OUT(valid, "MacValid", BOOL),
    OUT(algorithm, "MacAlgorithm", STRING), JSON_END};

const struct json_field reply_public_key[] = {OUT(key_id, "KeyId", STRING),
    OUT(public_key, "PublicKey", BYTES),
    OUT(key.master_spec, "CustomerMasterKeySpec", STRING),
    OUT(key.spec, "KeySpec", STRING), OUT(key.usage, "KeyUsage", STRING),
    OUT(key.encryption, "EncryptionAlgorithms", NAMES),
    OUT(key.signing, "SigningAlgorithms", NAMES),
    OUT(key.agreement, "KeyAgreementAlgorithms", NAMES),
    OUT(key.encapsulation, "EncapsulationAlgorithms", NAMES), JSON_END};

/* What Sign and Verify have in common, once checked. */
struct signing {
	const struct algorithm *algorithm;
	EVP_PKEY *pkey;
	bool mu; /* the message is ML-DSA's 64 bytes of it */
	struct view message; /* as it came */
	uint8_t digest[EVP_MAX_MD_SIZE];
	size_t digest_len; /* 0: signed as a whole */
};

/* Which kinds of message an algorithm takes. */
static bool
check_type(struct call *c, struct signing *s, const char *type)
{
	const struct algorithm *a = s->algorithm;
	bool digest = strcmp(type, "DIGEST") == 0;
	bool fits = a->family == FAMILY_ML_DSA	  ? !digest
		    : a->padding == PAD_PREHASH	  ? digest
		    : a->family == FAMILY_ED25519 ? strcmp(type, "RAW") == 0
						  : true;

	s->mu = strcmp(type, "EXTERNAL_MU") == 0;
	if (!fits || (s->mu && a->family != FAMILY_ML_DSA))
		return (REFUSE(c, VALIDATION,
		    "MessageType %s is not valid for algorithm %s.", type,
		    a->name));
	if (s->mu && s->message.len != 64)
		return (REFUSE(c, VALIDATION,
		    "EXTERNAL_MU is invalid length for algorithm %s.",
		    a->name));
	if (digest && s->message.len != digest_length(a->digest))
		return (REFUSE(c, VALIDATION,
		    "Digest is invalid length for algorithm %s.", a->name));
	return (true);
}

static bool
prepare(struct call *c, struct signing *s)
{
	const char *type = call_text(c, IN_MESSAGE_TYPE, "RAW");
	size_t n = 0;

	s->message = c->in[IN_MESSAGE].bytes;
	if (!call_algorithm(
		c, c->key, c->in[IN_SIGNING_ALGORITHM].bytes, &s->algorithm) ||
	    !check_type(c, s, type))
		return (false);
	s->pkey = key_current(c->key)->pkey;
	c->out.key_id = call_arn(c, c->key);
	c->out.algorithm = s->algorithm->name;
	if (s->algorithm->digest == NULL ||
	    s->algorithm->padding == PAD_PREHASH)
		return (true);
	s->digest_len = digest_length(s->algorithm->digest);
	if (strcmp(type, "DIGEST") == 0) {
		memcpy(s->digest, s->message.ptr, s->digest_len);
		return (true);
	}
	return (EVP_Q_digest(NULL, s->algorithm->digest, NULL, s->message.ptr,
		    s->message.len, s->digest, &n) == 1 ||
		call_out_of_memory(c));
}

/* RSA and ECDSA sign a digest; the salt of PSS is as long as it. */
static bool
set_padding(EVP_PKEY_CTX *ctx, const struct algorithm *a)
{
	const int padding = a->padding == PAD_PSS ? RSA_PKCS1_PSS_PADDING
						  : RSA_PKCS1_PADDING;

	if (EVP_PKEY_CTX_set_signature_md(
		ctx, EVP_get_digestbyname(a->digest)) != 1)
		return (false);
	if (a->family != FAMILY_RSA)
		return (true);
	return (EVP_PKEY_CTX_set_rsa_padding(ctx, padding) == 1 &&
		(a->padding != PAD_PSS || EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx,
					      RSA_PSS_SALTLEN_DIGEST) == 1));
}

/* -1: OpenSSL cannot; 0: does not verify; 1: done. */
static int
with_digest(const struct signing *s, bool verify, uint8_t *sig, size_t *len)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, s->pkey, NULL);
	int rc = -1;

	if (ctx == NULL ||
	    (verify ? EVP_PKEY_verify_init(ctx) : EVP_PKEY_sign_init(ctx)) !=
		1 ||
	    !set_padding(ctx, s->algorithm))
		goto out;
	if (verify)
		rc = EVP_PKEY_verify(
			 ctx, sig, *len, s->digest, s->digest_len) == 1;
	else if (EVP_PKEY_sign(ctx, sig, len, s->digest, s->digest_len) == 1)
		rc = 1;
out:
	EVP_PKEY_CTX_free(ctx);
	return (rc);
}

/* Ed25519 and ML-DSA take the message as a whole. Of Ed25519ph the digest is
 * the message: KMS hashes it once more. */
static int
with_message(const struct signing *s, bool verify, uint8_t *sig, size_t *len)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char instance[] = "Ed25519ph";
	int mu = 1, rc = -1;
	OSSL_PARAM params[2] = {OSSL_PARAM_END, OSSL_PARAM_END};

	/* OpenSSL 3.0 has no macros for these names; it refuses the first and
	 * has no keys for the second */
	if (s->algorithm->padding == PAD_PREHASH)
		params[0] = OSSL_PARAM_construct_utf8_string(
		    "instance", instance, 0);
	else if (s->mu)
		params[0] = OSSL_PARAM_construct_int("mu", &mu);
	if (ctx == NULL || (verify ? EVP_DigestVerifyInit_ex(ctx, NULL, NULL,
					 NULL, NULL, s->pkey, params)
				   : EVP_DigestSignInit_ex(ctx, NULL, NULL,
					 NULL, NULL, s->pkey, params)) != 1)
		goto out;
	if (verify)
		rc = EVP_DigestVerify(
			 ctx, sig, *len, s->message.ptr, s->message.len) == 1;
	else if (EVP_DigestSign(
		     ctx, sig, len, s->message.ptr, s->message.len) == 1)
		rc = 1;
out:
	EVP_MD_CTX_free(ctx);
	return (rc);
}

/* OpenSSL 3.0 and 3.1 sign plain Ed25519 whatever instance is asked for. */
static bool
is_possible(struct call *c, const struct signing *s)
{
	if (s->algorithm->padding != PAD_PREHASH ||
	    OPENSSL_version_major() > 3 || OPENSSL_version_minor() >= 2)
		return (true);
	return (REFUSE(c, UNSUPPORTED,
	    "Algorithm %s needs OpenSSL 3.2, which this server does not have.",
	    s->algorithm->name));
}

bool
op_sign(struct call *c)
{
	struct signing s = {0};
	struct buf *out = call_buf(c);
	size_t n;
	int rc;

	if (!prepare(c, &s) || !is_possible(c, &s))
		return (false);
	n = (size_t)EVP_PKEY_get_size(s.pkey);
	if (buf_reserve(out, n) != ERR_OK)
		return (call_out_of_memory(c));
	rc = s.digest_len != 0 ? with_digest(&s, false, out->ptr, &n)
			       : with_message(&s, false, out->ptr, &n);
	if (rc != 1)
		return (REFUSE(c, INTERNAL, "signing failed"));
	out->len = n;
	c->out.signature = buf_view(out);
	return (true);
}

bool
op_verify(struct call *c)
{
	struct signing s = {0};
	struct buf *sig = call_buf(c);
	size_t n;
	int rc;

	if (!prepare(c, &s) || !is_possible(c, &s))
		return (false);
	if (buf_append(sig, c->in[IN_SIGNATURE].bytes) != ERR_OK)
		return (call_out_of_memory(c));
	n = sig->len;
	rc = s.digest_len != 0 ? with_digest(&s, true, sig->ptr, &n)
			       : with_message(&s, true, sig->ptr, &n);
	if (rc != 1)
		return (REFUSE(c, INVALID_SIGNATURE, "%s", ""));
	c->out.valid = JSON_TRUE;
	return (true);
}

static bool
mac(struct call *c, uint8_t out[EVP_MAX_MD_SIZE], size_t *len)
{
	const struct material *m = key_current(c->key);
	const struct algorithm *a;
	struct view message = c->in[IN_MESSAGE].bytes;

	if (!call_algorithm(c, c->key, c->in[IN_MAC_ALGORITHM].bytes, &a))
		return (false);
	if (EVP_Q_mac(NULL, "HMAC", NULL, a->digest, NULL, m->bytes.ptr,
		m->bytes.len, message.ptr, message.len, out, EVP_MAX_MD_SIZE,
		len) == NULL)
		return (call_out_of_memory(c));
	c->out.key_id = call_arn(c, c->key);
	c->out.algorithm = a->name;
	return (true);
}

bool
op_generate_mac(struct call *c)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	struct buf *out = call_buf(c);
	size_t n;

	if (!mac(c, bytes, &n))
		return (false);
	if (buf_append(out, VIEW(bytes, n)) != ERR_OK)
		return (call_out_of_memory(c));
	c->out.mac = buf_view(out);
	return (true);
}

bool
op_verify_mac(struct call *c)
{
	uint8_t bytes[EVP_MAX_MD_SIZE];
	struct view claimed = c->in[IN_MAC].bytes;
	size_t n;

	if (!mac(c, bytes, &n))
		return (false);
	if (claimed.len != n || CRYPTO_memcmp(claimed.ptr, bytes, n) != 0)
		return (REFUSE(c, INVALID_MAC, "%s", ""));
	c->out.valid = JSON_TRUE;
	return (true);
}

bool
op_get_public_key(struct call *c)
{
	struct buf *out = call_buf(c);

	if (c->key->spec->type == NULL)
		return (REFUSE(c, UNSUPPORTED,
		    "%s key spec is %s which is not valid for GetPublicKey.",
		    call_arn(c, c->key), c->key->spec->name));
	/* the state table has made sure that the material is there */
	if (!call_check_state(c, c->key, RULE_USE))
		return (false);
	if (!material_public(key_current(c->key), out) ||
	    !metadata_fill(c, c->key))
		return (call_out_of_memory(c));
	c->out.key_id = call_arn(c, c->key);
	c->out.public_key = buf_view(out);
	return (true);
}
