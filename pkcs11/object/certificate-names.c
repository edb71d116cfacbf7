#include "certificate-names.h"
#include "key-name.h"
#include "kms/list-keys.h"
#include "kms/listing.h"
#include "token/pubkey.h"
#include "x509.h"

/* Gets the public keys of all pairs that the token shows, as long as a listing
 * is good for. What KMS denies is no key of ours, then. */
static void
fetch_public_keys(struct call *c)
{
	const struct clock *clock = c->module->clock;
	struct certs *cs = &c->token->certs;
	int64_t now = clock->mono_ms(clock->ctx);
	const struct pubkey *p;
	struct snapshot *s;
	const struct object *o;
	bool fresh;

	pthread_mutex_lock(&cs->lock);
	fresh = c->skip_key_lookup || (cs->pubkeys_fetched_ms != 0 &&
					  now - cs->pubkeys_fetched_ms <
					      c->token->config->refresh * 1000);
	if (!fresh)
		cs->pubkeys_fetched_ms = now;
	pthread_mutex_unlock(&cs->lock);
	c->skip_key_lookup = true;
	if (fresh)
		return;
	if (listing_refresh(c) != CKR_OK)
		call_note(c, "which keys certificates are of is not known: %s",
		    err_text(c->err));
	s = store_snapshot(&c->token->store);
	for (size_t i = 0; i < s->count && c->err == ERR_OK; i++) {
		o = &s->objects[i];
		if (o->class != CKO_PUBLIC_KEY || o->is_pair ||
		    !key_is_usable(o->key) ||
		    pubkey_get(c, o->key, &p) == CKR_OK)
			continue;
		call_note(c, "key %s is not looked at for certificates: %s",
		    o->key->meta.id, err_text(c->err));
		if (c->err == ERR_DENIED || c->err == ERR_NOT_FOUND)
			c->err = ERR_OK;
	}
	snapshot_unref(s);
	c->err = ERR_OK;
}

/* The private key that the certificate is about, held for the caller in *o.
 * False: there is none. */
static bool
key_of(struct call *c, const struct attrset *b, struct object *o)
{
	struct view info = attrset_view(b, CKA_PUBLIC_KEY_INFO);
	char id[KMS_ID_SIZE];

	*o = (struct object){.class = CKO_PRIVATE_KEY};
	if (!pubkey_find(c, info, id)) {
		fetch_public_keys(c);
		if (!pubkey_find(c, info, id))
			return (false);
	}
	o->key = store_key(&c->token->store, id);
	return (o->key != NULL);
}

CK_RV
certificate_read_id(struct call *c, const struct object *cert, struct buf *out)
{
	struct object o;
	CK_RV rv;

	if (key_of(c, cert->attrs, &o))
		rv = key_name_read(c, o.key, NAME_ID, out);
	else
		rv = x509_key_hash(c, cert->attrs, out);
	object_put(&o);
	return (rv);
}

CK_RV
certificate_read_label(
    struct call *c, const struct object *cert, struct buf *out)
{
	struct object o;
	CK_RV rv = CKR_OK;

	if (key_of(c, cert->attrs, &o))
		rv = key_name_read(c, o.key, NAME_LABEL, out);
	if (rv == CKR_OK && out->len == 0)
		rv = x509_common_name(c, cert->attrs, out);
	object_put(&o);
	return (rv);
}
