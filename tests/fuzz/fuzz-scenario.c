#include <string.h>
#include "fuzz-module.h"
#include "fuzz-scenario.h"

#define FOUND_MAX 8
#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

static CK_BBOOL yes = CK_TRUE;
static CK_OBJECT_CLASS secret = CKO_SECRET_KEY, private = CKO_PRIVATE_KEY;
static CK_KEY_TYPE aes = CKK_AES, ec = CKK_EC;
static uint8_t label[] = "payroll", value[32] = {9};
static uint8_t p256[] = {
    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};

static void
read_found(CK_SESSION_HANDLE session)
{
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_ULONG n = fuzz_find(
	    session, CK_UNAVAILABLE_INFORMATION, found, FOUND_MAX);

	for (CK_ULONG i = 0; i < n; i++)
		fuzz_read_all(session, found[i]);
}

static void
create(CK_SESSION_HANDLE session)
{
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &secret, sizeof(secret)},
	    {CKA_KEY_TYPE, &aes, sizeof(aes)}, {CKA_TOKEN, &yes, 1},
	    {CKA_VALUE, value, sizeof(value)}, {CKA_ENCRYPT, &yes, 1},
	    {CKA_DECRYPT, &yes, 1}, {CKA_LABEL, label, sizeof(label) - 1}};
	CK_OBJECT_HANDLE made;

	if (C_CreateObject(session, t, ELEMS(t), &made) == CKR_OK)
		fuzz_read_all(session, made);
}

/* An import pair is made, its public half read, a blob brought in with it. */
static void
pair(CK_SESSION_HANDLE session)
{
	static uint8_t blob[256] = {3};
	CK_MECHANISM make = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_RSA_PKCS_OAEP_PARAMS oaep = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM unwrap = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {{CKA_TOKEN, &yes, 1}, {CKA_WRAP, &yes, 1},
	    {CKA_MODULUS_BITS, &bits, sizeof(bits)}};
	CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &yes, 1}, {CKA_UNWRAP, &yes, 1},
	    {CKA_LABEL, label, sizeof(label) - 1}};
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &secret, sizeof(secret)},
	    {CKA_KEY_TYPE, &aes, sizeof(aes)}, {CKA_TOKEN, &yes, 1},
	    {CKA_LABEL, label, sizeof(label) - 1}};
	CK_OBJECT_HANDLE a, b, made;

	if (C_GenerateKeyPair(session, &make, pub, ELEMS(pub), priv,
		ELEMS(priv), &a, &b) != CKR_OK)
		return;
	fuzz_read_all(session, a);
	if (C_UnwrapKey(session, &unwrap, b, blob, sizeof(blob), t, ELEMS(t),
		&made) == CKR_OK)
		fuzz_read_all(session, made);
}

/* Whatever a mechanism makes of every private or secret key that there is. */
static void
sign(CK_SESSION_HANDLE session)
{
	const CK_MECHANISM_TYPE types[] = {
	    CKM_ECDSA, CKM_SHA256_RSA_PKCS, CKM_SHA256_HMAC, CKM_EDDSA};
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_ULONG n, len;
	uint8_t out[8192];

	n = fuzz_find(session, CK_UNAVAILABLE_INFORMATION, found, FOUND_MAX);
	for (CK_ULONG i = 0; i < n * ELEMS(types); i++) {
		CK_MECHANISM m = {types[i % ELEMS(types)], NULL, 0};
		CK_OBJECT_HANDLE key = found[i / ELEMS(types)];

		len = sizeof(out);
		if (C_SignInit(session, &m, key) != CKR_OK ||
		    C_Sign(session, value, sizeof(value), out, &len) != CKR_OK)
			continue;
		if (C_VerifyInit(session, &m, key) == CKR_OK)
			(void)C_Verify(session, value, sizeof(value), out, len);
	}
}

static void
crypt(CK_SESSION_HANDLE session)
{
	static uint8_t iv[12];
	CK_GCM_PARAMS gcm = {iv, sizeof(iv), 96, NULL, 0, 128};
	CK_RSA_PKCS_OAEP_PARAMS oaep = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM ms[] = {{CKM_AES_GCM, &gcm, sizeof(gcm)},
	    {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)}};
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_ULONG n, len, clear;
	uint8_t out[8192], back[8192];

	n = fuzz_find(session, CK_UNAVAILABLE_INFORMATION, found, FOUND_MAX);
	for (CK_ULONG i = 0; i < n * ELEMS(ms); i++) {
		CK_MECHANISM *m = &ms[i % ELEMS(ms)];
		CK_OBJECT_HANDLE key = found[i / ELEMS(ms)];

		len = sizeof(out);
		clear = sizeof(back);
		if (C_EncryptInit(session, m, key) != CKR_OK ||
		    C_Encrypt(session, value, sizeof(value), out, &len) !=
			CKR_OK)
			memset(out, 1, len = 256);
		if (C_DecryptInit(session, m, key) == CKR_OK)
			(void)C_Decrypt(session, out, len, back, &clear);
	}
}

static void
generate(CK_SESSION_HANDLE session)
{
	CK_MECHANISM make = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {{CKA_TOKEN, &yes, 1}, {CKA_VERIFY, &yes, 1},
	    {CKA_EC_PARAMS, p256, sizeof(p256)},
	    {CKA_LABEL, label, sizeof(label) - 1}};
	CK_ATTRIBUTE priv[] = {{CKA_TOKEN, &yes, 1}, {CKA_SIGN, &yes, 1},
	    {CKA_LABEL, label, sizeof(label) - 1}};
	CK_OBJECT_HANDLE a, b;

	if (C_GenerateKeyPair(session, &make, pub, ELEMS(pub), priv,
		ELEMS(priv), &a, &b) == CKR_OK) {
		fuzz_read_all(session, a);
		fuzz_read_all(session, b);
	}
}

static void
derive(CK_SESSION_HANDLE session)
{
	uint8_t point[65] = {4};
	CK_ECDH1_DERIVE_PARAMS p = {CKD_NULL, 0, NULL, sizeof(point), point};
	CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	CK_BBOOL no = CK_FALSE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &secret, sizeof(secret)},
	    {CKA_KEY_TYPE, &aes, sizeof(aes)}, {CKA_TOKEN, &no, 1}};
	CK_ATTRIBUTE own = {CKA_EC_POINT, NULL, 0};
	uint8_t der[67];
	CK_OBJECT_HANDLE found[FOUND_MAX], made;
	CK_ULONG n = fuzz_find(session, CKO_PUBLIC_KEY, found, FOUND_MAX);

	/* the point of a key itself is on its curve */
	own.pValue = der;
	own.ulValueLen = sizeof(der);
	if (n != 0 &&
	    C_GetAttributeValue(session, found[0], &own, 1) == CKR_OK &&
	    own.ulValueLen == sizeof(der))
		memcpy(point, der + 2, sizeof(point));
	n = fuzz_find(session, private, found, FOUND_MAX);
	for (CK_ULONG i = 0; i < n; i++)
		if (C_DeriveKey(session, &m, found[i], t, ELEMS(t), &made) ==
		    CKR_OK)
			fuzz_read_all(session, made);
}

static void
change(CK_SESSION_HANDLE session)
{
	CK_ATTRIBUTE names[] = {
	    {CKA_LABEL, label, sizeof(label) - 1}, {CKA_ID, value, 2}};
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_ULONG n = fuzz_find(
	    session, CK_UNAVAILABLE_INFORMATION, found, FOUND_MAX);

	for (CK_ULONG i = 0; i < n; i++) {
		(void)C_SetAttributeValue(session, found[i], names, 1);
		(void)C_SetAttributeValue(session, found[i], names + 1, 1);
		(void)C_DestroyObject(session, found[i]);
	}
	read_found(session);
}

/* A private key with its value: wrapped here and imported. */
static void
create_pair(CK_SESSION_HANDLE session)
{
	static uint8_t id[] = {0xaa, 0x01};
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &private, sizeof(private)},
	    {CKA_KEY_TYPE, &ec, sizeof(ec)}, {CKA_TOKEN, &yes, 1},
	    {CKA_SIGN, &yes, 1}, {CKA_EC_PARAMS, p256, sizeof(p256)},
	    {CKA_VALUE, value, sizeof(value)}, {CKA_ID, id, sizeof(id)}};
	CK_OBJECT_HANDLE made;

	if (C_CreateObject(session, t, ELEMS(t), &made) == CKR_OK)
		fuzz_read_all(session, made);
}

void
fuzz_scenario(CK_SESSION_HANDLE session, unsigned which)
{
	static void (*const scenarios[])(CK_SESSION_HANDLE) = {read_found,
	    create, pair, sign, crypt, generate, derive, change, create_pair};

	scenarios[which % ELEMS(scenarios)](session);
}
