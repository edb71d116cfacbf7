#include <string.h>
#include "import-material.h"
#include "import.h"
#include "rename.h"
#include "key-trust.h"
#include "wrapping-algorithm.h"

/*
 * Two usages are two keys of KMS, which material of one's own makes possible.
 * The second comes first: the object is there when the first has its material.
 * *made is the second, held, if this call made it.
 */
static CK_RV
import_companion(struct call *c, const struct provision *p,
    enum key_usage usage, struct key **made)
{
	struct key_request r = *p->request;
	struct provision companion = PROVISION_INIT(&r);
	bool is_new;
	CK_RV rv;

	r.usage = usage;
	r.accepted_usages = usage;
	r.label = r.id = VIEW(NULL, 0);
	r.new_material = false;
	companion.companion_of = p->key->meta.id;
	rv = provision_open(c, &companion);
	is_new = companion.made;
	if (rv == CKR_OK)
		rv = import_material(c, &companion);
	if (rv == CKR_OK && is_new)
		*made = key_ref(companion.key);
	return (provision_close(c, &companion, rv));
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

/* The key, and its companion where it is to have one. */
static CK_RV
import_both(struct call *c, struct provision *p)
{
	struct key *companion = NULL;
	enum key_usage second = second_usage(c, p);
	bool made = p->made;
	CK_RV rv = CKR_OK;

	if (second != 0)
		rv = import_companion(c, p, second, &companion);
	if (rv == CKR_OK)
		rv = import_material(c, p);
	if (rv != CKR_OK && companion != NULL && made)
		provision_drop_companion(c, companion, p->key->meta.id);
	key_unref(companion);
	return (rv);
}

/* Unless the name is the key's own id or ARN, which only says which key. */
static CK_RV
rename_to(struct call *c, struct key *k, enum name_kind kind, struct view name)
{
	struct rename r = RENAME_INIT;
	CK_RV rv;

	if (name.len == 0 || key_trust_is_named(name, k))
		return (CKR_OK);
	rv = rename_begin(c, &r, k, kind == NAME_LABEL ? &name : NULL,
	    kind == NAME_ID ? &name : NULL);
	return (rv == CKR_OK ? rename_end(c, &r, CKR_OK) : rv);
}

CK_RV
import_by_value(struct call *c, const struct key_request *r, struct key **out)
{
	struct provision p = PROVISION_INIT(r);
	CK_RV rv;

	*out = NULL;
	if ((rv = provision_open(c, &p)) == CKR_OK &&
	    (rv = import_both(c, &p)) == CKR_OK && r->id.len != 0 && !p.made)
		/* a key found by its id may be given another label */
		rv = rename_to(c, p.key, NAME_LABEL, r->label);
	if (rv == CKR_OK)
		*out = key_ref(p.key);
	return (provision_close(c, &p, rv));
}

static CK_RV
check_wrapped(struct call *c, const struct key *k,
    const struct import_params *params, const CK_MECHANISM *m,
    struct view wrapped)
{
	CK_ULONG bits = import_params_bits(params);
	CK_RV rv = wrapping_algorithm_check(params->algorithm, m);

	if (rv != CKR_OK)
		return (rv);
	if (params->parameters.token.len == 0)
		return (call_error(c, CKR_WRAPPED_KEY_INVALID,
		    "no import token is kept for key %s, or it is older than "
		    "24 hours: read the public half and wrap with it",
		    k->meta.id));
	if (!wrapping_algorithm_fits(params->algorithm, bits, wrapped.len))
		return (call_error(c, CKR_WRAPPED_KEY_LEN_RANGE,
		    "no key wrapped with %s of %lu bits has %zu bytes",
		    params->algorithm, bits, wrapped.len));
	return (CKR_OK);
}

static CK_RV
import_for_pair(struct call *c, struct provision *p, const CK_MECHANISM *m,
    struct view wrapped)
{
	struct import_params params = IMPORT_PARAMS_INIT;
	enum err e;
	CK_RV rv;

	call_set_deadline(c, c->token->config->import_timeout);
	e = import_params_load(c, p->key, &params);
	rv = e == ERR_OK ? check_wrapped(c, p->key, &params, m, wrapped)
			 : call_fail(c, e);
	if (rv == CKR_OK && !key_trust_for_request(c, p->request, p->key))
		rv = key_trust_refuse(
		    c, p->key, CKR_KEY_FUNCTION_NOT_PERMITTED);
	if (rv == CKR_OK)
		rv = import_blob(c, p, &params, wrapped);
	if (c->err == ERR_TOKEN_EXPIRED || c->err == ERR_TOKEN_INVALID)
		(void)import_params_forget(c, p->key);
	import_params_free(&params);
	return (rv);
}

CK_RV
import_wrapped(struct call *c, const struct key_request *r, struct key *k,
    const CK_MECHANISM *m, struct view wrapped, struct key **out)
{
	struct provision p = PROVISION_INIT(r);
	CK_RV rv;

	*out = NULL;
	p.key = key_ref(k);
	if ((rv = import_for_pair(c, &p, m, wrapped)) == CKR_OK &&
	    (rv = rename_to(c, p.key, NAME_LABEL, r->label)) == CKR_OK)
		rv = rename_to(c, p.key, NAME_ID, r->id);
	if (rv == CKR_OK)
		*out = key_ref(p.key);
	return (provision_close(c, &p, rv));
}
