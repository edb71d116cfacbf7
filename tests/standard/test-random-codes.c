/* Random calls with keys in KMS and of the session, while KMS fails in its ways:
 * no function gives a code that PKCS#11 3.2 does not list for it (the list in
 * front of the module sees to that: checked-calls.c), and nothing crashes.
 * Arguments: how many calls, and the number that they follow from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"
#include "mechanisms.h"
#include "random.h"

#define CALLS 800 /* in `make check` */
#define EACH_FAULT 12 /* calls that one fault is for */

static CK_FUNCTION_LIST_3_2 *list;
static CK_OBJECT_HANDLE objects[64];
static size_t object_count, kept; /* the first ones are never destroyed */
static CK_SESSION_HANDLE ro;

/* The arguments of one call. */
static struct {
	CK_SESSION_HANDLE s;
	CK_MECHANISM mechanism, *m;
	CK_OBJECT_HANDLE h, other, made, *made_ptr;
	CK_BYTE in[5000], signature[600], out[6000], parameter[128];
	CK_BYTE *in_ptr, *out_ptr, *signature_ptr;
	CK_ULONG n, signature_len, out_len, *out_len_ptr, found, count, second;
	CK_ATTRIBUTE rows[8], *t, *t2;
	CK_BYTE values[8][64];
	CK_FLAGS flags;
} a;

static CK_OBJECT_HANDLE
any_object(void)
{
	return (any(30) == 0 ? 777777 : objects[any(object_count)]);
}

static void
set_mechanism(void)
{
	const struct row *r = &rows[any(row_count)];

	a.mechanism = mechanism(r);
	if (any(6) == 0) { /* nothing in it points anywhere */
		memset(a.parameter, 0, sizeof(a.parameter));
		a.mechanism.pParameter = a.parameter;
		a.mechanism.ulParameterLen = any(sizeof(a.parameter));
	}
	if (any(12) == 0)
		a.mechanism = kms_mechanism;
	a.m = any(40) == 0 ? NULL : &a.mechanism;
}

static void
set_row(CK_ATTRIBUTE *row, CK_BYTE *value)
{
	static const struct {
		CK_ATTRIBUTE_TYPE type;
		CK_ULONG values[5];
	} numbers[] = {
	    {CKA_CLASS, {CKO_SECRET_KEY, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY,
			    CKO_DATA, CKO_CERTIFICATE}},
	    {CKA_KEY_TYPE,
		{CKK_AES, CKK_GENERIC_SECRET, CKK_EC, CKK_RSA, CKK_EC_EDWARDS}},
	    {CKA_VALUE_LEN, {16, 32, 64, 0, 5000}},
	    {CKA_MODULUS_BITS, {1024, 2048, 0, 77, 1024}},
	    {CKA_PARAMETER_SET, {1, 2, 3, 0, 77}}};
	static const CK_ATTRIBUTE_TYPE flags[] = {CKA_TOKEN, CKA_TOKEN,
	    CKA_PRIVATE, CKA_SENSITIVE, CKA_EXTRACTABLE, CKA_ENCRYPT,
	    CKA_DECRYPT, CKA_SIGN, CKA_VERIFY, CKA_WRAP, CKA_UNWRAP, CKA_DERIVE,
	    CKA_MODIFIABLE, CKA_COPYABLE, CKA_DESTROYABLE, CKA_TRUSTED,
	    CKA_ALWAYS_AUTHENTICATE, CKA_LOCAL};
	static const CK_ATTRIBUTE_TYPE bytes[] = {CKA_VALUE, CKA_LABEL, CKA_ID,
	    CKA_EC_PARAMS, CKA_EC_POINT, CKA_MODULUS, CKA_PUBLIC_EXPONENT,
	    CKA_SUBJECT, CKA_START_DATE, CKA_END_DATE, CKA_CHECK_VALUE,
	    CKA_PUBLIC_KEY_INFO, CKA_UNIQUE_ID, CKA_KEYFERRY_KEY_STATE};
	static const CK_BYTE p256[] = {
	    6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	size_t which = any(ELEMS(numbers));
	CK_ULONG number = ONE_OF(numbers[which].values);

	*row = (CK_ATTRIBUTE){numbers[which].type, value, sizeof(number)};
	memcpy(value, &number, sizeof(number));
	switch (any(3)) {
	case 0:
		return;
	case 1:
		row->type = ONE_OF(flags);
		row->ulValueLen = 1;
		*value = any(2) == 0;
		return;
	}
	row->type = ONE_OF(bytes);
	row->ulValueLen = ((CK_ULONG[]){0, 1, 3, 8, 16, 32, 64})[any(7)];
	for (size_t i = 0; i < 64; i++)
		value[i] = (CK_BYTE)any(256);
	if (row->type == CKA_EC_PARAMS) {
		memcpy(value, p256, sizeof(p256));
		row->ulValueLen = sizeof(p256);
	}
}

static void
set_arguments(void)
{
	static const CK_ULONG lengths[] = {
	    0, 1, 15, 16, 20, 32, 48, 64, 256, 4096, 4097, 5000};

	a.s = any(40) == 0 ? 777777 : any(12) == 0 ? ro : rw;
	set_mechanism();
	a.h = any_object();
	a.other = any_object();
	a.made = CK_INVALID_HANDLE;
	a.made_ptr = any(40) == 0 ? NULL : &a.made;
	a.n = ONE_OF(lengths);
	a.in_ptr = any(40) == 0 ? NULL : a.in;
	a.signature_ptr = any(40) == 0 ? NULL : a.signature;
	a.signature_len = ((CK_ULONG[]){0, 4, 32, 64, 96, 256})[any(6)];
	a.out_len = any(4) == 0 ? any(40) : sizeof(a.out);
	a.out_ptr = any(6) == 0 ? NULL : a.out;
	a.out_len_ptr = any(40) == 0 ? NULL : &a.out_len;
	a.count = any(ELEMS(a.rows) + 1);
	a.second = any(a.count + 1);
	for (size_t i = 0; i < ELEMS(a.rows); i++)
		set_row(&a.rows[i], a.values[i]);
	a.t = any(40) == 0 ? NULL : a.rows;
	a.t2 = a.rows + a.second;
	a.flags = any(2) == 0 ? 0 : CKF_SERIAL_SESSION | CKF_RW_SESSION;
}

/* clang-format off */
#define CALLS_OF(CALL)							\
	CALL(C_EncryptInit, (a.s, a.m, a.h))				\
	CALL(C_DecryptInit, (a.s, a.m, a.h))				\
	CALL(C_DigestInit, (a.s, a.m))					\
	CALL(C_SignInit, (a.s, a.m, a.h))				\
	CALL(C_SignRecoverInit, (a.s, a.m, a.h))			\
	CALL(C_VerifyInit, (a.s, a.m, a.h))				\
	CALL(C_VerifyRecoverInit, (a.s, a.m, a.h))			\
	CALL(C_VerifySignatureInit,					\
	    (a.s, a.m, a.h, a.signature_ptr, a.signature_len))		\
	CALL(C_Encrypt, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))	\
	CALL(C_EncryptUpdate, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr)) \
	CALL(C_EncryptFinal, (a.s, a.out_ptr, a.out_len_ptr))		\
	CALL(C_Decrypt, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))	\
	CALL(C_DecryptUpdate, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr)) \
	CALL(C_DecryptFinal, (a.s, a.out_ptr, a.out_len_ptr))		\
	CALL(C_Digest, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))	\
	CALL(C_DigestUpdate, (a.s, a.in_ptr, a.n))			\
	CALL(C_DigestKey, (a.s, a.h))					\
	CALL(C_DigestFinal, (a.s, a.out_ptr, a.out_len_ptr))		\
	CALL(C_Sign, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))	\
	CALL(C_SignUpdate, (a.s, a.in_ptr, a.n))			\
	CALL(C_SignFinal, (a.s, a.out_ptr, a.out_len_ptr))		\
	CALL(C_SignRecover, (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr)) \
	CALL(C_Verify,							\
	    (a.s, a.in_ptr, a.n, a.signature_ptr, a.signature_len))	\
	CALL(C_VerifyUpdate, (a.s, a.in_ptr, a.n))			\
	CALL(C_VerifyFinal, (a.s, a.signature_ptr, a.signature_len))	\
	CALL(C_VerifyRecover, (a.s, a.signature_ptr, a.signature_len,	\
	    a.out_ptr, a.out_len_ptr))					\
	CALL(C_VerifySignature, (a.s, a.in_ptr, a.n))			\
	CALL(C_VerifySignatureUpdate, (a.s, a.in_ptr, a.n))		\
	CALL(C_VerifySignatureFinal, (a.s))				\
	CALL(C_DigestEncryptUpdate,					\
	    (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))		\
	CALL(C_DecryptDigestUpdate,					\
	    (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))		\
	CALL(C_SignEncryptUpdate,					\
	    (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))		\
	CALL(C_DecryptVerifyUpdate,					\
	    (a.s, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))		\
	CALL(C_MessageEncryptInit, (a.s, a.m, a.h))			\
	CALL(C_MessageDecryptInit, (a.s, a.m, a.h))			\
	CALL(C_MessageSignInit, (a.s, a.m, a.h))			\
	CALL(C_MessageVerifyInit, (a.s, a.m, a.h))			\
	CALL(C_EncryptMessage, (a.s, a.parameter, 0, a.in_ptr, 8, a.in_ptr, \
	    a.n, a.out_ptr, a.out_len_ptr))				\
	CALL(C_DecryptMessage, (a.s, a.parameter, 0, a.in_ptr, 8, a.in_ptr, \
	    a.n, a.out_ptr, a.out_len_ptr))				\
	CALL(C_SignMessage,						\
	    (a.s, NULL, 0, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))	\
	CALL(C_SignMessageBegin, (a.s, NULL, 0))			\
	CALL(C_SignMessageNext,						\
	    (a.s, NULL, 0, a.in_ptr, a.n, a.out_ptr, a.out_len_ptr))	\
	CALL(C_VerifyMessage, (a.s, NULL, 0, a.in_ptr, a.n,		\
	    a.signature_ptr, a.signature_len))				\
	CALL(C_VerifyMessageBegin, (a.s, NULL, 0))			\
	CALL(C_VerifyMessageNext, (a.s, NULL, 0, a.in_ptr, a.n,		\
	    a.signature_ptr, a.signature_len))				\
	CALL(C_MessageEncryptFinal, (a.s))				\
	CALL(C_MessageDecryptFinal, (a.s))				\
	CALL(C_MessageSignFinal, (a.s))					\
	CALL(C_MessageVerifyFinal, (a.s))				\
	CALL(C_CreateObject, (a.s, a.t, a.count, a.made_ptr))		\
	CALL(C_CopyObject, (a.s, a.h, a.t, a.count, a.made_ptr))	\
	CALL(C_SetAttributeValue, (a.s, a.h, a.t, a.count))		\
	CALL(C_GetAttributeValue, (a.s, a.h, a.t, a.count))		\
	CALL(C_GetObjectSize, (a.s, a.h, a.out_len_ptr))		\
	CALL(C_FindObjectsInit, (a.s, a.t, a.count))			\
	CALL(C_FindObjects, (a.s, a.made_ptr, 1, a.out_len_ptr))	\
	CALL(C_FindObjectsFinal, (a.s))					\
	CALL(C_GenerateKey, (a.s, a.m, a.t, a.count, a.made_ptr))	\
	CALL(C_GenerateKeyPair, (a.s, a.m, a.t, a.second, a.t2,		\
	    a.count - a.second, a.made_ptr, &a.found))			\
	CALL(C_WrapKey, (a.s, a.m, a.h, a.other, a.out_ptr, a.out_len_ptr)) \
	CALL(C_UnwrapKey, (a.s, a.m, a.h, a.in_ptr, a.n, a.t, a.count,	\
	    a.made_ptr))						\
	CALL(C_WrapKeyAuthenticated, (a.s, a.m, a.h, a.other, a.in_ptr, 8, \
	    a.out_ptr, a.out_len_ptr))					\
	CALL(C_UnwrapKeyAuthenticated, (a.s, a.m, a.h, a.in_ptr, a.n, a.t, \
	    a.count, a.in_ptr, 8, a.made_ptr))				\
	CALL(C_DeriveKey, (a.s, a.m, a.h, a.t, a.count, a.made_ptr))	\
	CALL(C_EncapsulateKey, (a.s, a.m, a.h, a.t, a.count, a.out_ptr,	\
	    a.out_len_ptr, a.made_ptr))					\
	CALL(C_DecapsulateKey, (a.s, a.m, a.h, a.t, a.count, a.in_ptr,	\
	    a.n, a.made_ptr))						\
	CALL(C_SeedRandom, (a.s, a.in_ptr, a.n))			\
	CALL(C_GenerateRandom, (a.s, a.out_ptr, a.n))			\
	CALL(C_Login, (a.s, any(3), a.in_ptr, a.n % 9))			\
	CALL(C_Logout, (a.s))						\
	CALL(C_SessionCancel, (a.s, (CK_FLAGS)1 << any(20)))		\
	CALL(C_GetOperationState, (a.s, a.out_ptr, a.out_len_ptr))	\
	CALL(C_SetOperationState, (a.s, a.in_ptr, a.n, a.h, a.other))	\
	CALL(C_OpenSession, (any(2), a.flags, NULL, NULL, &a.found))	\
	CALL(C_GetMechanismInfo,					\
	    (any(2), a.mechanism.mechanism, (CK_MECHANISM_INFO *)a.out))
#define CALL(name, args)						\
	static CK_RV call_##name(void) { return (list->name args); }
CALLS_OF(CALL)
#undef CALL
static const struct {
	const char *name;
	CK_RV (*call)(void);
} functions[] = {
#define CALL(name, args) { #name, call_##name },
	CALLS_OF(CALL)
#undef CALL
};
/* clang-format on */

/* Ways in which a call has to do with a key in KMS, or comes close: function, and
 * what it is given; the rest is random. */
enum object { /* as make_keys() makes them */
	KMS_AES,
	KMS_HMAC,
	KMS_RSA_SIGNS,
	KMS_RSA_SIGNS_PUBLIC,
	KMS_RSA_DECRYPTS,
	KMS_RSA_DECRYPTS_PUBLIC,
	KMS_EC,
	KMS_EC_PUBLIC,
	KMS_AGREES,
	KMS_AGREES_PUBLIC,
	KMS_ED,
	KMS_ED_PUBLIC,
	HERE_RSA,
	HERE_RSA_PUBLIC,
	HERE_EC,
	HERE_EC_PUBLIC,
	HERE_AES,
	HERE_GENERIC,
	IMPORTED
};
static const struct start {
	const char *function;
	CK_MECHANISM_TYPE type;
	enum object key;
	const char *then[3]; /* one of them, again and again */
} starts[] = {
#define THEN_ENCRYPT                                             \
	{                                                        \
		"C_Encrypt", "C_EncryptUpdate", "C_EncryptFinal" \
	}
#define THEN_DECRYPT                                             \
	{                                                        \
		"C_Decrypt", "C_DecryptUpdate", "C_DecryptFinal" \
	}
#define THEN_SIGN                                       \
	{                                               \
		"C_Sign", "C_SignUpdate", "C_SignFinal" \
	}
#define THEN_VERIFY                                           \
	{                                                     \
		"C_Verify", "C_VerifyUpdate", "C_VerifyFinal" \
	}
#define NOTHING                  \
	{                        \
		NULL, NULL, NULL \
	}
    {"C_EncryptInit", CKM_AES_GCM, KMS_AES, THEN_ENCRYPT},
    {"C_EncryptInit", CKM_KEYFERRY_KMS, IMPORTED, THEN_ENCRYPT},
    {"C_EncryptInit", CKM_AES_CBC_PAD, HERE_AES, THEN_ENCRYPT},
    {"C_EncryptInit", CKM_RSA_PKCS_OAEP, KMS_RSA_DECRYPTS_PUBLIC, THEN_ENCRYPT},
    {"C_DecryptInit", CKM_AES_GCM, KMS_AES, THEN_DECRYPT},
    {"C_DecryptInit", CKM_KEYFERRY_KMS, IMPORTED, THEN_DECRYPT},
    {"C_DecryptInit", CKM_AES_CBC_PAD, HERE_AES, THEN_DECRYPT},
    {"C_DecryptInit", CKM_RSA_PKCS_OAEP, KMS_RSA_DECRYPTS, THEN_DECRYPT},
    {"C_SignInit", CKM_SHA256_HMAC, KMS_HMAC, THEN_SIGN},
    {"C_SignInit", CKM_SHA256_RSA_PKCS, KMS_RSA_SIGNS, THEN_SIGN},
    {"C_SignInit", CKM_RSA_PKCS, KMS_RSA_SIGNS, THEN_SIGN},
    {"C_SignInit", CKM_ECDSA, KMS_EC, THEN_SIGN},
    {"C_SignInit", CKM_ECDSA_SHA384, KMS_EC, THEN_SIGN},
    {"C_SignInit", CKM_EDDSA, KMS_ED, THEN_SIGN},
    {"C_SignRecoverInit", CKM_RSA_PKCS, KMS_RSA_SIGNS,
	{"C_SignRecover", "C_SignRecover", "C_SignRecover"}},
    {"C_VerifyInit", CKM_SHA256_HMAC, KMS_HMAC, THEN_VERIFY},
    {"C_VerifyInit", CKM_SHA256_RSA_PKCS, KMS_RSA_SIGNS_PUBLIC, THEN_VERIFY},
    {"C_VerifyInit", CKM_ECDSA, KMS_EC_PUBLIC, THEN_VERIFY},
    {"C_VerifySignatureInit", CKM_SHA256_HMAC, KMS_HMAC,
	{"C_VerifySignature", "C_VerifySignatureUpdate",
	    "C_VerifySignatureFinal"}},
    {"C_MessageSignInit", CKM_ECDSA_SHA384, KMS_EC,
	{"C_SignMessage", "C_SignMessageBegin", "C_SignMessageNext"}},
    {"C_MessageVerifyInit", CKM_SHA256_HMAC, KMS_HMAC,
	{"C_VerifyMessage", "C_VerifyMessageBegin", "C_VerifyMessageNext"}},
    {"C_MessageEncryptInit", CKM_AES_GCM, HERE_AES,
	{"C_EncryptMessage", "C_EncryptMessage", "C_MessageEncryptFinal"}},
    {"C_DigestInit", CKM_SHA256, HERE_AES,
	{"C_Digest", "C_DigestUpdate", "C_DigestFinal"}},
    {"C_DeriveKey", CKM_ECDH1_DERIVE, KMS_AGREES, NOTHING},
    {"C_WrapKey", CKM_AES_GCM, KMS_AES, NOTHING},
    {"C_WrapKey", CKM_RSA_PKCS_OAEP, KMS_RSA_DECRYPTS_PUBLIC, NOTHING},
    {"C_UnwrapKey", CKM_AES_GCM, KMS_AES, NOTHING},
    {"C_UnwrapKey", CKM_RSA_PKCS_OAEP, KMS_RSA_DECRYPTS, NOTHING},
    {"C_CreateObject", 0, HERE_AES, NOTHING},
    {"C_CreateObject", 0, HERE_GENERIC, NOTHING},
    {"C_CopyObject", 0, HERE_AES, NOTHING},
    {"C_CopyObject", 0, HERE_GENERIC, NOTHING},
    {"C_GenerateKey", CKM_AES_KEY_GEN, HERE_AES, NOTHING},
    {"C_GenerateKey", CKM_GENERIC_SECRET_KEY_GEN, HERE_GENERIC, NOTHING},
    {"C_GenerateKeyPair", CKM_EC_KEY_PAIR_GEN, HERE_EC, NOTHING},
    {"C_SetAttributeValue", 0, IMPORTED, NOTHING},
    {"C_SetAttributeValue", 0, KMS_EC, NOTHING},
    {"C_GetAttributeValue", 0, KMS_EC_PUBLIC, NOTHING},
    {"C_FindObjectsInit", 0, HERE_AES, NOTHING},
};

static size_t
function_of(const char *name)
{
	size_t f = 0;

	while (strcmp(functions[f].name, name) != 0)
		f++;
	return (f);
}

static void
put(CK_ULONG *n, CK_ATTRIBUTE_TYPE type, const void *value, CK_ULONG len)
{
	memcpy(a.values[*n], value, len);
	a.rows[*n] = (CK_ATTRIBUTE){type, a.values[*n], len};
	++*n;
}

/* A template that makes a key like that on the token, one row or two of it at
 * random. */
static void
set_template(enum object like, bool generate)
{
	static const CK_BYTE p256[] = {
	    6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_KEY_TYPE type = like == HERE_AES ? CKK_AES : CKK_GENERIC_SECRET;
	CK_ULONG n = 0, len = 32;
	char label[8];

	snprintf(label, sizeof(label), "r%05lu", any(100000));
	put(&n, CKA_LABEL, label, 6);
	put(&n, CKA_TOKEN, &yes, 1);
	if (like == HERE_EC) {
		put(&n, CKA_EC_PARAMS, p256, sizeof(p256));
	} else if (generate) {
		put(&n, CKA_VALUE_LEN, &len, sizeof(len));
	} else {
		put(&n, CKA_CLASS, &secret_class, sizeof(secret_class));
		put(&n, CKA_KEY_TYPE, &type, sizeof(type));
		put(&n, CKA_VALUE, a.values[7], 32);
	}
	a.count = n + any(2);
	if (any(8) == 0)
		set_row(&a.rows[any(n)], a.values[any(n)]);
	/* of a pair: a label and a place for the private half */
	a.second = like == HERE_EC ? n : a.count;
	if (like == HERE_EC) {
		put(&n, CKA_TOKEN, &yes, 1);
		put(&n, CKA_LABEL, label, 6);
		a.count = n;
	}
	a.t = a.rows;
	a.t2 = a.rows + a.second;
}

/* What ECDH and the first start need beside the mechanism's number. */
static void
set_start(const struct start *s)
{
	static CK_BYTE point[65];
	static CK_ECDH1_DERIVE_PARAMS ecdh = {CKD_NULL, 0, NULL, 65, point};
	CK_ATTRIBUTE t = {CKA_EC_POINT, a.parameter, sizeof(a.parameter)};

	a.s = rw;
	a.h = objects[s->key];
	a.m = &a.mechanism;
	a.mechanism = (CK_MECHANISM){s->type, NULL, 0};
	for (size_t i = 0; i < row_count; i++)
		if (rows[i].type == s->type)
			a.mechanism = mechanism(&rows[i]);
	if (s->type == CKM_ECDH1_DERIVE) {
		if (p11->C_GetAttributeValue(
			rw, objects[HERE_EC_PUBLIC], &t, 1) == CKR_OK)
			memcpy(point, a.parameter + 2, sizeof(point));
		a.mechanism.pParameter = &ecdh;
		a.mechanism.ulParameterLen = sizeof(ecdh);
	}
	a.made_ptr = &a.made;
	if (s->then[0] != NULL)
		return;
	set_template(s->key, strstr(s->function, "Generate") != NULL);
	if (strcmp(s->function, "C_CopyObject") == 0)
		a.count = 2;
	a.other = objects[HERE_AES];
}

static CK_RV
run(size_t f)
{
	CK_RV rv = functions[f].call();

	if (getenv("VERBOSE") != NULL)
		printf("# %s: 0x%lx\n", functions[f].name, rv);
	if (rv == CKR_OK && strcmp(functions[f].name, "C_OpenSession") == 0)
		(void)p11->C_CloseSession(a.found);
	if (rv != CKR_OK || a.made == CK_INVALID_HANDLE)
		return (rv);
	if (object_count == ELEMS(objects)) {
		size_t i = kept + any(object_count - kept);

		(void)list->C_DestroyObject(rw, objects[i]);
		objects[i] = objects[--object_count];
	}
	objects[object_count++] = a.made;
	return (rv);
}

/* A random call; or a start and what follows it. */
static void
call_one(void)
{
	const struct start *s = &ONE_OF(starts);

	set_arguments();
	if (any(3) == 0) {
		(void)run(any(ELEMS(functions)));
		return;
	}
	(void)list->C_SessionCancel(rw, ~(CK_FLAGS)0);
	set_start(s);
	if (run(function_of(s->function)) != CKR_OK || s->then[0] == NULL)
		return;
	for (unsigned long i = 0; i < 3; i++) {
		set_arguments();
		a.s = rw;
		(void)run(function_of(ONE_OF(s->then)));
	}
}

static void
keep(CK_OBJECT_HANDLE h)
{
	if (h != CK_INVALID_HANDLE)
		objects[object_count++] = h;
	kept = object_count;
}

static void
make_keys(void)
{
	static const char *const keys[][2] = {
	    {"SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"},
	    {"HMAC_256", "GENERATE_VERIFY_MAC"}, {"RSA_2048", "SIGN_VERIFY"},
	    {"RSA_2048", "ENCRYPT_DECRYPT"}, {"ECC_NIST_P384", "SIGN_VERIFY"},
	    {"ECC_NIST_P256", "KEY_AGREEMENT"},
	    {"ECC_NIST_EDWARDS25519", "SIGN_VERIFY"}};
	struct keypair_ref k;
	char label[16];

	for (size_t i = 0; i < ELEMS(keys); i++) {
		snprintf(label, sizeof(label), "key-%zu", i);
		k = keypair_ref_kms(keys[i][0], keys[i][1], label);
		keep(k.private);
		keep(k.public);
		keypair_ref_free(&k);
	}
	k = keypair_ref_rsa(1024);
	keep(k.private);
	keep(k.public);
	keypair_ref_free(&k);
	k = keypair_ref_ec("P-256");
	keep(k.private);
	keep(k.public);
	keypair_ref_free(&k);
	keep(secret_make(CKK_AES, material(1), 32));
	keep(secret_make(CKK_GENERIC_SECRET, material(2), 32));
	keep(key_make(material(3), "imported"));
}

int
main(int argc, char **argv)
{
	unsigned long most = argc > 1 ? strtoul(argv[1], NULL, 10) : CALLS;
	CK_SESSION_INFO info;

	random_begin(argc > 2 ? strtoul(argv[2], NULL, 10) : 17);
	testenv_start();
	setenv("AWS_MAX_ATTEMPTS", "1", 1);
	control("POST", "/wrapping-keys?share=on");
	/* the wrapping key takes time; a call that waits for KMS takes little */
	p11_start();
	(void)key_make(material(9), "first");
	p11_stop();
	testenv_config(
	    "digests = yes", "timeout = 2\nimport-timeout = 2", NULL);
	p11_start();
	list = p11_list_3_2();
	ro = p11_session(0);
	make_keys();
	for (unsigned long i = 0; i < most; i++) {
		if (i % EACH_FAULT == 0)
			random_fault();
		call_one();
	}
	faults_clear();
	testenv_kms_stop();
	for (unsigned long i = 0; i < most / 20; i++)
		call_one();
	testenv_kms_start();
	RV(p11->C_GetSessionInfo(rw, &info), CKR_OK, "the session is there");
	RV(p11->C_CloseSession(ro), CKR_OK, "and so is the other");
	p11_stop();
	testenv_stop();
	return (tap_done());
}
