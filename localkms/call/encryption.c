#include <string.h>
#include <openssl/evp.h>
#include "call/encryption.h"
#include "call/state-table.h"
#include "key/wrap.h"

#define CONTEXT_MAX 8192

/* Serialises the encryption context: pairs sorted by key, each text behind its
 * length, so that the client's order does not matter. */
static bool
context_write(struct call *c, const struct json_node *context, struct buf *out)
{
	const struct json_node *d, *last = NULL, *next;
	uint32_t n;

	for (size_t i = 0; context != NULL && i < context->count; i++) {
		next = NULL;
		for (d = context->first; d != NULL; d = d->next)
			if ((last == NULL ||
				strcmp((const char *)d->key.ptr,
				    (const char *)last->key.ptr) > 0) &&
			    (next == NULL ||
				strcmp((const char *)d->key.ptr,
				    (const char *)next->key.ptr) <= 0))
				next = d;
		if (next == NULL)
			break; /* the rest were names said twice */
		last = next;
		for (int part = 0; part < 2; part++) {
			struct view v = part == 0 ? next->key : next->text;

			n = (uint32_t)v.len;
			if (buf_append(out, VIEW(&n, sizeof(n))) != ERR_OK ||
			    buf_append(out, v) != ERR_OK)
				return (REFUSE(c, VALIDATION,
				    "EncryptionContext is longer than %d "
				    "bytes",
				    CONTEXT_MAX));
		}
	}
	return (true);
}

static bool
check_algorithm(struct call *c, const struct encryption *x)
{
	const struct algorithm *a;

	if (!call_algorithm(c, x->key, x->algorithm, &a))
		return (false);
	if (x->key->spec->family != FAMILY_AES && x->context != NULL &&
	    x->context->count != 0)
		return (REFUSE(c, VALIDATION,
		    "EncryptionContext is not supported when using asymmetric "
		    "keys."));
	return (true);
}

/* What RSA-OAEP holds: the modulus less two hashes and two bytes. */
static bool
encrypt_rsa(struct call *c, struct encryption *x)
{
	const struct algorithm *a = algorithm_find(x->algorithm);
	const struct material *m = key_current(x->key);
	size_t most = x->key->spec->bits / 8 - 2 * digest_length(a->digest) - 2;

	if (x->in.len > most)
		return (REFUSE(c, VALIDATION,
		    "Algorithm %s and key spec %s cannot encrypt data larger "
		    "than %zu bytes.",
		    a->name, x->key->spec->name, most));
	return (rsa_oaep(m->pkey, true, a->digest, x->in, x->out) ||
		call_out_of_memory(c));
}

bool
encrypt_under_key(struct call *c, struct encryption *x)
{
	struct buf context = BUF_INIT(CONTEXT_MAX);
	const struct material *m = key_current(x->key);
	bool ok;

	if (!check_algorithm(c, x))
		return (false);
	if (x->key->spec->family != FAMILY_AES)
		return (encrypt_rsa(c, x));
	x->material_id = m->id;
	ok = context_write(c, x->context, &context);
	if (ok && !cipher_seal(c->service->cipher, x->key, m,
		      buf_view(&context), x->in, x->out))
		ok = call_out_of_memory(c);
	buf_free(&context);
	return (ok);
}

/* The key that a symmetric ciphertext names, which must be the one asked
 * for. */
static bool
find_named(
    struct call *c, struct encryption *x, const struct cipher_label *label)
{
	if (x->key != NULL) {
		if (strcmp(x->key->id, label->key_id) == 0)
			return (true);
		return (REFUSE(c, INCORRECT_KEY,
		    "The key ID in the request does not identify a CMK that "
		    "can perform this operation."));
	}
	if (call_find_key(c, view_str(label->key_id), false, &x->key))
		return (true);
	if (c->exception.kind != EXCEPTION_NOT_FOUND)
		return (false);
	return (REFUSE(c, ACCESS_DENIED,
	    "The ciphertext refers to a customer master key that does not "
	    "exist, does not exist in this region, or you are not allowed to "
	    "access."));
}

static bool
decrypt_aes(struct call *c, struct encryption *x)
{
	struct buf context = BUF_INIT(CONTEXT_MAX);
	struct cipher_label label;
	const struct material *m;
	bool ok;

	if (!cipher_read(x->in, &label))
		return (REFUSE(c, INVALID_CIPHERTEXT, "%s", ""));
	if (!find_named(c, x, &label) ||
	    !call_check_state(c, x->key, RULE_USE) ||
	    !call_check_usage(c, x->key, USAGE_ENCRYPT) ||
	    !check_algorithm(c, x) || !context_write(c, x->context, &context)) {
		buf_free(&context);
		return (false);
	}
	m = key_material(x->key, label.material_id);
	ok = m != NULL && material_is_present(m) &&
	     cipher_open(
		 c->service->cipher, m, buf_view(&context), x->in, x->out);
	buf_free(&context);
	if (!ok)
		return (REFUSE(c, INVALID_CIPHERTEXT, "%s", ""));
	x->material_id = m->id;
	return (true);
}

bool
decrypt_under_key(struct call *c, struct encryption *x)
{
	const struct algorithm *a = algorithm_find(x->algorithm);

	/* recorded from AWS: a key of another usage is an incorrect key */
	if (x->key != NULL && x->key->usage != USAGE_ENCRYPT)
		return (REFUSE(c, INCORRECT_KEY,
		    "The key ID in the request does not identify a CMK that "
		    "can perform this operation."));
	if (a != NULL && a->family == FAMILY_AES &&
	    (x->key == NULL || x->key->spec->family == FAMILY_AES))
		return (decrypt_aes(c, x));
	if (x->key == NULL)
		return (REFUSE(c, VALIDATION,
		    "The KeyId parameter is required when the ciphertext was "
		    "encrypted under an asymmetric KMS key."));
	if (!call_check_state(c, x->key, RULE_USE) || !check_algorithm(c, x))
		return (false);
	if (!rsa_oaep(
		key_current(x->key)->pkey, false, a->digest, x->in, x->out))
		return (REFUSE(c, INVALID_CIPHERTEXT, "%s", ""));
	return (true);
}

/* DryRun with IGNORE_CIPHERTEXT checks the key alone, which has to be given. */
bool
dry_run_ignores_ciphertext(const struct call *c)
{
	const struct json_node *d = NULL;

	if (c->in[IN_DRY_RUN].truth && call_has(c, IN_DRY_RUN_MODIFIERS))
		d = c->in[IN_DRY_RUN_MODIFIERS].node->first;
	while (d != NULL && !view_equal(d->text, VIEW_STR("IGNORE_CIPHERTEXT")))
		d = d->next;
	return (d != NULL);
}
