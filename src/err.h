#ifndef ERR_H
#define ERR_H

/* What the sender of a request does about a failure. */
enum err_remedy {
	REMEDY_NONE, /* final */
	REMEDY_RETRY, /* passing: try again after a short wait */
	REMEDY_SLOW, /* throttled: try again after a longer wait */
	REMEDY_CREDS, /* get fresh credentials, try once more */
	REMEDY_CLOCK, /* correct the clock, try once more */
};

/* clang-format off */
/*
 * Every way in which a call can fail, once.
 *   code, remedy, what it is (for people, in a log line)
 */
#define ERR_ROWS(X)							\
	X(OK,		NONE,	"success")				\
	X(MEMORY,	NONE,	"out of memory")			\
	X(INTERNAL,	NONE,	"internal error")			\
	X(TOO_BIG,	NONE,	"value too long")			\
	X(CONFIG,	NONE,	"configuration not valid")		\
	X(FILE,		NONE,	"file not read or written")		\
	X(UNTRUSTED,	NONE,	"a file or directory that others can change") \
	X(DATA,		NONE,	"input not of the form required")	\
	X(NO_CREDS,	NONE,	"no AWS credentials found")		\
	X(CREDS,	NONE,	"the AWS credentials were not obtained") \
	X(CREDS_SERVICE, NONE,	"the service that gives AWS credentials did not do so") \
	X(NO_REGION,	NONE,	"no AWS Region configured")		\
	X(NETWORK,	RETRY,	"KMS not reached")			\
	X(PROXY,	NONE,	"the proxy refused the connection")	\
	X(TLS,		NONE,	"the server's certificate was not accepted") \
	X(DEADLINE,	NONE,	"time ran out")				\
	X(CANCELLED,	NONE,	"the process is ending")		\
	X(UNKNOWN,	NONE,	"no reply: whether KMS did it is not known")	\
	X(REPLY,	RETRY,	"KMS's reply was not understood")	\
	X(THROTTLED,	SLOW,	"KMS asks to slow down")		\
	X(SERVICE,	RETRY,	"KMS failed inside")			\
	X(UNAVAILABLE,	RETRY,	"the key is not available now")		\
	X(BAD_CREDS,	CREDS,	"the AWS credentials were refused")	\
	X(CLOCK,	CLOCK,	"this machine's clock is wrong")	\
	X(DENIED,	NONE,	"access denied by policy")		\
	X(INVALID,	NONE,	"KMS refused the request as not valid")	\
	X(UNSUPPORTED,	NONE,	"KMS does not do that with this key")	\
	X(LIMIT,	NONE,	"an AWS quota is used up")		\
	X(NOT_FOUND,	NONE,	"no such key or alias")			\
	X(EXISTS,	NONE,	"the alias is taken")			\
	X(DISABLED,	NONE,	"the key is disabled")			\
	X(KEY_STATE,	NONE,	"the key's state does not allow it")	\
	X(USAGE,	NONE,	"the key is not for this use")		\
	X(DRY_RUN,	NONE,	"a dry run, which would have succeeded")	\
	X(BAD_SIG,	NONE,	"the signature does not verify")	\
	X(BAD_MAC,	NONE,	"the MAC does not verify")		\
	X(CIPHERTEXT,	NONE,	"the ciphertext or wrapped key was not accepted") \
	X(WRONG_KEY,	NONE,	"the ciphertext was made by another key") \
	X(WRONG_MATERIAL, NONE,	"not the material that was imported before") \
	X(TOKEN_EXPIRED, NONE,	"the import token is older than 24 hours") \
	X(TOKEN_INVALID, NONE,	"the import token belongs to another key or wrapping key")
/* clang-format on */

enum err {
#define X(code, remedy, text) ERR_##code,
	ERR_ROWS(X)
#undef X
	    ERR_COUNT
};

/* The code of an exception named in a reply ("NotFoundException", with or
 * without a namespace before '#'), else one chosen by the HTTP status alone. */
enum err err_from_reply(const char *exception, int status);
enum err_remedy err_remedy(enum err);
const char *err_text(enum err);
/* "ERR_NETWORK" without the "ERR_": for tests and traces. */
const char *err_name(enum err);
#endif
