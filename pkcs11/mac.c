#include <stdio.h>
#include "digest.h"
#include "mac.h"

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	(void)c;
	if (m->ulParameterLen != 0)
		return (CKR_MECHANISM_PARAM_INVALID);
	op->digest = op->mech->digest;
	op->data.max = KMS_MESSAGE_MAX;
	return (CKR_OK);
}

/* KMS takes the whole message, and hashes it there. */
static CK_RV
update(struct call *c, struct op *op, struct view in)
{
	enum err e = buf_append(&op->data, in);

	if (e == ERR_TOO_BIG)
		return (call_refuse(c, CKR_DATA_LEN_RANGE,
		    "KMS takes at most %d bytes", KMS_MESSAGE_MAX));
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
ask(struct call *c, struct op *op, struct view mac)
{
	char algorithm[KMS_WORD_SIZE];
	struct kms_mac_in in = {
	    .key = op->object.key->meta.arn,
	    .message = buf_view(&op->data),
	    .algorithm = algorithm,
	    .mac = mac,
	};
	enum err e;

	if (in.message.len == 0)
		return (call_refuse(
		    c, CKR_DATA_LEN_RANGE, "KMS takes no empty message"));
	snprintf(algorithm, sizeof(algorithm), "%s%s", op->family->kms,
	    op->digest->kms);
	e = mac.ptr == NULL ? kms_generate_mac(&c->kms, &in, &op->result)
			    : kms_verify_mac(&c->kms, &in);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	return (ask(c, op, VIEW(NULL, 0)));
}

static CK_RV
verify(struct call *c, struct op *op, struct view mac)
{
	if (mac.len != op->digest->len)
		return (CKR_SIGNATURE_LEN_RANGE);
	return (ask(c, op, mac));
}

static size_t
bound(const struct op *op, size_t more)
{
	(void)more;
	return (op->digest->len);
}

const struct family mac_hmac = {.kms = "HMAC_",
    .init = init,
    .update = update,
    .finish = finish,
    .verify = verify,
    .bound = bound,
    .exact = true};
