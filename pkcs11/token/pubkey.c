#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/objects.h>
#include <openssl/x509.h>
#include "attr-value.h"
#include "keydata/curve.h"
#include "keydata/rsa.h"
#include "pubkey.h"

#define INFO_MAX 8192 /* KMS's limit */
#define POINT_MAX 256

/* Whether the key that KMS hands out is one of the KeySpec that it tells. One
 * that OpenSSL here does not know (ML-DSA before 3.5) is not looked into. */
static bool
is_of_spec(EVP_PKEY *pkey, const struct key_spec *spec)
{
	const struct curve *curve;
	char name[64];

	switch (spec->type) {
	case CKK_RSA:
		return (pkey != NULL && rsa_is_public(pkey, spec->bits, 2));
	case CKK_EC:
		curve = curve_find(CKK_EC, spec->params);
		return (curve != NULL && pkey != NULL &&
			EVP_PKEY_is_a(pkey, "EC") == 1 &&
			EVP_PKEY_get_group_name(
			    pkey, name, sizeof(name), NULL) == 1 &&
			OBJ_txt2nid(name) == curve->nid);
	case CKK_EC_EDWARDS:
		return (pkey != NULL && EVP_PKEY_is_a(pkey, "ED25519") == 1);
	default:
		return (true);
	}
}

static enum err
fetch(struct call *c, const struct key *k, struct pubkey *p)
{
	const unsigned char *der;
	enum err e;

	memcpy(p->key_id, k->meta.id, sizeof(p->key_id));
	p->info.max = INFO_MAX;
	if ((e = kms_get_public_key(&c->kms, k->meta.arn, &p->info)) != ERR_OK)
		return (e);
	der = p->info.ptr;
	p->pkey = d2i_PUBKEY_ex(
	    NULL, &der, (long)p->info.len, c->module->crypto->lib, NULL);
	if (p->pkey != NULL && der != p->info.ptr + p->info.len)
		return (ERR_REPLY);
	return (is_of_spec(p->pkey, k->spec) ? ERR_OK : ERR_REPLY);
}

CK_RV
pubkey_get(struct call *c, const struct key *k, const struct pubkey **out)
{
	struct pubkey_cache *ps = &c->token->pubkeys;
	struct pubkey *p;
	enum err e;

	if ((*out = pubkey_cache_find(ps, k->meta.id)) != NULL)
		return (CKR_OK);
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = fetch(c, k, p)) != ERR_OK) {
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
	/* KMS gives both coordinates, but of an Edwards curve one */
	if (a->type == CKA_EC_POINT) {
		if (o->key->spec->type == CKK_EC)
			bytes = 2 * bytes + 1;
		return (a->ulValueLen == bytes + (bytes > 127 ? 3 : 2));
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

static CK_RV
read_number(
    struct call *c, const struct object *o, const char *name, struct buf *out)
{
	const struct pubkey *p;
	BIGNUM *n = NULL;
	CK_RV rv;

	if ((rv = get_for_attribute(c, o, &p)) != CKR_OK)
		return (rv);
	if (p->pkey == NULL || EVP_PKEY_get_bn_param(p->pkey, name, &n) != 1)
		return (call_fail(c, ERR_REPLY));
	if (buf_reserve(out, (size_t)BN_num_bytes(n)) != ERR_OK)
		rv = CKR_HOST_MEMORY;
	else
		out->len = (size_t)BN_bn2bin(n, out->ptr);
	BN_free(n);
	return (rv);
}

CK_RV
pubkey_read_modulus(struct call *c, const struct object *o, struct buf *out)
{
	return (read_number(c, o, OSSL_PKEY_PARAM_RSA_N, out));
}

CK_RV
pubkey_read_exponent(struct call *c, const struct object *o, struct buf *out)
{
	return (read_number(c, o, OSSL_PKEY_PARAM_RSA_E, out));
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

/*
 * The bits of the subjectPublicKey: RSA's are DER, all others are the key as
 * it is. It is the last member, a BIT STRING without unused bits, so that it
 * is what X509_PUBKEY hands out.
 */
static CK_RV
read_bits(struct call *c, const struct object *o, struct buf *out)
{
	const struct pubkey *p;
	const unsigned char *der, *bits;
	X509_PUBKEY *info = NULL;
	int len = 0;
	CK_RV rv;

	if ((rv = get_for_attribute(c, o, &p)) != CKR_OK)
		return (rv);
	der = p->info.ptr;
	if ((info = d2i_X509_PUBKEY(NULL, &der, (long)p->info.len)) == NULL ||
	    X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, info) != 1)
		rv = call_fail(c, ERR_REPLY);
	else
		rv = attr_put(c, out, VIEW(bits, (size_t)len));
	X509_PUBKEY_free(info);
	return (rv);
}

/* CKA_EC_POINT: an OCTET STRING around the point. */
CK_RV
pubkey_read_point(struct call *c, const struct object *o, struct buf *out)
{
	struct buf point = BUF_INIT(POINT_MAX);
	uint8_t head[3] = {0x04, 0, 0};
	size_t n = 0;
	CK_RV rv;

	if ((rv = read_bits(c, o, &point)) != CKR_OK)
		goto out;
	if (point.len > 127)
		head[++n] = 0x81;
	head[++n] = (uint8_t)point.len;
	if ((rv = attr_put(c, out, VIEW(head, n + 1))) == CKR_OK)
		rv = attr_put(c, out, buf_view(&point));
out:
	buf_free(&point);
	return (rv);
}

CK_RV
pubkey_read_value(struct call *c, const struct object *o, struct buf *out)
{
	return (read_bits(c, o, out));
}

CK_RV
pubkey_read_set(struct call *c, const struct object *o, struct buf *out)
{
	return (pubkey_read_bits(c, o, out));
}
