#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "p11.h"

#define FIND_AT_ONCE 64

void
blob_free(struct blob *b)
{
	free(b->ptr);
	b->ptr = NULL;
	b->len = 0;
}

bool
blob_equal(const struct blob *a, const struct blob *b)
{
	return (a->len == b->len &&
		(a->len == 0 || memcmp(a->ptr, b->ptr, a->len) == 0));
}

bool
token_is_keyferry(const struct token *t)
{
	static const char name[] = "Keyferry ";

	return (memcmp(t->info.manufacturerID, name, sizeof(name) - 1) == 0);
}

bool
token_has(const struct token *t, CK_MECHANISM_TYPE type, CK_FLAGS flags)
{
	CK_MECHANISM_INFO info;

	for (CK_ULONG i = 0; i < t->mechanism_count; i++)
		if (t->mechanisms[i] == type)
			return (t->p11->C_GetMechanismInfo(
				    t->slot, type, &info) == CKR_OK &&
				(info.flags & flags) != 0);
	return (false);
}

CK_RV
p11_read(const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
    struct blob *out)
{
	CK_ATTRIBUTE a = {type, NULL, 0};
	CK_RV rv;

	blob_free(out);
	rv = t->p11->C_GetAttributeValue(t->session, h, &a, 1);
	if (rv != CKR_OK)
		return (rv);
	if (a.ulValueLen == CK_UNAVAILABLE_INFORMATION)
		return (CKR_ATTRIBUTE_TYPE_INVALID);
	if ((out->ptr = malloc(a.ulValueLen + 1)) == NULL)
		return (CKR_HOST_MEMORY);
	a.pValue = out->ptr;
	if (a.ulValueLen != 0)
		rv = t->p11->C_GetAttributeValue(t->session, h, &a, 1);
	if (rv != CKR_OK) {
		blob_free(out);
		return (rv);
	}
	out->len = a.ulValueLen;
	out->ptr[out->len] = '\0';
	return (CKR_OK);
}

bool
p11_bool(const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type,
    bool absent)
{
	CK_BBOOL value = CK_FALSE;
	CK_ATTRIBUTE a = {type, &value, sizeof(value)};

	if (t->p11->C_GetAttributeValue(t->session, h, &a, 1) != CKR_OK ||
	    a.ulValueLen != sizeof(value))
		return (absent);
	return (value != CK_FALSE);
}

CK_ULONG
p11_ulong(const struct token *t, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG value = CK_UNAVAILABLE_INFORMATION;
	CK_ATTRIBUTE a = {type, &value, sizeof(value)};

	if (t->p11->C_GetAttributeValue(t->session, h, &a, 1) != CKR_OK ||
	    a.ulValueLen != sizeof(value))
		return (CK_UNAVAILABLE_INFORMATION);
	return (value);
}

static CK_RV
find_more(const struct token *t, CK_OBJECT_HANDLE **handles, CK_ULONG *found)
{
	CK_OBJECT_HANDLE *more;
	CK_ULONG n;
	CK_RV rv;

	do {
		more = realloc(
		    *handles, (*found + FIND_AT_ONCE) * sizeof(**handles));
		if (more == NULL)
			return (CKR_HOST_MEMORY);
		*handles = more;
		n = 0;
		rv = t->p11->C_FindObjects(
		    t->session, more + *found, FIND_AT_ONCE, &n);
		if (rv == CKR_OK)
			*found += n;
	} while (rv == CKR_OK && n != 0);
	return (rv);
}

CK_RV
p11_find(const struct token *t, const CK_ATTRIBUTE *template, CK_ULONG count,
    CK_OBJECT_HANDLE **handles, CK_ULONG *found)
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

#define ROW(name)           \
	{                   \
		name, #name \
	}
static const struct {
	CK_RV rv;
	const char *name;
} names[] = {
    ROW(CKR_HOST_MEMORY),
    ROW(CKR_SLOT_ID_INVALID),
    ROW(CKR_GENERAL_ERROR),
    ROW(CKR_FUNCTION_FAILED),
    ROW(CKR_ACTION_PROHIBITED),
    ROW(CKR_ARGUMENTS_BAD),
    ROW(CKR_ATTRIBUTE_READ_ONLY),
    ROW(CKR_ATTRIBUTE_SENSITIVE),
    ROW(CKR_ATTRIBUTE_TYPE_INVALID),
    ROW(CKR_ATTRIBUTE_VALUE_INVALID),
    ROW(CKR_DATA_INVALID),
    ROW(CKR_DATA_LEN_RANGE),
    ROW(CKR_DEVICE_ERROR),
    ROW(CKR_DEVICE_MEMORY),
    ROW(CKR_DEVICE_REMOVED),
    ROW(CKR_FUNCTION_CANCELED),
    ROW(CKR_FUNCTION_NOT_SUPPORTED),
    ROW(CKR_KEY_HANDLE_INVALID),
    ROW(CKR_KEY_SIZE_RANGE),
    ROW(CKR_KEY_TYPE_INCONSISTENT),
    ROW(CKR_KEY_FUNCTION_NOT_PERMITTED),
    ROW(CKR_KEY_NOT_WRAPPABLE),
    ROW(CKR_KEY_UNEXTRACTABLE),
    ROW(CKR_MECHANISM_INVALID),
    ROW(CKR_MECHANISM_PARAM_INVALID),
    ROW(CKR_OBJECT_HANDLE_INVALID),
    ROW(CKR_OPERATION_ACTIVE),
    ROW(CKR_PIN_INCORRECT),
    ROW(CKR_PIN_INVALID),
    ROW(CKR_PIN_LEN_RANGE),
    ROW(CKR_PIN_EXPIRED),
    ROW(CKR_PIN_LOCKED),
    ROW(CKR_SESSION_CLOSED),
    ROW(CKR_SESSION_COUNT),
    ROW(CKR_SESSION_HANDLE_INVALID),
    ROW(CKR_SESSION_READ_ONLY),
    ROW(CKR_TEMPLATE_INCOMPLETE),
    ROW(CKR_TEMPLATE_INCONSISTENT),
    ROW(CKR_TOKEN_NOT_PRESENT),
    ROW(CKR_TOKEN_NOT_RECOGNIZED),
    ROW(CKR_TOKEN_WRITE_PROTECTED),
    ROW(CKR_UNWRAPPING_KEY_HANDLE_INVALID),
    ROW(CKR_UNWRAPPING_KEY_SIZE_RANGE),
    ROW(CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT),
    ROW(CKR_USER_NOT_LOGGED_IN),
    ROW(CKR_USER_PIN_NOT_INITIALIZED),
    ROW(CKR_USER_TYPE_INVALID),
    ROW(CKR_WRAPPED_KEY_INVALID),
    ROW(CKR_WRAPPED_KEY_LEN_RANGE),
    ROW(CKR_WRAPPING_KEY_HANDLE_INVALID),
    ROW(CKR_WRAPPING_KEY_SIZE_RANGE),
    ROW(CKR_WRAPPING_KEY_TYPE_INCONSISTENT),
    ROW(CKR_BUFFER_TOO_SMALL),
    ROW(CKR_CRYPTOKI_NOT_INITIALIZED),
};

const char *
p11_rv_name(CK_RV rv, char room[P11_NAME_SIZE])
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].rv == rv)
			return (names[i].name);
	snprintf(room, P11_NAME_SIZE, "CK_RV 0x%lx", rv);
	return (room);
}
