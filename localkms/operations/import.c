#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include "call/multi-region.h"
#include "key/material.h"
#include "key/wrap.h"
#include "operations/handlers.h"

#define SET_LIFE_MS DAY_MS
#define LIFE_MAX_MS (365 * DAY_MS)

const struct json_field reply_parameters[] = {OUT(key_id, "KeyId", STRING),
    OUT(token, "ImportToken", BYTES), OUT(public_key, "PublicKey", BYTES),
    OUT(valid_to, "ParametersValidTo", NUMBER), JSON_END};

const struct json_field reply_material[] = {OUT(key_id, "KeyId", STRING),
    OUT(material_id, "KeyMaterialId", STRING), JSON_END};

static bool
read_wrapping(struct call *c, const struct wrapping **w, unsigned *bits)
{
	const char *name = call_text(c, IN_WRAPPING_ALGORITHM, "");
	const struct spec *spec = spec_find(c->in[IN_WRAPPING_KEY_SPEC].bytes);

	if ((*w = wrapping_find(view_str(name))) == NULL)
		return (REFUSE(c, UNSUPPORTED,
		    "Wrapping algorithm %s is not supported.", name));
	if (spec == NULL)
		return (REFUSE(c, UNSUPPORTED,
		    "Wrapping key spec %s is not supported in this Region.",
		    call_text(c, IN_WRAPPING_KEY_SPEC, "")));
	*bits = spec->bits;
	if (wrapping_is_allowed(*w, c->key->spec, spec->bits) &&
	    !((*w)->two_steps && strncmp(c->key->region, "cn-", 3) == 0))
		return (true);
	return (REFUSE(c, UNSUPPORTED,
	    "Wrapping algorithm %s with wrapping key spec %s is not supported "
	    "for key spec %s.",
	    name, spec->name, c->key->spec->name));
}

static bool
set_make(
    struct call *c, struct import_set *s, const char *algorithm, EVP_PKEY *pair)
{
	snprintf(s->region, sizeof(s->region), "%s", c->key->region);
	snprintf(s->key_id, sizeof(s->key_id), "%s", c->key->id);
	snprintf(s->algorithm, sizeof(s->algorithm), "%s", algorithm);
	s->expires_ms = c->now_ms + SET_LIFE_MS;
	if (RAND_bytes(s->token, sizeof(s->token)) != 1 ||
	    !material_pkcs8(pair, &s->pair))
		return (call_out_of_memory(c));
	call_lock(c);
	if (!store_put_import(c->service->store, s, c->now_ms))
		return (call_store_failed(c));
	return (true);
}

static EVP_PKEY *
wrapping_pair(struct call *c, unsigned bits)
{
	return (controls_shares_wrapping_keys(c->service->controls)
		    ? rsa_stock_share(c->service->rsa_stock, bits)
		    : rsa_stock_take(c->service->rsa_stock, bits));
}

bool
op_get_parameters_for_import(struct call *c)
{
	struct import_set set = IMPORT_SET_INIT;
	struct material pair = {0};
	const struct wrapping *w;
	struct buf *spki = call_buf(c), *token = call_buf(c);
	unsigned bits = 0;
	bool ok = false;

	if (controls_refuses_in_use(c->service->controls) &&
	    key_state(c->key) != STATE_PENDING_IMPORT)
		return (REFUSE(c, INVALID_STATE, "%s is not pending import.",
		    call_arn(c, c->key)));
	if (!read_wrapping(c, &w, &bits))
		return (false);
	if ((pair.pkey = wrapping_pair(c, bits)) == NULL ||
	    !material_public(&pair, spki)) {
		(void)call_out_of_memory(c);
		goto out;
	}
	if (!set_make(c, &set, w->name, pair.pkey))
		goto out;
	if (buf_append(token, VIEW(set.token, sizeof(set.token))) != ERR_OK) {
		(void)call_out_of_memory(c);
		goto out;
	}
	c->out.key_id = call_arn(c, c->key);
	c->out.token = buf_view(token);
	c->out.public_key = buf_view(spki);
	c->out.valid_to = (double)set.expires_ms / 1000;
	ok = true;
out:
	material_forget(&pair);
	buf_free(&set.pair);
	return (ok);
}

/* The other members of ImportKeyMaterial. */
struct import_options {
	int64_t valid_to_ms; /* 0: does not expire */
	bool is_new; /* NEW_KEY_MATERIAL */
	const char *description, *material_id; /* NULL: none */
};

static bool
read_expiry(struct call *c, int64_t *valid_to_ms)
{
	const char *model = call_text(
	    c, IN_EXPIRATION_MODEL, "KEY_MATERIAL_EXPIRES");
	bool expires = strcmp(model, "KEY_MATERIAL_EXPIRES") == 0;

	*valid_to_ms = 0;
	if (expires && !call_has(c, IN_VALID_TO))
		return (REFUSE(c, VALIDATION,
		    "A validTo date must be set if the ExpirationModel is "
		    "KEY_MATERIAL_EXPIRES"));
	if (!expires && call_has(c, IN_VALID_TO))
		return (REFUSE(c, VALIDATION,
		    "The validTo date must not be set if the ExpirationModel "
		    "is KEY_MATERIAL_DOES_NOT_EXPIRE"));
	if (!expires)
		return (true);
	*valid_to_ms = (int64_t)(c->in[IN_VALID_TO].number * 1000);
	if (*valid_to_ms <= c->now_ms)
		return (REFUSE(
		    c, VALIDATION, "The validTo date must be in the future"));
	if (*valid_to_ms > c->now_ms + LIFE_MAX_MS)
		return (REFUSE(c, VALIDATION,
		    "The validTo date must be within 365 days of the "
		    "request"));
	return (true);
}

static bool
read_options(struct call *c, struct import_options *w)
{
	bool first = c->key->material_count == 0;
	const char *type = call_text(c, IN_IMPORT_TYPE,
	    first ? "NEW_KEY_MATERIAL" : "EXISTING_KEY_MATERIAL");

	w->is_new = strcmp(type, "NEW_KEY_MATERIAL") == 0;
	w->description = call_text(c, IN_MATERIAL_DESCRIPTION, NULL);
	w->material_id = call_text(c, IN_MATERIAL_ID, NULL);
	if (c->key->spec->family != FAMILY_AES &&
	    (call_has(c, IN_IMPORT_TYPE) || w->description != NULL ||
		w->material_id != NULL))
		return (REFUSE(c, UNSUPPORTED,
		    "ImportType, KeyMaterialDescription and KeyMaterialId are "
		    "supported only for symmetric encryption keys."));
	if (w->is_new && w->material_id != NULL)
		return (REFUSE(c, VALIDATION,
		    "KeyMaterialId must not be set if ImportType is "
		    "NEW_KEY_MATERIAL"));
	if (w->material_id != NULL &&
	    key_material(c->key, w->material_id) == NULL)
		return (REFUSE(c, NOT_FOUND,
		    "Key material with id %s is not associated with %s",
		    w->material_id, call_arn(c, c->key)));
	return (read_expiry(c, &w->valid_to_ms));
}

/* Unwraps the material with the wrapping key that the import token names. */
static bool
open_material(struct call *c, struct buf *clear)
{
	struct import_set set = IMPORT_SET_INIT;
	EVP_PKEY *pair = NULL;
	const unsigned char *p;
	bool ok = false;

	if (!store_find_import(
		c->service->store, c->in[IN_IMPORT_TOKEN].bytes, &set) ||
	    strcmp(set.region, c->key->region) != 0 ||
	    strcmp(set.key_id, c->key->id) != 0) {
		REFUSE(c, INVALID_IMPORT_TOKEN, "%s", "");
		goto out;
	}
	if (controls_token_is_spent(c->service->controls,
		c->in[IN_IMPORT_TOKEN].bytes, c->in[IN_MATERIAL].bytes)) {
		REFUSE(c, INVALID_IMPORT_TOKEN, "%s",
		    "The import token has been used.");
		goto out;
	}
	if (c->now_ms >= set.expires_ms) {
		REFUSE(c, EXPIRED_IMPORT_TOKEN, "%s", "");
		goto out;
	}
	p = set.pair.ptr;
	pair = d2i_AutoPrivateKey(NULL, &p, (long)set.pair.len);
	if (pair == NULL ||
	    !unwrap_material(wrapping_find(view_str(set.algorithm)), pair,
		c->in[IN_MATERIAL].bytes, clear)) {
		REFUSE(c, INVALID_CIPHERTEXT, "%s", "");
		goto out;
	}
	ok = true;
out:
	EVP_PKEY_free(pair);
	buf_free(&set.pair);
	return (ok);
}

static struct material *
pending(const struct key *k)
{
	for (size_t i = 0; i < k->material_count; i++)
		if (material_is_pending(&k->materials[i]))
			return (&k->materials[i]);
	return (NULL);
}

/* Adds material that the key has not had yet. */
static struct material *
place_new(struct call *c, struct key *k, const struct material *m)
{
	const struct material *other = pending(k);
	struct material *to;

	if (key_material(k, m->id) != NULL) {
		REFUSE(c, INCORRECT_MATERIAL,
		    "The key material is already associated with %s.",
		    call_arn(c, k));
		return (NULL);
	}
	if (k->material_count != 0 && k->spec->family != FAMILY_AES) {
		REFUSE(c, INCORRECT_MATERIAL, "%s", "");
		return (NULL);
	}
	if (other != NULL) {
		REFUSE(c, INVALID_STATE,
		    "New key material (id: %s) cannot be imported into KMS "
		    "key %s, because another key material (id: %s) is pending "
		    "rotation.",
		    m->id, call_arn(c, k), other->id);
		return (NULL);
	}
	if ((to = key_material_add(k)) == NULL) {
		(void)call_out_of_memory(c);
		return (NULL);
	}
	to->state = k->material_count == 1 ? MATERIAL_CURRENT
					   : MATERIAL_PENDING_ROTATION;
	memcpy(to->id, m->id, sizeof(to->id));
	return (to);
}

/* Finds the material that was imported before. */
static struct material *
place_existing(struct call *c, struct key *k, const struct material *m,
    const char *wanted_id)
{
	struct material *to = key_material(k, m->id);

	if (to != NULL && (wanted_id == NULL || strcmp(wanted_id, to->id) == 0))
		return (to);
	REFUSE(c, INCORRECT_MATERIAL, "%s", "");
	return (NULL);
}

/* What replicas wait for goes with the primary key's copy of it. */
static void
drop_pending(struct key **related, size_t n)
{
	struct material *m;

	for (size_t i = 0; i < n; i++)
		while (key_is_replica(related[i]) &&
		       (m = pending(related[i])) != NULL)
			key_material_remove(related[i], m);
}

/*
 * Material that is imported in one Region must be imported in all others: they
 * learn its id. New material is not ready until all of them have its bytes.
 */
static bool
settle_related(struct key **related, size_t n, const struct material *m)
{
	enum material_state state = m->state;
	struct material *other;
	size_t here = 0;

	for (size_t i = 0; i < n; i++) {
		other = key_material(related[i], m->id);
		if (other == NULL &&
		    !material_add_copy(related[i], m, m->state))
			return (false);
		other = key_material(related[i], m->id);
		here += material_is_present(other);
	}
	if (!material_is_pending(m))
		return (true);
	state = here == n ? MATERIAL_PENDING_ROTATION
			  : MATERIAL_PENDING_REGIONS;
	for (size_t i = 0; i < n; i++)
		key_material(related[i], m->id)->state = state;
	return (true);
}

/* Moves the imported bytes into the key. */
static bool
place_material(struct call *c, struct key *k, struct material *m,
    const struct import_options *w)
{
	struct material *to = w->is_new
				  ? place_new(c, k, m)
				  : place_existing(c, k, m, w->material_id);
	char *description;

	if (to == NULL)
		return (false);
	material_forget(to);
	to->bytes = m->bytes;
	to->pkey = m->pkey;
	m->bytes = (struct buf)BUF_INIT(KEY_MATERIAL_MAX);
	m->pkey = NULL;
	to->valid_to_ms = w->valid_to_ms;
	if (w->description == NULL)
		return (true);
	if ((description = strdup(w->description)) == NULL)
		return (call_out_of_memory(c));
	free(to->description);
	to->description = description;
	return (true);
}

static bool
put_material(struct call *c, struct material *m, const struct import_options *w)
{
	bool was_usable = key_state(c->key) != STATE_PENDING_IMPORT;
	struct key *related[RELATED_KEYS_MAX], *k = NULL;
	size_t n;

	if (w->is_new && c->key->material_count != 0 && key_is_replica(c->key))
		return (REFUSE(c, UNSUPPORTED,
		    "%s is not a multi-region primary key.",
		    call_arn(c, c->key)));
	if (!related_keys_copy(c, related, &n))
		return (false);
	for (size_t i = 0; i < n; i++)
		if (strcmp(related[i]->region, c->key->region) == 0)
			k = related[i];
	if (k == NULL || !place_material(c, k, m, w))
		goto out;
	/* the primary key's expired, and may have left them */
	if (w->is_new)
		drop_pending(related, n);
	if (!settle_related(related, n, key_material(k, m->id))) {
		(void)call_out_of_memory(c);
		goto out;
	}
	/* a key that leaves PendingImport is enabled in any case */
	if (!was_usable)
		k->enabled = true;
	c->out.key_id = call_arn(c, k);
	if (k->spec->family == FAMILY_AES)
		c->out.material_id = pool_copy(&c->pool, view_str(m->id));
	return (related_keys_put(c, related, n));
out:
	for (size_t i = 0; i < n; i++)
		key_unref(related[i]);
	return (false);
}

bool
op_import_key_material(struct call *c)
{
	struct material m = {.bytes = BUF_INIT(KEY_MATERIAL_MAX)};
	struct buf *clear = call_buf(c);
	struct import_options w = {0};
	bool ok = false;

	if (!read_options(c, &w) || !open_material(c, clear))
		return (false);
	if (!material_read(&m, c->key->spec, buf_view(clear))) {
		REFUSE(c, INCORRECT_MATERIAL, "%s", "");
		goto out;
	}
	if (!material_set_id(&m, c->key->id)) {
		(void)call_out_of_memory(c);
		goto out;
	}
	ok = put_material(c, &m, &w);
	if (ok && !controls_spend_token(c->service->controls,
		      c->in[IN_IMPORT_TOKEN].bytes, c->in[IN_MATERIAL].bytes))
		ok = call_out_of_memory(c);
out:
	material_forget(&m);
	return (ok);
}

/* Every copy of what waits for rotation goes with that of the primary key; any
 * other stays where it is. */
static bool
delete_material(struct call *c, const char *id)
{
	bool pending = material_is_pending(key_material(c->key, id));
	struct key *related[RELATED_KEYS_MAX], *k;
	size_t n;

	if (!related_keys_copy(c, related, &n))
		return (false);
	for (size_t i = 0; i < n; i++) {
		k = related[i];
		if (strcmp(k->region, c->key->region) == 0)
			key_material_delete(k, key_material(k, id));
	}
	if (pending && !key_is_replica(c->key))
		drop_pending(related, n);
	return (related_keys_put(c, related, n));
}

bool
op_delete_imported_key_material(struct call *c)
{
	const struct material *current = key_current(c->key);
	const char *id = call_text(
	    c, IN_MATERIAL_ID, current == NULL ? NULL : current->id);

	c->out.key_id = call_arn(c, c->key);
	if (id == NULL)
		return (true); /* nothing was ever imported */
	if (key_material(c->key, id) == NULL)
		return (REFUSE(c, NOT_FOUND,
		    "Key material with id %s is not associated with %s", id,
		    call_arn(c, c->key)));
	if (c->key->spec->family == FAMILY_AES)
		c->out.material_id = pool_copy(&c->pool, view_str(id));
	return (delete_material(c, id));
}
