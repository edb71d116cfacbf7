#include <stdlib.h>
#include <string.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/x509.h>
#include "call.h"
#include "attr-value.h"
#include "pubkey-cache.h"

#define INFO_MAX 8192 /* KMS's limit */
#define POINT_MAX 256

void
pubkey_cache_init(struct pubkey_cache *ps)
{
	*ps = (struct pubkey_cache){.rows = NULL};
	pthread_mutex_init(&ps->lock, NULL);
}

static void
row_free(struct pubkey *p)
{
	if (p == NULL)
		return;
	EVP_PKEY_free(p->pkey);
	buf_free(&p->info);
	free(p);
}

void
pubkey_cache_free(struct pubkey_cache *ps)
{
	for (size_t i = 0; i < ps->count; i++)
		row_free(ps->rows[i]);
	free(ps->rows);
	pthread_mutex_destroy(&ps->lock);
}

/* Where the key is or would be. */
static size_t
place(const struct pubkey_cache *ps, const char *key_id)
{
	size_t low = 0, high = ps->count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(ps->rows[mid]->key_id, key_id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (low);
}

static const struct pubkey *
find(struct pubkey_cache *ps, const char *key_id)
{
	const struct pubkey *p = NULL;
	size_t i;

	pthread_mutex_lock(&ps->lock);
	i = place(ps, key_id);
	if (i < ps->count && strcmp(ps->rows[i]->key_id, key_id) == 0)
		p = ps->rows[i];
	pthread_mutex_unlock(&ps->lock);
	return (p);
}

static bool
make_room(struct pubkey_cache *ps)
{
	size_t cap = ps->cap == 0 ? 16 : 2 * ps->cap;
	struct pubkey **rows;

	if (ps->count < ps->cap)
		return (true);
	if ((rows = realloc(ps->rows, cap * sizeof(*rows))) == NULL)
		return (false);
	ps->rows = rows;
	ps->cap = cap;
	return (true);
}

/* Takes p over; what comes back is the one that was first, or NULL. */
static const struct pubkey *
add(struct pubkey_cache *ps, struct pubkey *p)
{
	const struct pubkey *kept = NULL;
	size_t i;

	pthread_mutex_lock(&ps->lock);
	i = place(ps, p->key_id);
	if (i < ps->count && strcmp(ps->rows[i]->key_id, p->key_id) == 0) {
		kept = ps->rows[i];
	} else if (make_room(ps)) {
		memmove(&ps->rows[i + 1], &ps->rows[i],
		    (ps->count - i) * sizeof(struct pubkey *));
		ps->rows[i] = p;
		ps->count++;
		kept = p;
		p = NULL;
	}
	pthread_mutex_unlock(&ps->lock);
	row_free(p);
	return (kept);
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
	/* one that OpenSSL here does not know still has its bytes */
	return (ERR_OK);
}

CK_RV
pubkey_get(struct call *c, const struct key *k, const struct pubkey **out)
{
	struct pubkey_cache *ps = &c->token->pubkeys;
	struct pubkey *p;
	enum err e;

	if ((*out = find(ps, k->meta.id)) != NULL)
		return (CKR_OK);
	if (!key_is_usable(k))
		return (call_error(c, CKR_ATTRIBUTE_TYPE_INVALID,
		    "KMS hands out no public key of a key that is %s",
		    k->meta.state));
	if ((p = calloc(1, sizeof(*p))) == NULL)
		return (CKR_HOST_MEMORY);
	if ((e = fetch(c, k, p)) != ERR_OK) {
		row_free(p);
		return (call_fail(c, e));
	}
	*out = add(ps, p);
	return (*out != NULL ? CKR_OK : CKR_HOST_MEMORY);
}

/* One key may be written in more ways than one. */
static bool
is_key(const struct pubkey *p, struct view info, const EVP_PKEY *pkey)
{
	return (view_equal(buf_view(&p->info), info) ||
		(pkey != NULL && p->pkey != NULL &&
		    EVP_PKEY_eq(p->pkey, pkey) == 1));
}

bool
pubkey_find(struct call *c, struct view info, char key_id[KMS_ID_SIZE])
{
	struct pubkey_cache *ps = &c->token->pubkeys;
	const unsigned char *der = info.ptr;
	EVP_PKEY *pkey = d2i_PUBKEY_ex(
	    NULL, &der, (long)info.len, c->module->crypto->lib, NULL);
	bool found = false;

	pthread_mutex_lock(&ps->lock);
	for (size_t i = 0; i < ps->count && !found; i++) {
		found = is_key(ps->rows[i], info, pkey);
		if (found)
			memcpy(key_id, ps->rows[i]->key_id, KMS_ID_SIZE);
	}
	pthread_mutex_unlock(&ps->lock);
	EVP_PKEY_free(pkey);
	return (found);
}

bool
pubkey_fits(const struct object *o, const CK_ATTRIBUTE *a)
{
	CK_ULONG bytes;

	if (o->key == NULL || key_is_pending_import(o->key))
		return (true);
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

static CK_RV
read_number(
    struct call *c, const struct object *o, const char *name, struct buf *out)
{
	const struct pubkey *p;
	BIGNUM *n = NULL;
	CK_RV rv;

	if ((rv = pubkey_get(c, o->key, &p)) != CKR_OK)
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

	if ((rv = pubkey_get(c, o->key, &p)) != CKR_OK)
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

	if ((rv = pubkey_get(c, o->key, &p)) != CKR_OK)
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
