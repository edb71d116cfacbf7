#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "hex.h"
#include "import-key.h"
#include "message.h"
#include "pin.h"

#define TRIES 3 /* at a component that cannot be one */
#define GROUP_NAME_MAX 80
#define POINT_MAX 256 /* bytes: more than any curve has */

/* CKA_EC_PARAMS: the curve's OID. Empty where the curve has none. */
static bool
read_curve(const EVP_PKEY *key, struct buf *params)
{
	char name[GROUP_NAME_MAX];
	ASN1_OBJECT *oid = NULL;
	unsigned char *at;
	int len;
	bool done = true;

	params->max = GROUP_NAME_MAX;
	if (EVP_PKEY_get_group_name(key, name, sizeof(name), NULL) != 1 ||
	    (oid = OBJ_txt2obj(name, 0)) == NULL)
		return (true);
	len = i2d_ASN1_OBJECT(oid, NULL);
	if (len > 0) {
		done = buf_reserve(params, (size_t)len) == ERR_OK;
		at = params->ptr;
		if (done)
			params->len = (size_t)i2d_ASN1_OBJECT(oid, &at);
	}
	ASN1_OBJECT_free(oid);
	return (done);
}

/* The uncompressed point, whatever form the file has. */
static bool
read_point(const EVP_PKEY *key, CK_ULONG bits, struct buf *point)
{
	const char *names[] = {
	    OSSL_PKEY_PARAM_EC_PUB_X, OSSL_PKEY_PARAM_EC_PUB_Y};
	int len = (int)(bits + 7) / 8;
	BIGNUM *n = NULL;
	bool done;

	point->max = POINT_MAX;
	done = buf_append(point, VIEW_STR("\x04")) == ERR_OK &&
	       buf_reserve(point, 1 + 2 * (size_t)len) == ERR_OK;
	for (size_t i = 0; i < 2 && done; i++) {
		done = EVP_PKEY_get_bn_param(key, names[i], &n) == 1 &&
		       BN_bn2binpad(n, point->ptr + point->len, len) == len;
		point->len += done ? (size_t)len : 0;
	}
	BN_free(n);
	return (done);
}

/* Of a key that KMS does not import the type says so. */
static bool
describe_private(const struct key_reader *r, struct key *k)
{
	EVP_PKEY *key = key_file_decode(r->lib, buf_view(&k->value));
	bool done = key != NULL;

	k->class = CKO_PRIVATE_KEY;
	k->type = CK_UNAVAILABLE_INFORMATION;
	k->bits = done ? (CK_ULONG)EVP_PKEY_get_bits(key) : 0;
	k->public.max = KEY_NUMBER_MAX;
	if (done && EVP_PKEY_is_a(key, "RSA")) {
		k->type = CKK_RSA;
		done = key_number(key, OSSL_PKEY_PARAM_RSA_N, &k->public);
	} else if (done && EVP_PKEY_is_a(key, "EC")) {
		k->type = CKK_EC;
		done = read_curve(key, &k->params) &&
		       read_point(key, k->bits, &k->public);
	}
	done = done && public_key_fingerprint(r->lib, key, k->fingerprint);
	EVP_PKEY_free(key);
	return (done);
}

/* What is as long as an AES key is one, unless it is said to be an HMAC key. */
static bool
describe_secret(const struct key_reader *r, struct key *k)
{
	const struct crypto crypto = {.lib = r->lib};
	size_t len = k->value.len;
	bool aes = k->wish.hmac == 0 && k->wish.usage != USAGE_SIGN &&
		   (len == 16 || len == 24 || len == 32);
	uint8_t check_value[CHECK_VALUE_LEN];

	k->class = CKO_SECRET_KEY;
	k->type = aes ? CKK_AES : CKK_GENERIC_SECRET;
	k->bits = len * 8;
	if (check_value_of_secret(
		&crypto, k->type, buf_view(&k->value), check_value) != ERR_OK)
		return (false);
	hex_write(check_value, sizeof(check_value), k->check_value);
	return (true);
}

/* What the algorithms of a JSON Web Key (RFC 7518) are for. */
static const struct {
	const char *name;
	bool is_private;
	enum usage usage;
	CK_ULONG hmac;
} algorithms[] = {
    {"HS256", false, USAGE_SIGN, 256},
    {"HS384", false, USAGE_SIGN, 384},
    {"HS512", false, USAGE_SIGN, 512},
    {"A256KW", false, USAGE_DECRYPT, 0},
    {"A256GCM", false, USAGE_DECRYPT, 0},
    {"A256GCMKW", false, USAGE_DECRYPT, 0},
    {"RS256", true, USAGE_SIGN, 0},
    {"RS384", true, USAGE_SIGN, 0},
    {"RS512", true, USAGE_SIGN, 0},
    {"PS256", true, USAGE_SIGN, 0},
    {"PS384", true, USAGE_SIGN, 0},
    {"PS512", true, USAGE_SIGN, 0},
    {"ES256", true, USAGE_SIGN, 0},
    {"ES256K", true, USAGE_SIGN, 0},
    {"ES384", true, USAGE_SIGN, 0},
    {"ES512", true, USAGE_SIGN, 0},
    {"RSA-OAEP", true, USAGE_DECRYPT, 0},
    {"RSA-OAEP-256", true, USAGE_DECRYPT, 0},
    {"RSA-OAEP-384", true, USAGE_DECRYPT, 0},
    {"RSA-OAEP-512", true, USAGE_DECRYPT, 0},
    {"ECDH-ES", true, USAGE_DERIVE, 0},
    {"ECDH-ES+A128KW", true, USAGE_DERIVE, 0},
    {"ECDH-ES+A192KW", true, USAGE_DERIVE, 0},
    {"ECDH-ES+A256KW", true, USAGE_DERIVE, 0},
};

/* Wishes what the algorithm is for. False: something else is wanted. Others
 * than those above say nothing. */
static bool
heed_algorithm(const struct wanted_key *w, const char *name, bool is_private,
    struct key_wish *wish)
{
	size_t i = 0, count = sizeof(algorithms) / sizeof(algorithms[0]);
	bool free = wish->usage == USAGE_ANY && wish->hmac == 0;

	while (i < count && strcmp(algorithms[i].name, name) != 0)
		i++;
	if (i == count || w->algorithm == ALGORITHM_IGNORED ||
	    (w->algorithm == ALGORITHM_DEFAULT && (!free || w->spec != NULL)))
		return (true);
	if (is_private != algorithms[i].is_private ||
	    (wish->usage != USAGE_ANY && wish->usage != algorithms[i].usage) ||
	    (wish->hmac != 0 && wish->hmac != algorithms[i].hmac)) {
		message("%s: it says that it is for %s (alg), which is not "
			"what is wanted of it: give another usage or hash, or "
			"none",
		    w->file, name);
		return (false);
	}
	wish->usage = algorithms[i].usage;
	wish->hmac = algorithms[i].hmac;
	return (true);
}

bool
import_read_key(
    const struct key_reader *r, const struct wanted_key *w, struct key *k)
{
	struct buf read = BUF_INIT(0);
	char algorithm[JWK_WORD_SIZE];
	bool is_private, done;

	k->file = w->file;
	k->wish = w->wish;
	if (!key_file_read(r->lib, r->arena, w->file, w->format,
		r->passphrase_file, &read, &is_private, algorithm) ||
	    !heed_algorithm(w, algorithm, is_private, &k->wish)) {
		buf_free(&read);
		return (false);
	}
	/* what a file was read into is longer than the key */
	k->value = (struct buf)BUF_SECRET(read.len, r->arena);
	done = buf_append(&k->value, buf_view(&read)) == ERR_OK &&
	       (is_private ? describe_private(r, k) : describe_secret(r, k));
	buf_free(&read);
	if (done)
		key_find_spec(k);
	else
		message("%s: it cannot be used", w->file);
	return (done);
}

bool
import_name_key(const struct wanted_key *w, struct key *k)
{
	struct view label = w->label != NULL ? view_str(w->label)
			    : w->id.len == 0 ? label_of_file(k->file)
					     : VIEW_STR("");

	buf_reset(&k->label);
	buf_reset(&k->id);
	k->label.max = k->id.max = SIZE_MAX;
	return (buf_append(&k->label, label) == ERR_OK &&
		buf_append(&k->id, VIEW(w->id.bytes, w->id.len)) == ERR_OK);
}

/* Why it cannot be a component beside the others, or NULL. */
static const char *
type_component(const char *name, const char *of, size_t len, struct buf *out)
{
	struct pin typed = PIN_INIT;
	bool done = pin_ask(name, of, &typed) &&
		    buf_append(out, VIEW(typed.text, typed.len)) == ERR_OK;

	pin_free(&typed);
	if (!done)
		return ("it was not typed at a terminal");
	if (!key_file_read_hex(out))
		return ("it is not hexadecimal digits");
	return (len == 0 || len == out->len ? NULL
					    : "it is not as long as the "
					      "first");
}

/* Adds one to the key. */
static bool
add_component(
    const struct key_reader *r, const char *of, unsigned number, struct key *k)
{
	struct key part = {
	    .wish = k->wish, .value = BUF_SECRET(PIN_MAX, r->arena)};
	char name[sizeof("Component ") + 3 * sizeof(number)];
	const char *why = "";
	bool done;

	snprintf(name, sizeof(name), "Component %u", number);
	for (int i = 0; i < TRIES && why != NULL; i++) {
		buf_reset(&part.value);
		why = type_component(name, of, k->value.len, &part.value);
		if (why != NULL)
			message("component %u: %s", number, why);
	}
	done = why == NULL && describe_secret(r, &part);
	if (done)
		message_more("%s: check value %s", name, part.check_value);
	for (size_t i = 0; done && i < k->value.len; i++)
		k->value.ptr[i] ^= part.value.ptr[i];
	if (done && k->value.len == 0)
		done = buf_append(&k->value, buf_view(&part.value)) == ERR_OK;
	key_free(&part);
	return (done);
}

bool
import_read_components(const struct key_reader *r, const struct wanted_key *w,
    unsigned count, struct key *k)
{
	const char *of = w->label != NULL  ? w->label
			 : w->into != NULL ? w->into
					   : "the key";
	unsigned char any = 0;

	k->file = "components";
	k->wish = w->wish;
	k->value = (struct buf)BUF_SECRET(PIN_MAX, r->arena);
	for (unsigned i = 1; i <= count; i++)
		if (!add_component(r, of, i, k))
			return (false);
	for (size_t i = 0; i < k->value.len; i++)
		any |= k->value.ptr[i];
	if (any == 0) {
		message("these components make a key of zeros: each must be "
			"typed once");
		return (false);
	}
	if (!describe_secret(r, k))
		return (false);
	key_find_spec(k);
	return (true);
}
