#include <string.h>
#include "given-set.h"
#include "import-params.h"
#include "import-set.h"
#include "lookup.h"
#include "renewal-pair.h"
#include "set-keys.h"

CK_RV
given_set_read(struct call *c, const struct object *o, struct buf *out)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	struct import_set s = IMPORT_SET_INIT;
	enum err e;

	if (!o->is_pair)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if ((e = import_params_fetch(c, o->key, o->is_renewal, &p)) == ERR_OK &&
	    (e = import_params_to_set(o->key, &p, &s)) == ERR_OK)
		e = import_set_encode(&s, out);
	import_set_free(&s);
	import_params_free(&p);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
refuse(struct call *c, const char *why)
{
	return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
	    "the import set is not taken: %s", why));
}

/* The key as KMS shows it now, or as it is known here where KMS does not let it
 * be looked at; *out is NULL where it is not known either. */
static CK_RV
look_at_key(struct call *c, const struct import_set *s, struct key **out)
{
	CK_RV rv = find_named(c, CKA_LABEL, view_str(s->arn), out);

	if (rv != CKR_OK && c->err == ERR_DENIED) {
		c->err = ERR_OK;
		*out = store_key(&c->token->store, import_set_key_id(s));
		return (CKR_OK);
	}
	if (rv == CKR_OK && *out == NULL)
		return (refuse(c, "KMS has no such key"));
	if (rv == CKR_OK && !key_is_pending_import(*out) &&
	    !renewal_pair_may_be(*out))
		rv = call_error(c, call_fail(c, ERR_KEY_STATE),
		    "key %s takes no material: its state is %s, its origin %s",
		    (*out)->meta.id, (*out)->meta.words.state,
		    (*out)->meta.words.origin);
	return (rv);
}

/* Whether it is for a key that has its material: KMS knows, or else the set,
 * which is newer than the one that a key is known by. */
static bool
is_renewal(const struct import_set *s, const struct key *k)
{
	if (k != NULL && !k->by_set)
		return (!key_is_pending_import(k));
	return (s->state[0] != '\0' && strcmp(s->state, "PendingImport") != 0);
}

/* The pair is an object from now on. */
static enum err
show(struct call *c, const char *key_id, struct key *k, bool renewal)
{
	if (k == NULL)
		return (set_keys_learn(c, key_id, renewal));
	return (renewal ? renewal_pair_show(c, k) : ERR_OK);
}

static CK_RV
take(struct call *c, struct import_set *s, CK_OBJECT_HANDLE *handle)
{
	const char *key_id = import_set_key_id(s), *why;
	struct store *store = &c->token->store;
	struct key *k = NULL;
	bool renewal;
	enum err e;
	CK_RV rv;

	if (key_id[0] == '\0')
		return (refuse(c, "it does not tell its key's ARN"));
	/* what is wrong in itself is told before KMS is asked */
	if ((why = import_set_why_useless(c, key_id, false, s)) != NULL)
		return (refuse(c, why));
	if ((rv = look_at_key(c, s, &k)) != CKR_OK)
		goto out;
	renewal = is_renewal(s, k);
	if ((e = import_set_keep(c, key_id, renewal, s)) == ERR_OK)
		e = show(c, key_id, k, renewal);
	if (e != ERR_OK) {
		rv = call_fail(c, e);
		goto out;
	}
	*handle = renewal ? store_renewal_handle(store, key_id, CKO_PRIVATE_KEY)
			  : store_handle(store, key_id, CKO_PRIVATE_KEY);
	if (*handle == CK_INVALID_HANDLE) {
		(void)import_set_drop(c, key_id, renewal);
		rv = refuse(c, "it tells of no key that can be imported");
	}
out:
	key_unref(k);
	return (rv);
}

CK_RV
given_set_take(struct call *c, struct view set, CK_OBJECT_HANDLE *handle)
{
	struct import_set s = IMPORT_SET_INIT;
	CK_RV rv;

	if (set.len > IMPORT_SET_FILE_MAX ||
	    import_set_decode(set, &s) != ERR_OK)
		rv = refuse(c, "it is damaged");
	else
		rv = take(c, &s, handle);
	import_set_free(&s);
	return (rv);
}
