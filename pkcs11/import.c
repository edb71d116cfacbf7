#include <string.h>
#include "import.h"
#include "listing.h"
#include "pair.h"
#include "wrap.h"

/* Material into a key that fresh.c found or made: step 5 there. */

#define CLEAN_UP_SECONDS 10
#define WRAPPED_MAX KMS_BLOB_MAX

/* Waits until KMS shows the key as usable; im->key is then as KMS shows it. */
static CK_RV
confirm(struct call *c, struct fresh *im)
{
	struct key *k = NULL;
	CK_RV rv;

	for (int tries = 0;; tries++) {
		if ((rv = listing_describe(c, im->key->meta.id, &k)) != CKR_OK)
			return (rv);
		if (k != NULL && !key_is_pending(k))
			break;
		key_unref(k);
		if (tries == FRESH_TRIES ||
		    !deadline_sleep(&c->kms.deadline, FRESH_MS << tries))
			return (call_fail(c, ERR_KEY_STATE));
	}
	key_unref(im->key);
	im->key = k;
	return (CKR_OK);
}

/* Whether the material is there although the reply to its import never came. */
static bool
arrived(struct call *c, struct fresh *im, enum err e)
{
	struct fault fault = c->kms.fault;
	struct kms_key meta = KMS_KEY_INIT;
	bool yes;

	if (!im->made ||
	    (e != ERR_NETWORK && e != ERR_DEADLINE && e != ERR_UNKNOWN &&
		e != ERR_REPLY && e != ERR_SERVICE))
		return (false);
	call_allow(c, CLEAN_UP_SECONDS);
	yes = kms_describe_key(&c->kms, im->key->meta.id, &meta) == ERR_OK &&
	      strcmp(meta.state, "Enabled") == 0;
	kms_key_free(&meta);
	c->kms.fault = fault;
	return (yes);
}

static CK_RV
import_blob(
    struct call *c, struct fresh *im, const struct pair *p, struct view blob)
{
	struct kms_import_in in = {
	    .key = im->key->meta.id,
	    .token = buf_view(&p->parameters.token),
	    .material = blob,
	    .valid_to = im->valid_to,
	};
	int tries = 0;
	enum err e;

	do {
		e = kms_import_key_material(&c->kms, &in);
	} while (fresh_is_settling(c, im, e, &tries));
	if (e != ERR_OK && !arrived(c, im, e))
		return (call_fail(c, e));
	/* from here on there is material: nothing is taken back any more */
	im->made = false;
	if (pair_forget(c, im->key) != ERR_OK)
		call_note(
		    c, "%s: used import parameters stay", c->kms.fault.message);
	return (confirm(c, im));
}

CK_RV
import_material(struct call *c, struct fresh *im, struct view material)
{
	struct pair p = PAIR_INIT;
	struct buf blob = BUF_INIT(WRAPPED_MAX);
	int tries = 0;
	enum err e;
	CK_RV rv;

	pair_for_material(c, im->key, &p);
	do {
		e = kms_get_parameters_for_import(&c->kms, im->key->meta.id,
		    p.algorithm, p.spec, &p.parameters);
	} while (fresh_is_settling(c, im, e, &tries));
	if (e == ERR_OK)
		e = wrap_material(c->module->crypto, &p, material, &blob);
	rv = e == ERR_OK ? import_blob(c, im, &p, buf_view(&blob))
			 : call_fail(c, e);
	buf_free(&blob);
	pair_free(&p);
	return (rv);
}

CK_RV
import_wrapped(struct call *c, struct fresh *im, const CK_MECHANISM *m,
    struct view wrapped)
{
	struct pair p = PAIR_INIT;
	enum err e;
	CK_RV rv;

	call_allow(c, c->token->config->import_timeout);
	if ((e = pair_load(c, im->key, &p)) != ERR_OK) {
		rv = call_fail(c, e);
		goto out;
	}
	if ((rv = wrap_check_mechanism(&p, m)) != CKR_OK)
		goto out;
	if (p.parameters.token.len == 0) {
		rv = call_refuse(c, CKR_WRAPPED_KEY_INVALID,
		    "no import token is kept for key %s, or it is older than "
		    "24 hours; read the public half and wrap with it",
		    im->key->meta.id);
		goto out;
	}
	if (!wrap_fits(&p, wrapped)) {
		rv = call_refuse(c, CKR_WRAPPED_KEY_LEN_RANGE,
		    "a key wrapped with %s of %lu bits has another length "
		    "than %zu bytes",
		    p.algorithm, pair_bits(&p), wrapped.len);
		goto out;
	}
	rv = import_blob(c, im, &p, wrapped);
	if (c->err == ERR_TOKEN_EXPIRED || c->err == ERR_TOKEN_INVALID)
		(void)pair_forget(c, im->key);
out:
	pair_free(&p);
	return (rv);
}
