#include <string.h>
#include "alias.h"
#include "describe.h"
#include "import-material.h"
#include "import.h"
#include "key-deletion.h"
#include "key-lock.h"
#include "listing.h"
#include "rename.h"
#include "key-trust.h"
#include "unfinished.h"
#include "wrapping-algorithm.h"

/*
 * Two usages are two keys of KMS, which material of one's own makes possible.
 * The second comes first: the object is there when the first has its material.
 * It goes when the first is taken back.
 */
static CK_RV
import_companion(struct call *c, struct provision *p, enum key_usage usage)
{
	struct key_request r = *p->request;
	struct provision companion = PROVISION_INIT(&r);
	struct key *k = NULL;
	CK_RV rv;

	r.usage = usage;
	r.accepted_usages = usage;
	r.label = r.id = VIEW(NULL, 0);
	r.new_material = false;
	companion.companion_of = p->key->meta.id;
	rv = provision_run(c, &companion, import_material, &k);
	key_unref(k);
	p->companion_failed = rv != CKR_OK;
	return (rv);
}

/* The usage that is to be beside that of the key, or 0. */
static enum key_usage
second_usage(struct call *c, const struct provision *p)
{
	const struct key_request *r = p->request;
	unsigned usages = r->accepted_usages & r->spec->usages &
			  ~(unsigned)p->key->meta.usage;

	if (p->key->companion != NULL)
		return (p->key->companion->meta.usage);
	if (r->spec->class != CKO_PRIVATE_KEY ||
	    c->token->config->two_usages != TWO_USAGES_BOTH)
		return (0);
	return ((enum key_usage)(usages & (~usages + 1)));
}

/* Unless the name is the key's own id or ARN, which only says which key. */
static CK_RV
rename_to(struct call *c, struct key *k, enum name_kind kind, struct view name)
{
	struct rename r = RENAME_INIT;
	int lock = -1;
	enum err e;
	CK_RV rv;

	if (name.len == 0 || key_trust_is_named(name, k))
		return (CKR_OK);
	if ((e = key_lock(c, k->meta.id, &lock)) != ERR_OK)
		return (call_fail(c, e));
	rv = rename_begin(c, &r, k, kind == NAME_LABEL ? &name : NULL,
	    kind == NAME_ID ? &name : NULL);
	if (rv == CKR_OK)
		rv = rename_end(c, &r, CKR_OK);
	key_unlock(c, k->meta.id, lock);
	return (rv);
}

/* The key, and its companion where it is to have one. */
static CK_RV
import_both(struct call *c, struct provision *p)
{
	enum key_usage second = second_usage(c, p);
	CK_RV rv = CKR_OK;

	p->companion_failed = false;
	if (second != 0)
		rv = import_companion(c, p, second);
	return (rv == CKR_OK ? import_material(c, p) : rv);
}

/* Before there is a key that could not be filled. */
static CK_RV
check_algorithm(struct call *c, const struct key_spec *spec)
{
	CK_RV rv = import_params_check_type(c, spec);

	if (rv != CKR_OK || import_params_algorithm(c, spec) != NULL)
		return (rv);
	return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
	    "KMS in %s has no way to import a %s key with a wrapping key of "
	    "%ld bits: see wrapping in keyferry.conf(5)",
	    client_region(c->token->client), spec->kms,
	    c->token->config->wrapping_bits));
}

CK_RV
import_by_value(
    struct call *c, const struct key_request *r, struct key **out, bool *made)
{
	struct provision p = PROVISION_INIT(r);
	CK_RV rv = check_algorithm(c, r->spec);

	if (rv == CKR_OK)
		rv = provision_run(c, &p, import_both, out);
	*made = p.was_made;

	/* a key found by its id may be given another label */
	if (rv == CKR_OK && r->id.len != 0 && !p.label_given &&
	    (rv = rename_to(c, *out, NAME_LABEL, r->label)) != CKR_OK) {
		key_unref(*out);
		*out = NULL;
	}
	return (rv);
}

/* In a time of its own, and without a word in place of why the call fails. */
void
import_take_back(struct call *c, const struct key *k)
{
	struct kms before = c->kms;
	enum err err = c->err, e;

	call_set_deadline(c, REMOVAL_SECONDS);
	e = key_deletion_schedule(c, k, &alias_list_none);
	if (e == ERR_OK)
		call_note(c,
		    "key %s, made by this call, is scheduled for deletion",
		    k->meta.id);
	else
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s, made by this call, could not be deleted [%s]",
		    c->name, k->meta.id, err_text(e));
	c->kms = before;
	c->err = err;
}

/* The state that KMS shows now. */
static enum kms_key_state
look_at_state(struct call *c, const struct key *k)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum kms_key_state state = KMS_STATE_UNKNOWN;

	if (describe_keeping_error(&c->kms, k->meta.id, &meta) == ERR_OK)
		state = meta.state;
	kms_key_free(&meta);
	return (state);
}

static CK_RV
refuse_without_token(struct call *c, const struct key *k, bool renewal)
{
	enum kms_key_state state = look_at_state(c, k);
	bool filled = kms_state_has_material(state);

	return (call_error(c, CKR_WRAPPED_KEY_INVALID,
	    filled && !renewal
		? "key %s has its material already, and is in use"
		: "no import token is kept for key %s, or it is older than "
		  "24 hours: read the public half and wrap with it",
	    k->meta.id));
}

static CK_RV
check_wrapped(struct call *c, const struct provision *p,
    const struct import_params *params, const CK_MECHANISM *m,
    struct view wrapped)
{
	CK_ULONG bits = import_params_bits(params);
	CK_RV rv = wrapping_algorithm_check(params->algorithm, m);

	if (rv != CKR_OK)
		return (rv);
	if (!wrapping_algorithm_fits(params->algorithm, bits, wrapped.len))
		return (call_error(c, CKR_WRAPPED_KEY_LEN_RANGE,
		    "no key wrapped with %s of %lu bits has %zu bytes",
		    params->algorithm, bits, wrapped.len));
	if (params->parameters.token.len == 0)
		return (refuse_without_token(c, p->key, p->for_renewal_pair));
	return (CKR_OK);
}

/* Before anything is sent. */
static CK_RV
check_pair(struct call *c, struct provision *p,
    const struct import_params *params, const CK_MECHANISM *m,
    struct view wrapped)
{
	const struct key *k = p->key;
	CK_RV rv = check_wrapped(c, p, params, m, wrapped);

	if (rv == CKR_OK && !key_trust_for_request(c, p->request, k))
		rv = key_trust_refuse(c, k, CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (rv == CKR_OK && look_at_state(c, k) == KMS_STATE_PENDING_DELETION)
		rv = call_error(c, call_fail(c, ERR_KEY_STATE),
		    "key %s waits for its deletion", k->meta.id);
	return (rv == CKR_OK ? import_choose_end(c, p) : rv);
}

/* The names are claimed before the material comes in: one that is another's is
 * refused while nothing has happened. */
static CK_RV
claim_names(struct call *c, const struct provision *p, struct rename *names)
{
	const struct key_request *r = p->request;
	const struct key *k = p->key;
	bool label = r->label.len != 0 && !key_trust_is_named(r->label, k);
	bool id = r->id.len != 0 && !key_trust_is_named(r->id, k);

	if (!label && !id)
		return (CKR_OK);
	return (rename_begin(
	    c, names, p->key, label ? &r->label : NULL, id ? &r->id : NULL));
}

/* What was wrapped for them is good for nothing any more. */
static void
spend(struct call *c, const struct provision *p)
{
	struct error_info error = c->kms.error;

	(void)import_params_spend(c, p->key, p->for_renewal_pair);
	c->kms.error = error;
	call_note(c,
	    "the import parameters of key %s are spent: read the public half "
	    "again, and wrap the key with it",
	    p->key->meta.id);
}

static CK_RV
import_for_pair(struct call *c, struct provision *p, const CK_MECHANISM *m,
    struct view wrapped)
{
	struct import_params params = IMPORT_PARAMS_INIT;
	struct rename names = RENAME_INIT;
	enum err e = import_params_load(
	    c, p->key, p->for_renewal_pair, &params);
	CK_RV rv = e == ERR_OK ? check_pair(c, p, &params, m, wrapped)
			       : call_fail(c, e);

	if (rv == CKR_OK && (rv = claim_names(c, p, &names)) == CKR_OK) {
		rv = import_blob(c, p, &params, wrapped);
		if (import_params_are_refused(c->err))
			spend(c, p);
		/* whose material is in has its names */
		e = c->err;
		if (names.key != NULL &&
		    rename_end(c, &names, p->imported ? CKR_OK : rv) !=
			CKR_OK &&
		    rv == CKR_OK)
			rv = rv_from(c->err, c->context);
		else
			c->err = e;
	}
	import_params_free(&params);
	return (rv);
}

/* What comes in by a renewal pair is to end later, where the configuration says
 * so and the template nothing. */
static void
say_end(struct call *c, const struct object *pair, struct key_request *r)
{
	long days = c->token->config->renewal_days;

	if (!pair->is_renewal || r->end_is_said || r->new_material || days == 0)
		return;
	r->end_is_said = true;
	r->valid_to = service_time(c) + (double)days * 86400;
}

CK_RV
import_wrapped(struct call *c, const struct key_request *r,
    const struct object *pair, const CK_MECHANISM *m, struct view wrapped,
    struct key **out)
{
	struct key_request request = *r;
	struct provision p = PROVISION_INIT(&request);
	struct key *k = pair->key;
	char id[KMS_ID_SIZE];
	int lock = -1;
	enum err e;
	CK_RV rv;

	*out = NULL;
	p.key = key_ref(k);
	p.for_renewal_pair = pair->is_renewal;
	memcpy(id, k->meta.id, sizeof(id));
	unfinished_removals(c);
	call_set_deadline(c, c->token->config->import_timeout);
	say_end(c, pair, &request);
	e = key_lock(c, id, &lock);
	rv = e == ERR_OK ? import_for_pair(c, &p, m, wrapped) : call_fail(c, e);
	key_unlock(c, id, lock);
	if (rv == CKR_OK)
		*out = key_ref(p.key);
	key_unref(p.key);
	material_end_free(&p.end);
	return (rv);
}
