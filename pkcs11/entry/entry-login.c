#include "token/call.h"
#include "token/login.h"

/* The C_ functions of users and their PINs. */

/* Where the AWS role wants a code of an MFA device, the PIN is that. */
static CK_RV
log_in(struct call *c, CK_USER_TYPE user, struct view pin)
{
	bool needs_code = user == CKU_USER && token_needs_code(c->token);
	CK_RV rv;
	enum err e;

	if (needs_code && pin.ptr == NULL)
		return (CKR_ARGUMENTS_BAD);
	rv = login_begin(&c->module->sessions, c->session, user, pin);
	if (rv != CKR_OK || !needs_code)
		return (rv);
	e = client_log_in(
	    c->token->client, pin, &c->kms.deadline, &c->kms.error);
	if (e == ERR_OK)
		return (CKR_OK);
	(void)login_end(&c->module->sessions, c->token);
	rv = call_fail(c, e);
	return (e == ERR_CREDS || e == ERR_DATA ? CKR_PIN_INCORRECT : rv);
}

CK_RV
C_Login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
    CK_ULONG pin_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_Login", session);

	if (rv == CKR_OK)
		rv = log_in(&c, user, VIEW(pin, pin_len));
	return (call_end(&c, rv));
}

/* Users have no names here: any name is accepted. */
CK_RV
C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR_PTR pin,
    CK_ULONG pin_len, CK_UTF8CHAR_PTR name, CK_ULONG name_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_LoginUser", session);

	if (rv == CKR_OK && name == NULL && name_len != 0)
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK)
		rv = log_in(&c, user, VIEW(pin, pin_len));
	return (call_end(&c, rv));
}

CK_RV
C_Logout(CK_SESSION_HANDLE session)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_Logout", session);

	if (rv == CKR_OK)
		rv = login_end(&c.module->sessions, c.token);
	return (call_end(&c, rv));
}

/* The token is an AWS account: nobody can initialise it through PKCS#11. */
CK_RV
C_InitToken(CK_SLOT_ID slot, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len,
    CK_UTF8CHAR_PTR label)
{
	struct call c;
	CK_RV rv = call_begin_slot(&c, "C_InitToken", slot, true);

	if (rv == CKR_OK && ((pin == NULL && pin_len != 0) || label == NULL))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK &&
	    session_count(&c.module->sessions, c.token, false) != 0)
		rv = CKR_SESSION_EXISTS;
	if (rv == CKR_OK)
		rv = call_error(&c, CKR_FUNCTION_NOT_SUPPORTED,
		    "the token is an AWS account");
	return (call_end(&c, rv));
}

/* Only the security officer may call this, and no session can be his. */
CK_RV
C_InitPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR pin, CK_ULONG pin_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_InitPIN", session);

	if (rv == CKR_OK && pin == NULL && pin_len != 0)
		rv = CKR_ARGUMENTS_BAD;
	return (call_end(&c, rv == CKR_OK ? CKR_USER_NOT_LOGGED_IN : rv));
}

/* The token accepts any PIN and stores none: there is nothing to change. */
CK_RV
C_SetPIN(CK_SESSION_HANDLE session, CK_UTF8CHAR_PTR old_pin, CK_ULONG old_len,
    CK_UTF8CHAR_PTR new_pin, CK_ULONG new_len)
{
	struct call c;
	CK_RV rv = call_begin_session(&c, "C_SetPIN", session);

	if (rv == CKR_OK && ((old_pin == NULL && old_len != 0) ||
				(new_pin == NULL && new_len != 0)))
		rv = CKR_ARGUMENTS_BAD;
	if (rv == CKR_OK && !session_is_rw(c.session))
		rv = CKR_SESSION_READ_ONLY;
	if (rv == CKR_OK)
		rv = call_error(
		    &c, CKR_FUNCTION_NOT_SUPPORTED, "the token stores no PIN");
	return (call_end(&c, rv));
}
