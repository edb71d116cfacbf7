/*
 * DER that a program or a KMS hands over. The first byte chooses: a
 * certificate's value, a wrapped PKCS#8 key, an EC point, the public key of
 * GetPublicKey, the wrapping key of GetParametersForImport.
 */
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "fuzz-module.h"

#define DER_MAX 8192

static void
certificate(CK_SESSION_HANDLE session, struct view der)
{
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_CERTIFICATE_TYPE type = CKC_X_509;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_CERTIFICATE_TYPE, &type, sizeof(type)},
	    {CKA_VALUE, (void *)(uintptr_t)der.ptr, der.len}};
	CK_OBJECT_HANDLE made;

	if (C_CreateObject(session, t, 3, &made) == CKR_OK)
		fuzz_read_all(session, made);
}

/* Encrypts it by a session key and unwraps it as a key of that type. */
static void
unwrap(CK_SESSION_HANDLE session, struct view der, CK_KEY_TYPE type)
{
	static uint8_t iv[16], blob[DER_MAX + 32];
	CK_MECHANISM pad = {CKM_AES_CBC_PAD, iv, sizeof(iv)};
	CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	CK_BBOOL no = CK_FALSE, yes = CK_TRUE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_TOKEN, &no, 1},
	    {CKA_SENSITIVE, &no, 1}, {CKA_EXTRACTABLE, &yes, 1},
	    {CKA_SIGN, &yes, 1}};
	CK_OBJECT_HANDLE aes = fuzz_aes_key(session), made;
	CK_ULONG n = sizeof(blob);

	if (C_EncryptInit(session, &pad, aes) == CKR_OK &&
	    C_Encrypt(session, (CK_BYTE_PTR)(uintptr_t)der.ptr, der.len, blob,
		&n) == CKR_OK &&
	    C_UnwrapKey(session, &pad, aes, blob, n, t, 6, &made) == CKR_OK)
		fuzz_read_all(session, made);
}

static void
point(CK_SESSION_HANDLE session, struct view der)
{
	static uint8_t p256[] = {
	    0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07};
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)},
	    {CKA_EC_PARAMS, p256, sizeof(p256)},
	    {CKA_EC_POINT, (void *)(uintptr_t)der.ptr, der.len}};
	CK_OBJECT_HANDLE made;

	if (C_CreateObject(session, t, 4, &made) == CKR_OK)
		fuzz_read_all(session, made);
}

#define KEY "11111111-2222-4333-8444-555555555555"
#define ARN "arn:aws:kms:us-east-1:111122223333:key/" KEY
#define LISTS                                                          \
	"ListKeys {\"Keys\":[{\"KeyId\":\"" KEY "\",\"KeyArn\":\"" ARN \
	"\"}],\"Truncated\":false}\n"                                  \
	"ListAliases {\"Aliases\":[],\"Truncated\":false}\n"
#define DESCRIBE(state, origin)                                              \
	"DescribeKey {\"KeyMetadata\":{\"KeyId\":\"" KEY "\",\"Arn\":\"" ARN \
	"\",\"KeySpec\":\"ECC_NIST_P256\",\"KeyUsage\":\"SIGN_VERIFY\","     \
	"\"KeyState\":\"" state "\",\"Origin\":\"" origin "\","              \
	"\"KeyManager\":\"CUSTOMER\",\"Enabled\":true,"                      \
	"\"SigningAlgorithms\":[\"ECDSA_SHA_256\"]}}\n"

/* The KMS gives the bytes as a public key. */
static void
public_key(CK_SESSION_HANDLE session, struct view der, bool wrapping)
{
	static char text[2 * DER_MAX + 2048];
	CK_OBJECT_HANDLE found[4];
	CK_ULONG n;
	size_t len;

	strcpy(text, wrapping ? LISTS DESCRIBE("PendingImport", "EXTERNAL")
			      : LISTS DESCRIBE("Enabled", "AWS_KMS"));
	strcat(text, wrapping ? "GetParametersForImport " : "GetPublicKey ");
	strcat(text,
	    "{\"KeyId\":\"" ARN "\",\"KeySpec\":\"ECC_NIST_P256\","
	    "\"KeyUsage\":\"SIGN_VERIFY\",\"ImportToken\":\"dG9rZW4=\","
	    "\"ParametersValidTo\":1767300000,\"PublicKey\":\"");
	len = strlen(text);
	len += (size_t)EVP_EncodeBlock(
	    (unsigned char *)text + len, der.ptr, (int)der.len);
	memcpy(text + len, "\"}", 3);
	fuzz_replies(view_str(text));
	n = fuzz_find(session, CKO_PUBLIC_KEY, found, 4);
	for (CK_ULONG i = 0; i < n; i++)
		fuzz_read_all(session, found[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CK_SESSION_HANDLE session;
	struct view der;

	if (len == 0 || len > DER_MAX)
		return (0);
	der = VIEW(data + 1, len - 1);
	fuzz_replies(VIEW(NULL, 0));
	session = fuzz_open();
	switch (data[0] % 6) {
	case 0:
		certificate(session, der);
		break;
	case 1:
		unwrap(session, der, CKK_RSA);
		break;
	case 2:
		unwrap(session, der, CKK_EC);
		break;
	case 3:
		point(session, der);
		break;
	case 4:
		public_key(session, der, false);
		break;
	default:
		public_key(session, der, true);
		break;
	}
	fuzz_close();
	return (0);
}
