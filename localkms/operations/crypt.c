#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include "call/encryption.h"
#include "call/state-table.h"
#include "operations/handlers.h"

const struct json_field reply_encrypt[] = {
    OUT(ciphertext, "CiphertextBlob", BYTES), OUT(key_id, "KeyId", STRING),
    OUT(algorithm, "EncryptionAlgorithm", STRING), JSON_END};

const struct json_field reply_decrypt[] = {OUT(key_id, "KeyId", STRING),
    OUT(plaintext, "Plaintext", BYTES),
    OUT(algorithm, "EncryptionAlgorithm", STRING),
    OUT(material_id, "KeyMaterialId", STRING), JSON_END};

const struct json_field reply_random[] = {
    OUT(plaintext, "Plaintext", BYTES), JSON_END};

static struct view
algorithm_of(const struct call *c, enum input_member m)
{
	return (view_str(call_text(c, m, "SYMMETRIC_DEFAULT")));
}

bool
op_encrypt(struct call *c)
{
	struct encryption x = {.key = c->key,
	    .context = c->in[IN_CONTEXT].node,
	    .algorithm = algorithm_of(c, IN_ENCRYPTION_ALGORITHM),
	    .in = c->in[IN_PLAINTEXT].bytes,
	    .out = call_buf(c)};

	if (!encrypt_under_key(c, &x))
		return (false);
	c->out.ciphertext = buf_view(x.out);
	c->out.key_id = call_arn(c, x.key);
	c->out.algorithm = algorithm_find(x.algorithm)->name;
	return (true);
}

bool
op_decrypt(struct call *c)
{
	struct encryption x = {.key = c->key,
	    .context = c->in[IN_CONTEXT].node,
	    .algorithm = algorithm_of(c, IN_ENCRYPTION_ALGORITHM),
	    .in = c->in[IN_CIPHERTEXT].bytes,
	    .out = call_buf(c)};

	if (c->key != NULL && dry_run_ignores_ciphertext(c))
		return (call_check_state(c, c->key, RULE_USE) &&
			call_check_usage(c, c->key, USAGE_ENCRYPT));
	if (!call_has(c, IN_CIPHERTEXT))
		return (REFUSE(c, VALIDATION,
		    "1 validation error detected: Value null at "
		    "'ciphertextBlob' failed to satisfy constraint: Member "
		    "must not be null"));
	if (!call_check_no_recipient(c))
		return (false);
	if (!decrypt_under_key(c, &x))
		return (false);
	c->out.plaintext = buf_view(x.out);
	c->out.key_id = call_arn(c, x.key);
	c->out.algorithm = algorithm_find(x.algorithm)->name;
	c->out.material_id = x.material_id;
	return (true);
}

bool
op_generate_random(struct call *c)
{
	struct buf *out = call_buf(c);
	size_t n;

	if (!call_has(c, IN_NUMBER_OF_BYTES))
		return (REFUSE(c, VALIDATION, "NumberOfBytes is required."));
	if (call_has(c, IN_KEY_STORE_ID) || call_has(c, IN_RECIPIENT))
		return (REFUSE(c, UNSUPPORTED,
		    "Custom key stores and Recipient are not supported."));
	n = (size_t)c->in[IN_NUMBER_OF_BYTES].number;
	if (buf_reserve(out, n) != ERR_OK || RAND_bytes(out->ptr, (int)n) != 1)
		return (call_out_of_memory(c));
	out->len = n;
	c->out.plaintext = buf_view(out);
	return (true);
}
