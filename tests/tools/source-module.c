/*
 * A PKCS#11 module with one token, "switched", from which `keyferry move` takes
 * keys. The environment variable SOURCE says what it does, in words:
 *
 *   keys=N             it has N keys, key-1 and so on, with ids of one byte
 *   first=N            the number of its first key; 1 without it
 *   kind=KIND          aes (the default), hmac (64 bytes, CKK_GENERIC_SECRET),
 *                      sha256-hmac, or ec (P-256)
 *   material=TEXT      other material than without it
 *   no-length          CKA_VALUE_LEN is not there
 *   long-ids           ids have 200 bytes
 *   label=TEXT         the label of each key
 *   label-fails=N      CKA_LABEL of key N cannot be read
 *   hash=N             CKA_ALLOWED_MECHANISMS has the HMAC of SHA-N alone
 *   hash-fails         CKA_ALLOWED_MECHANISMS cannot be read
 *   certificate        there is one with the id of the first key
 *   all-uses           keys may sign, decrypt, derive and unwrap
 *   only=oaep|rsa-aes  it has no other mechanism to wrap with
 *   rsa-aes-fails      CKM_RSA_AES_KEY_WRAP is in its list, and fails
 *   rsa-max=BITS       it refuses RSA keys of more bits
 *   read-only-refuses  objects are made in read-write sessions alone
 *   garbles            what it wraps nobody can unwrap
 *   odd-bool           CKA_EXTRACTABLE has 8 bytes
 *   odd-number         CKA_VALUE_LEN has 4 bytes
 *   huge-label         CKA_LABEL has 2 MB
 *   mechanism-fails    C_GetMechanismInfo fails with CKR_DEVICE_ERROR
 *   boasts             C_WrapKey says that it wrote 100000 bytes
 *   lies               C_GetMechanismList says that it wrote 100000
 *   own-login=N        key N asks for a login of its own when it is wrapped
 *   own-logins=N       the keys from N on do
 *   logs-out           the session is logged out when a key asks for its login
 *   dies               C_WrapKey fails with CKR_DEVICE_ERROR
 *   dies=in-turns      or with CKR_GENERAL_ERROR, in turns
 *   endless            C_FindObjects always finds one more
 *   no-mechanisms      C_GetMechanismList fails
 *   login              it wants a PIN: 4711
 *   final-try          the next wrong PIN is the last
 *
 * Each C_Login adds a line to the file that SOURCE_LOGINS names.
 */
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <p11-kit/pkcs11.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "source-wrap.h"

#define KEYS_MAX 250 /* their handles are their numbers */
#define CERTIFICATE 900
#define OBJECT 1000 /* handles of what a session makes */
#define TEMPORARY (OBJECT + 1)
#define SESSIONS_MAX 16

CK_RV C_GetFunctionList(CK_FUNCTION_LIST **)
    __attribute__((visibility("default")));

static struct {
	EVP_PKEY *public; /* the last that C_CreateObject made */
	EVP_PKEY *ec;
	CK_BYTE temporary[32];
	CK_FLAGS sessions[SESSIONS_MAX];
	CK_ULONG session_count;
	CK_OBJECT_HANDLE found[KEYS_MAX + 1];
	CK_ULONG found_count, next;
} w;

/* What stands behind the word in SOURCE; NULL: the word is not there. */
static const char *
word(const char *name, char value[64])
{
	const char *s = getenv("SOURCE");
	size_t len = strlen(name), n;

	for (; s != NULL && *s != '\0'; s += n + (s[n] == ' ')) {
		n = strcspn(s, " ");
		if (strncmp(s, name, len) != 0 || (n != len && s[len] != '='))
			continue;
		snprintf(value, 64, "%.*s", n > len ? (int)(n - len - 1) : 0,
		    s + len + 1);
		return (value);
	}
	return (NULL);
}

static bool
has(const char *name)
{
	char value[64];

	return (word(name, value) != NULL);
}

static bool
is(const char *name, const char *wanted)
{
	char value[64];

	return (word(name, value) != NULL && strcmp(value, wanted) == 0);
}

static CK_ULONG
number(const char *name, CK_ULONG otherwise)
{
	char value[64];

	return (
	    word(name, value) == NULL ? otherwise : strtoul(value, NULL, 10));
}

static CK_RV
initialize(void *args)
{
	(void)args;
	return (CKR_OK);
}

static CK_RV
get_info(CK_INFO *info)
{
	memset(info, ' ', sizeof(*info));
	info->cryptokiVersion = (CK_VERSION){2, 40};
	info->flags = 0;
	return (CKR_OK);
}

static CK_RV
get_slot_list(CK_BBOOL present, CK_SLOT_ID *list, CK_ULONG *count)
{
	(void)present;
	*count = 1;
	if (list != NULL)
		list[0] = 1;
	return (CKR_OK);
}

static CK_RV
get_slot_info(CK_SLOT_ID slot, CK_SLOT_INFO *info)
{
	(void)slot;
	memset(info, ' ', sizeof(*info));
	info->flags = CKF_TOKEN_PRESENT;
	return (CKR_OK);
}

static CK_RV
get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	(void)slot;
	memset(info, ' ', sizeof(*info));
	memcpy(info->label, "switched", 8);
	info->flags = CKF_TOKEN_INITIALIZED |
		      (has("login") ? CKF_LOGIN_REQUIRED : 0) |
		      (has("final-try") ? CKF_USER_PIN_FINAL_TRY : 0);
	return (CKR_OK);
}

static const CK_MECHANISM_TYPE all[] = {CKM_RSA_PKCS_OAEP, CKM_RSA_AES_KEY_WRAP,
    CKM_AES_KEY_GEN, CKM_AES_KEY_WRAP_KWP};

static CK_RV
get_mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE *list, CK_ULONG *count)
{
	size_t first = is("only", "rsa-aes") ? 1 : 0;
	size_t n = has("only") ? 1 : sizeof(all) / sizeof(all[0]);

	(void)slot;
	if (has("no-mechanisms"))
		return (CKR_DEVICE_ERROR);
	if (list != NULL)
		memcpy(list, all + first, n * sizeof(all[0]));
	*count = has("lies") && list != NULL ? 100000 : n;
	return (CKR_OK);
}

static CK_RV
get_mechanism_info(CK_SLOT_ID s, CK_MECHANISM_TYPE t, CK_MECHANISM_INFO *info)
{
	bool rsa = t == CKM_RSA_PKCS_OAEP || t == CKM_RSA_AES_KEY_WRAP;

	(void)s;
	if (has("mechanism-fails"))
		return (CKR_DEVICE_ERROR);
	*info = (CK_MECHANISM_INFO){rsa ? 1024 : 16,
	    !rsa	       ? 32
	    : has("no-limits") ? 0
			       : number("rsa-max", 8192),
	    t == CKM_AES_KEY_GEN ? CKF_GENERATE : CKF_WRAP | CKF_ENCRYPT};
	return (CKR_OK);
}

static CK_RV
open_session(CK_SLOT_ID slot, CK_FLAGS flags, void *app, CK_NOTIFY notify,
    CK_SESSION_HANDLE *out)
{
	(void)slot, (void)app, (void)notify;
	if (w.session_count == SESSIONS_MAX - 1)
		return (CKR_SESSION_COUNT);
	w.sessions[++w.session_count] = flags;
	*out = w.session_count;
	return (CKR_OK);
}

static CK_RV
close_session(CK_SESSION_HANDLE session)
{
	(void)session;
	return (CKR_OK);
}

static CK_RV
get_session_info(CK_SESSION_HANDLE session, CK_SESSION_INFO *info)
{
	*info = (CK_SESSION_INFO){
	    1, CKS_RO_USER_FUNCTIONS, w.sessions[session], 0};
	if (has("logs-out"))
		info->state = CKS_RO_PUBLIC_SESSION;
	return (CKR_OK);
}

static CK_RV
login(CK_SESSION_HANDLE session, CK_USER_TYPE user, CK_UTF8CHAR *pin,
    CK_ULONG len)
{
	const char *path = getenv("SOURCE_LOGINS");
	FILE *f = path == NULL ? NULL : fopen(path, "a");

	(void)session, (void)user;
	if (f != NULL) {
		fputs("C_Login\n", f);
		fclose(f);
	}
	return (len == 4 && memcmp(pin, "4711", 4) == 0 ? CKR_OK
							: CKR_PIN_INCORRECT);
}

static CK_OBJECT_CLASS
class_of(CK_OBJECT_HANDLE h)
{
	return (h == CERTIFICATE   ? CKO_CERTIFICATE
		: is("kind", "ec") ? CKO_PRIVATE_KEY
				   : CKO_SECRET_KEY);
}

static CK_KEY_TYPE
type_of_keys(void)
{
	return (is("kind", "ec")	    ? CKK_EC
		: is("kind", "hmac")	    ? CKK_GENERIC_SECRET
		: is("kind", "sha256-hmac") ? CKK_SHA256_HMAC
					    : CKK_AES);
}

static CK_ULONG
id_of(CK_OBJECT_HANDLE h, CK_BYTE id[200])
{
	memset(id, 0xee, 200);
	id[0] = (CK_BYTE)(h == CERTIFICATE ? number("first", 1) : h);
	return (has("long-ids") ? 200 : 1);
}

/* Secret keys: 32 bytes, HMAC keys: 64. */
static CK_ULONG
value_of(CK_OBJECT_HANDLE h, CK_BYTE value[64])
{
	char text[128], seed[64];

	snprintf(text, sizeof(text), "%lu %s", h,
	    word("material", seed) == NULL ? "" : seed);
	EVP_Digest(text, strlen(text), value, NULL, EVP_sha512(), NULL);
	return (type_of_keys() == CKK_AES ? 32 : 64);
}

static CK_RV
put(CK_ATTRIBUTE *a, const void *value, CK_ULONG len)
{
	CK_ULONG room = a->ulValueLen;

	a->ulValueLen = len;
	if (a->pValue == NULL)
		return (CKR_OK);
	if (room < len)
		return (CKR_BUFFER_TOO_SMALL);
	memcpy(a->pValue, value, len);
	return (CKR_OK);
}

static CK_RV
put_ulong(CK_ATTRIBUTE *a, CK_ULONG value)
{
	return (put(a, &value, sizeof(value)));
}

static CK_RV
put_bool(CK_ATTRIBUTE *a, bool value)
{
	CK_BBOOL b = value ? CK_TRUE : CK_FALSE;

	return (put(a, &b, sizeof(b)));
}

static CK_RV
absent(CK_ATTRIBUTE *a)
{
	a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
	return (CKR_ATTRIBUTE_TYPE_INVALID);
}

static CK_RV
put_label(CK_OBJECT_HANDLE h, CK_ATTRIBUTE *a)
{
	char label[64];

	if (h == number("label-fails", 0)) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return (CKR_DEVICE_ERROR);
	}
	if (has("huge-label") && a->pValue == NULL) {
		a->ulValueLen = 2UL << 20;
		return (CKR_OK);
	}
	if (word("label", label) == NULL)
		snprintf(label, sizeof(label), "key-%lu", h);
	return (put(a, label, strlen(label)));
}

static bool
wants_login(CK_OBJECT_HANDLE h)
{
	return (h == number("own-login", 0) ||
		h >= number("own-logins", KEYS_MAX + 1));
}

static CK_RV
put_hash(CK_ATTRIBUTE *a)
{
	if (has("hash-fails")) {
		a->ulValueLen = CK_UNAVAILABLE_INFORMATION;
		return (CKR_DEVICE_ERROR);
	}
	switch (number("hash", 0)) {
	case 256:
		return (put_ulong(a, CKM_SHA256_HMAC));
	case 384:
		return (put_ulong(a, CKM_SHA384_HMAC));
	default:
		return (absent(a));
	}
}

static CK_RV
get_one(CK_OBJECT_HANDLE h, CK_ATTRIBUTE *a)
{
	static const char p256[] = "\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
	CK_BYTE bytes[200];
	bool hmac = class_of(h) == CKO_SECRET_KEY && type_of_keys() != CKK_AES;

	switch (a->type) {
	case CKA_CLASS:
		return (put_ulong(a, class_of(h)));
	case CKA_KEY_TYPE:
		return (put_ulong(a, type_of_keys()));
	case CKA_ID:
		return (put(a, bytes, id_of(h, bytes)));
	case CKA_LABEL:
		return (put_label(h, a));
	case CKA_VALUE_LEN:
		if (has("no-length") || class_of(h) != CKO_SECRET_KEY)
			return (absent(a));
		if (has("odd-number"))
			return (put(a, "\x20\0\0", 4));
		return (put_ulong(a, value_of(h, bytes)));
	case CKA_EC_PARAMS:
		return (put(a, p256, sizeof(p256) - 1));
	case CKA_ALLOWED_MECHANISMS:
		return (put_hash(a));
	case CKA_SIGN:
		return (put_bool(a,
		    has("all-uses") || hmac || class_of(h) == CKO_PRIVATE_KEY));
	case CKA_ENCRYPT:
	case CKA_DECRYPT:
		return (
		    put_bool(a, has("all-uses") || type_of_keys() == CKK_AES));
	case CKA_DERIVE:
	case CKA_UNWRAP:
		return (put_bool(a, has("all-uses")));
	case CKA_ALWAYS_AUTHENTICATE:
		return (put_bool(a, has("says-so") && wants_login(h)));
	case CKA_EXTRACTABLE:
		if (has("odd-bool"))
			return (put_ulong(a, 1));
		return (put_bool(a, true));
	case CKA_TOKEN:
		return (put_bool(a, true));
	default:
		return (absent(a));
	}
}

static CK_RV
get_attributes(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE h, CK_ATTRIBUTE *t,
    CK_ULONG count)
{
	CK_RV rv = CKR_OK, one;

	(void)session;
	for (CK_ULONG i = 0; i < count; i++)
		if ((one = get_one(h, &t[i])) != CKR_OK)
			rv = one;
	return (rv);
}

static bool
matches(CK_OBJECT_HANDLE h, const CK_ATTRIBUTE *t, CK_ULONG count)
{
	CK_BYTE value[256];

	for (CK_ULONG i = 0; i < count; i++) {
		CK_ATTRIBUTE a = {t[i].type, value, sizeof(value)};

		if (get_one(h, &a) != CKR_OK ||
		    a.ulValueLen != t[i].ulValueLen ||
		    memcmp(value, t[i].pValue, a.ulValueLen) != 0)
			return (false);
	}
	return (true);
}

static CK_ATTRIBUTE *
attribute(CK_ATTRIBUTE *t, CK_ULONG count, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < count; i++)
		if (t[i].type == type)
			return (&t[i]);
	return (NULL);
}

static CK_RV
find_init(CK_SESSION_HANDLE session, CK_ATTRIBUTE *t, CK_ULONG count)
{
	CK_ULONG keys = number("keys", 1), first = number("first", 1);

	CK_ATTRIBUTE *class = attribute(t, count, CKA_CLASS);
	CK_OBJECT_CLASS certificate = CKO_CERTIFICATE;

	(void)session;
	if (has("certificates-fail") && class != NULL &&
	    memcmp(class->pValue, &certificate, sizeof(certificate)) == 0)
		return (CKR_DEVICE_ERROR);
	w.found_count = w.next = 0;
	for (CK_ULONG i = 0; i < keys && i < KEYS_MAX; i++)
		if (matches(first + i, t, count))
			w.found[w.found_count++] = first + i;
	if (has("certificate") && matches(CERTIFICATE, t, count))
		w.found[w.found_count++] = CERTIFICATE;
	return (CKR_OK);
}

static CK_RV
find(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *out, CK_ULONG max,
    CK_ULONG *count)
{
	(void)session;
	*count = 0;
	if (has("endless") && w.found_count != 0 && max != 0)
		out[(*count)++] = w.found[0];
	while (*count < max && w.next < w.found_count)
		out[(*count)++] = w.found[w.next++];
	return (CKR_OK);
}

static CK_RV
find_final(CK_SESSION_HANDLE session)
{
	(void)session;
	return (CKR_OK);
}

static CK_RV
create(CK_SESSION_HANDLE session, CK_ATTRIBUTE *t, CK_ULONG count,
    CK_OBJECT_HANDLE *out)
{
	CK_ATTRIBUTE *n = attribute(t, count, CKA_MODULUS);
	CK_ATTRIBUTE *e = attribute(t, count, CKA_PUBLIC_EXPONENT);

	if (n == NULL || e == NULL)
		return (CKR_TEMPLATE_INCOMPLETE);
	if (has("read-only-refuses") &&
	    (w.sessions[session] & CKF_RW_SESSION) == 0)
		return (CKR_SESSION_READ_ONLY);
	if (n->ulValueLen * 8 > number("rsa-max", 8192))
		return (CKR_KEY_SIZE_RANGE);
	EVP_PKEY_free(w.public);
	w.public = source_rsa(n, e);
	*out = OBJECT;
	return (w.public == NULL ? CKR_ATTRIBUTE_VALUE_INVALID : CKR_OK);
}

static CK_RV
destroy(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE h)
{
	(void)session;
	return (h >= OBJECT ? CKR_OK : CKR_ACTION_PROHIBITED);
}

static CK_RV
encrypt_init(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE h)
{
	CK_RSA_PKCS_OAEP_PARAMS *oaep = m->pParameter;

	(void)session, (void)h;
	return (has("sha1-alone") && oaep->hashAlg != CKM_SHA_1
		    ? CKR_MECHANISM_PARAM_INVALID
		    : CKR_OK);
}

/* The one AES key of the session. */
static CK_RV
generate(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_ATTRIBUTE *t,
    CK_ULONG count, CK_OBJECT_HANDLE *out)
{
	(void)session, (void)m, (void)t, (void)count;
	RAND_bytes(w.temporary, sizeof(w.temporary));
	*out = TEMPORARY;
	return (CKR_OK);
}

static CK_RV
wrap(CK_SESSION_HANDLE session, CK_MECHANISM *m, CK_OBJECT_HANDLE with,
    CK_OBJECT_HANDLE key, CK_BYTE *out, CK_ULONG *out_len)
{
	CK_BYTE value[512];
	size_t len, n = *out_len;
	bool good;

	(void)session, (void)with;
	if (has("dies"))
		return (is("dies", "in-turns") && key % 2 == 0
			    ? CKR_GENERAL_ERROR
			    : CKR_DEVICE_ERROR);
	if (wants_login(key))
		return (CKR_USER_NOT_LOGGED_IN);
	if (has("rsa-aes-fails") && m->mechanism == CKM_RSA_AES_KEY_WRAP)
		return (CKR_MECHANISM_INVALID);
	len = class_of(key) == CKO_SECRET_KEY ? value_of(key, value)
					      : source_ec_value(&w.ec, value);
	if (key == TEMPORARY) {
		len = sizeof(w.temporary);
		memcpy(value, w.temporary, len);
	}
	good = m->mechanism == CKM_RSA_AES_KEY_WRAP
		   ? source_rsa_aes(
			 w.public, m->pParameter, value, len, out, &n)
	       : m->mechanism == CKM_AES_KEY_WRAP_KWP
		   ? source_kwp(w.temporary, value, len, out, &n)
		   : source_oaep(w.public, m->pParameter, value, len, out, &n);
	if (good &&
	    (has("garbles") || (has("rsa-aes-garbles") &&
				   m->mechanism == CKM_RSA_AES_KEY_WRAP)))
		out[n / 2] ^= 1;
	*out_len = has("boasts") ? 100000 : n;
	return (good ? CKR_OK : CKR_FUNCTION_FAILED);
}

static CK_FUNCTION_LIST functions = {
    .version = {2, 40},
    .C_Initialize = initialize,
    .C_Finalize = initialize,
    .C_GetInfo = get_info,
    .C_GetFunctionList = C_GetFunctionList,
    .C_GetSlotList = get_slot_list,
    .C_GetSlotInfo = get_slot_info,
    .C_GetTokenInfo = get_token_info,
    .C_GetMechanismList = get_mechanism_list,
    .C_GetMechanismInfo = get_mechanism_info,
    .C_OpenSession = open_session,
    .C_CloseSession = close_session,
    .C_GetSessionInfo = get_session_info,
    .C_Login = login,
    .C_CreateObject = create,
    .C_DestroyObject = destroy,
    .C_GetAttributeValue = get_attributes,
    .C_FindObjectsInit = find_init,
    .C_FindObjects = find,
    .C_FindObjectsFinal = find_final,
    .C_EncryptInit = encrypt_init,
    .C_GenerateKey = generate,
    .C_WrapKey = wrap,
};

CK_RV
C_GetFunctionList(CK_FUNCTION_LIST **out)
{
	*out = &functions;
	return (CKR_OK);
}
