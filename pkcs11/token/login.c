#include <string.h>
#include "login.h"

bool
login_is_required(const struct token *t)
{
	return (strcmp(t->config->login, "required") == 0);
}

bool
login_is_private(const struct token *t, const struct object *o)
{
	if (o->attrs != NULL)
		return (attrset_bool(o->attrs, CKA_PRIVATE, false));
	return (login_is_required(t) && o->class != CKO_PUBLIC_KEY);
}

static bool
is_logged_in(struct call *c)
{
	struct sessions *ss = &c->module->sessions;
	bool yes;

	pthread_mutex_lock(&ss->lock);
	yes = c->token->logged_in;
	pthread_mutex_unlock(&ss->lock);
	return (yes);
}

bool
login_hides_private(struct call *c)
{
	return (login_is_required(c->token) && !is_logged_in(c));
}

bool
login_hides(struct call *c, const struct object *o)
{
	return (login_is_private(c->token, o) && login_hides_private(c));
}

CK_RV
call_require_login(struct call *c)
{
	return (login_hides_private(c)
		    ? call_error(c, CKR_USER_NOT_LOGGED_IN,
			  "keyferry.conf has login = required")
		    : CKR_OK);
}

void
login_end_hidden_ops(struct call *c)
{
	if (!login_hides_private(c))
		return;
	for (size_t i = 0; i < OP_COUNT; i++) {
		struct op *op = &c->session->ops[i];

		if ((op->object.key != NULL || op->object.attrs != NULL) &&
		    login_is_private(c->token, &op->object))
			op_end(op);
	}
}

/* A key with CKA_ALWAYS_AUTHENTICATE asks once more, for each operation. */
static CK_RV
confirm(struct call *c)
{
	CK_RV rv = CKR_OPERATION_NOT_INITIALIZED;

	for (size_t i = 0; i < OP_COUNT; i++)
		if (c->session->ops[i].locked) {
			c->session->ops[i].locked = false;
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
	return (pin.len < LOGIN_PIN_MIN || pin.len > LOGIN_PIN_MAX
		    ? CKR_PIN_INCORRECT
		    : CKR_OK);
}

/* There is no security officer; but what the standard asks before comes
 * first. */
static CK_RV
refuse_officer(struct call *c)
{
	struct sessions *ss = &c->module->sessions;

	if (session_count(ss, c->token, false) !=
	    session_count(ss, c->token, true))
		return (CKR_SESSION_READ_ONLY_EXISTS);
	if (is_logged_in(c))
		return (CKR_USER_ANOTHER_ALREADY_LOGGED_IN);
	return (CKR_USER_TYPE_INVALID);
}

CK_RV
login_begin(struct call *c, CK_USER_TYPE user, struct view pin)
{
	struct sessions *ss = &c->module->sessions;
	CK_RV rv;

	if (pin.ptr == NULL && pin.len != 0)
		return (CKR_ARGUMENTS_BAD);
	if (user == CKU_SO)
		return (refuse_officer(c));
	if (user != CKU_USER && user != CKU_CONTEXT_SPECIFIC)
		return (CKR_USER_TYPE_INVALID);
	if (user == CKU_USER && is_logged_in(c))
		return (CKR_USER_ALREADY_LOGGED_IN);
	if ((rv = check_pin(c->token, pin)) != CKR_OK)
		return (rv);
	if (user == CKU_CONTEXT_SPECIFIC)
		return (confirm(c));
	pthread_mutex_lock(&ss->lock);
	if (c->token->logged_in)
		rv = CKR_USER_ALREADY_LOGGED_IN;
	c->token->logged_in = true;
	pthread_mutex_unlock(&ss->lock);
	return (rv);
}

static bool
is_private(const struct attrset *b)
{
	return (attrset_bool(b, CKA_PRIVATE, false));
}

CK_RV
login_end(struct call *c)
{
	struct sessions *ss = &c->module->sessions;
	bool was;

	pthread_mutex_lock(&ss->lock);
	was = c->token->logged_in;
	c->token->logged_in = false;
	pthread_mutex_unlock(&ss->lock);
	if (!was)
		return (CKR_USER_NOT_LOGGED_IN);
	/* none of the token's own is */
	object_table_remove_all(&c->token->objects, OWNER_TOKEN, is_private);
	return (CKR_OK);
}
