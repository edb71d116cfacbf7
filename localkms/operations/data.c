#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "call/encryption.h"
#include "call/state-table.h"
#include "key/material.h"
#include "operations/handlers.h"

const struct json_field reply_data_key[] = {
    OUT(ciphertext, "CiphertextBlob", BYTES),
    OUT(plaintext, "Plaintext", BYTES), OUT(key_id, "KeyId", STRING),
    OUT(material_id, "KeyMaterialId", STRING), JSON_END};

const struct json_field reply_data_pair[] = {
    OUT(private_ciphertext, "PrivateKeyCiphertextBlob", BYTES),
    OUT(plaintext, "PrivateKeyPlaintext", BYTES),
    OUT(public_key, "PublicKey", BYTES), OUT(key_id, "KeyId", STRING),
    OUT(spec, "KeyPairSpec", STRING), OUT(material_id, "KeyMaterialId", STRING),
    JSON_END};

const struct json_field reply_reencrypt[] = {
    OUT(ciphertext, "CiphertextBlob", BYTES),
    OUT(source_key_id, "SourceKeyId", STRING), OUT(key_id, "KeyId", STRING),
    OUT(source_algorithm, "SourceEncryptionAlgorithm", STRING),
    OUT(algorithm, "DestinationEncryptionAlgorithm", STRING),
    OUT(source_material_id, "SourceKeyMaterialId", STRING),
    OUT(material_id, "DestinationKeyMaterialId", STRING), JSON_END};

/* Encrypts a data key under the symmetric KMS key. */
static bool
seal(struct call *c, struct view clear, struct view *out)
{
	struct encryption x = {.key = c->key,
	    .context = c->in[IN_CONTEXT].node,
	    .algorithm = VIEW_STR("SYMMETRIC_DEFAULT"),
	    .in = clear,
	    .out = call_buf(c)};

	if (!encrypt_under_key(c, &x))
		return (false);
	*out = buf_view(x.out);
	c->out.key_id = call_arn(c, c->key);
	c->out.material_id = x.material_id;
	return (true);
}

bool
op_generate_data_key_without_plaintext(struct call *c)
{
	struct buf *clear = call_buf(c);
	size_t n;

	if (call_has(c, IN_NUMBER_OF_BYTES) == call_has(c, IN_DATA_KEY_SPEC))
		return (REFUSE(c, VALIDATION,
		    "Please specify either number of bytes or key spec."));
	if (!call_check_no_recipient(c))
		return (false);
	n = call_has(c, IN_NUMBER_OF_BYTES)
		? (size_t)c->in[IN_NUMBER_OF_BYTES].number
	    : strcmp(call_text(c, IN_DATA_KEY_SPEC, ""), "AES_256") == 0 ? 32
									 : 16;
	if (buf_reserve(clear, n) != ERR_OK ||
	    RAND_bytes(clear->ptr, (int)n) != 1)
		return (call_out_of_memory(c));
	clear->len = n;
	return (seal(c, buf_view(clear), &c->out.ciphertext));
}

bool
op_generate_data_key(struct call *c)
{
	if (!op_generate_data_key_without_plaintext(c))
		return (false);
	c->out.plaintext = buf_view(&c->bufs[0]);
	return (true);
}

bool
op_generate_data_key_pair_without_plaintext(struct call *c)
{
	const struct spec *spec = spec_find(c->in[IN_KEY_PAIR_SPEC].bytes);
	struct buf *clear = call_buf(c), *spki = call_buf(c);
	struct material m = {.bytes = BUF_INIT(KEY_MATERIAL_MAX)};
	bool ok = false;

	if (!call_check_no_recipient(c))
		return (false);
	if (spec == NULL ||
	    !material_generate(&m, spec, c->service->rsa_stock)) {
		REFUSE(c, UNSUPPORTED,
		    "KeyPairSpec %s is not supported by this server.",
		    call_text(c, IN_KEY_PAIR_SPEC, ""));
		goto out;
	}
	if (!material_public(&m, spki) ||
	    buf_append(clear, buf_view(&m.bytes)) != ERR_OK) {
		(void)call_out_of_memory(c);
		goto out;
	}
	c->out.public_key = buf_view(spki);
	c->out.spec = spec->name;
	ok = seal(c, buf_view(clear), &c->out.private_ciphertext);
out:
	material_forget(&m);
	return (ok);
}

bool
op_generate_data_key_pair(struct call *c)
{
	if (!op_generate_data_key_pair_without_plaintext(c))
		return (false);
	c->out.plaintext = buf_view(&c->bufs[0]);
	return (true);
}

static bool
is_usable(struct call *c, const struct key *k)
{
	return (call_check_state(c, k, RULE_USE) &&
		call_check_usage(c, k, USAGE_ENCRYPT));
}

bool
op_re_encrypt(struct call *c)
{
	const char *symmetric = "SYMMETRIC_DEFAULT";
	struct encryption from = {.context = c->in[IN_SOURCE_CONTEXT].node,
	    .algorithm = view_str(call_text(c, IN_SOURCE_ALGORITHM, symmetric)),
	    .in = c->in[IN_CIPHERTEXT].bytes,
	    .out = call_buf(c)};
	struct encryption to = {.context = c->in[IN_DESTINATION_CONTEXT].node,
	    .algorithm = view_str(
		call_text(c, IN_DESTINATION_ALGORITHM, symmetric)),
	    .out = call_buf(c)};
	bool without;

	if (call_has(c, IN_SOURCE_KEY_ID) &&
	    !call_find_key(c, c->in[IN_SOURCE_KEY_ID].bytes, true, &from.key))
		return (false);
	without = from.key != NULL && dry_run_ignores_ciphertext(c);
	if (!without && !call_has(c, IN_CIPHERTEXT))
		return (REFUSE(c, VALIDATION,
		    "1 validation error detected: Value null at "
		    "'ciphertextBlob' failed to satisfy constraint: Member "
		    "must not be null"));
	if (!call_find_key(
		c, c->in[IN_DESTINATION_KEY_ID].bytes, true, &to.key) ||
	    !(without ? is_usable(c, from.key) : decrypt_under_key(c, &from)) ||
	    !is_usable(c, to.key))
		return (false);
	if (without)
		return (true); /* and refused as a DryRun */
	to.in = buf_view(from.out);
	if (!encrypt_under_key(c, &to))
		return (false);
	c->out.ciphertext = buf_view(to.out);
	c->out.source_key_id = call_arn(c, from.key);
	c->out.key_id = call_arn(c, to.key);
	c->out.source_algorithm = algorithm_find(from.algorithm)->name;
	c->out.algorithm = algorithm_find(to.algorithm)->name;
	c->out.source_material_id = from.material_id;
	c->out.material_id = to.material_id;
	return (true);
}
