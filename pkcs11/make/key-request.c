#include <string.h>
#include <time.h>
#include "cryptoki/keyferry.h"
#include "token/login.h"
#include "key-request.h"

CK_RV
key_request_place(struct call *c, struct template t)
{
	if (!template_bool(t, CKA_TOKEN, false))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a key in KMS is a token object: set CKA_TOKEN"));
	if (!session_is_rw(c->session))
		return (CKR_SESSION_READ_ONLY);
	return (call_require_login(c));
}

unsigned key_request_uses(struct template t)
{
	static const struct {
		CK_ATTRIBUTE_TYPE flag;
		unsigned usages;
	} rows[] = {{CKA_ENCRYPT, ENCRYPT_DECRYPT},
	    {CKA_DECRYPT, ENCRYPT_DECRYPT}, {CKA_WRAP, ENCRYPT_DECRYPT},
	    {CKA_UNWRAP, ENCRYPT_DECRYPT},
	    {CKA_SIGN, SIGN_VERIFY | GENERATE_VERIFY_MAC},
	    {CKA_VERIFY, SIGN_VERIFY | GENERATE_VERIFY_MAC},
	    {CKA_SIGN_RECOVER, SIGN_VERIFY}, {CKA_VERIFY_RECOVER, SIGN_VERIFY},
	    {CKA_DERIVE, KEY_AGREEMENT},
	    {CKA_ENCAPSULATE, ENCAPSULATE_DECAPSULATE},
	    {CKA_DECAPSULATE, ENCAPSULATE_DECAPSULATE}};
	unsigned usages = 0;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (template_bool(t, rows[i].flag, false))
			usages |= rows[i].usages;
	return (usages);
}

CK_RV
key_request_use(struct call *c, const struct spec *spec, unsigned wanted,
    enum key_usage *usage)
{
	static const enum key_usage order[] = {SIGN_VERIFY, GENERATE_VERIFY_MAC,
	    ENCRYPT_DECRYPT, KEY_AGREEMENT, ENCAPSULATE_DECAPSULATE};
	unsigned fit = wanted & spec->usages;

	if (wanted != 0 && fit == 0)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "KMS has no %s key for what the template asks", spec->kms));
	if ((fit & (fit - 1)) != 0 &&
	    strcmp(c->token->config->two_usages, "refuse") == 0)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "a key in KMS has one usage, and two-usages = refuse"));
	if (fit == 0)
		fit = spec->usages;
	for (size_t i = sizeof(order) / sizeof(order[0]); i > 0; i--)
		if ((fit & order[i - 1]) != 0)
			*usage = order[i - 1];
	if ((wanted & ~(unsigned)*usage & spec->usages) != 0 &&
	    strcmp(c->token->config->two_usages, "both") != 0)
		call_note(c, "of the usages asked for, the key has %s alone",
		    key_usage_name(*usage));
	return (CKR_OK);
}

CK_RV
key_request_name(struct call *c, struct template public_t,
    struct template private_t, CK_ATTRIBUTE_TYPE type, struct view *name)
{
	struct view a = template_view(private_t, type);
	struct view b = template_view(public_t, type);

	if (a.len != 0 && b.len != 0 && !view_equal(a, b))
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "the halves of a pair have one label and one id"));
	*name = a.len != 0 ? a : b.len != 0 ? b : VIEW(NULL, 0);
	return (CKR_OK);
}

static int
digits(const CK_CHAR *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		v = v * 10 + (s[i] - '0');
	}
	return (v);
}

/* CKA_END_DATE is the last day, in UTC, that the material is good. */
static CK_RV
read_date(struct call *c, struct view v, double *valid_to)
{
	struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59};
	struct tm asked;
	time_t at;

	tm.tm_year = digits(v.ptr, 4) - 1900;
	tm.tm_mon = digits(v.ptr + 4, 2) - 1;
	tm.tm_mday = digits(v.ptr + 6, 2);
	asked = tm;
	at = timegm(&tm);
	/* timegm() makes a date of anything: the 31st of February, too */
	if (at <= 0 || tm.tm_mday != asked.tm_mday || tm.tm_mon != asked.tm_mon)
		return (call_error(
		    c, CKR_ATTRIBUTE_VALUE_INVALID, "CKA_END_DATE is no date"));
	*valid_to = (double)at;
	return (CKR_OK);
}

/* The day, or to the second by the vendor attribute. */
static CK_RV
read_expiry(struct call *c, struct template t, double *valid_to)
{
	const struct clock *clock = c->module->clock;
	struct view date = template_view(t, CKA_END_DATE);
	CK_ULONG second = template_ulong(t, CKA_KEYFERRY_VALID_TO, 0);
	CK_RV rv;

	if (date.len != 0 && (rv = read_date(c, date, valid_to)) != CKR_OK)
		return (rv);
	if (date.len != 0 && second != 0 &&
	    (CK_ULONG)*valid_to / 86400 != second / 86400)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "CKA_END_DATE and CKA_KEYFERRY_VALID_TO are two days"));
	if (second != 0)
		*valid_to = (double)second;
	if (*valid_to != 0 &&
	    *valid_to * 1000 <= (double)clock->wall_ms(clock->ctx))
		return (call_error(c, CKR_ATTRIBUTE_VALUE_INVALID,
		    "the end that the template names is over"));
	return (CKR_OK);
}

CK_RV
key_request_read(struct call *c, struct template t, struct provision *f)
{
	unsigned wanted = key_request_uses(t);
	CK_RV rv;

	if ((rv = key_request_place(c, t)) != CKR_OK ||
	    (rv = key_request_use(c, f->spec, wanted, &f->usage)) != CKR_OK)
		return (rv);
	f->accepted_usages = wanted;
	f->label = template_view(t, CKA_LABEL);
	f->id = template_view(t, CKA_ID);
	if (f->id.len == 0)
		f->id = VIEW(NULL, 0);
	f->new_material = template_bool(t, CKA_KEYFERRY_NEW_MATERIAL, false);
	if (f->new_material && strcmp(f->spec->kms, "SYMMETRIC_DEFAULT") != 0)
		return (call_error(c, CKR_TEMPLATE_INCONSISTENT,
		    "KMS rotates the material of AES keys alone"));
	return (read_expiry(c, t, &f->valid_to));
}
