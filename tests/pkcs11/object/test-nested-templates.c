/* Attributes whose values are attributes: nothing of the program's memory is
 * kept, however deep they go. */
#include <stdlib.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_KEY_TYPE generic_type = CKK_GENERIC_SECRET;
static CK_BYTE label[] = "of the template";

/* What a program had in memory, and has given back. */
static void
scribble(void *p, size_t len)
{
	memset(p, 0xa5, len);
	free(p);
}

/* The ways to make a key of a template. */

static CK_OBJECT_HANDLE base, wrapping;
static CK_BYTE wrapped[64];
static CK_ULONG wrapped_len = sizeof(wrapped);
static CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};

static CK_RV
by_create(CK_ATTRIBUTE *nested, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, material(1), 32),
	    *nested};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

static CK_RV
by_generate(CK_ATTRIBUTE *nested, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), *nested};

	return (p11->C_GenerateKey(rw, &m, t, ELEMS(t), h));
}

static CK_RV
by_generate_pair(CK_ATTRIBUTE *nested, CK_OBJECT_HANDLE *h)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_EC_PARAMS, p256)};
	CK_OBJECT_HANDLE public;

	return (p11->C_GenerateKeyPair(rw, &m, t, 1, nested, 1, &public, h));
}

static CK_RV
by_derive(CK_ATTRIBUTE *nested, CK_OBJECT_HANDLE *h)
{
	CK_BYTE more[] = "more";
	CK_KEY_DERIVATION_STRING_DATA data = {more, 4};
	CK_MECHANISM m = {CKM_CONCATENATE_BASE_AND_DATA, &data, sizeof(data)};

	return (p11->C_DeriveKey(rw, &m, base, nested, 1, h));
}

static CK_RV
by_unwrap(CK_ATTRIBUTE *nested, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, aes_type), *nested};

	return (p11->C_UnwrapKey(
	    rw, &kwp, wrapping, wrapped, wrapped_len, t, ELEMS(t), h));
}

static const struct {
	const char *name;
	CK_RV (*make)(CK_ATTRIBUTE *nested, CK_OBJECT_HANDLE *);
} ways[] = {{"C_CreateObject", by_create}, {"C_GenerateKey", by_generate},
    {"C_GenerateKeyPair", by_generate_pair}, {"C_DeriveKey", by_derive},
    {"C_UnwrapKey", by_unwrap}};

static CK_RV
session_key(CK_KEY_TYPE *type, unsigned n, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, *type),
	    A_BYTES(CKA_VALUE, material(n), 32), A(CKA_EXTRACTABLE, yes),
	    A(CKA_DERIVE, yes), A(CKA_WRAP, yes), A(CKA_UNWRAP, yes)};

	return (p11->C_CreateObject(rw, t, ELEMS(t), h));
}

/* Attributes inside attributes, and attributes inside those. */
static void
test_deep(size_t way, CK_ATTRIBUTE_TYPE outer, CK_ATTRIBUTE_TYPE deep)
{
	CK_ATTRIBUTE *innermost = malloc(sizeof(*innermost));
	CK_ATTRIBUTE *inner = malloc(sizeof(*inner));
	CK_BYTE *text = malloc(sizeof(label));
	CK_ATTRIBUTE nested = {outer, inner, sizeof(*inner)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	memcpy(text, label, sizeof(label));
	*innermost = (CK_ATTRIBUTE){CKA_LABEL, text, sizeof(label)};
	*inner = (CK_ATTRIBUTE){deep, innermost, sizeof(*innermost)};
	RV(ways[way].make(&nested, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "%s: 0x%lx within 0x%lx is refused", ways[way].name, deep, outer);
	OK(h == CK_INVALID_HANDLE, "and makes nothing");
	scribble(text, sizeof(label));
	scribble(innermost, sizeof(*innermost));
	scribble(inner, sizeof(*inner));
}

/* One template within another is kept, and is the program's no more. */
static void
test_kept(size_t way)
{
	CK_ATTRIBUTE *inner = malloc(sizeof(*inner));
	CK_BYTE *text = malloc(sizeof(label));
	CK_ATTRIBUTE nested = {CKA_UNWRAP_TEMPLATE, inner, sizeof(*inner)};
	CK_BYTE room[sizeof(label)];
	CK_ATTRIBUTE got = {CKA_LABEL, room, sizeof(room)};
	CK_ATTRIBUTE out = {CKA_UNWRAP_TEMPLATE, &got, sizeof(got)};
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	memcpy(text, label, sizeof(label));
	*inner = (CK_ATTRIBUTE){CKA_LABEL, text, sizeof(label)};
	rv = ways[way].make(&nested, &h);
	RV(rv, CKR_OK, "%s: a template of bytes", ways[way].name);
	scribble(text, sizeof(label));
	scribble(inner, sizeof(*inner));
	if (rv != CKR_OK)
		return;
	RV(p11->C_GetAttributeValue(rw, h, &out, 1), CKR_OK, "reads back");
	OK(got.ulValueLen == sizeof(label) &&
		memcmp(room, label, sizeof(label)) == 0,
	    "as it was given");
}

static void
test_no_value(size_t way)
{
	CK_ATTRIBUTE inner = {CKA_LABEL, NULL, 4};
	CK_ATTRIBUTE nested = {CKA_UNWRAP_TEMPLATE, &inner, sizeof(inner)};
	CK_OBJECT_HANDLE h;

	RV(ways[way].make(&nested, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "%s: a length without a value is refused", ways[way].name);
}

int
main(void)
{
	static const CK_ATTRIBUTE_TYPE deep[] = {CKA_WRAP_TEMPLATE,
	    CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE,
	    CKF_ARRAY_ATTRIBUTE | CKA_VENDOR_DEFINED | 1};
	CK_OBJECT_HANDLE plain;

	testenv_start();
	p11_start();
	RV(session_key(&generic_type, 2, &base), CKR_OK, "a base key");
	RV(session_key(&aes_type, 3, &wrapping), CKR_OK, "a wrapping key");
	RV(session_key(&aes_type, 4, &plain), CKR_OK, "a key to wrap");
	RV(p11->C_WrapKey(rw, &kwp, wrapping, plain, wrapped, &wrapped_len),
	    CKR_OK, "wrapped");
	for (size_t i = 0; i < ELEMS(ways); i++) {
		for (size_t k = 0; k < ELEMS(deep); k++) {
			test_deep(i, CKA_UNWRAP_TEMPLATE, deep[k]);
			test_deep(i, CKA_DERIVE_TEMPLATE, deep[k]);
		}
		test_no_value(i);
		test_kept(i);
	}
	p11_stop();
	testenv_stop();
	return (tap_done());
}
