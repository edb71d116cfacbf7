#include "import-params.h"
#include "renewal-pair.h"

bool
renewal_pair_may_be(const struct key *k)
{
	return (key_is_imported(k) && (k->meta.state == KMS_STATE_ENABLED ||
					  k->meta.state == KMS_STATE_DISABLED));
}

enum err
renewal_pair_show(struct call *c, const struct key *k)
{
	struct store *store = &c->token->store;
	struct key *now = store_key(store, k->meta.id), *next = NULL;
	enum err e = ERR_OK;

	if (store_renewal_handle(store, k->meta.id, CKO_PUBLIC_KEY) ==
	    CK_INVALID_HANDLE)
		e = store_drop_renewal(store, k);
	if (e == ERR_OK && (next = key_copy(now != NULL ? now : k)) == NULL)
		e = ERR_MEMORY;
	if (e == ERR_OK) {
		next->has_renewal_pair = true;
		e = store_put(store, next);
	}
	key_unref(next);
	key_unref(now);
	return (e);
}

static CK_RV
refuse(struct call *c, const struct key *k, enum err e)
{
	CK_RV rv = call_fail(c, e);

	if (e != ERR_KEY_STATE && e != ERR_UNSUPPORTED && e != ERR_DISABLED)
		return (rv);
	return (call_error(c, rv,
	    "KMS gives no import parameters for key %s while it has its "
	    "material (%s): it stays as it is",
	    k->meta.id, k->meta.words.state));
}

CK_RV
renewal_pair_make(
    struct call *c, struct key *k, const char *algorithm, CK_ULONG bits)
{
	struct import_params p = IMPORT_PARAMS_INIT;
	bool kept = import_params_has_renewal(c, k->meta.id);
	enum err e;
	CK_RV rv;

	e = import_params_choose(c, k, true, algorithm, bits);
	if (e == ERR_OK)
		e = import_params_fetch(c, k, true, &p);
	import_params_free(&p);
	if (e == ERR_OK)
		e = renewal_pair_show(c, k);
	if (e == ERR_OK)
		return (CKR_OK);
	rv = refuse(c, k, e);
	if (!kept)
		(void)import_params_forget(c, k, true);
	return (rv);
}

CK_RV
renewal_pair_remove(struct call *c, struct key *k)
{
	enum err e;

	if ((e = import_params_forget(c, k, true)) == ERR_OK)
		e = store_drop_renewal(&c->token->store, k);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}
