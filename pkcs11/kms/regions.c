#include <stdio.h>
#include <string.h>
#include "provision.h"
#include "keydata/names.h"
#include "import-params.h"
#include "regions.h"
#include "import-wrap.h"

#define SETTLE_TRIES 12 /* a replica is Creating for a while */
#define SETTLE_MS 50 /* doubled each time, up to */
#define SETTLE_MOST_MS 5000

/* The key in that Region, made if it is not there; *meta is its metadata. */
static enum err
replicate(struct call *c, struct kms *there, const struct key *k,
    const char *region, struct kms_key *meta)
{
	struct kms_replicate_in in = {.key = k->meta.arn, .region = region};
	char arn[KMS_ID_SIZE];
	enum err e = kms_describe_key(there, k->meta.id, meta);

	if (e == ERR_NOT_FOUND) {
		e = kms_replicate_key(&c->kms, &in, arn);
		if (e == ERR_EXISTS || e == ERR_UNKNOWN)
			e = ERR_OK; /* looked at below */
		if (e != ERR_OK)
			there->fault = c->kms.fault;
		else
			e = ERR_NOT_FOUND;
	}
	for (int tries = 0; tries < SETTLE_TRIES; tries++) {
		if (e == ERR_OK && strcmp(meta->state, "Creating") != 0)
			break;
		if (e != ERR_OK && e != ERR_NOT_FOUND)
			break;
		if (!deadline_sleep(&there->deadline,
			SETTLE_MS << tries < SETTLE_MOST_MS ? SETTLE_MS << tries
							    : SETTLE_MOST_MS))
			break;
		e = kms_describe_key(there, k->meta.id, meta);
	}
	return (e);
}

/* An alias that leads to the key already is as good as a new one. */
static enum err
name_one(struct kms *there, const char *alias, const char *key_id)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e;

	if (alias[0] == '\0')
		return (ERR_OK);
	e = kms_create_alias(there, alias, key_id);
	if (e == ERR_EXISTS &&
	    kms_describe_key(there, alias, &meta) == ERR_OK &&
	    strcmp(meta.id, key_id) == 0)
		e = ERR_OK;
	kms_key_free(&meta);
	return (e);
}

static enum err
bring(struct call *c, struct kms *there, const struct provision *f,
    struct view material)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	struct buf blob = BUF_INIT(KMS_BLOB_MAX);
	struct kms_import_in in = {
	    .key = f->key->meta.id,
	    .valid_to = f->valid_to,
	};
	enum err e;

	import_params_for_material(c, f->key, &p);
	e = kms_get_parameters_for_import(
	    there, f->key->meta.id, p.algorithm, p.spec, &p.parameters);
	if (e == ERR_OK)
		e = import_wrap_material(
		    c->module->crypto, c->module->arena, &p, material, &blob);
	in.token = buf_view(&p.parameters.token);
	in.material = buf_view(&blob);
	if (e == ERR_OK)
		e = kms_import_key_material(there, &in);
	buf_free(&blob);
	import_params_free(&p);
	return (e);
}

static enum err
import_there(struct call *c, struct client *client, const struct provision *f,
    struct view material, struct kms *there)
{
	struct kms_key meta = KMS_KEY_INIT;
	const struct key *k = f->key;
	enum err e;

	*there = (struct kms){
	    .transport = client_transport(client), .deadline = c->kms.deadline};
	if ((e = replicate(c, there, k, client_region(client), &meta)) !=
		ERR_OK ||
	    (e = name_one(there, k->names.id, k->meta.id)) != ERR_OK ||
	    (e = name_one(there, k->names.label, k->meta.id)) != ERR_OK)
		goto out;
	if (material.ptr != NULL)
		e = bring(c, there, f, material);
	else if (strcmp(meta.state, "PendingImport") == 0)
		call_note(c,
		    "key %s waits for its material in %s: it has a wrapping "
		    "key of its own there",
		    k->meta.id, client_region(client));
out:
	kms_key_free(&meta);
	return (e);
}

CK_RV
regions_import(struct call *c, const struct provision *f, struct view material)
{
	struct regions *rs = &c->token->regions;
	struct kms there;
	CK_RV rv = CKR_OK, one;
	enum err e;

	/* one of a single Region stays so: KMS cannot change it */
	if (f->key->meta.multi_region != JSON_TRUE ||
	    strcmp(f->key->meta.multi_region_type, "REPLICA") == 0)
		return (CKR_OK);
	for (size_t i = 0; i < rs->count; i++) {
		e = import_there(c, rs->clients[i], f, material, &there);
		if (e == ERR_OK)
			continue;
		c->kms.fault = there.fault;
		one = call_fail(c, e);
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s is not whole in %s: %s [%s: %s]; bring the "
		    "same material again",
		    c->name, f->key->meta.id, client_region(rs->clients[i]),
		    err_text(e), there.fault.exception, there.fault.message);
		if (rv == CKR_OK)
			rv = one;
	}
	return (rv);
}
