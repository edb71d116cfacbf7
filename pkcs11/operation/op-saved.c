#include <openssl/rand.h>
#include "op.h"
#include "token/call.h"

/* Whether a digest is all that the session has under way. */
static CK_RV
check_only_digest(const struct session *s, CK_RV none, CK_RV other)
{
	CK_RV rv = none;

	for (size_t i = 0; i < OP_COUNT; i++)
		if (s->ops[i].state == OP_INACTIVE)
			continue;
		else if (i == OP_DIGEST)
			rv = CKR_OK;
		else
			return (other);
	return (rv);
}

static CK_RV
save_under_name(struct call *c, const struct op *op, CK_BYTE *name)
{
	struct saved_states *ss = &c->module->saved_states;
	struct op copy;
	enum err e;

	if (RAND_bytes_ex(c->module->crypto->lib, name, SAVED_STATE_BYTES, 0) !=
	    1)
		return (call_fail(c, ERR_INTERNAL));
	if ((e = op_copy(&copy, op)) != ERR_OK)
		return (call_fail(c, e));
	pthread_mutex_lock(&ss->lock);
	e = saved_states_add(ss, c->token, name, &copy);
	pthread_mutex_unlock(&ss->lock);
	op_end(&copy);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
op_save(struct call *c, struct out out)
{
	const struct op *op = &c->session->ops[OP_DIGEST];
	CK_RV rv;

	if (out.len == NULL)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = check_only_digest(c->session, CKR_OPERATION_NOT_INITIALIZED,
		 CKR_STATE_UNSAVEABLE)) != CKR_OK)
		return (rv);
	/* in between two calls that are for one result */
	if (op->state != OP_READY && op->state != OP_PARTS)
		return (CKR_STATE_UNSAVEABLE);
	if (op_answer_length(out, SAVED_STATE_BYTES, &rv))
		return (rv);
	if ((rv = save_under_name(c, op, out.ptr)) == CKR_OK)
		*out.len = SAVED_STATE_BYTES;
	return (rv);
}

CK_RV
op_restore(struct call *c, struct view name, CK_OBJECT_HANDLE encryption_key,
    CK_OBJECT_HANDLE authentication_key)
{
	struct saved_states *ss = &c->module->saved_states;
	struct op *op = &c->session->ops[OP_DIGEST], copy = {.mech = NULL};
	const struct op *saved;
	enum err e = ERR_OK;
	CK_RV rv;

	if (name.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	if ((rv = check_only_digest(
		 c->session, CKR_OK, CKR_OPERATION_ACTIVE)) != CKR_OK)
		return (rv);
	pthread_mutex_lock(&ss->lock);
	if ((saved = saved_states_find(ss, c->token, name)) != NULL)
		e = op_copy(&copy, saved);
	pthread_mutex_unlock(&ss->lock);
	if (e != ERR_OK)
		return (call_fail(c, e));
	if (saved == NULL)
		return (CKR_SAVED_STATE_INVALID);
	if (encryption_key != 0 || authentication_key != 0) {
		op_end(&copy);
		return (CKR_KEY_NOT_NEEDED);
	}
	op_end(op);
	*op = copy;
	return (CKR_OK);
}
