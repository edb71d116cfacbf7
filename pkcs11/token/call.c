#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/rv-name.h"
#include "call.h"
#include "login.h"

/* Codes that answer a question of the caller: not failures, so not logged. */
static const CK_RV answers[] = {
    CKR_OK, CKR_BUFFER_TOO_SMALL, CKR_ATTRIBUTE_SENSITIVE, CKR_NO_EVENT};

/* Codes of one function by which a program learns what it could have known. */
static const struct {
	const char *name;
	CK_RV rv;
} hints[] = {{"C_GetAttributeValue", CKR_ATTRIBUTE_TYPE_INVALID},
    {"C_GetOperationState", CKR_STATE_UNSAVEABLE},
    {"C_GetFunctionStatus", CKR_FUNCTION_NOT_PARALLEL},
    {"C_CancelFunction", CKR_FUNCTION_NOT_PARALLEL},
    {"C_Login", CKR_USER_ALREADY_LOGGED_IN},
    {"C_Logout", CKR_USER_NOT_LOGGED_IN}};

CK_RV
call_begin(struct call *c, const char *name)
{
	CK_RV rv;

	memset(c, 0, sizeof(*c));
	c->name = name;
	if ((rv = module_get(&c->module)) != CKR_OK)
		return (rv);
	if (!host_mutex_lock(&c->module->host_mutex)) {
		module_put(c->module);
		c->module = NULL;
		return (CKR_GENERAL_ERROR);
	}
	crypto_enter(c->module->crypto, &c->guard);
	return (CKR_OK);
}

static CK_RV
refuse_absent(struct call *c)
{
	return (call_error(c, CKR_TOKEN_NOT_PRESENT, "token %s: %s",
	    c->token->config->label, c->token->why_absent));
}

CK_RV
call_begin_session(struct call *c, const char *name, CK_SESSION_HANDLE h)
{
	CK_RV rv;

	if ((rv = call_begin(c, name)) != CKR_OK)
		return (rv);
	/* it may wait for another thread's call, and fork() not for it */
	crypto_pause(c->module->crypto);
	c->session = session_get(&c->module->sessions, h);
	crypto_resume(c->module->crypto);
	if (c->session == NULL)
		return (CKR_SESSION_HANDLE_INVALID);
	c->token = c->session->token;
	if (c->token->client == NULL)
		return (refuse_absent(c));
	c->kms.transport = client_transport(c->token->client);
	call_set_deadline(c, c->token->config->timeout);
	login_end_hidden_ops(&c->module->sessions, c->session);
	return (CKR_OK);
}

CK_RV
call_begin_slot(struct call *c, const char *name, CK_SLOT_ID slot, bool present)
{
	CK_RV rv;

	if ((rv = call_begin(c, name)) != CKR_OK)
		return (rv);
	if ((c->token = module_token(c->module, slot)) == NULL)
		return (CKR_SLOT_ID_INVALID);
	if (present && c->token->client == NULL)
		return (refuse_absent(c));
	return (CKR_OK);
}

/* To the question whether an object has an attribute; to another caller it is
 * a failure. */
static bool
is_answer(const struct call *c, CK_RV rv)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (hints[i].rv == rv && strcmp(hints[i].name, c->name) == 0)
			return (true);
	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i] == rv)
			return (true);
	return (false);
}

/* In one line: function, code, what, what KMS said, what to do. */
static void
write_result(const struct call *c, CK_RV rv, char *line, size_t size)
{
	const struct error_info *f = &c->kms.error;
	const char *what = c->why, *advice = rv_advice(c->err);
	char said[1024] = "", reply[ERROR_INFO_REPLY_SIZE], name[RV_NAME_SIZE];

	if (what[0] == '\0' && c->err != ERR_OK)
		what = err_text(c->err);
	if (c->err != ERR_OK && (f->exception[0] != '\0' ||
				    f->message[0] != '\0' || f->status != 0))
		snprintf(said, sizeof(said), " [%s%s%s%s%s%s]",
		    error_info_reply(f, reply), f->exception,
		    f->exception[0] != '\0' && f->message[0] != '\0' ? ": "
								     : "",
		    f->message, f->request_id[0] != '\0' ? ", request " : "",
		    f->request_id);
	snprintf(line, size, "%s: %s%s%s%s%s%s", c->name, rv_name(rv, name),
	    what[0] != '\0' ? ": " : "", what, said, advice != NULL ? "; " : "",
	    advice != NULL ? advice : "");
}

/* A failure, for the log and for CKA_KEYFERRY_LAST_ERROR. */
static void
tell_failure(struct call *c, CK_RV rv)
{
	char line[SESSION_ERROR_SIZE];

	if (c->session == NULL && !log_enabled(c->module->log, LOG_ERROR))
		return;
	write_result(c, rv, line, sizeof(line));
	if (c->session != NULL)
		snprintf(c->session->last_error, sizeof(c->session->last_error),
		    "%s", line);
	log_line(c->module->log, LOG_ERROR, "%s", line);
}

/* Whether PKCS#11 has the function say that a login must come first. */
static bool
may_ask_for_login(const struct call *c)
{
	static const char *const others[] = {"C_DestroyObject", "C_Encrypt",
	    "C_EncryptFinal", "C_GetAttributeValue", "C_GetObjectSize",
	    "C_Verify", "C_VerifyFinal", "C_VerifyMessage",
	    "C_VerifyMessageNext", "C_VerifySignature",
	    "C_VerifySignatureFinal"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(c->name, others[i]) == 0)
			return (false);
	return (true);
}

CK_RV
call_fail(struct call *c, enum err e)
{
	c->err = e;
	/* a login mends no other lack of credentials: programs ask for a PIN */
	if (e == ERR_CREDS && c->token != NULL && token_needs_code(c->token) &&
	    may_ask_for_login(c))
		return (CKR_USER_NOT_LOGGED_IN);
	return (rv_from(e, c->context));
}

CK_RV
call_error(struct call *c, CK_RV rv, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(c->why, sizeof(c->why), fmt, ap);
	va_end(ap);
	return (rv);
}

/* A failure that has no code of its own. */
static bool
is_vague(CK_RV rv)
{
	return (rv == CKR_FUNCTION_FAILED || rv == CKR_GENERAL_ERROR ||
		rv == CKR_HOST_MEMORY);
}

/* What OpenSSL knows about a failure. What failed because it had no memory says
 * nothing about the key, the signature or the reply that it was about. */
static CK_RV
with_reason(struct call *c, CK_RV rv)
{
	if (rv == CKR_OK || rv == CKR_BUFFER_TOO_SMALL)
		return (rv);
	switch (crypto_reason()) {
	case CRYPTO_NO_MEMORY:
		c->why[0] = '\0';
		return (call_fail(c, ERR_MEMORY));
	case CRYPTO_KEY_SIZE:
		return (is_vague(rv) ? call_error(c, CKR_KEY_SIZE_RANGE,
					   "OpenSSL's provider refuses a key "
					   "of that size")
				     : rv);
	case CRYPTO_UNSUPPORTED:
		return (is_vague(rv) ? call_error(c, CKR_MECHANISM_INVALID,
					   "OpenSSL's provider does not have "
					   "the algorithm")
				     : rv);
	default:
		return (rv);
	}
}

CK_RV
call_end(struct call *c, CK_RV rv)
{
	char name[RV_NAME_SIZE];

	if (c->module == NULL)
		return (rv);
	if (rv == CKR_DEVICE_ERROR && module_is_stopped(c->module)) {
		c->err = ERR_OK;
		rv = call_error(c, CKR_CRYPTOKI_NOT_INITIALIZED,
		    "C_Finalize was called while KMS was waited for");
	}
	rv = with_reason(c, rv);
	if (c->session != NULL && c->err != ERR_OK)
		c->session->device_error = (CK_ULONG)c->kms.error.status;
	if (!is_answer(c, rv))
		tell_failure(c, rv);
	else
		log_line(c->module->log, LOG_TRACE, "%s: %s", c->name,
		    rv_name(rv, name));
	if (c->session != NULL)
		session_put(c->session);
	materials_free(&c->materials);
	crypto_leave(&c->guard);
	host_mutex_unlock(&c->module->host_mutex);
	module_put(c->module);
	return (rv);
}

void
call_note(struct call *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!log_enabled(c->module->log, LOG_INFO))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_line(c->module->log, LOG_INFO, "%s: %s", c->name, text);
}

double
call_wall_seconds(const struct call *c)
{
	const struct clock *clock = c->module->clock;

	return ((double)(clock->wall_ms(clock->ctx) / 1000));
}

void
call_set_deadline(struct call *c, long seconds)
{
	c->kms.deadline = deadline_in(c->module->clock, seconds * 1000);
}

bool
call_hides_private(struct call *c)
{
	return (login_hides_private(&c->module->sessions, c->token));
}

bool
call_hides(struct call *c, const struct object *o)
{
	return (login_is_private(o) && call_hides_private(c));
}

CK_RV
call_require_login(struct call *c)
{
	return (call_hides_private(c)
		    ? call_error(c, CKR_USER_NOT_LOGGED_IN,
			  "keyferry.conf has login = required: log in first")
		    : CKR_OK);
}

CK_RV
call_check_place(struct call *c, struct template t)
{
	CK_OBJECT_CLASS class = template_ulong(
	    t, CKA_CLASS, CK_UNAVAILABLE_INFORMATION);
	bool in_kms = template_bool(t, CKA_TOKEN, false) &&
		      class != CKO_CERTIFICATE;

	/* what a login would not change comes first */
	if (in_kms && !session_is_rw(c->session))
		return (CKR_SESSION_READ_ONLY);
	return (in_kms || template_bool(t, CKA_PRIVATE, false)
		    ? call_require_login(c)
		    : CKR_OK);
}
