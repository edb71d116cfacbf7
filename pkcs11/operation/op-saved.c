#include <openssl/rand.h>
#include "op.h"
#include "token/call.h"

/* Of these PKCS#11 3.2, section 5.6.6, says that they could be saved. */
static bool
is_saved_somewhere(enum op_kind kind)
{
	return (kind == OP_ENCRYPT || kind == OP_DECRYPT || kind == OP_DIGEST ||
		kind == OP_SIGN || kind == OP_VERIFY ||
		kind == OP_VERIFY_SIGNATURE);
}

/* Whether a digest is all that the session has under way. */
static CK_RV
check_only_digest(const struct session *s)
{
	bool any = false, other = false;

	for (size_t i = 0; i < OP_COUNT; i++)
		if (s->ops[i].state != OP_INACTIVE) {
			any |= is_saved_somewhere((enum op_kind)i);
			other |= i != OP_DIGEST;
		}
	if (!any)
		return (CKR_OPERATION_NOT_INITIALIZED);
	return (other ? CKR_STATE_UNSAVEABLE : CKR_OK);
}

/* Where a state is good: in the token's sessions that are in the same state. */
static struct saved_for
saved_for(struct call *c)
{
	return ((struct saved_for){
	    c->token, session_state(&c->module->sessions, c->session)});
}

static CK_RV
save_under_name(struct call *c, const struct op *op, CK_BYTE *name)
{
	struct saved_states *ss = &c->module->saved_states;
	struct saved_for where = saved_for(c);
	struct op copy;
	enum err e;

	if (RAND_bytes_ex(c->module->crypto->lib, name, SAVED_STATE_BYTES, 0) !=
	    1)
		return (call_fail(c, ERR_INTERNAL));
	if ((e = op_copy(&copy, op)) != ERR_OK)
		return (call_fail(c, e));
	pthread_mutex_lock(&ss->lock);
	e = saved_states_add(ss, &where, name, &copy);
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
	if ((rv = check_only_digest(c->session)) != CKR_OK)
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
	struct saved_for where = saved_for(c);
	struct op copy = {.mech = NULL};
	const struct op *saved;
	enum err e = ERR_OK;

	if (name.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	pthread_mutex_lock(&ss->lock);
	if ((saved = saved_states_find(ss, &where, name)) != NULL)
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
	op_cancel(c->session->ops, ~(CK_FLAGS)0);
	find_end(&c->session->find);
	c->session->ops[OP_DIGEST] = copy;
	return (CKR_OK);
}
