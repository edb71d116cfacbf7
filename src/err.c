#include <stddef.h>
#include <string.h>
#include "err.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *name, *text;
	enum err_remedy remedy;
} rows[ERR_COUNT] = {
#define X(code, remedy_, text_) [ERR_##code] = {#code, text_, REMEDY_##remedy_},
    ERR_ROWS(X)
#undef X
};

/* clang-format off */
/* Modelled exceptions of KMS, and the common errors of AWS's front end. */
static const struct {
	const char *exception;
	enum err err;
} exceptions[] = {
	{ "AlreadyExistsException",		ERR_EXISTS },
	{ "CloudHsmClusterInvalidConfigurationException", ERR_UNAVAILABLE },
	{ "ConflictException",			ERR_UNAVAILABLE },
	{ "CustomKeyStoreInvalidStateException", ERR_UNAVAILABLE },
	{ "CustomKeyStoreNotFoundException",	ERR_NOT_FOUND },
	{ "DependencyTimeoutException",		ERR_SERVICE },
	{ "DisabledException",			ERR_DISABLED },
	{ "DryRunOperationException",		ERR_DRY_RUN },
	{ "ExpiredImportTokenException",	ERR_TOKEN_EXPIRED },
	{ "IncorrectKeyException",		ERR_WRONG_KEY },
	{ "IncorrectKeyMaterialException",	ERR_WRONG_MATERIAL },
	{ "InvalidAliasNameException",		ERR_INVALID },
	{ "InvalidArnException",		ERR_NOT_FOUND },
	{ "InvalidCiphertextException",		ERR_CIPHERTEXT },
	{ "InvalidGrantTokenException",		ERR_INVALID },
	{ "InvalidImportTokenException",	ERR_TOKEN_INVALID },
	{ "InvalidKeyUsageException",		ERR_USAGE },
	{ "InvalidMarkerException",		ERR_INVALID },
	{ "KeyUnavailableException",		ERR_UNAVAILABLE },
	{ "KMSInternalException",		ERR_SERVICE },
	{ "KMSInvalidMacException",		ERR_BAD_MAC },
	{ "KMSInvalidSignatureException",	ERR_BAD_SIG },
	{ "KMSInvalidStateException",		ERR_KEY_STATE },
	{ "LimitExceededException",		ERR_LIMIT },
	{ "MalformedPolicyDocumentException",	ERR_INVALID },
	{ "NotFoundException",			ERR_NOT_FOUND },
	{ "TagException",			ERR_INVALID },
	{ "UnsupportedOperationException",	ERR_UNSUPPORTED },
	{ "ValidationException",		ERR_INVALID },
	{ "XksKeyAlreadyInUseException",	ERR_EXISTS },
	{ "XksKeyInvalidConfigurationException", ERR_INVALID },
	{ "XksKeyNotFoundException",		ERR_NOT_FOUND },
	{ "SerializationException",		ERR_INVALID },
	{ "UnknownOperationException",		ERR_UNSUPPORTED },
	{ "AccessDeniedException",		ERR_DENIED },
	{ "AccessDenied",			ERR_DENIED },
	{ "NotAuthorized",			ERR_DENIED },
	{ "OptInRequired",			ERR_DENIED },
	{ "UnrecognizedClientException",	ERR_BAD_CREDS },
	{ "InvalidClientTokenId",		ERR_BAD_CREDS },
	{ "MissingAuthenticationTokenException", ERR_BAD_CREDS },
	{ "MissingAuthenticationToken",		ERR_BAD_CREDS },
	{ "IncompleteSignatureException",	ERR_BAD_CREDS },
	{ "IncompleteSignature",		ERR_BAD_CREDS },
	{ "ExpiredTokenException",		ERR_BAD_CREDS },
	{ "ExpiredToken",			ERR_BAD_CREDS },
	{ "InvalidSignatureException",		ERR_CLOCK },
	{ "SignatureDoesNotMatch",		ERR_CLOCK },
	{ "RequestExpired",			ERR_CLOCK },
	{ "RequestTimeTooSkewed",		ERR_CLOCK },
	{ "RequestInTheFuture",			ERR_CLOCK },
	{ "ThrottlingException",		ERR_THROTTLED },
	{ "Throttling",				ERR_THROTTLED },
	{ "ThrottledException",			ERR_THROTTLED },
	{ "RequestThrottledException",		ERR_THROTTLED },
	{ "TooManyRequestsException",		ERR_THROTTLED },
	{ "RequestLimitExceeded",		ERR_THROTTLED },
	{ "SlowDown",				ERR_THROTTLED },
	{ "InternalFailure",			ERR_SERVICE },
	{ "InternalServerError",		ERR_SERVICE },
	{ "ServiceUnavailable",			ERR_SERVICE },
	{ "ServiceUnavailableException",	ERR_SERVICE },
};

/* A front end may answer without an exception that can be read. */
static const struct {
	int status;
	enum err err;
} statuses[] = {
	{ 400, ERR_INVALID },
	{ 401, ERR_BAD_CREDS },
	{ 403, ERR_DENIED },
	{ 404, ERR_REPLY },	/* of the URL: a missing key is a 400 */
	{ 407, ERR_PROXY },
	{ 408, ERR_NETWORK },
	{ 413, ERR_TOO_BIG },
	{ 429, ERR_THROTTLED },
};
/* clang-format on */

enum err
err_from_reply(const char *exception, int status)
{
	const char *hash = strchr(exception, '#');
	size_t i;

	if (hash != NULL)
		exception = hash + 1;
	for (i = 0; i < ELEMS(exceptions); i++)
		if (strcmp(exceptions[i].exception, exception) == 0)
			return (exceptions[i].err);
	/* KMS names what it refuses; who does not is not KMS */
	if (exception[0] == '\0' && status == 400)
		return (ERR_REPLY);
	for (i = 0; i < ELEMS(statuses); i++)
		if (statuses[i].status == status)
			return (statuses[i].err);
	return (status >= 500	? ERR_SERVICE
		: status >= 400 ? ERR_INVALID
				: ERR_REPLY);
}

enum err_remedy
err_remedy(enum err e)
{
	return (rows[e].remedy);
}

const char *
err_text(enum err e)
{
	return (rows[e].text);
}

const char *
err_name(enum err e)
{
	return (rows[e].name);
}
