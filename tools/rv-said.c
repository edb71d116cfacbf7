#include <stdio.h>
#include "cryptoki/rv-name.h"
#include "rv-said.h"

static const struct {
	CK_RV rv;
	const char *words;
} rows[] = {
    {CKR_HOST_MEMORY, "out of memory"},
    {CKR_GENERAL_ERROR, "the token failed: its own log tells more"},
    {CKR_FUNCTION_FAILED, "the token failed: its own log tells more"},
    {CKR_ARGUMENTS_BAD, "the module does not take this: is it configured?"},
    {CKR_NEED_TO_CREATE_THREADS, "the module wants threads of its own"},
    {CKR_CANT_LOCK, "the module cannot be used by several threads"},
    {CKR_CRYPTOKI_NOT_INITIALIZED, "the module has ended: try again"},
    {CKR_FUNCTION_NOT_SUPPORTED, "the module has no such function"},
    {CKR_DEVICE_ERROR,
	"the token, or what is behind it, fails: see that it can be reached, "
	"then try again"},
    {CKR_DEVICE_MEMORY, "the token has no room: delete what is not needed"},
    {CKR_DEVICE_REMOVED, "the token is gone: connect it, then try again"},
    {CKR_TOKEN_NOT_PRESENT, "there is no token: connect it, then try again"},
    {CKR_TOKEN_NOT_RECOGNIZED, "the module does not know this token"},
    {CKR_TOKEN_WRITE_PROTECTED, "the token is write-protected"},
    {CKR_PIN_INCORRECT, "the PIN is wrong"},
    {CKR_PIN_INVALID, "the PIN has characters that no PIN has"},
    {CKR_PIN_LEN_RANGE, "the PIN is too short or too long"},
    {CKR_PIN_EXPIRED, "the PIN is too old: set another"},
    {CKR_PIN_LOCKED,
	"the PIN is locked: the token's security officer can set another"},
    {CKR_USER_PIN_NOT_INITIALIZED, "the token has no PIN yet: set one"},
    {CKR_USER_NOT_LOGGED_IN,
	"the token wants a PIN for this: give pin-source in its URI"},
    {CKR_USER_ANOTHER_ALREADY_LOGGED_IN,
	"another user is logged in: end the other programs"},
    {CKR_USER_TYPE_INVALID, "the token has no such user"},
    {CKR_SESSION_COUNT,
	"the token has no session left: end other programs that use it"},
    {CKR_SESSION_CLOSED, "the token closed the session: try again"},
    {CKR_SESSION_HANDLE_INVALID, "the token closed the session: try again"},
    {CKR_SESSION_READ_ONLY, "the token does not let anything be changed"},
    {CKR_SESSION_PARALLEL_NOT_SUPPORTED, "the module takes no such session"},
    {CKR_OBJECT_HANDLE_INVALID, "the key is gone: try again"},
    {CKR_KEY_HANDLE_INVALID, "the key is gone: try again"},
    {CKR_ATTRIBUTE_SENSITIVE, "the token does not show it"},
    {CKR_ATTRIBUTE_TYPE_INVALID, "the key has no such attribute"},
    {CKR_ATTRIBUTE_VALUE_INVALID,
	"the value is not one that the token, or this command, can use"},
    {CKR_ATTRIBUTE_READ_ONLY, "the token does not let it be changed"},
    {CKR_ACTION_PROHIBITED, "the token does not allow this"},
    {CKR_BUFFER_TOO_SMALL, "it changed while it was read: try again"},
    {CKR_DATA_LEN_RANGE, "it is longer than this command takes"},
    {CKR_MECHANISM_INVALID, "the token does not have the mechanism"},
    {CKR_MECHANISM_PARAM_INVALID,
	"the token does not have the mechanism with these parameters"},
    {CKR_KEY_UNEXTRACTABLE, "the key may not leave the token"},
    {CKR_KEY_NOT_WRAPPABLE, "the token does not wrap this key"},
    {CKR_KEY_SIZE_RANGE, "the token does not take a key of this size"},
    {CKR_KEY_TYPE_INCONSISTENT, "the token does not take a key of this type"},
    {CKR_KEY_FUNCTION_NOT_PERMITTED, "the key may not be used for this"},
    {CKR_WRAPPING_KEY_SIZE_RANGE,
	"the token does not take a wrapping key of this size"},
    {CKR_WRAPPED_KEY_INVALID, "what was wrapped is not the expected key"},
    {CKR_WRAPPED_KEY_LEN_RANGE, "what was wrapped has a wrong length"},
    {CKR_TEMPLATE_INCONSISTENT, "the token takes no key like this"},
    {CKR_TEMPLATE_INCOMPLETE, "the token wants to be told more of the key"},
};

const char *
rv_said(CK_RV rv, char buffer[RV_SAID_SIZE])
{
	const char *words = "the documentation of the token tells more";
	char name[RV_NAME_SIZE];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].rv == rv)
			words = rows[i].words;
	snprintf(buffer, RV_SAID_SIZE, "%s: %s", rv_name(rv, name), words);
	return (buffer);
}
