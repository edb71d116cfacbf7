#include <dlfcn.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "hex.h"
#include "checked-calls.h"
#include "p11.h"

CK_FUNCTION_LIST *p11;
CK_SESSION_HANDLE rw;
CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
CK_OBJECT_CLASS secret_class = CKO_SECRET_KEY, private_class = CKO_PRIVATE_KEY,
		public_class = CKO_PUBLIC_KEY;
CK_KEY_TYPE aes_type = CKK_AES, rsa_type = CKK_RSA;
CK_MECHANISM kms_mechanism = {CKM_KEYFERRY_KMS, NULL, 0};
static void *module;

/* The standard's members are not const; the module does not write there. */
static void *
unconst(const void *p)
{
	return ((void *)(uintptr_t)p);
}

bool
rv_is(CK_RV got, CK_RV want, const char *name, const char *file, int line,
    const char *fmt, ...)
{
	char what[256], cond[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(cond, sizeof(cond), "got 0x%lx, wanted %s (0x%lx)", got, name,
	    want);
	return (tap_ok(got == want, cond, file, line, "%s: %s", what, name));
}

bool
count_is(unsigned long got, unsigned long want, const char *file, int line,
    const char *fmt, ...)
{
	char what[256], cond[64];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	snprintf(cond, sizeof(cond), "got %lu, wanted %lu", got, want);
	return (tap_ok(got == want, cond, file, line, "%s", what));
}

void *
p11_symbol(const char *name)
{
	return (dlsym(module, name));
}

CK_RV
p11_open(void)
{
	CK_RV (*get)(CK_FUNCTION_LIST_PTR_PTR) = NULL;
	void *symbol;
	CK_RV rv;

	module = dlopen(testenv_module(), RTLD_NOW | RTLD_LOCAL);
	if (module == NULL) {
		printf("# %s\n", dlerror());
		return (CKR_GENERAL_ERROR);
	}
	symbol = p11_symbol("C_GetFunctionList");
	memcpy(&get, &symbol, sizeof(get));
	if (get == NULL)
		return (CKR_FUNCTION_NOT_SUPPORTED);
	if ((rv = get(&p11)) == CKR_OK)
		p11 = checked_calls(p11);
	return (rv);
}

CK_FUNCTION_LIST_3_2 *
p11_list_3_2(void)
{
	CK_VERSION version = {3, 2};
	CK_INTERFACE *interface = NULL;
	CK_C_GetInterface get;
	void *symbol = p11_symbol("C_GetInterface");

	memcpy(&get, &symbol, sizeof(get));
	NEED(symbol != NULL && get(NULL, &version, &interface, 0) == CKR_OK,
	    "the functions of PKCS#11 3.2");
	return (checked_calls_3_2(interface->pFunctionList, p11));
}

CK_RV
p11_begin(void)
{
	CK_C_INITIALIZE_ARGS args = {.flags = CKF_OS_LOCKING_OK};
	CK_SLOT_ID slots[8];
	CK_ULONG count = ELEMS(slots);
	CK_RV rv = p11->C_Initialize(&args);

	if (rv != CKR_OK ||
	    (rv = p11->C_GetSlotList(CK_FALSE, slots, &count)) != CKR_OK)
		return (rv);
	return (p11->C_OpenSession(
	    slots[0], CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &rw));
}

void
p11_load(void)
{
	NEED(p11_open() == CKR_OK, "the module loads");
}

void
p11_start(void)
{
	if (p11 == NULL)
		p11_load();
	NEED(p11_begin() == CKR_OK, "the module is initialised");
}

void
p11_stop(void)
{
	RV(p11->C_Finalize(NULL), CKR_OK, "C_Finalize");
}

CK_SESSION_HANDLE
p11_session(CK_FLAGS more)
{
	CK_SLOT_ID slots[8];
	CK_ULONG count = ELEMS(slots);
	CK_SESSION_HANDLE h = CK_INVALID_HANDLE;

	if (p11->C_GetSlotList(CK_TRUE, slots, &count) != CKR_OK ||
	    count == 0 ||
	    p11->C_OpenSession(
		slots[0], CKF_SERIAL_SESSION | more, NULL, NULL, &h) != CKR_OK)
		NEED(false, "a session");
	return (h);
}

void
template_add(struct key_template *k, CK_ATTRIBUTE_TYPE type, const void *value,
    size_t len)
{
	if (k->count == KEY_TEMPLATE_MAX)
		tap_bail();
	k->t[k->count++] = (CK_ATTRIBUTE){type, unconst(value), len};
}

void
key_template(struct key_template *k, const void *value, const char *label)
{
	k->count = 0;
	template_add(k, CKA_CLASS, &secret_class, sizeof(secret_class));
	template_add(k, CKA_KEY_TYPE, &aes_type, sizeof(aes_type));
	template_add(k, CKA_TOKEN, &yes, sizeof(yes));
	template_add(k, CKA_VALUE, value, 32);
	if (label != NULL)
		template_add(k, CKA_LABEL, label, strlen(label));
}

CK_BYTE *
material(unsigned n)
{
	static CK_BYTE bytes[8][32];
	CK_BYTE *b = bytes[n % 8];

	for (unsigned i = 0; i < 32; i++)
		b[i] = (CK_BYTE)(n * 37 + i * 11 + 1);
	return (b);
}

CK_OBJECT_HANDLE
key_make(const void *value, const char *label)
{
	struct key_template k;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	key_template(&k, value, label);
	rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	if (!RV(rv, CKR_OK, "a key is imported"))
		tap_bail();
	return (h);
}

CK_OBJECT_HANDLE
base_key(CK_KEY_TYPE type, const void *value, size_t len, CK_BBOOL open)
{
	CK_BBOOL hidden = !open;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A_BYTES(CKA_VALUE, (void *)(uintptr_t)value, len),
	    A(CKA_SENSITIVE, hidden), A(CKA_EXTRACTABLE, open),
	    A(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	RV(p11->C_CreateObject(rw, t, ELEMS(t), &h), CKR_OK, "a base key");
	return (h);
}

struct pair_handles
pair_make(const char *label)
{
	return (pair_make_bits(label, 2048));
}

struct pair_handles
pair_make_bits(const char *label, CK_ULONG bits)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits)};
	CK_ATTRIBUTE priv[] = {A(CKA_TOKEN, yes), A(CKA_UNWRAP, yes),
	    A_BYTES(CKA_LABEL, unconst(label), label ? strlen(label) : 0)};
	struct pair_handles p = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
	CK_RV rv;

	rv = p11->C_GenerateKeyPair(rw, &m, pub, ELEMS(pub), priv,
	    label != NULL ? 3 : 2, &p.public, &p.private);
	if (!RV(rv, CKR_OK, "an import pair"))
		tap_bail();
	return (p);
}

struct pair_handles
pair_generate(const char *label)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_EC_PARAMS, p256)};
	struct key_template priv = {.count = 0};
	struct pair_handles p;

	template_add(&priv, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&priv, CKA_SIGN, &yes, sizeof(yes));
	template_add(&priv, CKA_LABEL, label, strlen(label));
	NEED(p11->C_GenerateKeyPair(rw, &m, pub, ELEMS(pub), priv.t, priv.count,
		 &p.public, &p.private) == CKR_OK,
	    "a pair %s", label);
	return (p);
}

CK_ULONG
find(CK_SESSION_HANDLE s, const CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_HANDLE *handles, CK_ULONG max)
{
	CK_OBJECT_HANDLE batch[16];
	CK_ULONG n = 0, got;
	CK_RV rv;

	rv = p11->C_FindObjectsInit(s, unconst(t), count);
	if (rv != CKR_OK) {
		printf("# C_FindObjectsInit: 0x%lx\n", rv);
		return (CK_UNAVAILABLE_INFORMATION);
	}
	do {
		got = 0;
		rv = p11->C_FindObjects(s, batch, ELEMS(batch), &got);
		for (CK_ULONG i = 0; i < got; i++, n++)
			if (n < max)
				handles[n] = batch[i];
	} while (rv == CKR_OK && got != 0);
	p11->C_FindObjectsFinal(s);
	return (n);
}

CK_OBJECT_HANDLE
find_label(const char *label, CK_OBJECT_CLASS class)
{
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_LABEL, unconst(label), strlen(label)),
	    A(CKA_CLASS, class)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	(void)find(rw, t, ELEMS(t), &h, 1);
	return (h);
}

CK_ULONG
attr(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, void *out, CK_ULONG room)
{
	CK_ATTRIBUTE a = {type, out, room};

	if (p11->C_GetAttributeValue(rw, h, &a, 1) != CKR_OK)
		return (CK_UNAVAILABLE_INFORMATION);
	return (a.ulValueLen);
}

CK_ULONG
attr_number(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type)
{
	CK_ULONG v = 0;

	if (attr(h, type, &v, sizeof(v)) != sizeof(v))
		return (CK_UNAVAILABLE_INFORMATION);
	return (v);
}

bool
attr_is(
    CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const void *want, size_t len)
{
	CK_BYTE value[8192];
	CK_ULONG got = attr(h, type, value, sizeof(value));

	if (got == len && memcmp(value, want, len) == 0)
		return (true);
	printf("# attribute 0x%lx has %ld bytes, wanted %zu\n", type, (long)got,
	    len);
	return (false);
}

bool
attr_is_text(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, const char *want)
{
	return (attr_is(h, type, want, strlen(want)));
}

CK_RV
encrypt(CK_OBJECT_HANDLE key, CK_MECHANISM *m, const void *in, size_t len,
    CK_BYTE *out, CK_ULONG *out_len)
{
	CK_RV rv = p11->C_EncryptInit(rw, m, key);

	return (rv != CKR_OK
		    ? rv
		    : p11->C_Encrypt(rw, unconst(in), len, out, out_len));
}

CK_RV
decrypt(CK_OBJECT_HANDLE key, CK_MECHANISM *m, const void *in, size_t len,
    CK_BYTE *out, CK_ULONG *out_len)
{
	CK_RV rv = p11->C_DecryptInit(rw, m, key);

	return (rv != CKR_OK
		    ? rv
		    : p11->C_Decrypt(rw, unconst(in), len, out, out_len));
}

CK_RV
derive_open(
    CK_MECHANISM *m, CK_OBJECT_HANDLE base, CK_ULONG len, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes),
	    A(CKA_DERIVE, yes), A(CKA_VALUE_LEN, len)};

	*h = CK_INVALID_HANDLE;
	return (p11->C_DeriveKey(rw, m, base, t, len != 0 ? 4 : 3, h));
}

CK_OBJECT_HANDLE
derive_pair(CK_MECHANISM_TYPE type, const void *params, CK_ULONG len)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE pub = {CKA_EC_PARAMS, unconst(params), len};
	CK_ATTRIBUTE priv = A(CKA_DERIVE, yes);
	CK_OBJECT_HANDLE a, b = CK_INVALID_HANDLE;

	RV(p11->C_GenerateKeyPair(rw, &m, &pub, 1, &priv, 1, &a, &b), CKR_OK,
	    "a session pair");
	return (b);
}

CK_ULONG
from_hex(const char *digits, CK_BYTE *to)
{
	size_t n = strlen(digits) / 2;

	NEED(hex_read(digits, to, n), "hexadecimal digits");
	return (n);
}

bool
is_hex(const CK_BYTE *bytes, CK_ULONG len, const char *digits)
{
	CK_BYTE want[512];

	return (from_hex(digits, want) == len && memcmp(bytes, want, len) == 0);
}

static struct {
	CK_BYTE bytes[512], opened[64];
	CK_ULONG len, opened_len;
} kept_text;

void
sealed_make(CK_OBJECT_HANDLE key)
{
	kept_text.len = sizeof(kept_text.bytes);
	RV(encrypt(key, &kms_mechanism, "hello", 5, kept_text.bytes,
	       &kept_text.len),
	    CKR_OK, "it encrypts");
}

CK_RV
sealed_decrypt(CK_OBJECT_HANDLE key)
{
	kept_text.opened_len = sizeof(kept_text.opened);
	return (decrypt(key, &kms_mechanism, kept_text.bytes, kept_text.len,
	    kept_text.opened, &kept_text.opened_len));
}

bool
sealed_opens(CK_OBJECT_HANDLE key)
{
	return (sealed_decrypt(key) == CKR_OK && kept_text.opened_len == 5 &&
		memcmp(kept_text.opened, "hello", 5) == 0);
}

bool
same_key(CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b)
{
	static const char text[] = "the same";
	CK_BYTE sealed[1024], clear[64];
	CK_ULONG sealed_len = sizeof(sealed), clear_len = sizeof(clear);

	return (
	    encrypt(a, &kms_mechanism, text, sizeof(text), sealed,
		&sealed_len) == CKR_OK &&
	    decrypt(b, &kms_mechanism, sealed, sealed_len, clear, &clear_len) ==
		CKR_OK &&
	    clear_len == sizeof(text) && memcmp(clear, text, clear_len) == 0);
}

CK_RV
sign_text(CK_OBJECT_HANDLE key, CK_MECHANISM *m)
{
	CK_BYTE text[] = "text", out[512];
	CK_ULONG len = sizeof(out);
	CK_RV rv = p11->C_SignInit(rw, m, key);

	return (rv != CKR_OK ? rv : p11->C_Sign(rw, text, 4, out, &len));
}
