#include "derive.h"
#include "object/ffc-attrs.h"
#include "object/pkey.h"

/* Diffie-Hellman of PKCS#3 (PKCS#11 3.2, section 6.4.11). The parameter is the
 * other side's public value. */

static CK_RV
agree(struct call *c, const CK_MECHANISM *m, const struct attrset *base,
    struct buf *secret)
{
	struct ffc_group g = ffc_of_attrs(base);
	enum err e = ffc_agree(c->module->crypto, &g,
	    attrset_view(base, CKA_VALUE),
	    VIEW(m->pParameter, m->ulParameterLen), secret);

	if (e == ERR_DATA)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "the parameter is no public value of the key's numbers"));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
derive(struct call *c, const CK_MECHANISM *m, const struct object *base,
    struct template t, struct derivation *all)
{
	struct buf secret = BUF_SECRET(FFC_BYTES_MAX, c->module->arena);
	struct derived *d;
	size_t natural = (pkey_bits(base) + 7) / 8, len;
	CK_RV rv = derived_begin(c, all, t, CKO_SECRET_KEY, base, &d);

	if (rv == CKR_OK &&
	    (rv = derived_len(c, d, natural, natural, &len)) == CKR_OK &&
	    (rv = agree(c, m, base->attrs, &secret)) == CKR_OK &&
	    (rv = derived_from(c, d, base, INHERITS_NOTHING)) == CKR_OK)
		/* what is too long loses bytes of its leading end */
		derived_set_value(d, &secret, secret.len - len, len);
	buf_free(&secret);
	return (rv);
}

const struct key_ops derive_dh = {.derive = derive};
