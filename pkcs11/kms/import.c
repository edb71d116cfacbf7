#include <string.h>
#include "import.h"
#include "listing.h"
#include "import-params.h"
#include "regions.h"
#include "import-wrap.h"

/* Material into a key that provision.c found or made: step 5 there. */

#define CLEAN_UP_SECONDS 10
#define WRAPPED_MAX KMS_BLOB_MAX

/* Waits until KMS shows the key as usable; f->key is then as KMS shows it. */
static CK_RV
confirm(struct call *c, struct provision *f)
{
	struct key *k = NULL;
	CK_RV rv;

	for (int tries = 0;; tries++) {
		if ((rv = listing_describe(c, f->key->meta.id, &k)) != CKR_OK)
			return (rv);
		if (k != NULL && !key_is_pending_import(k))
			break;
		key_unref(k);
		if (tries == PROVISION_TRIES ||
		    !deadline_sleep(&c->kms.deadline, PROVISION_MS << tries))
			return (call_fail(c, ERR_KEY_STATE));
	}
	key_unref(f->key);
	f->key = k;
	return (CKR_OK);
}

/* Whether the material is there although the reply to its import never came. */
static bool
arrived(struct call *c, struct provision *f, enum err e)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	bool yes;

	/* of material that was there before, nothing tells what was done */
	if (!key_is_pending_import(f->key) ||
	    (e != ERR_NETWORK && e != ERR_DEADLINE && e != ERR_UNKNOWN &&
		e != ERR_REPLY && e != ERR_SERVICE))
		return (false);
	call_set_deadline(c, CLEAN_UP_SECONDS);
	yes = kms_describe_key(&c->kms, f->key->meta.id, &meta) == ERR_OK &&
	      strcmp(meta.state, "Enabled") == 0;
	kms_key_free(&meta);
	c->kms.fault = fault;
	return (yes);
}

/*
 * New material comes in beside what the key has. A call that died in between
 * brought it in already: then it is as material that was there.
 */
static enum err
put_new(struct call *c, struct kms_import_in *in,
    char material_id[KMS_MATERIAL_ID_SIZE])
{
	enum err e;

	in->type = "NEW_KEY_MATERIAL";
	e = kms_import_key_material_id(&c->kms, in, material_id);
	if (e != ERR_KEY_STATE && e != ERR_WRONG_MATERIAL && e != ERR_UNKNOWN)
		return (e);
	in->type = "EXISTING_KEY_MATERIAL";
	return (kms_import_key_material_id(&c->kms, in, material_id));
}

static bool
is_current(struct call *c, const char *key_id, const char *material_id)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	bool yes = kms_describe_key(&c->kms, key_id, &meta) == ERR_OK &&
		   strcmp(meta.material_id, material_id) == 0;

	kms_key_free(&meta);
	c->kms.fault = fault;
	return (yes);
}

/* Makes the new material the one that encrypts, unless it is already. KMS may
 * not yet know that it is there. */
static enum err
rotate(struct call *c, const char *key_id, const char *material_id)
{
	enum err e;

	for (int tries = 0;; tries++) {
		e = kms_rotate_key_on_demand(&c->kms, key_id);
		if (e == ERR_OK || is_current(c, key_id, material_id))
			return (ERR_OK);
		if (e != ERR_KEY_STATE || tries == PROVISION_TRIES ||
		    !deadline_sleep(&c->kms.deadline, PROVISION_MS << tries))
			return (e);
	}
}

/* A key that never had material takes its first in the ordinary way. */
static bool
is_rotation(const struct provision *f)
{
	return (f->new_material && f->key->meta.material_id[0] != '\0');
}

static CK_RV
import_blob(struct call *c, struct provision *f, const struct import_params *p,
    struct view blob, struct view material)
{
	struct kms_import_in in = {
	    .key = f->key->meta.id,
	    .token = buf_view(&p->parameters.token),
	    .material = blob,
	    .valid_to = f->valid_to,
	};
	char material_id[KMS_MATERIAL_ID_SIZE] = "";
	bool rotation = is_rotation(f);
	int tries = 0;
	enum err e;
	CK_RV rv;

	do {
		e = rotation ? put_new(c, &in, material_id)
			     : kms_import_key_material(&c->kms, &in);
	} while (provision_settle(c, f->key, e, &tries));
	if (e != ERR_OK && !arrived(c, f, e))
		return (call_fail(c, e));
	/* from here on there is material: nothing is taken back any more */
	f->made = false;
	if (import_params_forget(c, f->key) != ERR_OK)
		call_note(
		    c, "%s: used import parameters stay", c->kms.fault.message);
	/* KMS rotates a multi-Region key when all Regions have the material */
	if ((rv = regions_import(c, f, material)) != CKR_OK)
		return (rv);
	if (rotation && (e = rotate(c, f->key->meta.id, material_id)) != ERR_OK)
		return (call_fail(c, e));
	return (confirm(c, f));
}

CK_RV
import_material(struct call *c, struct provision *f, struct view material)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	struct buf blob = BUF_INIT(WRAPPED_MAX);
	int tries = 0;
	enum err e;
	CK_RV rv;

	import_params_for_material(c, f->key, &p);
	do {
		e = kms_get_parameters_for_import(&c->kms, f->key->meta.id,
		    p.algorithm, p.spec, &p.parameters);
	} while (provision_settle(c, f->key, e, &tries));
	if (e == ERR_OK)
		e = import_wrap_material(
		    c->module->crypto, c->module->arena, &p, material, &blob);
	rv = e == ERR_OK ? import_blob(c, f, &p, buf_view(&blob), material)
			 : call_fail(c, e);
	buf_free(&blob);
	import_params_free(&p);
	return (rv);
}

CK_RV
import_wrapped(struct call *c, struct provision *f, const CK_MECHANISM *m,
    struct view wrapped)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	enum err e;
	CK_RV rv;

	call_set_deadline(c, c->token->config->import_timeout);
	if ((e = import_params_load(c, f->key, &p)) != ERR_OK) {
		rv = call_fail(c, e);
		goto out;
	}
	if ((rv = import_wrap_check_mechanism(&p, m)) != CKR_OK)
		goto out;
	if (p.parameters.token.len == 0) {
		rv = call_error(c, CKR_WRAPPED_KEY_INVALID,
		    "no import token is kept for key %s, or it is older than "
		    "24 hours; read the public half and wrap with it",
		    f->key->meta.id);
		goto out;
	}
	if (!import_wrap_fits(&p, wrapped)) {
		rv = call_error(c, CKR_WRAPPED_KEY_LEN_RANGE,
		    "a key wrapped with %s of %lu bits has another length "
		    "than %zu bytes",
		    p.algorithm, import_params_bits(&p), wrapped.len);
		goto out;
	}
	rv = import_blob(c, f, &p, wrapped, VIEW(NULL, 0));
	if (c->err == ERR_TOKEN_EXPIRED || c->err == ERR_TOKEN_INVALID)
		(void)import_params_forget(c, f->key);
out:
	import_params_free(&p);
	return (rv);
}
