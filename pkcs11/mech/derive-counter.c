#include <stdio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include "derive.h"
#include "digest.h"

/*
 * The KDF in counter mode (NIST SP 800-108; PKCS#11 3.0, section 2.42): each
 * block is the MAC of the caller's parts, one of which is the counter. Keys
 * begin on a block each.
 */

struct run {
	const struct sp800_108_params *p;
	EVP_MAC_CTX *mac;
	size_t block; /* bytes of one MAC */
	struct derivation *all; /* the first is the call's own */
	size_t lens[DERIVED_KEYS_MAX];
	struct buf out;
};

static size_t
blocks_of(const struct run *r, size_t len)
{
	return ((len + r->block - 1) / r->block * r->block);
}

static bool
width_fits(CK_ULONG bits, CK_ULONG max_bits)
{
	return (bits >= 8 && bits <= max_bits && bits % 8 == 0);
}

/* The counter just once, the length at most once, and bytes. */
static CK_RV
check_parts(const struct sp800_108_params *p)
{
	size_t counters = 0, lengths = 0;

	if (p->pDataParams == NULL)
		return (CKR_MECHANISM_PARAM_INVALID);
	for (CK_ULONG i = 0; i < p->ulNumberOfDataParams; i++) {
		const struct prf_data_param *d = &p->pDataParams[i];
		const struct sp800_108_counter_format *counter = d->pValue;
		const struct sp800_108_dkm_length_format *length = d->pValue;
		bool good = false;

		if (d->pValue == NULL && d->ulValueLen != 0)
			return (CKR_MECHANISM_PARAM_INVALID);
		switch (d->type) {
		case CK_SP800_108_ITERATION_VARIABLE:
			good = counter != NULL &&
			       d->ulValueLen == sizeof(*counter) &&
			       width_fits(counter->ulWidthInBits, 32) &&
			       ++counters == 1;
			break;
		case CK_SP800_108_DKM_LENGTH:
			good = length != NULL &&
			       d->ulValueLen == sizeof(*length) &&
			       width_fits(length->ulWidthInBits, 64) &&
			       length->dkmLengthMethod >=
				   CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS &&
			       length->dkmLengthMethod <=
				   CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS &&
			       ++lengths == 1;
			break;
		case CK_SP800_108_BYTE_ARRAY:
			good = d->ulValueLen != 0;
			break;
		}
		if (!good)
			return (CKR_MECHANISM_PARAM_INVALID);
	}
	return (counters == 1 ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
}

/* The MAC by its mechanism: HMAC of a hash, or CMAC with an AES key. */
static CK_RV
open_mac(struct call *c, struct run *r, const struct object *base)
{
	const struct mech *row = mech_find(r->p->prfType, CKF_SIGN);
	bool cmac = r->p->prfType == CKM_AES_CMAC;
	struct view key = attrset_view(base->attrs, CKA_VALUE);
	char name[32];
	OSSL_PARAM params[2];
	EVP_MAC *mac;
	CK_RV rv = CKR_FUNCTION_FAILED;

	if (cmac != (object_type(base) == CKK_AES))
		return (CKR_KEY_TYPE_INCONSISTENT);
	if (!cmac && (row == NULL || row->key_type != CKK_GENERIC_SECRET ||
			 row->digest == NULL))
		return (CKR_MECHANISM_PARAM_INVALID);
	if (cmac)
		snprintf(name, sizeof(name), "AES-%zu-CBC", 8 * key.len);
	else
		snprintf(name, sizeof(name), "%s", row->digest->name);
	params[0] = OSSL_PARAM_construct_utf8_string(
	    cmac ? OSSL_MAC_PARAM_CIPHER : OSSL_MAC_PARAM_DIGEST, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	mac = EVP_MAC_fetch(
	    c->module->crypto->lib, cmac ? "CMAC" : "HMAC", NULL);
	r->mac = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	if (r->mac != NULL &&
	    EVP_MAC_init(r->mac, key.ptr, key.len, params) == 1) {
		r->block = EVP_MAC_CTX_get_mac_size(r->mac);
		rv = CKR_OK;
	}
	EVP_MAC_free(mac);
	return (rv);
}

static bool
add_number(EVP_MAC_CTX *mac, uint64_t n, CK_ULONG bits, bool little)
{
	uint8_t bytes[sizeof(n)];
	size_t len = bits / 8;

	for (size_t i = 0; i < len; i++)
		bytes[little ? i : len - 1 - i] = (uint8_t)(n >> (8 * i));
	return (EVP_MAC_update(mac, bytes, len) == 1);
}

static bool
add_part(const struct run *r, const struct prf_data_param *d, uint64_t counter)
{
	const struct sp800_108_counter_format *f = d->pValue;
	const struct sp800_108_dkm_length_format *l = d->pValue;
	uint64_t n = 0;

	if (d->type == CK_SP800_108_BYTE_ARRAY)
		return (EVP_MAC_update(r->mac, d->pValue, d->ulValueLen) == 1);
	if (d->type == CK_SP800_108_ITERATION_VARIABLE)
		return (add_number(
		    r->mac, counter, f->ulWidthInBits, f->bLittleEndian));
	for (size_t i = 0; i < r->all->count; i++)
		n += l->dkmLengthMethod == CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS
			 ? r->lens[i]
			 : blocks_of(r, r->lens[i]);
	return (add_number(r->mac, 8 * n, l->ulWidthInBits, l->bLittleEndian));
}

static CK_RV
derive_blocks(struct run *r)
{
	size_t total = 0, n;

	for (size_t i = 0; i < r->all->count; i++)
		total += blocks_of(r, r->lens[i]);
	if (buf_reserve(&r->out, total) != ERR_OK)
		return (CKR_HOST_MEMORY);
	for (uint64_t i = 1; r->out.len < total; i++) {
		bool good = EVP_MAC_init(r->mac, NULL, 0, NULL) == 1;

		for (CK_ULONG k = 0; k < r->p->ulNumberOfDataParams && good;
		     k++)
			good = add_part(r, &r->p->pDataParams[k], i);
		if (!good || EVP_MAC_final(r->mac, r->out.ptr + r->out.len, &n,
				 r->block) != 1)
			return (CKR_FUNCTION_FAILED);
		r->out.len += r->block;
	}
	return (CKR_OK);
}

/* The templates: the call's own, and those of the parameter. */
static CK_RV
read_keys(
    struct call *c, struct run *r, const struct object *base, struct template t)
{
	const struct sp800_108_params *p = r->p;
	size_t max_len = DERIVED_MAX;
	CK_RV rv = CKR_OK;

	if (p->ulAdditionalDerivedKeys >= DERIVED_KEYS_MAX ||
	    (p->pAdditionalDerivedKeys == NULL &&
		p->ulAdditionalDerivedKeys != 0))
		return (CKR_MECHANISM_PARAM_INVALID);
	for (size_t i = 0; i <= p->ulAdditionalDerivedKeys && rv == CKR_OK;
	     i++) {
		const struct derived_key *k =
		    i == 0 ? NULL : &p->pAdditionalDerivedKeys[i - 1];
		struct template one = t;
		struct derived *d;

		if (k != NULL) {
			one = (struct template){
			    k->pTemplate, k->ulAttributeCount};
			if (k->phKey == NULL ||
			    (k->pTemplate == NULL && k->ulAttributeCount != 0))
				return (CKR_MECHANISM_PARAM_INVALID);
			*k->phKey = CK_INVALID_HANDLE;
		}
		rv = derived_begin(c, r->all, one, CKO_SECRET_KEY, base, &d);
		d->handle = k != NULL ? k->phKey : NULL;
		if (rv == CKR_OK)
			rv = derived_len(c, d, r->block, max_len, &r->lens[i]);
	}
	return (rv);
}

/* The counter must not come round. */
static CK_RV
check_counter(struct call *c, const struct run *r)
{
	uint64_t blocks = 0, bits = 32;

	for (size_t i = 0; i < r->all->count; i++)
		blocks += blocks_of(r, r->lens[i]) / r->block;
	for (CK_ULONG i = 0; i < r->p->ulNumberOfDataParams; i++) {
		const struct prf_data_param *d = &r->p->pDataParams[i];

		if (d->type == CK_SP800_108_ITERATION_VARIABLE)
			bits =
			    ((const struct sp800_108_counter_format *)d->pValue)
				->ulWidthInBits;
	}
	if (blocks >> bits != 0)
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the output has more blocks than the counter can count"));
	return (CKR_OK);
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
		derived_set_value(d, &value, 0, r->lens[i]);
		at += blocks_of(r, r->lens[i]);
	}
	return (CKR_OK);
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct run r = {.p = m->pParameter, .all = all};
	CK_RV rv = CKR_MECHANISM_PARAM_INVALID;

	r.out = (struct buf)BUF_SECRET(
	    DERIVED_KEYS_MAX * (DERIVED_MAX + EVP_MAX_MD_SIZE),
	    c->module->arena);
	if (r.p == NULL || m->ulParameterLen != sizeof(*r.p) ||
	    (rv = check_parts(r.p)) != CKR_OK ||
	    (rv = open_mac(c, &r, base)) != CKR_OK ||
	    (rv = read_keys(c, &r, base, t)) != CKR_OK ||
	    (rv = check_counter(c, &r)) != CKR_OK)
		goto out;
	if ((rv = derive_blocks(&r)) == CKR_OK)
		rv = split_output(c, &r, base);
out:
	EVP_MAC_CTX_free(r.mac);
	buf_free(&r.out);
	return (rv);
}

const struct key_ops derive_counter = {.derive = derive};
