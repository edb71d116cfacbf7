#include <stdlib.h>
#include <string.h>
#include "attr-value.h"
#include "keydata/curve.h"
#include "keydata/parameter-set.h"
#include "keydata/public-key.h"
#include "keydata/rsa.h"
#include "pubkey.h"
#include "settle-pause.h"

#define INFO_MAX 8192 /* KMS's limit */

/* Whether the key that KMS hands out is one of the KeySpec that it tells. */
static bool
is_of_spec(const struct public_key *p, const struct key_spec *spec)
{
	if (p->type != spec->type)
		return (false);
	switch (spec->type) {
	case CKK_RSA:
		return (rsa_is_public(p->modulus, p->exponent, spec->bits, 2));
	case CKK_EC:
	case CKK_EC_EDWARDS:
		return (p->curve == curve_find(spec->type, spec->params) &&
			p->value.len == p->curve->point);
	default:
		return (p->set->number == spec->bits);
	}
}

static enum err
fetch(struct call *c, const struct key *k, struct pubkey *p)
{
	struct public_key public;
	enum err e;

	memcpy(p->key_id, k->meta.id, sizeof(p->key_id));
	p->info.max = INFO_MAX;
	if ((e = kms_get_public_key(&c->kms, k->meta.arn, &p->info)) != ERR_OK)
		return (e);
	if (public_key_read(buf_view(&p->info), &public) != ERR_OK ||
	    !is_of_spec(&public, k->spec))
		return (ERR_REPLY);
	e = public_key_load(c->module->crypto, &public, &p->pkey);
	/* what this OpenSSL does not know (ML-DSA before 3.5) can be shown */
	return (e == ERR_UNSUPPORTED ? ERR_OK : e == ERR_DATA ? ERR_REPLY : e);
}

CK_RV
pubkey_get(struct call *c, const struct key *k, const struct pubkey **out)
{
	struct pubkey_cache *ps = &c->token->pubkeys;
	struct pubkey *p;
	int tries = 0;
	enum err e;

	if ((*out = pubkey_cache_find(ps, k->meta.id)) != NULL)
		return (CKR_OK);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (CKR_HOST_MEMORY);
	do
		e = fetch(c, k, p);
	while (settle_retry(c, &c->kms.deadline, k, e, &tries));
	if (e != ERR_OK) {
		pubkey_free(p);
		return (call_fail(c, e));
	}
	*out = pubkey_cache_add(ps, p);
	return (*out != NULL ? CKR_OK : CKR_HOST_MEMORY);
}

bool
pubkey_find(struct call *c, struct view info, char key_id[KMS_ID_SIZE])
{
	return (pubkey_cache_owner(
	    &c->token->pubkeys, c->module->crypto, info, key_id));
}

/* Whether the attribute is part of the public half. */
static bool
is_public_part(CK_ATTRIBUTE_TYPE type)
{
	return (type == CKA_PUBLIC_KEY_INFO || type == CKA_MODULUS ||
		type == CKA_PUBLIC_EXPONENT || type == CKA_EC_POINT ||
		type == CKA_VALUE);
}

static bool
wraps_point(const struct call *c, CK_KEY_TYPE type)
{
	return (curve_wraps_point(type, c->token->config->octet_string_points));
}

bool
pubkey_fits(struct call *c, const struct object *o, const CK_ATTRIBUTE *a)
{
	CK_ULONG bytes;

	if (o->key == NULL || o->is_pair)
		return (true);
	if (!key_is_usable(o->key) && is_public_part(a->type) &&
	    pubkey_cache_find(&c->token->pubkeys, o->key->meta.id) == NULL)
		return (false);
	bytes = (o->key->spec->bits + 7) / 8;
	if (a->type == CKA_MODULUS)
		return (a->ulValueLen == bytes);
	/* KMS gives both coordinates; of an Edwards curve its bytes */
	if (a->type == CKA_EC_POINT) {
		if (o->key->spec->type == CKK_EC)
			bytes = 2 * bytes + 1;
		if (wraps_point(c, o->key->spec->type))
			bytes += bytes > 127 ? 3 : 2;
		return (a->ulValueLen == bytes);
	}
	return (true);
}

/* KMS hands out no public key of a key that is disabled or pending deletion, or
 * has lost its material: then the attribute is one that the object lacks. */
static CK_RV
get_for_attribute(
    struct call *c, const struct object *o, const struct pubkey **out)
{
	CK_RV rv = pubkey_get(c, o->key, out);

	if (rv == CKR_OK || (c->err != ERR_DISABLED && c->err != ERR_KEY_STATE))
		return (rv);
	c->err = ERR_OK;
	return (call_error(c, CKR_ATTRIBUTE_TYPE_INVALID,
	    "KMS hands out no public key in the key's state"));
}

/* What was read once, and lies in the cache. */
static CK_RV
get_parts(struct call *c, const struct object *o, struct public_key *out)
{
	const struct pubkey *p;
	CK_RV rv;

	if ((rv = get_for_attribute(c, o, &p)) != CKR_OK)
		return (rv);
	return (public_key_read(buf_view(&p->info), out) == ERR_OK
		    ? CKR_OK
		    : call_fail(c, ERR_REPLY));
}

CK_RV
pubkey_read_modulus(struct call *c, const struct object *o, struct buf *out)
{
	struct public_key p;
	CK_RV rv = get_parts(c, o, &p);

	return (rv == CKR_OK ? attr_put(c, out, p.modulus) : rv);
}

CK_RV
pubkey_read_exponent(struct call *c, const struct object *o, struct buf *out)
{
	struct public_key p;
	CK_RV rv = get_parts(c, o, &p);

	return (rv == CKR_OK ? attr_put(c, out, p.exponent) : rv);
}

CK_RV
pubkey_read_bits(struct call *c, const struct object *o, struct buf *out)
{
	CK_ULONG bits = o->key->spec->bits;

	return (attr_put(c, out, VIEW(&bits, sizeof(bits))));
}

CK_RV
pubkey_read_params(struct call *c, const struct object *o, struct buf *out)
{
	return (attr_put(c, out, o->key->spec->params));
}

CK_RV
pubkey_read_info(struct call *c, const struct object *o, struct buf *out)
{
	const struct pubkey *p;
	CK_RV rv;

	if ((rv = get_for_attribute(c, o, &p)) != CKR_OK)
		return (rv);
	return (attr_put(c, out, buf_view(&p->info)));
}

CK_RV
pubkey_read_point(struct call *c, const struct object *o, struct buf *out)
{
	struct public_key p;
	enum err e;
	CK_RV rv;

	if ((rv = get_parts(c, o, &p)) != CKR_OK)
		return (rv);
	e = curve_put_point(p.value, wraps_point(c, p.type), out);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
pubkey_read_value(struct call *c, const struct object *o, struct buf *out)
{
	struct public_key p;
	CK_RV rv = get_parts(c, o, &p);

	return (rv == CKR_OK ? attr_put(c, out, p.value) : rv);
}

CK_RV
pubkey_read_set(struct call *c, const struct object *o, struct buf *out)
{
	return (pubkey_read_bits(c, o, out));
}
