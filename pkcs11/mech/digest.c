#include "digest.h"

CK_RV
digest_begin(struct call *c, struct op *op, const struct digest *d)
{
	EVP_MD *md = EVP_MD_fetch(c->module->crypto->lib, d->name, NULL);
	CK_RV rv = CKR_HOST_MEMORY;

	if (md == NULL)
		return (CKR_MECHANISM_INVALID);
	op->digest = d;
	if ((op->md = EVP_MD_CTX_new()) != NULL &&
	    EVP_DigestInit_ex2(op->md, md, NULL) == 1)
		rv = CKR_OK;
	EVP_MD_free(md);
	return (rv);
}

CK_RV
digest_add(struct call *c, struct op *op, struct view in)
{
	(void)c;
	if (in.len != 0 && EVP_DigestUpdate(op->md, in.ptr, in.len) != 1)
		return (CKR_FUNCTION_FAILED);
	return (CKR_OK);
}

CK_RV
digest_end(struct op *op, uint8_t *hash, struct view *v)
{
	const EVP_MD *md = EVP_MD_CTX_get0_md(op->md);
	size_t n = op->digest->len;
	int done = (EVP_MD_get_flags(md) & EVP_MD_FLAG_XOF) != 0
		       ? EVP_DigestFinalXOF(op->md, hash, n)
		       : EVP_DigestFinal_ex(op->md, hash, NULL);

	*v = VIEW(hash, n);
	return (done == 1 ? CKR_OK : CKR_FUNCTION_FAILED);
}

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	return (digest_begin(c, op, op->mech->digest));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	struct view v;
	CK_RV rv;

	if (buf_reserve(&op->result, EVP_MAX_MD_SIZE) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if ((rv = digest_end(op, op->result.ptr, &v)) == CKR_OK)
		op->result.len = v.len;
	return (rv);
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (op->digest->len);
}

const struct family digest_any = {.init = init,
    .update = digest_add,
    .finish = finish,
    .bound = bound,
    .exact = true};
