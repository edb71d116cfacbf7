#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "derive.h"
#include "mac.h"

/*
 * The KDFs in counter, feedback and double-pipeline mode (NIST SP 800-108;
 * PKCS#11 3.2, section 6.42): each block is the MAC of the caller's parts, one
 * of which is the iteration variable: the counter, the block before, or the
 * pipeline's own MAC. Keys begin on a block each.
 */

#define PARTS_MAX 4096 /* more are a length gone wrong */

struct run {
	const CK_MECHANISM *m; /* says the mode */
	CK_MECHANISM_TYPE prf;
	const struct prf_data_param *parts;
	size_t part_count;
	const struct derived_key *more; /* the keys beside the call's own */
	size_t more_count;
	struct view variable; /* of the next block; at first the IV */
	EVP_MAC_CTX *mac;
	size_t block; /* bytes of one MAC */
	struct derivation *all; /* the first is the call's own */
	size_t lens[DERIVED_KEYS_MAX];
	struct buf pipeline; /* the last MAC of the first pipeline */
	struct buf out;
	struct key_part *key_parts; /* a row for each part */
	struct provenance keys; /* of the keys among the parts, any of them */
};

/* A part that is a key: read once, it is the same in each block. */
struct key_part {
	struct object object;
	struct view value;
};

static size_t
blocks_of(const struct run *r, size_t len)
{
	return ((len + r->block - 1) / r->block * r->block);
}

/* The two structures, of one meaning but for the IV. */
static CK_RV
read_params(const CK_MECHANISM *m, struct run *r)
{
	const struct sp800_108_params *p = m->pParameter;
	const struct sp800_108_feedback_params *f = m->pParameter;
	bool feedback = m->mechanism == CKM_SP800_108_FEEDBACK_KDF;

	if (p == NULL ||
	    m->ulParameterLen != (feedback ? sizeof(*f) : sizeof(*p)))
		return (CKR_MECHANISM_PARAM_INVALID);
	r->m = m;
	r->prf = p->prfType;
	r->parts = p->pDataParams;
	r->part_count = p->ulNumberOfDataParams;
	r->more = feedback ? f->pAdditionalDerivedKeys
			   : p->pAdditionalDerivedKeys;
	r->more_count = feedback ? f->ulAdditionalDerivedKeys
				 : p->ulAdditionalDerivedKeys;
	if (r->parts == NULL || r->part_count > PARTS_MAX ||
	    r->more_count >= DERIVED_KEYS_MAX ||
	    (r->more == NULL && r->more_count != 0))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (feedback &&
	    ((f->pIV == NULL && f->ulIVLen != 0) || f->ulIVLen > OP_DATA_MAX))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (feedback && f->ulIVLen != 0)
		r->variable = VIEW(f->pIV, f->ulIVLen);
	return (CKR_OK);
}

static bool
width_fits(CK_ULONG bits, CK_ULONG max_bits)
{
	return (bits >= 8 && bits <= max_bits && bits % 8 == 0);
}

static bool
is_counter(const struct prf_data_param *d)
{
	const struct sp800_108_counter_format *f = d->pValue;

	return (f != NULL && d->ulValueLen == sizeof(*f) &&
		width_fits(f->ulWidthInBits, 32));
}

static bool
is_length(const struct prf_data_param *d)
{
	const struct sp800_108_dkm_length_format *f = d->pValue;

	return (f != NULL && d->ulValueLen == sizeof(*f) &&
		width_fits(f->ulWidthInBits, 64) &&
		f->dkmLengthMethod >= CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS &&
		f->dkmLengthMethod <= CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS);
}

static bool
counts(const struct run *r)
{
	return (r->m->mechanism == CKM_SP800_108_COUNTER_KDF);
}

static bool
part_is_good(const struct run *r, const struct prf_data_param *d)
{
	switch (d->type) {
	case CK_SP800_108_ITERATION_VARIABLE:
		return (counts(r) ? is_counter(d)
				  : d->pValue == NULL && d->ulValueLen == 0);
	case CK_SP800_108_COUNTER:
		return (!counts(r) && is_counter(d));
	case CK_SP800_108_DKM_LENGTH:
		return (is_length(d));
	case CK_SP800_108_BYTE_ARRAY:
		return (d->pValue != NULL && d->ulValueLen != 0 &&
			d->ulValueLen <= OP_DATA_MAX);
	case CK_SP800_108_KEY_HANDLE:
		return (d->pValue != NULL &&
			d->ulValueLen == sizeof(CK_OBJECT_HANDLE));
	}
	return (false);
}

/* The iteration variable just once, counter and length at most once. */
static CK_RV
check_parts(const struct run *r)
{
	size_t seen[CK_SP800_108_KEY_HANDLE + 1] = {0};

	for (size_t i = 0; i < r->part_count; i++) {
		if (!part_is_good(r, &r->parts[i]))
			return (CKR_MECHANISM_PARAM_INVALID);
		seen[r->parts[i].type]++;
	}
	return (seen[CK_SP800_108_ITERATION_VARIABLE] == 1 &&
			seen[CK_SP800_108_COUNTER] <= 1 &&
			seen[CK_SP800_108_DKM_LENGTH] <= 1
		    ? CKR_OK
		    : CKR_MECHANISM_PARAM_INVALID);
}

/* The MAC by its mechanism: HMAC of a hash, or CMAC with an AES key. */
static CK_RV
open_mac(struct call *c, struct run *r, const struct object *base)
{
	const struct mech *row = mech_find(r->prf, CKF_SIGN);
	bool cmac = r->prf == CKM_AES_CMAC;
	CK_RV rv;

	if (!cmac && (row == NULL || row->family != FAMILY_HMAC))
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "prfType 0x%lx is no HMAC and no AES-CMAC", r->prf));
	if (cmac && object_type(base) != CKK_AES)
		return (CKR_KEY_TYPE_INCONSISTENT);
	if ((rv = mac_open(c, cmac ? NULL : row->digest,
		 attrset_view(base->attrs, CKA_VALUE), &r->mac)) == CKR_OK)
		r->block = EVP_MAC_CTX_get_mac_size(r->mac);
	return (rv);
}

/* [L]: what the keys have, or what the MACs yield, in bits. */
static uint64_t
dkm_length(const struct run *r, CK_ULONG method)
{
	uint64_t n = 0;

	for (size_t i = 0; i < r->all->count; i++)
		n += method == CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS
			 ? r->lens[i]
			 : blocks_of(r, r->lens[i]);
	return (8 * n);
}

static CK_RV
add_bytes(const struct run *r, struct view v)
{
	return (v.len == 0 || EVP_MAC_update(r->mac, v.ptr, v.len) == 1
		    ? CKR_OK
		    : CKR_FUNCTION_FAILED);
}

static CK_RV
add_number(const struct run *r, uint64_t n, CK_ULONG bits, bool little)
{
	uint8_t bytes[sizeof(n)];
	size_t len = bits / 8;

	for (size_t i = 0; i < len; i++)
		bytes[little ? i : len - 1 - i] = (uint8_t)(n >> (8 * i));
	return (add_bytes(r, VIEW(bytes, len)));
}

/* Of the block with that number. 0: what both begins the pipeline and is in
 * each block, without iteration variable and counter. */
static CK_RV
add_part(const struct run *r, size_t i, uint64_t number)
{
	const struct prf_data_param *d = &r->parts[i];
	const struct sp800_108_counter_format *f = d->pValue;
	const struct sp800_108_dkm_length_format *l = d->pValue;

	switch (d->type) {
	case CK_SP800_108_BYTE_ARRAY:
		return (add_bytes(r, VIEW(d->pValue, d->ulValueLen)));
	case CK_SP800_108_KEY_HANDLE:
		return (add_bytes(r, r->key_parts[i].value));
	case CK_SP800_108_DKM_LENGTH:
		return (add_number(r, dkm_length(r, l->dkmLengthMethod),
		    l->ulWidthInBits, l->bLittleEndian));
	}
	if (number == 0)
		return (CKR_OK);
	if (f == NULL)
		return (add_bytes(r, r->variable));
	return (add_number(r, number, f->ulWidthInBits, f->bLittleEndian));
}

/* Appends the MAC of the parts, or of those bytes, to *out. */
static CK_RV
run_prf(const struct run *r, const struct view *bytes, uint64_t number,
    struct buf *out)
{
	CK_RV rv = EVP_MAC_init(r->mac, NULL, 0, NULL) == 1
		       ? CKR_OK
		       : CKR_FUNCTION_FAILED;
	size_t n;

	if (rv == CKR_OK && bytes != NULL)
		rv = add_bytes(r, *bytes);
	for (size_t i = 0; i < r->part_count && bytes == NULL && rv == CKR_OK;
	     i++)
		rv = add_part(r, i, number);
	if (rv == CKR_OK &&
	    EVP_MAC_final(r->mac, out->ptr + out->len, &n, r->block) != 1)
		rv = CKR_FUNCTION_FAILED;
	if (rv == CKR_OK)
		out->len += r->block;
	return (rv);
}

/* A(i), the MAC of A(i - 1); A(0) is the parts without variable and counter. */
static CK_RV
run_pipeline(struct run *r, uint64_t number)
{
	uint8_t last[EVP_MAX_MD_SIZE];
	struct view before = VIEW(last, r->block);
	CK_RV rv;

	memcpy(last, r->pipeline.ptr, r->block);
	r->pipeline.len = 0;
	rv = run_prf(r, number == 1 ? NULL : &before, 0, &r->pipeline);
	r->variable = buf_view(&r->pipeline);
	OPENSSL_cleanse(last, sizeof(last));
	return (rv);
}

/* Each block costs a MAC of all parts: what would take more than some seconds
 * is refused. */
static bool
is_too_much(const struct run *r, size_t blocks)
{
	size_t one = 1;

	for (size_t i = 0; i < r->part_count; i++)
		one += r->parts[i].ulValueLen + r->key_parts[i].value.len;
	return (one > OP_DATA_MAX / blocks);
}

static CK_RV
derive_blocks(struct call *c, struct run *r)
{
	size_t total = 0;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < r->all->count; i++)
		total += blocks_of(r, r->lens[i]);
	if (is_too_much(r, total / r->block))
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "the parts are too long for that many blocks"));
	if (buf_reserve(&r->out, total) != ERR_OK ||
	    buf_reserve(&r->pipeline, r->block) != ERR_OK)
		return (CKR_HOST_MEMORY);
	for (uint64_t i = 1; r->out.len < total && rv == CKR_OK; i++) {
		if (r->m->mechanism == CKM_SP800_108_DOUBLE_PIPELINE_KDF)
			rv = run_pipeline(r, i);
		if (rv == CKR_OK)
			rv = run_prf(r, NULL, i, &r->out);
		if (rv == CKR_OK &&
		    r->m->mechanism == CKM_SP800_108_FEEDBACK_KDF)
			r->variable = VIEW(
			    r->out.ptr + r->out.len - r->block, r->block);
	}
	return (rv);
}

/* The templates: the call's own, and those of the parameter. The handle of one
 * that is wrong says so (section 6.42.6). */
static CK_RV
read_keys(
    struct call *c, struct run *r, const struct object *base, struct template t)
{
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i <= r->more_count && rv == CKR_OK; i++) {
		const struct derived_key *k = i == 0 ? NULL : &r->more[i - 1];
		struct template one = t;
		struct derived *d;

		if (k != NULL) {
			one = (struct template){
			    k->pTemplate, k->ulAttributeCount};
			if (k->phKey == NULL || !template_is_good(k->pTemplate,
						    k->ulAttributeCount))
				return (CKR_MECHANISM_PARAM_INVALID);
		}
		rv = derived_begin(c, r->all, one, CKO_SECRET_KEY, base, &d);
		d->handle = k != NULL ? k->phKey : NULL;
		if (rv == CKR_OK)
			rv = derived_len(
			    c, d, r->block, DERIVED_MAX, &r->lens[i]);
		if (rv != CKR_OK && k != NULL)
			*k->phKey = CK_INVALID_HANDLE;
	}
	return (rv);
}

/* Neither the counter nor the length may come round. */
static CK_RV
check_widths(struct call *c, const struct run *r)
{
	uint64_t blocks = 0;

	for (size_t i = 0; i < r->all->count; i++)
		blocks += blocks_of(r, r->lens[i]) / r->block;
	for (size_t i = 0; i < r->part_count; i++) {
		const struct prf_data_param *d = &r->parts[i];
		const struct sp800_108_counter_format *f = d->pValue;
		const struct sp800_108_dkm_length_format *l = d->pValue;

		if (d->type == CK_SP800_108_DKM_LENGTH &&
		    l->ulWidthInBits < 64 &&
		    dkm_length(r, l->dkmLengthMethod) >> l->ulWidthInBits != 0)
			return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
			    "the length of the keys does not fit into %lu bits",
			    l->ulWidthInBits));
		if ((d->type == CK_SP800_108_COUNTER ||
			d->type == CK_SP800_108_ITERATION_VARIABLE) &&
		    f != NULL && blocks >> f->ulWidthInBits != 0)
			return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
			    "the output has more blocks than the counter can "
			    "count"));
	}
	return (CKR_OK);
}

static CK_RV
read_key_parts(struct call *c, struct run *r)
{
	CK_RV rv = CKR_OK;

	r->key_parts = calloc(r->part_count, sizeof(*r->key_parts));
	if (r->key_parts == NULL)
		return (CKR_HOST_MEMORY);
	for (size_t i = 0; i < r->part_count && rv == CKR_OK; i++) {
		struct key_part *k = &r->key_parts[i];
		CK_OBJECT_HANDLE h;

		if (r->parts[i].type != CK_SP800_108_KEY_HANDLE)
			continue;
		memcpy(&h, r->parts[i].pValue, sizeof(h));
		rv = derived_read_key(c, r->m, h, &k->object, &k->value);
		if (rv != CKR_OK)
			break;
		r->keys.sensitive |= attr_is_true(
		    c, &k->object, CKA_ALWAYS_SENSITIVE);
		r->keys.unextractable |= attr_is_true(
		    c, &k->object, CKA_NEVER_EXTRACTABLE);
	}
	return (rv);
}

/* Each key its bytes. */
static CK_RV
split_output(struct call *c, struct run *r, const struct object *base)
{
	size_t at = 0;
	CK_RV rv;

	for (size_t i = 0; i < r->all->count; i++) {
		struct derived *d = &r->all->keys[i];
		struct buf value = BUF_SECRET(DERIVED_MAX, c->module->arena);

		if (buf_append(&value, VIEW(r->out.ptr + at, r->lens[i])) !=
		    ERR_OK)
			return (CKR_HOST_MEMORY);
		rv = derived_from(c, d, base, INHERITS_DEFAULTS);
		if (rv != CKR_OK) {
			buf_free(&value);
			return (rv);
		}
		d->provenance.sensitive |= r->keys.sensitive;
		d->provenance.unextractable |= r->keys.unextractable;
		derived_set_value(d, &value, 0, r->lens[i]);
		at += blocks_of(r, r->lens[i]);
	}
	return (CKR_OK);
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct run r = {.all = all};
	CK_RV rv;

	r.out = (struct buf)BUF_SECRET(
	    DERIVED_KEYS_MAX * (DERIVED_MAX + EVP_MAX_MD_SIZE),
	    c->module->arena);
	r.pipeline = (struct buf)BUF_SECRET(EVP_MAX_MD_SIZE, c->module->arena);
	if ((rv = read_params(m, &r)) == CKR_OK &&
	    (rv = check_parts(&r)) == CKR_OK &&
	    (rv = open_mac(c, &r, base)) == CKR_OK &&
	    (rv = read_keys(c, &r, base, t)) == CKR_OK &&
	    (rv = check_widths(c, &r)) == CKR_OK &&
	    (rv = read_key_parts(c, &r)) == CKR_OK &&
	    (rv = derive_blocks(c, &r)) == CKR_OK)
		rv = split_output(c, &r, base);
	for (size_t i = 0; i < r.part_count && r.key_parts != NULL; i++)
		object_put(&r.key_parts[i].object);
	free(r.key_parts);
	EVP_MAC_CTX_free(r.mac);
	buf_free(&r.pipeline);
	buf_free(&r.out);
	return (rv);
}

const struct key_ops derive_sp800_108 = {.derive = derive};
