#include <stddef.h>
#include "rv.h"

/* clang-format off */
static const struct {
	CK_RV rv[RV_CONTEXT_COUNT];	/* use, create, unwrap */
	const char *advice;
} rows[ERR_COUNT] = {
#define SAME(code) { CKR_##code, CKR_##code, CKR_##code }
#define EACH(use, create, unwrap) { CKR_##use, CKR_##create, CKR_##unwrap }
	[ERR_OK] =	{ SAME(OK), NULL },
	[ERR_MEMORY] =	{ SAME(HOST_MEMORY), NULL },
	[ERR_INTERNAL] = { SAME(GENERAL_ERROR), NULL },
	[ERR_TOO_BIG] =	{ EACH(DATA_LEN_RANGE, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_LEN_RANGE), NULL },
	[ERR_CONFIG] =	{ SAME(GENERAL_ERROR), "see keyferry.conf(5)" },
	[ERR_FILE] =	{ SAME(FUNCTION_FAILED),
	    "see that the state directory, or that of certificates, can be "
	    "written" },
	[ERR_DATA] =	{ EACH(DATA_INVALID, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_NO_CREDS] = { SAME(USER_NOT_LOGGED_IN),
	    "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" },
	[ERR_NO_REGION] = { SAME(TOKEN_NOT_PRESENT),
	    "set AWS_REGION, or region in keyferry.conf" },
	[ERR_NETWORK] =	{ SAME(DEVICE_ERROR),
	    "see that the endpoint can be reached from here" },
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
	[ERR_BAD_CREDS] = { SAME(USER_NOT_LOGGED_IN),
	    "renew the AWS credentials" },
	[ERR_CLOCK] =	{ SAME(DEVICE_ERROR),
	    "set this machine's clock, and check the secret access key" },
	[ERR_DENIED] =	{ EACH(KEY_FUNCTION_NOT_PERMITTED, ACTION_PROHIBITED,
	    ACTION_PROHIBITED), "allow it in the IAM or key policy" },
	[ERR_INVALID] =	{ EACH(FUNCTION_FAILED, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_UNSUPPORTED] = { EACH(KEY_FUNCTION_NOT_PERMITTED,
	    TEMPLATE_INCONSISTENT, UNWRAPPING_KEY_TYPE_INCONSISTENT), NULL },
	[ERR_LIMIT] =	{ SAME(DEVICE_MEMORY), "ask AWS for a higher quota" },
	[ERR_NOT_FOUND] = { EACH(KEY_HANDLE_INVALID, DEVICE_ERROR,
	    UNWRAPPING_KEY_HANDLE_INVALID), NULL },
	[ERR_EXISTS] =	{ SAME(ATTRIBUTE_VALUE_INVALID),
	    "choose another label or id: another key has it" },
	[ERR_DISABLED] = { SAME(KEY_FUNCTION_NOT_PERMITTED),
	    "enable the key: aws kms enable-key" },
	[ERR_KEY_STATE] = { EACH(KEY_FUNCTION_NOT_PERMITTED,
	    FUNCTION_FAILED, UNWRAPPING_KEY_HANDLE_INVALID),
	    "see the key's state: aws kms describe-key" },
	[ERR_USAGE] =	{ SAME(KEY_FUNCTION_NOT_PERMITTED), NULL },
	[ERR_BAD_SIG] =	{ SAME(SIGNATURE_INVALID), NULL },
	[ERR_BAD_MAC] =	{ SAME(SIGNATURE_INVALID), NULL },
	[ERR_CIPHERTEXT] = { EACH(ENCRYPTED_DATA_INVALID, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID), NULL },
	[ERR_WRONG_KEY] = { SAME(ENCRYPTED_DATA_INVALID), NULL },
	[ERR_WRONG_MATERIAL] = { EACH(FUNCTION_FAILED, ATTRIBUTE_VALUE_INVALID,
	    WRAPPED_KEY_INVALID),
	    "this KMS key takes only the material it was first given: "
	    "bring that, or use another label and id" },
	[ERR_TOKEN_EXPIRED] = { EACH(FUNCTION_FAILED, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID),
	    "read the public half again and wrap the key with it" },
	[ERR_TOKEN_INVALID] = { EACH(FUNCTION_FAILED, FUNCTION_FAILED,
	    WRAPPED_KEY_INVALID),
	    "read the public half again and wrap the key with it" },
};

#define NAME(code) { CKR_##code, "CKR_" #code }
static const struct {
	CK_RV rv;
	const char *name;
} names[] = {
	NAME(OK), NAME(HOST_MEMORY), NAME(SLOT_ID_INVALID),
	NAME(GENERAL_ERROR), NAME(FUNCTION_FAILED), NAME(ARGUMENTS_BAD),
	NAME(NO_EVENT), NAME(CANT_LOCK), NAME(ATTRIBUTE_READ_ONLY),
	NAME(ATTRIBUTE_SENSITIVE), NAME(ATTRIBUTE_TYPE_INVALID),
	NAME(ATTRIBUTE_VALUE_INVALID), NAME(ACTION_PROHIBITED),
	NAME(DATA_INVALID), NAME(DATA_LEN_RANGE), NAME(DEVICE_ERROR),
	NAME(DEVICE_MEMORY), NAME(DEVICE_REMOVED),
	NAME(ENCRYPTED_DATA_INVALID), NAME(ENCRYPTED_DATA_LEN_RANGE),
	NAME(FUNCTION_CANCELED), NAME(FUNCTION_NOT_PARALLEL),
	NAME(FUNCTION_NOT_SUPPORTED), NAME(KEY_HANDLE_INVALID),
	NAME(KEY_SIZE_RANGE), NAME(KEY_TYPE_INCONSISTENT),
	NAME(KEY_FUNCTION_NOT_PERMITTED), NAME(KEY_UNEXTRACTABLE),
	NAME(MECHANISM_INVALID), NAME(MECHANISM_PARAM_INVALID),
	NAME(OBJECT_HANDLE_INVALID), NAME(OPERATION_ACTIVE),
	NAME(PIN_INCORRECT), NAME(SESSION_EXISTS),
	NAME(USER_ANOTHER_ALREADY_LOGGED_IN),
	NAME(OPERATION_NOT_INITIALIZED), NAME(SESSION_COUNT),
	NAME(SESSION_HANDLE_INVALID), NAME(SESSION_PARALLEL_NOT_SUPPORTED),
	NAME(SESSION_READ_ONLY), NAME(SESSION_READ_ONLY_EXISTS),
	NAME(SIGNATURE_INVALID), NAME(SIGNATURE_LEN_RANGE),
	NAME(TEMPLATE_INCOMPLETE), NAME(TEMPLATE_INCONSISTENT),
	NAME(TOKEN_NOT_PRESENT), NAME(TOKEN_WRITE_PROTECTED),
	NAME(UNWRAPPING_KEY_HANDLE_INVALID),
	NAME(UNWRAPPING_KEY_TYPE_INCONSISTENT),
	NAME(USER_ALREADY_LOGGED_IN), NAME(USER_NOT_LOGGED_IN),
	NAME(USER_TYPE_INVALID), NAME(WRAPPED_KEY_INVALID),
	NAME(WRAPPED_KEY_LEN_RANGE), NAME(RANDOM_SEED_NOT_SUPPORTED),
	NAME(BUFFER_TOO_SMALL), NAME(CRYPTOKI_NOT_INITIALIZED),
	NAME(CRYPTOKI_ALREADY_INITIALIZED),
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

const char *
rv_name(CK_RV rv)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].rv == rv)
			return (names[i].name);
	return ("CKR_?");
}
