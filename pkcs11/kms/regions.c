#include <stdio.h>
#include <string.h>
#include "alias.h"
#include "import-params.h"
#include "import-wrap.h"
#include "key-trust.h"
#include "new-key.h"
#include "regions.h"
#include "settle.h"

#define CREATING_TRIES 12 /* a replica is Creating for up to half a minute */

/* The key in one of the Regions, made if it is not there; *meta is its
 * metadata. */
static enum err
replicate(struct call *c, struct kms *region_kms, const struct provision *p,
    size_t region, struct kms_key *meta)
{
	const struct key *k = p->key;
	struct new_key new = NEW_KEY_INIT;
	struct kms_replicate_in in = {.key = k->meta.arn,
	    .region = client_region(c->token->regions.clients[region])};
	char arn[KMS_ID_SIZE];
	int tries = 0;
	enum err e = kms_describe_key(region_kms, k->meta.id, meta);

	if (e == ERR_NOT_FOUND) {
		/* tags, policy and description are each Region's own */
		if ((e = new_key_read(c, p->request, NULL, &new)) == ERR_OK) {
			in.tags = new.tags;
			in.policy = new.policy;
			in.description = new.description;
			e = kms_replicate_key(&c->kms, &in, arn);
		}
		new_key_free(&new);
		if (e == ERR_OK)
			key_trust_record_replica(c, region, k->meta.id, arn);
		if (e == ERR_EXISTS || e == ERR_UNKNOWN)
			e = ERR_OK; /* looked at below */
		if (e != ERR_OK)
			region_kms->error = c->kms.error;
		else
			e = ERR_NOT_FOUND;
	}
	while ((e == ERR_NOT_FOUND ||
		   (e == ERR_OK && meta->state == KMS_STATE_CREATING)) &&
	       settle_pause(&region_kms->deadline, &tries, CREATING_TRIES))
		e = kms_describe_key(region_kms, k->meta.id, meta);
	return (e);
}

/* Material that is there keeps the end that it has there. */
static double
end_in_region(const struct provision *p, const struct kms_key *meta)
{
	bool filled = meta->expiration_model != KMS_EXPIRATION_UNKNOWN &&
		      !p->request->new_material;

	return (
	    filled && !p->request->end_is_said ? meta->valid_to : p->end.at);
}

static enum err
wrap_and_send(struct call *c, struct kms *region_kms, const struct provision *p,
    double end)
{
	struct import_params params = IMPORT_PARAMS_INIT;
	struct buf blob = BUF_INIT(KMS_BLOB_MAX);
	struct kms_import_in in = {
	    .key = p->key->meta.id,
	    .valid_to = end,
	};
	enum err e = import_params_for_material(c, region_kms, p->key, &params);

	if (e == ERR_OK)
		e = import_wrap_material(c->module->crypto, c->module->arena,
		    &params, p->request->material, &blob);
	in.token = buf_view(&params.parameters.token);
	in.material = buf_view(&blob);
	if (e == ERR_OK)
		e = kms_import_key_material(region_kms, &in);
	buf_free(&blob);
	import_params_free(&params);
	return (e);
}

static enum err
import_material_in_region(struct call *c, struct kms *region_kms,
    const struct provision *p, double end)
{
	enum err e = wrap_and_send(c, region_kms, p, end);

	if (import_params_are_refused(e)) {
		import_params_note_refused(c, region_kms, p->key);
		e = wrap_and_send(c, region_kms, p, end);
	}
	return (e);
}

static enum err
replicate_and_import(struct call *c, size_t region, const struct provision *p,
    struct kms *region_kms)
{
	struct client *client = c->token->regions.clients[region];
	struct kms_key meta = KMS_KEY_INIT;
	const struct key *k = p->key;
	const char *names[] = {k->names.id, k->names.label};
	enum err e;

	*region_kms = (struct kms){
	    .transport = client_transport(client), .deadline = c->kms.deadline};
	e = replicate(c, region_kms, p, region, &meta);
	for (size_t i = 0; i < 2 && e == ERR_OK; i++)
		if (names[i][0] != '\0')
			e = alias_create(c, region_kms, names[i], k);
	if (e == ERR_OK && p->request->material.ptr != NULL)
		e = import_material_in_region(
		    c, region_kms, p, end_in_region(p, &meta));
	else if (e == ERR_OK && meta.state == KMS_STATE_PENDING_IMPORT)
		call_note(c,
		    "key %s waits for its material in %s: it has a wrapping "
		    "key of its own there",
		    k->meta.id, client_region(client));
	kms_key_free(&meta);
	return (e);
}

CK_RV
regions_import(struct call *c, const struct provision *p)
{
	struct regions *rs = &c->token->regions;
	struct kms region_kms;
	CK_RV rv = CKR_OK, one;
	enum err e;

	/* one of a single Region stays so: KMS cannot change it */
	if (p->key->meta.multi_region != JSON_TRUE ||
	    p->key->meta.multi_region_type == KMS_REPLICA)
		return (CKR_OK);
	for (size_t i = 0; i < rs->count; i++) {
		e = replicate_and_import(c, i, p, &region_kms);
		if (e == ERR_OK)
			continue;
		c->kms.error = region_kms.error;
		one = call_fail(c, e);
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s is incomplete in %s: %s [%s: %s]; import the "
		    "same material again",
		    c->name, p->key->meta.id, client_region(rs->clients[i]),
		    err_text(e), region_kms.error.exception,
		    region_kms.error.message);
		if (rv == CKR_OK)
			rv = one;
	}
	return (rv);
}
