#include <openssl/evp.h>
#include <openssl/x509.h>
#include "operations/handlers.h"

const struct json_field reply_derive[] = {OUT(key_id, "KeyId", STRING),
    OUT(secret, "SharedSecret", BYTES),
    OUT(algorithm, "KeyAgreementAlgorithm", STRING),
    OUT(origin, "KeyOrigin", STRING), JSON_END};

const struct json_field reply_encapsulate[] = {OUT(key_id, "KeyId", STRING),
    OUT(secret, "SharedSecret", BYTES),
    OUT(ciphertext, "SharedSecretCiphertextBlob", BYTES),
    OUT(algorithm, "EncapsulationAlgorithm", STRING), JSON_END};

/* The x coordinate of the shared point, as long as the field. */
static bool
derive(EVP_PKEY *own, EVP_PKEY *peer, struct buf *out)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, own, NULL);
	size_t n = 0;
	bool ok;

	ok = ctx != NULL && EVP_PKEY_derive_init(ctx) == 1 &&
	     EVP_PKEY_derive_set_peer_ex(ctx, peer, 1) == 1 &&
	     EVP_PKEY_derive(ctx, NULL, &n) == 1 &&
	     buf_reserve(out, n) == ERR_OK &&
	     EVP_PKEY_derive(ctx, out->ptr, &n) == 1;
	if (ok)
		out->len = n;
	EVP_PKEY_CTX_free(ctx);
	return (ok);
}

bool
op_derive_shared_secret(struct call *c)
{
	struct view spki = c->in[IN_PUBLIC_KEY].bytes;
	const unsigned char *p = spki.ptr;
	const struct algorithm *a;
	struct buf *out = call_buf(c);
	EVP_PKEY *own, *peer;
	bool ok;

	if (!call_algorithm(c, c->key, c->in[IN_AGREEMENT_ALGORITHM].bytes, &a))
		return (false);
	if (!call_check_no_recipient(c))
		return (false);
	own = key_current(c->key)->pkey;
	peer = d2i_PUBKEY(NULL, &p, (long)spki.len);
	ok = peer != NULL && p == spki.ptr + spki.len &&
	     EVP_PKEY_parameters_eq(own, peer) == 1 && derive(own, peer, out);
	EVP_PKEY_free(peer);
	if (!ok)
		return (REFUSE(c, VALIDATION,
		    "The public key is not valid for key spec %s.",
		    c->key->spec->name));
	c->out.key_id = call_arn(c, c->key);
	c->out.secret = buf_view(out);
	c->out.algorithm = a->name;
	c->out.origin = c->key->external ? "EXTERNAL" : "AWS_KMS";
	return (true);
}

static bool
admit(struct call *c, const struct algorithm **a)
{
	if (!call_algorithm(
		c, c->key, c->in[IN_ENCAPSULATION_ALGORITHM].bytes, a))
		return (false);
	if (!call_check_no_recipient(c))
		return (false);
	c->out.key_id = call_arn(c, c->key);
	c->out.algorithm = (*a)->name;
	return (true);
}

bool
op_encapsulate(struct call *c)
{
	struct buf *secret = call_buf(c), *out = call_buf(c);
	const struct algorithm *a;
	EVP_PKEY_CTX *ctx;
	size_t n = 0, m = 0;
	bool ok;

	if (!admit(c, &a))
		return (false);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_current(c->key)->pkey, NULL);
	ok = ctx != NULL && EVP_PKEY_encapsulate_init(ctx, NULL) == 1 &&
	     EVP_PKEY_encapsulate(ctx, NULL, &n, NULL, &m) == 1 &&
	     buf_reserve(out, n) == ERR_OK &&
	     buf_reserve(secret, m) == ERR_OK &&
	     EVP_PKEY_encapsulate(ctx, out->ptr, &n, secret->ptr, &m) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return (REFUSE(c, INTERNAL, "encapsulation failed"));
	out->len = n;
	secret->len = m;
	c->out.ciphertext = buf_view(out);
	c->out.secret = buf_view(secret);
	return (true);
}

bool
op_decapsulate(struct call *c)
{
	struct view in = c->in[IN_SHARED_SECRET].bytes;
	struct buf *secret = call_buf(c);
	const struct algorithm *a;
	EVP_PKEY_CTX *ctx;
	size_t n = 0;
	bool ok;

	if (!admit(c, &a))
		return (false);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key_current(c->key)->pkey, NULL);
	/* a wrong ciphertext of the right length gives a secret, too: FIPS
	 * 203 rejects implicitly */
	ok = ctx != NULL && EVP_PKEY_decapsulate_init(ctx, NULL) == 1 &&
	     EVP_PKEY_decapsulate(ctx, NULL, &n, in.ptr, in.len) == 1 &&
	     buf_reserve(secret, n) == ERR_OK &&
	     EVP_PKEY_decapsulate(ctx, secret->ptr, &n, in.ptr, in.len) == 1;
	EVP_PKEY_CTX_free(ctx);
	if (!ok)
		return (REFUSE(c, INVALID_CIPHERTEXT, "%s", ""));
	secret->len = n;
	c->out.secret = buf_view(secret);
	return (true);
}
