#include <string.h>
#include "login.h"

static bool
login_is_required(const struct token *t)
{
	return (t->config->login == LOGIN_REQUIRED);
}

bool
login_is_private(const struct object *o)
{
	if (o->attrs != NULL)
		return (attrset_bool(o->attrs, CKA_PRIVATE, false));
	return (o->class != CKO_PUBLIC_KEY);
}

bool
login_has_user(struct sessions *ss, const struct token *t)
{
	bool yes;

	pthread_mutex_lock(&ss->lock);
	yes = t->logged_in;
	pthread_mutex_unlock(&ss->lock);
	return (yes);
}

bool
login_hides_private(struct sessions *ss, const struct token *t)
{
	return (login_is_required(t) && !login_has_user(ss, t));
}

void
login_end_hidden_ops(struct sessions *ss, struct session *s)
{
	if (!login_hides_private(ss, s->token))
		return;
	for (size_t i = 0; i < OP_COUNT; i++) {
		struct op *op = &s->ops[i];

		if ((op->object.key != NULL || op->object.attrs != NULL) &&
		    login_is_private(&op->object))
			op_end(op);
	}
}

/* A key with CKA_ALWAYS_AUTHENTICATE asks once more, for each operation. */
static CK_RV
confirm(struct session *s)
{
	CK_RV rv = CKR_OPERATION_NOT_INITIALIZED;

	for (size_t i = 0; i < OP_COUNT; i++)
		if (s->ops[i].state == OP_WAITS_FOR_LOGIN) {
			s->ops[i].state = OP_READY;
			rv = CKR_OK;
		}
	return (rv);
}

static CK_RV
check_pin(const struct token *t, struct view pin)
{
	if (!login_is_required(t))
		return (CKR_OK);
	if (pin.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	/* CKR_PIN_LEN_RANGE is for PINs that are being set */
	return (pin.len < TOKEN_PIN_MIN || pin.len > TOKEN_PIN_MAX
		    ? CKR_PIN_INCORRECT
		    : CKR_OK);
}

/* There is no security officer; but what the standard asks before comes
 * first. */
static CK_RV
refuse_officer(struct sessions *ss, const struct token *t)
{
	if (session_count(ss, t, false) != session_count(ss, t, true))
		return (CKR_SESSION_READ_ONLY_EXISTS);
	if (login_has_user(ss, t))
		return (CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	return (CKR_USER_TYPE_INVALID);
}

CK_RV
login_begin(
    struct sessions *ss, struct session *s, CK_USER_TYPE user, struct view pin)
{
	CK_RV rv;

	if (pin.ptr == NULL && pin.len != 0)
		return (CKR_ARGUMENTS_BAD);
	if (user == CKU_SO)
		return (refuse_officer(ss, s->token));
	if (user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
		return (CKR_USER_TYPE_INVALID);
	if (user == CKU_USER && login_has_user(ss, s->token))
		return (CKR_USER_ALREADY_LOGGED_IN);
	if ((rv = check_pin(s->token, pin)) != CKR_OK)
		return (rv);
	if (user == CKU_CONTEXT_SPECIFIC)
		return (confirm(s));
	pthread_mutex_lock(&ss->lock);
	if (s->token->logged_in)
		rv = CKR_USER_ALREADY_LOGGED_IN;
	s->token->logged_in = true;
	pthread_mutex_unlock(&ss->lock);
	return (rv);
}

static bool
is_private(const struct attrset *b)
{
	return (attrset_bool(b, CKA_PRIVATE, false));
}

CK_RV
login_end(struct sessions *ss, struct token *t)
{
	bool was;

	pthread_mutex_lock(&ss->lock);
	was = t->logged_in;
	t->logged_in = false;
	pthread_mutex_unlock(&ss->lock);
	if (!was)
		return (CKR_USER_NOT_LOGGED_IN);
	/* none of the token's own is */
	object_table_remove_all(&t->objects, OWNER_TOKEN, is_private);
	/* who needs no login for the token's keys loses none by a logout */
	if (!login_is_required(t))
		return (CKR_OK);
	/* PKCS#11 3.2, section 5.6.10: handles of private objects are invalid
	 * from now on, after another login, too */
	return (store_renew_handles(&t->store, login_is_private) == ERR_OK
		    ? CKR_OK
		    : CKR_HOST_MEMORY);
}
