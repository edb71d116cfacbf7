#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "explain-import.h"
#include "import-material.h"
#include "import-wrap.h"
#include "list-materials.h"
#include "listing.h"
#include "regions.h"
#include "rotation.h"
#include "settle.h"

#define UNANSWERED_TRIES 5 /* each is several requests */
#define LOOKS_BEFORE_LIST 1 /* the first may be late */

/* How many materials the key waits for beside the one that has just come in,
 * which KMS may not show yet; of how many. */
static size_t
count_missing(struct call *c, const struct provision *p, const struct key *k,
    size_t *count)
{
	struct kms aside = c->kms;
	struct materials m = MATERIALS_INIT;
	const struct material *ours;
	size_t missing = 0;

	if (materials_may_be_several(&k->meta) && p->material_id[0] != '\0' &&
	    materials_list(c, &aside, &k->meta, &m) == ERR_OK) {
		ours = materials_find(&m, p->material_id);
		/* a list without it is from before it came */
		if (ours != NULL)
			missing = materials_missing(&m);
		if (missing != 0 && !ours->is_here)
			missing--;
	}
	*count = m.count;
	materials_free(&m);
	return (missing);
}

/* KMS took the material, so the key is in use; nobody may ask. */
static CK_RV
take_enabled(struct call *c, struct provision *p)
{
	struct key *k = key_copy(p->key);
	enum err e = ERR_MEMORY;

	c->err = ERR_OK;
	if (k != NULL) {
		listing_see_renewal_pair(c, k);
		k->meta.state = KMS_STATE_ENABLED;
		snprintf(k->meta.words.state, KMS_WORD_SIZE, "Enabled");
		e = store_put(&c->token->store, k);
		key_unref(p->key);
		p->key = k;
	}
	call_note(c, "key %s has its material; it is not looked at: %s",
	    p->key->meta.id, err_text(ERR_DENIED));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

/* Waits until KMS shows the key as usable; p->key is then as KMS shows it. */
static CK_RV
confirm(struct call *c, struct provision *p)
{
	struct key *k = NULL;
	size_t missing, count;
	int tries = 0;
	CK_RV rv;

	for (;;) {
		rv = listing_describe(c, p->key->meta.id, &k);
		/* who may import need not be allowed to look */
		if (rv != CKR_OK && c->err == ERR_DENIED)
			return (take_enabled(c, p));
		if (rv != CKR_OK || (k != NULL && !key_is_pending_import(k)))
			break;
		if (k != NULL && tries == LOOKS_BEFORE_LIST &&
		    (missing = count_missing(c, p, k, &count)) != 0) {
			rv = call_error(c, CKR_FUNCTION_FAILED,
			    "the material is in, but key %s waits for %zu more "
			    "of its %zu materials: import these, too",
			    k->meta.id, missing, count);
			break;
		}
		key_unref(k);
		k = NULL;
		if (!settle_pause(&c->kms.deadline, &tries, SETTLE_TRIES))
			return (call_fail(c, ERR_KEY_STATE));
	}
	if (rv == CKR_OK) {
		key_unref(p->key);
		p->key = k;
	} else {
		key_unref(k);
	}
	return (rv);
}

/* Whether KMS may have done it although it did not say so. */
static bool
is_unanswered(enum err e)
{
	return (e == ERR_NETWORK || e == ERR_DEADLINE || e == ERR_UNKNOWN ||
		e == ERR_REPLY || e == ERR_SERVICE);
}

/* No look tells whose material a key has. */
static enum err
say_unanswered(struct call *c, const struct key *k, enum err e)
{
	char last[sizeof(c->kms.error.message)];

	memcpy(last, c->kms.error.message, sizeof(last));
	return (error_info_set(&c->kms.error, e,
	    "key %s may have its material: KMS does not answer to "
	    "ImportKeyMaterial, so make the same call again: %.200s",
	    k->meta.id, last));
}

/* A key that never had material takes its first in the ordinary way. */
static bool
is_rotation(const struct provision *p)
{
	return (
	    p->request->new_material && p->key->meta.material_id[0] != '\0');
}

/* From here on there is material: nothing is taken back any more. KMS rotates
 * a multi-Region key when all Regions have the new material. */
static CK_RV
finish(struct call *c, struct provision *p, bool rotation)
{
	enum err e;
	CK_RV rv;

	p->was_made |= p->made;
	p->made = false;
	p->imported = true;
	if (import_params_forget(c, p->key, p->for_renewal_pair) != ERR_OK)
		call_note(c,
		    "%s: the used import parameters could not be removed",
		    c->kms.error.message);
	if ((rv = regions_import(c, p)) != CKR_OK)
		return (rv);
	if (rotation && (e = rotation_end(c, p)) != ERR_OK)
		return (call_fail(c, e));
	return (confirm(c, p));
}

static enum err
send_blob(struct call *c, struct provision *p,
    const struct import_params *params, struct view blob)
{
	struct kms_import_in in = {
	    .key = p->key->meta.id,
	    .token = buf_view(&params->parameters.token),
	    .material = blob,
	    .valid_to = p->end.at,
	};
	int tries = 0, unanswered = 0;
	enum err e;

	/* the same material may come again: KMS's answer says whether it is
	 * that, or another, which the key has */
	do {
		e = is_rotation(p) ? rotation_import(c, p, &in)
				   : kms_import_key_material_id(
					 &c->kms, &in, p->material_id);
	} while ((is_unanswered(e) && settle_pause(&c->kms.deadline,
					  &unanswered, UNANSWERED_TRIES)) ||
		 settle_retry_living(c, &c->kms, p->key, e, &tries));
	return (is_unanswered(e) ? say_unanswered(c, p->key, e) : e);
}

/* What KMS answered to the import. algorithm: as of explain_import(). */
static CK_RV
take_answer(struct call *c, struct provision *p, const char *algorithm,
    enum err e, bool *again)
{
	bool rotation = is_rotation(p);

	if (e != ERR_OK && rotation && e != ERR_CIPHERTEXT)
		return (rotation_fail(c, p, e));
	if (e != ERR_OK)
		return (call_fail(c, explain_import(c, p, algorithm, e)));
	*again = material_end_imported(
	    c, p->key, p->request, p->material_id, &p->end);
	return (*again ? CKR_OK : finish(c, p, rotation));
}

CK_RV
import_blob(struct call *c, struct provision *p,
    const struct import_params *params, struct view blob)
{
	bool again = false;
	CK_RV rv = take_answer(
	    c, p, params->algorithm, send_blob(c, p, params, blob), &again);

	/* it was wrapped elsewhere, and a set of parameters serves once */
	if (rv == CKR_OK && again) {
		call_note(c,
		    "the material of key %s ends earlier than it did: wrap it "
		    "again and say its end",
		    p->key->meta.id);
		rv = finish(c, p, is_rotation(p));
	}
	return (rv);
}

CK_RV
import_choose_end(struct call *c, struct provision *p)
{
	return (material_end_choose(
	    c, p->key, p->request, p->made || is_rotation(p), &p->end));
}

static enum err
wrap_and_send(struct call *c, struct provision *p)
{
	struct import_params params = IMPORT_PARAMS_INIT;
	struct buf blob = BUF_INIT(KMS_BLOB_MAX);
	enum err e = import_params_for_material(c, &c->kms, p->key, &params);

	if (e == ERR_OK)
		e = import_wrap_material(c->module->crypto, c->module->arena,
		    &params, p->request->material, &blob);
	if (e == ERR_OK)
		e = send_blob(c, p, &params, buf_view(&blob));
	buf_free(&blob);
	import_params_free(&params);
	return (e);
}

/* *again: it is to be imported once more, with the end that it has. */
static CK_RV
import_once(struct call *c, struct provision *p, bool *again)
{
	enum err e = wrap_and_send(c, p);

	if (import_params_are_refused(e)) {
		import_params_note_refused(c, &c->kms, p->key);
		e = wrap_and_send(c, p);
	}
	return (take_answer(c, p, NULL, e, again));
}

CK_RV
import_material(struct call *c, struct provision *p)
{
	bool again = false;
	CK_RV rv = import_choose_end(c, p);

	if (rv == CKR_OK && (rv = import_once(c, p, &again)) == CKR_OK && again)
		rv = import_once(c, p, &again);
	return (rv);
}
