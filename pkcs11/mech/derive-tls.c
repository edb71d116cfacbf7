#include <string.h>
#include "derive.h"
#include "tls-prf.h"

/* The keys of TLS 1.2 (RFC 5246; PKCS#11 3.2, section 6.40). */

#define MASTER_SECRET_LEN 48

static bool
is_given(const CK_BYTE *ptr, CK_ULONG len)
{
	return (ptr != NULL || len == 0);
}

static bool
random_is_given(const struct ssl3_random_data *r)
{
	return (is_given(r->pClientRandom, r->ulClientRandomLen) &&
		is_given(r->pServerRandom, r->ulServerRandomLen));
}

static CK_RV
check_secret(struct call *c, const struct object *base, bool master)
{
	if (object_type(base) != CKK_GENERIC_SECRET)
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (master &&
	    attrset_view(base->attrs, CKA_VALUE).len != MASTER_SECRET_LEN)
		return (call_error(c, CKR_KEY_SIZE_RANGE,
		    "this secret of TLS has %d bytes", MASTER_SECRET_LEN));
	return (CKR_OK);
}

/* What a master secret is for, as the mechanism says; a template may ask for
 * less of it. */
static CK_RV
limit_master(struct call *c, struct derived *d)
{
	static const CK_MECHANISM_TYPE all[] = {CKM_TLS12_KEY_AND_MAC_DERIVE,
	    CKM_TLS12_KEY_SAFE_DERIVE, CKM_TLS_KDF, CKM_TLS_MAC, CKM_TLS12_KDF,
	    CKM_TLS12_MAC};
	const size_t count = sizeof(all) / sizeof(all[0]);
	struct view v;
	CK_MECHANISM_TYPE one;
	size_t k;

	builder_set_default(
	    &d->builder, CKA_ALLOWED_MECHANISMS, VIEW(all, sizeof(all)));
	v = template_view(
	    builder_template(&d->builder), CKA_ALLOWED_MECHANISMS);
	for (size_t i = 0; i + sizeof(one) <= v.len; i += sizeof(one)) {
		memcpy(&one, v.ptr + i, sizeof(one));
		for (k = 0; k < count && all[k] != one; k++)
			continue;
		if (k == count)
			return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
			    "a master secret is for mechanisms of TLS alone"));
	}
	return (CKR_OK);
}

/* What the two structures for master secrets say. */
struct master {
	bool rsa, extended;
	CK_MECHANISM_TYPE hash;
	struct view seeds[2];
	CK_VERSION *version; /* wanted: the one before what RSA carried */
};

static bool
read_randoms(const CK_MECHANISM *m, struct master *s)
{
	const struct tls12_master_key_derive_params *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    !random_is_given(&p->RandomInfo))
		return (false);
	s->hash = p->prfHashMechanism;
	s->version = p->pVersion;
	s->seeds[0] = VIEW(
	    p->RandomInfo.pClientRandom, p->RandomInfo.ulClientRandomLen);
	s->seeds[1] = VIEW(
	    p->RandomInfo.pServerRandom, p->RandomInfo.ulServerRandomLen);
	return (true);
}

static bool
read_session_hash(const CK_MECHANISM *m, struct master *s)
{
	const struct tls12_extended_master_key_derive_params *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    p->pSessionHash == NULL || p->ulSessionHashLen == 0)
		return (false);
	s->hash = p->prfHashMechanism;
	s->version = p->pVersion;
	s->seeds[0] = VIEW(p->pSessionHash, p->ulSessionHashLen);
	s->seeds[1] = VIEW(NULL, 0);
	return (true);
}

static CK_RV
read_master_params(const CK_MECHANISM *m, struct master *s)
{
	s->extended = m->mechanism == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE ||
		      m->mechanism == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH;
	s->rsa = m->mechanism == CKM_TLS12_MASTER_KEY_DERIVE ||
		 m->mechanism == CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE;
	if (!(s->extended ? read_session_hash(m, s) : read_randoms(m, s)) ||
	    (!s->rsa && s->version != NULL))
		return (CKR_MECHANISM_PARAM_INVALID);
	return (CKR_OK);
}

static void
set_output(struct derived_output *out, void *to, struct view bytes)
{
	out->to = to;
	out->len = bytes.len;
	memcpy(out->bytes, bytes.ptr, bytes.len);
}

static CK_RV
derive_master(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf out = BUF_SECRET(MASTER_SECRET_LEN, c->module->arena);
	struct view secret = attrset_view(base->attrs, CKA_VALUE);
	struct master s;
	struct derived *d;
	CK_RV rv;

	if ((rv = read_master_params(m, &s)) != CKR_OK ||
	    (rv = check_secret(c, base, s.rsa)) != CKR_OK ||
	    (rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d)) !=
		CKR_OK ||
	    (rv = limit_master(c, d)) != CKR_OK)
		return (rv);
	if (d->target.type != CKK_GENERIC_SECRET ||
	    (d->len != 0 && d->len != MASTER_SECRET_LEN))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a master secret is a generic secret of %d bytes",
		    MASTER_SECRET_LEN));
	rv = tls_prf(c, s.hash, secret,
	    s.extended ? "extended master secret" : "master secret", s.seeds, 2,
	    MASTER_SECRET_LEN, &out);
	if (rv == CKR_OK)
		rv = derived_from(c, d, base, INHERITS_NOTHING);
	if (rv == CKR_OK) {
		derived_set_value(d, &out, 0, MASTER_SECRET_LEN);
		if (s.version != NULL)
			set_output(&all->outputs[0], s.version,
			    VIEW(secret.ptr, sizeof(*s.version)));
	}
	buf_free(&out);
	return (rv);
}

/* The key block (RFC 5246, section 6.3), in bytes. */
struct block {
	size_t mac, key, iv;
	struct buf bytes;
};

/* IVs are bytes of the block behind keys of lengths that the caller chooses, so
 * they may be bytes of another's keys. Of a hidden secret they are as long as
 * ciphers of TLS 1.2 have them: 4 bytes in AES-GCM and AES-CCM (RFC 5288, RFC
 * 6655), 12 in ChaCha20 (RFC 7905), none in CBC. */
static bool
shows_no_key(const struct block *b)
{
	return (b->iv == 0 ||
		(b->mac == 0 && (b->key == 16 || b->key == 32) && b->iv <= 4) ||
		(b->mac == 0 && b->key == 32 && b->iv == 12));
}

static bool
is_hidden(struct call *c, const struct object *base)
{
	return (attr_is_true(c, base, CKA_SENSITIVE) ||
		!attr_is_true(c, base, CKA_EXTRACTABLE));
}

static CK_RV
read_key_params(const CK_MECHANISM *m, struct block *b)
{
	const struct tls12_key_mat_params *p = m->pParameter;
	const struct ssl3_key_mat_out *out;
	CK_ULONG iv_bits;

	if (p == NULL || m->ulParameterLen != sizeof(*p) || p->bIsExport ||
	    !random_is_given(&p->RandomInfo) ||
	    (out = p->pReturnedKeyMaterial) == NULL)
		return (CKR_MECHANISM_PARAM_INVALID);
	iv_bits = m->mechanism == CKM_TLS12_KEY_SAFE_DERIVE ? 0
							    : p->ulIVSizeInBits;
	if ((p->ulMacSizeInBits | p->ulKeySizeInBits | iv_bits) % 8 != 0 ||
	    p->ulMacSizeInBits > DERIVED_MAX || iv_bits > DERIVED_MAX ||
	    p->ulKeySizeInBits > DERIVED_MAX ||
	    (iv_bits != 0 &&
		(out->pIVClient == NULL || out->pIVServer == NULL)))
		return (CKR_MECHANISM_PARAM_INVALID);
	b->mac = p->ulMacSizeInBits / 8;
	b->key = p->ulKeySizeInBits / 8;
	b->iv = iv_bits / 8;
	return (CKR_OK);
}

/* The template is that of the two keys that encrypt: it says their type. What
 * it says of it, of its length and of the uses is not for the others. */
static CK_RV
begin_mac_key(struct call *c, struct derivation *all, struct template t,
    const struct object *base, struct derived **d)
{
	static const CK_ATTRIBUTE_TYPE not_of_it[] = {CKA_KEY_TYPE,
	    CKA_VALUE_LEN, CKA_ENCRYPT, CKA_DECRYPT, CKA_WRAP, CKA_UNWRAP,
	    CKA_SIGN, CKA_VERIFY, CKA_DERIVE, CKA_ALLOWED_MECHANISMS};
	static const CK_BBOOL yes = CK_TRUE;
	struct template_builder rest = {.rows = NULL};
	CK_RV rv;

	for (CK_ULONG i = 0; i < t.count; i++)
		builder_set(&rest, t.rows[i].type,
		    VIEW(t.rows[i].pValue, t.rows[i].ulValueLen));
	for (size_t i = 0; i < sizeof(not_of_it) / sizeof(not_of_it[0]); i++)
		builder_drop(&rest, not_of_it[i]);
	builder_set(&rest, CKA_SIGN, VIEW(&yes, sizeof(yes)));
	builder_set(&rest, CKA_VERIFY, VIEW(&yes, sizeof(yes)));
	if ((rv = builder_finish(&rest)) == CKR_OK)
		rv = derived_begin(
		    c, all, builder_template(&rest), CKO_SECRET_KEY, base, d);
	builder_free(&rest);
	return (rv);
}

static CK_RV
begin_write_key(struct call *c, struct derivation *all, struct template t,
    const struct object *base, size_t len, struct derived **out)
{
	static const CK_BBOOL yes = CK_TRUE;
	static const CK_ATTRIBUTE_TYPE uses[] = {
	    CKA_ENCRYPT, CKA_DECRYPT, CKA_DERIVE};
	struct derived *d;
	size_t wanted;
	CK_RV rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, out);

	if (rv != CKR_OK)
		return (rv);
	d = *out;
	if (d->len != 0 && d->len != len)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_VALUE_LEN is not ulKeySizeInBits"));
	for (size_t i = 0; i < sizeof(uses) / sizeof(uses[0]); i++)
		builder_set_default(
		    &d->builder, uses[i], VIEW(&yes, sizeof(yes)));
	d->len = len;
	return (derived_len(c, d, len, len, &wanted));
}

/* The keys of both sides that begin at *at: none of no length. */
static CK_RV
add_keys(struct call *c, const struct object *base, struct template t,
    struct derivation *all, const struct block *b, bool mac,
    CK_OBJECT_HANDLE *handles[2], size_t *at)
{
	size_t len = mac ? b->mac : b->key;
	struct derived *d;
	CK_RV rv;

	for (size_t i = 0; i < 2; i++, *at += len) {
		struct buf value = BUF_SECRET(DERIVED_MAX, c->module->arena);

		*handles[i] = CK_INVALID_HANDLE;
		if (len == 0)
			continue;
		rv = mac ? begin_mac_key(c, all, t, base, &d)
			 : begin_write_key(c, all, t, base, len, &d);
		if (rv != CKR_OK ||
		    (rv = derived_from(c, d, base, INHERITS_ALL)) != CKR_OK)
			return (rv);
		if (buf_append(&value, VIEW(b->bytes.ptr + *at, len)) != ERR_OK)
			return (CKR_HOST_MEMORY);
		d->handle = handles[i];
		derived_set_value(d, &value, 0, len);
	}
	return (CKR_OK);
}

static CK_RV
derive_keys(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	const struct tls12_key_mat_params *p = m->pParameter;
	struct block b = {.bytes = BUF_SECRET(DERIVED_MAX, c->module->arena)};
	struct ssl3_key_mat_out *out;
	struct view seeds[2];
	size_t at = 0;
	CK_RV rv;

	if ((rv = read_key_params(m, &b)) != CKR_OK ||
	    (rv = check_secret(c, base, true)) != CKR_OK)
		return (rv);
	if (is_hidden(c, base) && !shows_no_key(&b))
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "of a hidden master secret no such IVs are shown: give the "
		    "lengths of a cipher of TLS 1.2"));
	out = p->pReturnedKeyMaterial;
	seeds[0] = VIEW(
	    p->RandomInfo.pServerRandom, p->RandomInfo.ulServerRandomLen);
	seeds[1] = VIEW(
	    p->RandomInfo.pClientRandom, p->RandomInfo.ulClientRandomLen);
	rv = tls_prf(c, p->prfHashMechanism,
	    attrset_view(base->attrs, CKA_VALUE), "key expansion", seeds, 2,
	    2 * (b.mac + b.key + b.iv), &b.bytes);
	if (rv == CKR_OK)
		rv = add_keys(c, base, t, all, &b, true,
		    (CK_OBJECT_HANDLE *[]){
			&out->hClientMacSecret, &out->hServerMacSecret},
		    &at);
	if (rv == CKR_OK)
		rv = add_keys(c, base, t, all, &b, false,
		    (CK_OBJECT_HANDLE *[]){&out->hClientKey, &out->hServerKey},
		    &at);
	if (rv == CKR_OK && b.iv != 0) {
		set_output(&all->outputs[0], out->pIVClient,
		    VIEW(b.bytes.ptr + at, b.iv));
		set_output(&all->outputs[1], out->pIVServer,
		    VIEW(b.bytes.ptr + at + b.iv, b.iv));
	}
	buf_free(&b.bytes);
	return (rv);
}

/* RFC 5705: an exporter. A context of no bytes is not the same as none. */
static CK_RV
derive_exported(struct call *c, const CK_MECHANISM *m,
    const struct object *base, struct template t, struct derivation *all)
{
	const struct tls_kdf_params *p = m->pParameter;
	struct buf out = BUF_SECRET(DERIVED_MAX, c->module->arena);
	uint8_t context_len[2];
	struct view seeds[5];
	struct derived *d;
	size_t len;
	CK_RV rv;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    !is_given(p->pLabel, p->ulLabelLength) ||
	    !random_is_given(&p->RandomInfo) ||
	    !is_given(p->pContextData, p->ulContextDataLength) ||
	    p->ulContextDataLength > UINT16_MAX)
		return (CKR_MECHANISM_PARAM_INVALID);
	context_len[0] = (uint8_t)(p->ulContextDataLength >> 8);
	context_len[1] = (uint8_t)p->ulContextDataLength;
	seeds[0] = VIEW(p->pLabel, p->ulLabelLength);
	seeds[1] = VIEW(
	    p->RandomInfo.pClientRandom, p->RandomInfo.ulClientRandomLen);
	seeds[2] = VIEW(
	    p->RandomInfo.pServerRandom, p->RandomInfo.ulServerRandomLen);
	seeds[3] = VIEW(context_len, sizeof(context_len));
	seeds[4] = VIEW(p->pContextData, p->ulContextDataLength);
	if ((rv = check_secret(c, base, false)) == CKR_OK &&
	    (rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d)) ==
		CKR_OK &&
	    (rv = derived_len(c, d, 0, DERIVED_MAX, &len)) == CKR_OK &&
	    (rv = tls_prf(c, p->prfMechanism,
		 attrset_view(base->attrs, CKA_VALUE), "", seeds,
		 p->pContextData != NULL ? 5 : 3, len, &out)) == CKR_OK &&
	    (rv = derived_from(c, d, base, INHERITS_SECRECY_AND_DEFAULTS)) ==
		CKR_OK)
		derived_set_value(d, &out, 0, len);
	buf_free(&out);
	return (rv);
}

const struct key_ops derive_tls_master = {.derive = derive_master};
const struct key_ops derive_tls_keys = {.derive = derive_keys};
const struct key_ops derive_tls_exported = {.derive = derive_exported};
