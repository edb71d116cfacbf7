#ifndef LOCALKMS_EXCEPTION_H
#define LOCALKMS_EXCEPTION_H
#include <stdbool.h>

/* clang-format off */
/*
 * Every exception that the server itself raises: code, AWS's name, HTTP
 * status. KMS answers its modelled client errors with 400, whatever the
 * status in the model.
 */
#define EXCEPTION_ROWS(X)							\
	X(ALREADY_EXISTS,	"AlreadyExistsException",	400)	\
	X(DISABLED,		"DisabledException",		400)	\
	X(DRY_RUN,		"DryRunOperationException",	400)	\
	X(EXPIRED_IMPORT_TOKEN,	"ExpiredImportTokenException",	400)	\
	X(INCORRECT_KEY,	"IncorrectKeyException",	400)	\
	X(INCORRECT_MATERIAL,	"IncorrectKeyMaterialException", 400)	\
	X(INVALID_ALIAS_NAME,	"InvalidAliasNameException",	400)	\
	X(INVALID_ARN,		"InvalidArnException",		400)	\
	X(INVALID_CIPHERTEXT,	"InvalidCiphertextException",	400)	\
	X(INVALID_GRANT_TOKEN,	"InvalidGrantTokenException",	400)	\
	X(INVALID_IMPORT_TOKEN,	"InvalidImportTokenException",	400)	\
	X(INVALID_KEY_USAGE,	"InvalidKeyUsageException",	400)	\
	X(INVALID_MARKER,	"InvalidMarkerException",	400)	\
	X(INVALID_MAC,		"KMSInvalidMacException",	400)	\
	X(INVALID_SIGNATURE,	"KMSInvalidSignatureException",	400)	\
	X(INVALID_STATE,	"KMSInvalidStateException",	400)	\
	X(INTERNAL,		"KMSInternalException",		500)	\
	X(LIMIT_EXCEEDED,	"LimitExceededException",	400)	\
	X(MALFORMED_POLICY,	"MalformedPolicyDocumentException", 400) \
	X(NOT_AUTHORIZED,	"NotAuthorizedException",	400)	\
	X(NOT_FOUND,		"NotFoundException",		400)	\
	X(TAG,			"TagException",			400)	\
	X(UNSUPPORTED,		"UnsupportedOperationException", 400)	\
	X(VALIDATION,		"ValidationException",		400)	\
	X(SERIALIZATION,	"SerializationException",	400)	\
	X(UNKNOWN_OPERATION,	"UnknownOperationException",	400)	\
	X(THROTTLING,		"ThrottlingException",		400)	\
	X(ACCESS_DENIED,	"AccessDeniedException",	400)	\
	X(MISSING_TOKEN,	"MissingAuthenticationTokenException", 400) \
	X(INCOMPLETE_SIGNATURE,	"IncompleteSignatureException",	400)	\
	X(BAD_SIGNATURE,	"InvalidSignatureException",	400)	\
	X(UNRECOGNIZED_CLIENT,	"UnrecognizedClientException",	400)	\
	X(EXPIRED_TOKEN,	"ExpiredTokenException",	400)	\
	X(TOO_LARGE,		"RequestEntityTooLargeException", 413)
/* clang-format on */

enum exception_kind {
	EXCEPTION_NONE,
#define X(code, name, status) EXCEPTION_##code,
	EXCEPTION_ROWS(X)
#undef X
	    EXCEPTION_COUNT
};

/* What is told to the caller instead of a reply. */
struct exception {
	enum exception_kind kind;
	const char *name; /* AWS's; outlives the failure */
	int status; /* HTTP */
	char message[4096]; /* cut to fit */
};

/* Fills *e and returns false, so that a check can end with it. */
bool exception_set(struct exception *e, enum exception_kind kind,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
const char *exception_name(enum exception_kind);
#endif
