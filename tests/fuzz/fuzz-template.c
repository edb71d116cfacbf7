/*
 * Templates, nested ones too, in memory of just their length that is freed
 * when the call returns: what was made of them is then read, copied and used.
 * The first byte chooses the function; the rest is attributes: type (a row
 * below, or four bytes), length, value.
 */
#include <stdlib.h>
#include <string.h>
#include "fuzz-module.h"

#define DEPTH_MAX 3
#define ROWS_MAX 12

static const CK_ATTRIBUTE_TYPE types[] = {CKA_CLASS, CKA_TOKEN, CKA_PRIVATE,
    CKA_LABEL, CKA_ID, CKA_KEY_TYPE, CKA_VALUE, CKA_VALUE_LEN, CKA_EC_PARAMS,
    CKA_EC_POINT, CKA_MODULUS, CKA_MODULUS_BITS, CKA_PUBLIC_EXPONENT,
    CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1,
    CKA_EXPONENT_2, CKA_COEFFICIENT, CKA_ENCRYPT, CKA_DECRYPT, CKA_SIGN,
    CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE, CKA_SENSITIVE,
    CKA_EXTRACTABLE, CKA_START_DATE, CKA_END_DATE, CKA_ALLOWED_MECHANISMS,
    CKA_WRAP_TEMPLATE, CKA_UNWRAP_TEMPLATE, CKA_DERIVE_TEMPLATE,
    CKA_PUBLIC_KEY_INFO, CKA_CERTIFICATE_TYPE, CKA_MODIFIABLE, CKA_COPYABLE,
    CKA_DESTROYABLE, CKA_UNIQUE_ID};

/* Values that take many mutations to find. */
static const CK_ULONG numbers[] = {CKO_DATA, CKO_CERTIFICATE, CKO_PUBLIC_KEY,
    CKO_PRIVATE_KEY, CKO_SECRET_KEY, CKO_DOMAIN_PARAMETERS, CKK_RSA, CKK_EC,
    CKK_AES, CKK_GENERIC_SECRET, CKK_SHA256_HMAC, CKK_EC_EDWARDS, 16, 32, 2048,
    CK_UNAVAILABLE_INFORMATION};

struct input {
	const uint8_t *at, *end;
};

/* What was allocated for a template, to be freed together. */
struct pieces {
	void *rows[256];
	size_t count;
};

static uint8_t
byte(struct input *in)
{
	return (in->at < in->end ? *in->at++ : 0);
}

static void *
get(struct pieces *p, size_t len)
{
	void *m;

	if (p->count == sizeof(p->rows) / sizeof(p->rows[0]))
		return (NULL);
	/* of a page's length 0 is still an address of its own */
	if ((m = malloc(len == 0 ? 1 : len)) == NULL)
		abort();
	p->rows[p->count++] = m;
	return (m);
}

static void
free_all(struct pieces *p)
{
	while (p->count != 0)
		free(p->rows[--p->count]);
}

static CK_ATTRIBUTE *read_rows(
    struct input *, struct pieces *, int depth, CK_ULONG *count);

static void
read_value(struct input *in, struct pieces *p, int depth, CK_ATTRIBUTE *a)
{
	uint8_t form = byte(in);
	size_t len = form & 0x3f, left;
	CK_ULONG n;

	if ((a->type & CKF_ARRAY_ATTRIBUTE) != 0 && form < 0x80 &&
	    depth < DEPTH_MAX) {
		a->pValue = read_rows(in, p, depth + 1, &n);
		a->ulValueLen = n * sizeof(CK_ATTRIBUTE);
		if ((form & 0x40) != 0 && a->pValue != NULL)
			a->ulValueLen += form & 7;
		return;
	}
	if ((form & 0xc0) == 0x40) {
		n = numbers[len % (sizeof(numbers) / sizeof(numbers[0]))];
		if ((a->pValue = get(p, sizeof(n))) != NULL)
			memcpy(a->pValue, &n, a->ulValueLen = sizeof(n));
		return;
	}
	if (form == 0xff) {
		a->ulValueLen = len; /* a length and no value */
		return;
	}
	left = (size_t)(in->end - in->at);
	len = (form & 0x80) != 0 ? len * 16 : len;
	len = len < left ? len : left;
	if ((a->pValue = get(p, len)) == NULL)
		return;
	memcpy(a->pValue, in->at, len);
	a->ulValueLen = len;
	in->at += len;
}

static CK_ATTRIBUTE *
read_rows(struct input *in, struct pieces *p, int depth, CK_ULONG *count)
{
	size_t n = byte(in) % ROWS_MAX;
	/* a length that is not of whole rows is still of the program's memory */
	CK_ATTRIBUTE *rows = get(p, n * sizeof(*rows) + 7);
	uint8_t which;

	*count = 0;
	if (rows == NULL)
		return (NULL);
	for (size_t i = 0; i < n; i++) {
		rows[i] = (CK_ATTRIBUTE){0, NULL, 0};
		which = byte(in);
		if (which == 0xff)
			for (int k = 0; k < 4; k++)
				rows[i].type = rows[i].type << 8 | byte(in);
		else
			rows[i].type =
			    types[which % (sizeof(types) / sizeof(types[0]))];
		read_value(in, p, depth, &rows[i]);
	}
	*count = n;
	return (rows);
}

/* A key that unwraps under the object's own CKA_UNWRAP_TEMPLATE, and a copy. */
static void
use(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_OBJECT_HANDLE aes)
{
	static uint8_t iv[16];
	CK_MECHANISM pad = {CKM_AES_CBC_PAD, iv, sizeof(iv)};
	CK_MECHANISM wrap = {CKM_AES_KEY_WRAP, NULL, 0};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_KEY_TYPE type = CKK_AES;
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_TOKEN, &no, 1}};
	CK_OBJECT_HANDLE made;
	uint8_t out[4096];
	CK_ULONG n = sizeof(out);

	fuzz_read_all(session, object);
	if (C_WrapKey(session, &wrap, object, aes, out, &n) == CKR_OK)
		(void)C_UnwrapKey(session, &wrap, object, out, n, t, 3, &made);
	n = sizeof(out);
	if (C_WrapKey(session, &pad, aes, object, out, &n) == CKR_OK)
		(void)C_UnwrapKey(session, &pad, aes, out, n, t, 3, &made);
	if (C_CopyObject(session, object, t + 2, 1, &made) == CKR_OK)
		fuzz_read_all(session, made);
}

/* False: nothing was made. */
static bool
make(CK_SESSION_HANDLE session, unsigned which, CK_ATTRIBUTE *t, CK_ULONG n,
    CK_OBJECT_HANDLE aes, CK_OBJECT_HANDLE *out)
{
	static uint8_t iv[16], data[64] = {7};
	CK_MECHANISM generate = {CKM_AES_KEY_GEN, NULL, 0};
	CK_MECHANISM generic = {CKM_GENERIC_SECRET_KEY_GEN, NULL, 0};
	CK_MECHANISM ec = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_MECHANISM pad = {CKM_AES_CBC_PAD, iv, sizeof(iv)};
	CK_KEY_DERIVATION_STRING_DATA string = {data, 16};
	CK_MECHANISM derive = {
	    CKM_CONCATENATE_BASE_AND_DATA, &string, sizeof(string)};
	CK_OBJECT_HANDLE other;
	uint8_t blob[80];
	CK_ULONG len = sizeof(blob);

	switch (which % 9) {
	case 0:
	case 1:
		return (C_CreateObject(session, t, n, out) == CKR_OK);
	case 2:
		return (C_GenerateKey(session, &generate, t, n, out) == CKR_OK);
	case 3:
		return (C_GenerateKey(session, &generic, t, n, out) == CKR_OK);
	case 4: /* the first half of the rows is of the public key */
		return (C_GenerateKeyPair(session, &ec, t, n / 2, t + n / 2,
			    n - n / 2, &other, out) == CKR_OK);
	case 5:
		return (C_EncryptInit(session, &pad, aes) == CKR_OK &&
			C_Encrypt(session, data, 32, blob, &len) == CKR_OK &&
			C_UnwrapKey(session, &pad, aes, blob, len, t, n, out) ==
			    CKR_OK);
	case 6:
		return (
		    C_DeriveKey(session, &derive, aes, t, n, out) == CKR_OK);
	case 7:
		return (C_CopyObject(session, aes, t, n, out) == CKR_OK);
	default:
		*out = aes;
		(void)C_FindObjectsInit(session, t, n);
		(void)C_FindObjectsFinal(session);
		return (C_SetAttributeValue(session, aes, t, n) == CKR_OK);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input in = {data, data + len};
	struct pieces pieces = {.count = 0};
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE aes, made;
	CK_ATTRIBUTE *t;
	unsigned which = byte(&in);
	CK_ULONG n;
	bool ok;

	fuzz_replies(VIEW(NULL, 0));
	session = fuzz_open();
	aes = fuzz_aes_key(session);
	t = read_rows(&in, &pieces, 0, &n);
	ok = make(session, which, t, n, aes, &made);
	free_all(&pieces);
	if (ok)
		use(session, made, aes);
	fuzz_close();
	return (0);
}
