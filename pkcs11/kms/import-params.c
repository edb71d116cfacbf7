#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include "json.h"
#include "import-params.h"
#include "import-set.h"
#include "keydata/public-key.h"
#include "keydata/rsa.h"
#include "settle.h"
#include "token/state.h"
#include "wrapping-algorithm.h"

#define FILE_MAX (32 * 1024)
#define FILE_NAME_SIZE (KMS_ID_SIZE + 8)
#define SPEC_PREFIX "RSA_" /* WrappingKeySpec is RSA_ and the bits */
#define UNANSWERED_TRIES 5 /* each is several requests */
#define LEAST_EXPONENT_BITS 17 /* 65537 */

/* The file: what GetParametersForImport said, under its own names, and a digest
 * of that. Older files have none. */
#define PAIR(member, name, kind) \
	JSON_FIELD(struct import_params, member, name, kind)
static const struct json_field fields[] = {
    PAIR(algorithm, "WrappingAlgorithm", TEXT),
    PAIR(spec, "WrappingKeySpec", TEXT),
    PAIR(parameters.token, "ImportToken", BYTES),
    PAIR(parameters.public_key, "PublicKey", BYTES),
    PAIR(parameters.valid_to, "ParametersValidTo", NUMBER),
    PAIR(digest, "Digest", TEXT),
    JSON_END,
};

void
import_params_free(struct import_params *p)
{
	kms_import_parameters_free(&p->parameters);
}

CK_ULONG
import_params_bits(const struct import_params *p)
{
	return (strtoul(p->spec + strlen(SPEC_PREFIX), NULL, 10));
}

static void
file_name(const struct key *k, bool renewal, char name[FILE_NAME_SIZE])
{
	snprintf(name, FILE_NAME_SIZE, "%s-%s", renewal ? "renew" : "pair",
	    k->meta.id);
}

const char *
import_params_algorithm(const struct call *c, const struct key_spec *spec)
{
	const struct config_token *t = c->token->config;

	return (wrapping_algorithm_choose(t->wrapping, spec,
	    (CK_ULONG)t->wrapping_bits, VIEW(NULL, 0),
	    client_region(c->token->client)));
}

CK_RV
import_params_check_type(struct call *c, const struct key_spec *spec)
{
	const char *region = client_region(c->token->client);

	if (!wrapping_algorithm_is_of_sm4(spec, region))
		return (CKR_OK);
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "%s keys in %s are SM4 keys of 16 bytes, so that KMS can neither "
	    "make nor import an AES key there: use another Region",
	    spec->kms, region));
}

static void
set_defaults(const struct call *c, const struct key *k, struct import_params *p)
{
	const struct config_token *t = c->token->config;
	const char *algorithm = import_params_algorithm(c, k->spec);

	snprintf(p->algorithm, sizeof(p->algorithm), "%s",
	    algorithm != NULL ? algorithm : "");
	snprintf(p->spec, sizeof(p->spec), SPEC_PREFIX "%ld", t->wrapping_bits);
}

static void
drop_parameters(struct import_params *p)
{
	/* as if they had never been there: their file has a digest */
	buf_free(&p->parameters.token);
	buf_free(&p->parameters.public_key);
	p->parameters.valid_to = 0;
	p->digest[0] = '\0';
}

/* Whether the reply names the key. In another Region its ARN is another. */
static bool
is_of_key(const struct kms_import_parameters *p, const struct key *k)
{
	const char *slash = strrchr(p->key, '/');

	return (strcmp(slash != NULL ? slash + 1 : p->key, k->meta.id) == 0);
}

/*
 * Whether the wrapping key is what was asked for. What is wrapped with a short
 * key, or with one whose exponent makes RSA no riddle, is as good as clear.
 */
static bool
is_wrapping_key(struct view info, CK_ULONG bits)
{
	struct public_key k;

	return (
	    public_key_read(info, &k) == ERR_OK && k.type == CKK_RSA &&
	    rsa_is_public(k.modulus, k.exponent, bits, LEAST_EXPONENT_BITS));
}

static enum err
check_parameters(
    struct kms *kms, const struct key *k, const struct import_params *p)
{
	CK_ULONG bits = import_params_bits(p);

	if (!is_of_key(&p->parameters, k))
		return (error_info_set(&kms->error, ERR_REPLY,
		    "the import parameters for key %s are those of %s",
		    k->meta.id, p->parameters.key));
	if (!is_wrapping_key(buf_view(&p->parameters.public_key), bits))
		return (error_info_set(&kms->error, ERR_REPLY,
		    "the wrapping key for key %s is not an RSA key of %lu bits "
		    "with an exponent from 65537 on",
		    k->meta.id, bits));
	return (ERR_OK);
}

/* A key that was made a moment ago may not be known yet. What does not answer
 * the question is neither kept nor wrapped with. */
static enum err
get_parameters(struct call *c, struct kms *kms, const struct key *k,
    struct import_params *p)
{
	int tries = 0, unanswered = 0;
	enum err e;

	if (p->algorithm[0] == '\0')
		return (error_info_set(&kms->error, ERR_UNSUPPORTED,
		    "KMS in %s has no way to import a %s key, with %ld bits",
		    client_region(c->token->client), k->spec->kms,
		    c->token->config->wrapping_bits));
	do {
		e = kms_get_parameters_for_import(
		    kms, k->meta.id, p->algorithm, p->spec, &p->parameters);
	} while ((e == ERR_NETWORK && settle_pause(&kms->deadline, &unanswered,
					  UNANSWERED_TRIES)) ||
		 settle_retry_living(c, kms, k, e, &tries));
	if (e == ERR_OK)
		e = check_parameters(kms, k, p);
	if (e != ERR_OK)
		drop_parameters(p);
	return (e);
}

enum err
import_params_for_material(struct call *c, struct kms *kms, const struct key *k,
    struct import_params *p)
{
	/* whatever the reply says: a key of another kind cannot be filled */
	if (k->spec == NULL)
		return (ERR_REPLY);
	set_defaults(c, k, p);
	return (get_parameters(c, kms, k, p));
}

bool
import_params_are_refused(enum err e)
{
	return (e == ERR_TOKEN_EXPIRED || e == ERR_TOKEN_INVALID ||
		e == ERR_CIPHERTEXT);
}

void
import_params_note_refused(
    struct call *c, const struct kms *kms, const struct key *k)
{
	call_note(c,
	    "KMS refused the import parameters of key %s [%s]: asking for new "
	    "ones, once",
	    k->meta.id, kms->error.exception);
}

/* SHA-256, in hexadecimal digits. */
static enum err
put_digest(const struct call *c, struct view v, struct buf *out)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];

	if (EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, v.ptr, v.len,
		hash, NULL) != 1)
		return (ERR_INTERNAL);
	return (buf_put_hex(out, VIEW(hash, sizeof(hash))));
}

/* The digest of what the file says, but for the digest. */
static enum err
get_digest(const struct call *c, const struct import_params *p,
    char digest[sizeof(p->digest)])
{
	struct import_params all = *p; /* owns nothing */
	struct buf text = BUF_INIT(FILE_MAX), hex = BUF_INIT(sizeof(p->digest));
	enum err e;

	all.digest[0] = '\0';
	if ((e = json_encode(fields, &all, &text)) == ERR_OK &&
	    (e = put_digest(c, buf_view(&text), &hex)) == ERR_OK) {
		memcpy(digest, hex.ptr, hex.len);
		digest[hex.len] = '\0';
	}
	buf_free(&text);
	buf_free(&hex);
	return (e);
}

/* ERR_REPLY: the file is damaged. */
static enum err
read_file(struct call *c, const char *name, struct import_params *p)
{
	struct buf text = BUF_INIT(FILE_MAX);
	char digest[sizeof(p->digest)];
	enum err e;

	if ((e = state_read(c, name, &text)) == ERR_OK)
		e = json_decode(fields, buf_view(&text), p);
	buf_free(&text);
	if (e == ERR_OK && p->digest[0] != '\0' &&
	    (e = get_digest(c, p, digest)) == ERR_OK &&
	    strcmp(digest, p->digest) != 0)
		e = ERR_REPLY;
	if (e == ERR_REPLY || e == ERR_TOO_BIG)
		call_note(c,
		    "the file %s of the state directory is damaged: what was "
		    "wrapped for its wrapping key cannot be imported",
		    name);
	return (e);
}

/* Those of a set that came from another machine; ERR_NOT_FOUND: there is
 * none. It goes before what is kept here: the key was wrapped for it. */
static enum err
load_set(
    struct call *c, const struct key *k, bool renewal, struct import_params *p)
{
	struct import_set s = IMPORT_SET_INIT;
	enum err e = import_set_read(c, k->meta.id, renewal, &s);

	if (e == ERR_OK && s.arn[0] != '\0' && strcmp(s.arn, k->meta.arn) != 0)
		e = ERR_NOT_FOUND;
	if (e == ERR_OK) {
		snprintf(p->spec, sizeof(p->spec), "%s", s.wrapping_spec);
		if (s.algorithm[0] != '\0')
			snprintf(p->algorithm, sizeof(p->algorithm), "%s",
			    s.algorithm);
		p->parameters.valid_to = s.valid_to;
		if ((e = buf_append(
			 &p->parameters.token, buf_view(&s.token))) == ERR_OK)
			e = buf_append(
			    &p->parameters.public_key, buf_view(&s.public_key));
	}
	import_set_free(&s);
	return (e);
}

enum err
import_params_to_set(
    const struct key *k, const struct import_params *p, struct import_set *s)
{
	const char *const names[] = {k->names.id, k->names.label};
	enum err e = ERR_OK;

	snprintf(s->arn, sizeof(s->arn), "%s", k->meta.arn);
	snprintf(s->spec, sizeof(s->spec), "%s", k->spec->kms);
	snprintf(s->usage, sizeof(s->usage), "%s", k->meta.words.usage);
	snprintf(s->state, sizeof(s->state), "%s", k->meta.words.state);
	snprintf(s->algorithm, sizeof(s->algorithm), "%s", p->algorithm);
	memcpy(s->material_id, k->meta.material_id, sizeof(s->material_id));
	s->valid_to = p->parameters.valid_to;
	for (size_t i = 0; i < 2 && e == ERR_OK; i++)
		if (names[i][0] != '\0')
			e = buf_append(
			    &s->aliases, VIEW(names[i], strlen(names[i]) + 1));
	if (e == ERR_OK && (e = buf_append(&s->token,
				buf_view(&p->parameters.token))) == ERR_OK)
		e = buf_append(
		    &s->public_key, buf_view(&p->parameters.public_key));
	return (e);
}

/* For another machine. */
static enum err
write_set(struct call *c, const struct key *k, bool renewal,
    const struct import_params *p)
{
	struct import_set s = IMPORT_SET_INIT;
	enum err e;

	if ((e = import_params_to_set(k, p, &s)) == ERR_OK)
		e = import_set_write(c, k->meta.id, renewal, &s);
	import_set_free(&s);
	return (e);
}

/* The same, unless it is there. */
static enum err
write_missing_set(struct call *c, const struct key *k, bool renewal,
    const struct import_params *p)
{
	struct import_set s = IMPORT_SET_INIT;
	enum err e = ERR_OK;

	if (c->token->config->import_sets != NULL &&
	    import_set_read(c, k->meta.id, renewal, &s) != ERR_OK)
		e = write_set(c, k, renewal, p);
	import_set_free(&s);
	return (e);
}

enum err
import_params_load(
    struct call *c, const struct key *k, bool renewal, struct import_params *p)
{
	char name[FILE_NAME_SIZE];
	double now = (double)client_service_ms(c->token->client) / 1000;
	enum err e;

	file_name(k, renewal, name);
	set_defaults(c, k, p);
	if ((e = load_set(c, k, renewal, p)) != ERR_NOT_FOUND)
		return (e);
	e = read_file(c, name, p);
	/* a file that is damaged tells nothing, and is written anew */
	if (e == ERR_NOT_FOUND || e == ERR_REPLY || e == ERR_TOO_BIG) {
		drop_parameters(p);
		set_defaults(c, k, p);
		return (ERR_OK);
	}
	if (e == ERR_OK && p->parameters.token.len != 0 &&
	    (p->parameters.valid_to <= now ||
		!is_wrapping_key(buf_view(&p->parameters.public_key),
		    import_params_bits(p))))
		drop_parameters(p);
	return (e);
}

static enum err
save(struct call *c, const struct key *k, bool renewal, struct import_params *p)
{
	char name[FILE_NAME_SIZE];
	struct buf text = BUF_INIT(FILE_MAX);
	enum err e;

	file_name(k, renewal, name);
	if ((e = get_digest(c, p, p->digest)) == ERR_OK &&
	    (e = json_encode(fields, p, &text)) == ERR_OK)
		e = state_write(c, name, buf_view(&text));
	buf_free(&text);
	return (e);
}

enum err
import_params_fetch(
    struct call *c, const struct key *k, bool renewal, struct import_params *p)
{
	char name[FILE_NAME_SIZE];
	int lock = -1;
	enum err e;

	if ((e = import_params_load(c, k, renewal, p)) != ERR_OK)
		return (e);
	if (p->parameters.token.len != 0)
		return (write_missing_set(c, k, renewal, p));
	/* two that fetch at once must hand out one wrapping key, not two */
	call_set_deadline(c, c->token->config->import_timeout);
	file_name(k, renewal, name);
	if ((e = state_lock(c, name, &lock)) != ERR_OK)
		return (e);
	drop_parameters(p);
	if ((e = import_params_load(c, k, renewal, p)) != ERR_OK ||
	    p->parameters.token.len != 0)
		goto out;
	e = get_parameters(c, &c->kms, k, p);
	if (e == ERR_OK)
		e = save(c, k, renewal, p);
	if (e == ERR_OK)
		e = write_set(c, k, renewal, p);
out:
	state_unlock(c, name, lock);
	return (e);
}

enum err
import_params_choose(struct call *c, const struct key *k, bool renewal,
    const char *algorithm, CK_ULONG bits)
{
	struct import_params p = IMPORT_PARAMS_INIT, want = IMPORT_PARAMS_INIT;
	enum err e;

	set_defaults(c, k, &want);
	if (algorithm[0] != '\0')
		snprintf(
		    want.algorithm, sizeof(want.algorithm), "%s", algorithm);
	if (bits != 0)
		snprintf(want.spec, sizeof(want.spec), SPEC_PREFIX "%lu", bits);
	if ((e = import_params_load(c, k, renewal, &p)) == ERR_OK &&
	    (strcmp(p.algorithm, want.algorithm) != 0 ||
		strcmp(p.spec, want.spec) != 0 ||
		p.parameters.token.len == 0) &&
	    (e = import_set_spend(c, k->meta.id, renewal)) == ERR_OK)
		e = save(c, k, renewal, &want);
	import_params_free(&p);
	return (e);
}

enum err
import_params_forget(struct call *c, const struct key *k, bool renewal)
{
	char name[FILE_NAME_SIZE];

	enum err e = import_set_spend(c, k->meta.id, renewal);

	file_name(k, renewal, name);
	return (e == ERR_OK ? state_remove(c, name) : e);
}

enum err
import_params_spend(struct call *c, const struct key *k, bool renewal)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	enum err e = import_params_load(c, k, renewal, &p);

	drop_parameters(&p);
	if (e == ERR_OK &&
	    (e = import_set_spend(c, k->meta.id, renewal)) == ERR_OK)
		e = save(c, k, renewal, &p);
	import_params_free(&p);
	return (e);
}

bool
import_params_has_renewal(struct call *c, const char *key_id)
{
	struct kms before = c->kms;
	struct import_set s = IMPORT_SET_INIT;
	struct buf text = BUF_INIT(FILE_MAX);
	char name[FILE_NAME_SIZE];
	enum err e;

	snprintf(name, sizeof(name), "renew-%s", key_id);
	e = state_read(c, name, &text);
	if (e != ERR_OK)
		e = import_set_read(c, key_id, true, &s);
	import_set_free(&s);
	buf_free(&text);
	c->kms = before;
	return (e == ERR_OK);
}

static CK_RV
fetch_info(struct call *c, const struct object *o, struct buf *out)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	enum err e;

	if (!o->is_pair)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if ((e = import_params_fetch(c, o->key, o->is_renewal, &p)) == ERR_OK)
		e = buf_append(out, buf_view(&p.parameters.public_key));
	import_params_free(&p);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Whoever wraps with it can compare what came to the HSM. */
static void
log_fingerprint(const struct call *c, const struct key *k, struct view info)
{
	struct buf hex = BUF_INIT(2 * SHA256_DIGEST_LENGTH);

	if (log_enabled(c->module->log, LOG_INFO) &&
	    put_digest(c, info, &hex) == ERR_OK)
		log_line(c->module->log, LOG_INFO,
		    "%s: the wrapping key of %s has the SHA-256 fingerprint "
		    "%.*s",
		    c->name, k->meta.id, (int)hex.len, (const char *)hex.ptr);
	buf_free(&hex);
}

/* The modulus or the exponent. */
static CK_RV
read_number(
    struct call *c, const struct object *o, bool modulus, struct buf *out)
{
	struct buf info = BUF_INIT(KMS_BLOB_MAX);
	struct public_key k;
	enum err e;
	CK_RV rv;

	if ((rv = fetch_info(c, o, &info)) != CKR_OK)
		goto out;
	if (modulus)
		log_fingerprint(c, o->key, buf_view(&info));
	if (public_key_read(buf_view(&info), &k) != ERR_OK)
		e = ERR_REPLY;
	else
		e = buf_append(out, modulus ? k.modulus : k.exponent);
	rv = e == ERR_OK ? CKR_OK : call_fail(c, e);
out:
	buf_free(&info);
	return (rv);
}

CK_RV
import_params_read_modulus(
    struct call *c, const struct object *o, struct buf *out)
{
	return (read_number(c, o, true, out));
}

CK_RV
import_params_read_exponent(
    struct call *c, const struct object *o, struct buf *out)
{
	return (read_number(c, o, false, out));
}

CK_RV
import_params_read_info(struct call *c, const struct object *o, struct buf *out)
{
	CK_RV rv = fetch_info(c, o, out);

	if (rv == CKR_OK)
		log_fingerprint(c, o->key, buf_view(out));
	return (rv);
}

CK_RV
import_params_read_fingerprint(
    struct call *c, const struct object *o, struct buf *out)
{
	struct buf info = BUF_INIT(KMS_BLOB_MAX);
	enum err e;
	CK_RV rv;

	if ((rv = fetch_info(c, o, &info)) == CKR_OK &&
	    (e = put_digest(c, buf_view(&info), out)) != ERR_OK)
		rv = call_fail(c, e);
	buf_free(&info);
	return (rv);
}

CK_RV
import_params_read_bits(struct call *c, const struct object *o, struct buf *out)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	CK_ULONG bits = 0;
	enum err e;

	if (!o->is_pair)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if ((e = import_params_load(c, o->key, o->is_renewal, &p)) == ERR_OK) {
		bits = import_params_bits(&p);
		e = buf_append(out, VIEW(&bits, sizeof(bits)));
	}
	import_params_free(&p);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
import_params_read_allowed(
    struct call *c, const struct object *o, struct buf *out)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	CK_MECHANISM_TYPE type;
	enum err e;

	/* the public half wraps elsewhere, never here */
	if (o->class == CKO_PUBLIC_KEY)
		return (CKR_OK);
	if ((e = import_params_load(c, o->key, o->is_renewal, &p)) == ERR_OK) {
		type = wrapping_algorithm_mechanism(p.algorithm);
		e = buf_append(out, VIEW(&type, sizeof(type)));
	}
	import_params_free(&p);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
