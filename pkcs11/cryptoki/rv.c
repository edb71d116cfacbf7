#include <stddef.h>
#include "rv.h"

/* clang-format off */
static const struct {
	CK_RV rv[RV_CONTEXT_COUNT];	/* use, create, unwrap, look, destroy */
	const char *advice;
} rows[ERR_COUNT] = {
#define SAME(code)							\
	{ CKR_##code, CKR_##code, CKR_##code, CKR_##code, CKR_##code }
#define EACH(use, create, unwrap)					\
	{ CKR_##use, CKR_##create, CKR_##unwrap, CKR_FUNCTION_FAILED,	\
	  CKR_FUNCTION_FAILED }
/* what is not allowed, of keys that are there */
#define FORBIDDEN(use, create, unwrap)					\
	{ CKR_##use, CKR_##create, CKR_##unwrap, CKR_FUNCTION_FAILED,	\
	  CKR_ACTION_PROHIBITED }
	[ERR_OK] =	{ SAME(OK), NULL },
	[ERR_MEMORY] =	{ SAME(HOST_MEMORY), NULL },
	[ERR_INTERNAL] = { SAME(GENERAL_ERROR), NULL },
	[ERR_TOO_BIG] =	{ EACH(DATA_LEN_RANGE, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_LEN_RANGE), NULL },
	[ERR_CONFIG] =	{ SAME(GENERAL_ERROR), "see keyferry.conf(5)" },
	[ERR_FILE] =	{ SAME(FUNCTION_FAILED),
	    "see that the state directory, or that of certificates, can be "
	    "written" },
	[ERR_UNTRUSTED] = { SAME(FUNCTION_FAILED),
	    "give it to root or this user, and let nobody else write to it" },
	[ERR_DATA] =	{ EACH(DATA_INVALID, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_NO_CREDS] = { SAME(DEVICE_ERROR),
	    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" },
	[ERR_CREDS] = { SAME(DEVICE_ERROR), NULL }, /* but see call_fail() */
	[ERR_CREDS_SERVICE] = { SAME(DEVICE_ERROR), NULL },
	[ERR_NO_REGION] = { SAME(TOKEN_NOT_PRESENT),
	    "set AWS_REGION, or region in keyferry.conf" },
	[ERR_NETWORK] =	{ SAME(DEVICE_ERROR),
	    "see that the endpoint can be reached from here" },
	[ERR_PROXY] =	{ SAME(DEVICE_ERROR),
	    "see HTTPS_PROXY: its URL can hold a name and a password" },
	[ERR_TLS] =	{ SAME(DEVICE_ERROR),
	    "see that AWS_CA_BUNDLE names the right certificates" },
	[ERR_DEADLINE] = { SAME(DEVICE_ERROR),
	    "try again, or raise timeout in keyferry.conf" },
	[ERR_CANCELLED] = { SAME(FUNCTION_CANCELED), NULL },
	[ERR_UNKNOWN] =	{ SAME(DEVICE_ERROR),
	    "try again: what was begun is found and finished" },
	[ERR_REPLY] =	{ SAME(DEVICE_ERROR), "see what the endpoint is" },
	[ERR_THROTTLED] = { SAME(DEVICE_ERROR),
	    "try again later, or ask AWS for a higher quota" },
	[ERR_SERVICE] =	{ SAME(DEVICE_ERROR), "try again later" },
	[ERR_UNAVAILABLE] = { SAME(DEVICE_ERROR), "try again later" },
	[ERR_BAD_CREDS] = { SAME(DEVICE_ERROR),
	    "renew the AWS credentials" },
	[ERR_CLOCK] =	{ SAME(DEVICE_ERROR),
	    "set this machine's clock, and check the secret access key" },
	[ERR_DENIED] =	{ FORBIDDEN(KEY_FUNCTION_NOT_PERMITTED, ACTION_PROHIBITED,
	    ACTION_PROHIBITED), "allow it in the IAM or key policy" },
	[ERR_INVALID] =	{ EACH(FUNCTION_FAILED, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_UNSUPPORTED] = { FORBIDDEN(KEY_FUNCTION_NOT_PERMITTED,
	    TEMPLATE_INCONSISTENT, UNWRAPPING_KEY_TYPE_INCONSISTENT), NULL },
	[ERR_LIMIT] =	{ SAME(DEVICE_MEMORY), "ask AWS for a higher quota" },
	[ERR_NOT_FOUND] = { { CKR_KEY_HANDLE_INVALID, CKR_DEVICE_ERROR,
	    CKR_UNWRAPPING_KEY_HANDLE_INVALID, CKR_FUNCTION_FAILED,
	    CKR_OBJECT_HANDLE_INVALID }, NULL },
	[ERR_EXISTS] =	{ EACH(FUNCTION_FAILED, ATTRIBUTE_VALUE_INVALID,
	    ATTRIBUTE_VALUE_INVALID),
	    "choose another label or id: another key has it" },
	[ERR_DISABLED] = { FORBIDDEN(KEY_FUNCTION_NOT_PERMITTED,
	    ACTION_PROHIBITED, KEY_FUNCTION_NOT_PERMITTED),
	    "enable the key: aws kms enable-key" },
	[ERR_KEY_STATE] = { EACH(KEY_FUNCTION_NOT_PERMITTED,
	    FUNCTION_FAILED, UNWRAPPING_KEY_HANDLE_INVALID),
	    "see the key's state: aws kms describe-key" },
	[ERR_USAGE] =	{ FORBIDDEN(KEY_FUNCTION_NOT_PERMITTED,
	    ACTION_PROHIBITED, KEY_FUNCTION_NOT_PERMITTED), NULL },
	[ERR_DRY_RUN] =	{ SAME(FUNCTION_FAILED), NULL },
	[ERR_BAD_SIG] =	{ SAME(SIGNATURE_INVALID), NULL },
	[ERR_BAD_MAC] =	{ SAME(SIGNATURE_INVALID), NULL },
	[ERR_CIPHERTEXT] = { EACH(ENCRYPTED_DATA_INVALID, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_WRONG_KEY] = { EACH(ENCRYPTED_DATA_INVALID, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_WRONG_MATERIAL] = { EACH(FUNCTION_FAILED, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_TOKEN_EXPIRED] = { EACH(FUNCTION_FAILED, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID),
	    "read the public half again and wrap the key with it" },
	[ERR_TOKEN_INVALID] = { EACH(FUNCTION_FAILED, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID),
	    "read the public half again and wrap the key with it" },
};
/* clang-format on */

CK_RV
rv_from(enum err e, enum rv_context context)
{
	return (rows[e].rv[context]);
}

const char *
rv_advice(enum err e)
{
	return (rows[e].advice);
}
