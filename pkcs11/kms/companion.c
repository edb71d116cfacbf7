#include <string.h>
#include "companion.h"
#include "keydata/names.h"
#include "token/pubkey.h"

/* Whether a key may have a companion at all. */
static bool
companion_is_possible(const struct call *c, const struct key *k)
{
	return (c->token->config->two_usages == TWO_USAGES_BOTH &&
		k->spec != NULL && k->spec->class == CKO_PRIVATE_KEY &&
		key_is_imported(k) && !key_is_pending_import(k));
}

/* A failure to get one is not the call's: the keys are then two objects. */
static const struct pubkey *
public_half(struct call *c, const struct key *k)
{
	struct kms before = c->kms;
	enum err err = c->err;
	const struct pubkey *p = NULL;

	if (!key_is_usable(k))
		return (pubkey_cache_find(&c->token->pubkeys, k->meta.id));
	if (pubkey_get(c, k, &p) != CKR_OK)
		p = NULL;
	c->kms.error = before.error;
	c->err = err;
	return (p);
}

void
companion_link(struct call *c, struct key *k, struct key *companion)
{
	const struct pubkey *a, *b;

	if (k == companion || k->companion != NULL || k->is_companion ||
	    companion->is_companion || companion->companion != NULL ||
	    k->spec != companion->spec ||
	    k->meta.usage == companion->meta.usage ||
	    !companion_is_possible(c, k) ||
	    !companion_is_possible(c, companion) ||
	    (a = public_half(c, k)) == NULL ||
	    (b = public_half(c, companion)) == NULL ||
	    !view_equal(buf_view(&a->info), buf_view(&b->info)))
		return;
	companion->is_companion = true;
	k->companion = key_ref(companion);
}

enum err
companion_describe(struct call *c, struct key *k, uint64_t asked)
{
	struct kms_key meta = KMS_KEY_INIT;
	struct key *companion = NULL, *known = NULL;
	char alias[KMS_ALIAS_SIZE];
	enum err e;

	if (k->is_companion || !companion_is_possible(c, k))
		return (ERR_OK);
	name_companion_alias(k->meta.id, alias);
	e = kms_describe_key(&c->kms, alias, &meta);
	if (e == ERR_OK && (companion = key_new(&meta)) == NULL)
		e = ERR_MEMORY;
	kms_key_free(&meta);
	if (e == ERR_OK)
		companion_link(c, k, companion);
	/* alone it was an object of its own until now */
	if (e == ERR_OK && companion->is_companion)
		e = store_take(&c->token->store, companion, asked, &known);
	key_unref(known);
	key_unref(companion);
	return (e == ERR_NOT_FOUND || e == ERR_DENIED ? ERR_OK : e);
}
