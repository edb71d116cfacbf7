#include "attr-value.h"

CK_RV
attr_put(struct call *c, struct buf *out, struct view v)
{
	enum err e = buf_append(out, v);

	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
attr_put_ulong(struct call *c, struct buf *out, CK_ULONG v)
{
	return (attr_put(c, out, VIEW(&v, sizeof(v))));
}

CK_RV
attr_put_bool(struct call *c, struct buf *out, bool yes)
{
	CK_BBOOL truth = yes ? CK_TRUE : CK_FALSE;

	return (attr_put(c, out, VIEW(&truth, sizeof(truth))));
}
