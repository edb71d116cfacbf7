#include "digest.h"

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	EVP_MD *md = NULL;
	CK_RV rv = CKR_HOST_MEMORY;

	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	md = EVP_MD_fetch(c->module->crypto->lib, op->mech->digest, NULL);
	if (md == NULL)
		return (CKR_MECHANISM_INVALID);
	if ((op->md = EVP_MD_CTX_new()) != NULL &&
	    EVP_DigestInit_ex2(op->md, md, NULL) == 1)
		rv = CKR_OK;
	EVP_MD_free(md);
	return (rv);
}

static CK_RV
update(struct call *c, struct op *op, struct view in)
{
	(void)c;
	if (in.len != 0 && EVP_DigestUpdate(op->md, in.ptr, in.len) != 1)
		return (CKR_FUNCTION_FAILED);
	return (CKR_OK);
}

static CK_RV
finish(struct call *c, struct op *op)
{
	unsigned n = 0;

	if (buf_reserve(&op->result, EVP_MAX_MD_SIZE) != ERR_OK)
		return (call_fail(c, ERR_MEMORY));
	if (EVP_DigestFinal_ex(op->md, op->result.ptr, &n) != 1)
		return (CKR_FUNCTION_FAILED);
	op->result.len = n;
	return (CKR_OK);
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return ((size_t)EVP_MD_CTX_get_size(op->md));
}

const struct family digest_any = {init, update, finish, bound, true};
