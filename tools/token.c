#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/keyferry.h"
#include "array.h"
#include "message.h"
#include "rv-said.h"
#include "token.h"

#define FIND_AT_ONCE 64
#define FIND_MAX 100000 /* more than any token has */
#define ATTRIBUTE_MAX (1 << 20)

bool
token_is_keyferry(const struct token *t)
{
	static const char name[] = "Keyferry ";

	return (memcmp(t->info.manufacturerID, name, sizeof(name) - 1) == 0);
}

bool
token_has_mechanism(
    const struct token *t, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	CK_MECHANISM_INFO info = {0, 0, 0};
	char said[RV_SAID_SIZE];
	bool listed = false;
	CK_RV rv;

	for (CK_ULONG i = 0; i < t->mechanism_count && !listed; i++)
		listed = t->mechanisms[i] == type;
	if (!listed)
		return (false);
	rv = t->p11->C_GetMechanismInfo(t->slot, type, &info);
	/* that is an answer, though the list has it */
	if (rv != CKR_OK && rv != CKR_MECHANISM_INVALID &&
	    !t->failure->of_mechanism) {
		message("token %s: C_GetMechanismInfo of the mechanism 0x%lx: "
			"%s; it counts as missing",
		    t->label, type, rv_said(rv, said));
		t->failure->of_mechanism = true;
	}
	return (rv == CKR_OK && (info.flags & flags) != 0);
}

void
token_forget_failure(const struct token *t)
{
	t->failure->rv = CKR_OK;
}

/* Not there, or not shown: an answer, and no failure. */
static bool
is_absence(CK_RV rv)
{
	return (
	    rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE);
}

static CK_RV
record(const struct token *t, CK_ATTRIBUTE_TYPE type, CK_RV rv)
{
	if (rv != CKR_OK && !is_absence(rv) && t->failure->rv == CKR_OK) {
		t->failure->type = type;
		t->failure->rv = rv;
	}
	return (rv);
}

CK_RV
token_get_attributes(
    const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *a, CK_ULONG count)
{
	return (record(
	    t, a->type, t->p11->C_GetAttributeValue(t->session, h, a, count)));
}

CK_RV
token_get_attribute(const struct token *t, CK_OBJECT_HANDLE h,
    CK_ATTRIBUTE_TYPE type, struct buf *out)
{
	CK_ATTRIBUTE a = {type, NULL, 0};
	CK_RV rv;

	buf_free(out);
	out->max = ATTRIBUTE_MAX;
	if ((rv = token_get_attributes(t, h, &a, 1)) != CKR_OK)
		return (rv);
	if (a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if (a.ulValueLen >= ATTRIBUTE_MAX)
		return (record(t, type, CKR_DATA_LEN_RANGE));
	if (buf_reserve(out, a.ulValueLen + 1) != ERR_OK)
		return (record(t, type, CKR_HOST_MEMORY));
	a.pValue = out->ptr;
	out->len = a.ulValueLen;
	if (a.ulValueLen != 0)
		rv = token_get_attributes(t, h, &a, 1);
	if (rv == CKR_OK && a.ulValueLen > out->len)
		rv = record(t, type, CKR_BUFFER_TOO_SMALL);
	if (rv != CKR_OK) {
		buf_free(out);
		return (rv);
	}
	out->len = a.ulValueLen;
	out->ptr[out->len] = '\0';
	return (CKR_OK);
}

/* A value of that size. False: there is none; an empty one is none. */
static bool
get_fixed(const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
    void *value, CK_ULONG size)
{
	CK_ATTRIBUTE a = {type, value, size};
	CK_RV rv = t->p11->C_GetAttributeValue(t->session, h, &a, 1);
	bool none = a.ulValueLen == 0 ||
		    a.ulValueLen == CK_UNAVAILABLE_INFORMATION;

	if (rv == CKR_BUFFER_TOO_SMALL ||
	    (rv == CKR_OK && !none && a.ulValueLen != size))
		rv = CKR_ATTRIBUTE_VALUE_INVALID; /* it has another size */
	return (record(t, type, rv) == CKR_OK && !none);
}

bool
token_get_bool(const struct token *t, CK_OBJECT_HANDLE h,
    CK_ATTRIBUTE_TYPE type, bool if_absent)
{
	CK_BBOOL value = CK_FALSE;

	return (get_fixed(t, h, type, &value, sizeof(value)) ? value != CK_FALSE
							     : if_absent);
}

CK_ULONG
token_get_ulong(
    const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG value = 0;

	return (get_fixed(t, h, type, &value, sizeof(value))
		    ? value
		    : CK_UNAVAILABLE_INFORMATION);
}

static CK_RV
find_more(const struct token *t, CK_OBJECT_HANDLE **handles, CK_ULONG *found)
{
	CK_OBJECT_HANDLE *more;
	size_t cap = 0;
	CK_ULONG n = 0;
	CK_RV rv;

	do {
		more = array_grow(
		    *handles, &cap, *found + FIND_AT_ONCE, sizeof(**handles));
		if (more == NULL)
			return (CKR_HOST_MEMORY);
		*handles = more;
		n = 0;
		rv = t->p11->C_FindObjects(
		    t->session, more + *found, FIND_AT_ONCE, &n);
		if (rv == CKR_OK && n > FIND_AT_ONCE)
			rv = CKR_GENERAL_ERROR;
		if (rv == CKR_OK)
			*found += n;
	} while (rv == CKR_OK && n != 0 && *found < FIND_MAX);
	return (rv == CKR_OK && n != 0 ? CKR_DATA_LEN_RANGE : rv);
}

CK_RV
token_find_objects(const struct token *t, const CK_ATTRIBUTE *template,
    CK_ULONG count, CK_OBJECT_HANDLE **handles, CK_ULONG *found)
{
	/* C_FindObjectsInit does not change it, whatever its type says */
	CK_ATTRIBUTE copy[8];
	CK_RV rv;

	*handles = NULL;
	*found = 0;
	if (count > sizeof(copy) / sizeof(copy[0]))
		return (CKR_ARGUMENTS_BAD);
	memcpy(copy, template, count * sizeof(copy[0]));
	rv = t->p11->C_FindObjectsInit(t->session, copy, count);
	if (rv != CKR_OK)
		return (rv);
	rv = find_more(t, handles, found);
	(void)t->p11->C_FindObjectsFinal(t->session);
	if (rv != CKR_OK) {
		free(*handles);
		*handles = NULL;
		*found = 0;
	}
	return (rv);
}

bool
token_key_has_name(const struct token *t, CK_OBJECT_HANDLE h,
    CK_ATTRIBUTE_TYPE type, const struct buf *shown, struct view name)
{
	struct buf arn = BUF_INIT(0);
	CK_OBJECT_HANDLE *handles = NULL;
	CK_ULONG found = 0;

	if (view_equal(buf_view(shown), name))
		return (true);
	if (token_get_attribute(t, h, CKA_UNIQUE_ID, &arn) == CKR_OK) {
		const CK_ATTRIBUTE both[] = {
		    /* C_FindObjectsInit does not change it */
		    {type, (void *)(uintptr_t)name.ptr, name.len},
		    {CKA_UNIQUE_ID, arn.ptr, arn.len},
		    {CKA_KEYFERRY_KEY_STATE, NULL, 0}};

		(void)token_find_objects(t, both, 3, &handles, &found);
	}
	free(handles);
	buf_free(&arn);
	return (found != 0);
}

bool
token_is_in_trouble(CK_RV rv)
{
	static const CK_RV codes[] = {CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED,
	    CKR_TOKEN_NOT_PRESENT, CKR_USER_NOT_LOGGED_IN,
	    CKR_SESSION_HANDLE_INVALID, CKR_SESSION_CLOSED,
	    CKR_CRYPTOKI_NOT_INITIALIZED};

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (rv == codes[i])
			return (true);
	return (false);
}

bool
token_is_logged_in(const struct token *t)
{
	CK_SESSION_INFO info;

	return (t->p11->C_GetSessionInfo(t->session, &info) == CKR_OK &&
		(info.state == CKS_RO_USER_FUNCTIONS ||
		    info.state == CKS_RW_USER_FUNCTIONS));
}

CK_RV
token_make_writable(struct token *t)
{
	CK_SESSION_HANDLE writable;
	CK_RV rv;

	/* first: the token is logged out when its last one closes */
	rv = t->p11->C_OpenSession(t->slot, CKF_SERIAL_SESSION | CKF_RW_SESSION,
	    NULL, NULL, &writable);
	if (rv != CKR_OK)
		return (rv);
	(void)t->p11->C_CloseSession(t->session);
	t->session = writable;
	t->writable = true;
	return (CKR_OK);
}

void
token_get_of_profile(
    const struct token *t, CK_ATTRIBUTE_TYPE type, struct buf *out)
{
	CK_OBJECT_CLASS class = CKO_PROFILE;
	const CK_ATTRIBUTE profile = {CKA_CLASS, &class, sizeof(class)};
	CK_OBJECT_HANDLE *handles;
	CK_ULONG found;

	if (token_find_objects(t, &profile, 1, &handles, &found) == CKR_OK &&
	    found != 0)
		(void)token_get_attribute(t, handles[0], type, out);
	free(handles);
}

void
token_last_error(
    const struct token *t, const char *function, char text[TOKEN_ERROR_SIZE])
{
	struct buf said = BUF_INIT(0);
	size_t len = strlen(function);

	text[0] = '\0';
	if (token_is_keyferry(t))
		token_get_of_profile(t, CKA_KEYFERRY_LAST_ERROR, &said);
	if (said.len > len + 2 && memcmp(said.ptr, function, len) == 0 &&
	    said.ptr[len] == ':')
		snprintf(text, TOKEN_ERROR_SIZE, "%s",
		    (const char *)said.ptr + len + 2);
	buf_free(&said);
}
