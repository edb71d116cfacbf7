/* Whatever a set of import parameters holds, in front of a KMS that has its key,
 * or that denies all but the import. Bits of the first byte choose: 1 the set of
 * a renewal pair, beside a key in use; 2 the console's download, three files
 * with a NUL between (token, text, wrapping key), instead of one; 4 denied; 8
 * given by the program, as CKA_KEYFERRY_IMPORT_SET. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "cryptoki/keyferry.h"
#include "fuzz-module.h"

#define KEY "11111111-2222-4333-8444-555555555555"
#define ARN "arn:aws:kms:us-east-1:111122223333:key/" KEY
#define REPLIES(state)                                                       \
	"ListKeys {\"Keys\":[{\"KeyId\":\"" KEY "\",\"KeyArn\":\"" ARN       \
	"\"}],\"Truncated\":false}\n"                                        \
	"ListAliases {\"Aliases\":[{\"AliasName\":\"alias/payroll\","        \
	"\"TargetKeyId\":\"" KEY "\"}],\"Truncated\":false}\n"               \
	"DescribeKey {\"KeyMetadata\":{\"KeyId\":\"" KEY "\",\"Arn\":\"" ARN \
	"\",\"KeySpec\":\"SYMMETRIC_DEFAULT\",\"KeyUsage\":"                 \
	"\"ENCRYPT_DECRYPT\",\"KeyState\":\"" state "\","                    \
	"\"Origin\":\"EXTERNAL\",\"KeyManager\":\"CUSTOMER\","               \
	"\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"]}}\n"               \
	"GetParametersForImport !DENIED\nImportKeyMaterial {}\n"
#define DENIED                                                         \
	"ListKeys !DENIED\nListAliases !DENIED\nDescribeKey !DENIED\n" \
	"GetParametersForImport !DENIED\nImportKeyMaterial {}\n"
#define FOUND_MAX 4
#define BLOB_SIZE 256

static void
write_file(const char *directory, const char *name, struct view v)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	if ((f = fopen(path, "w")) == NULL)
		abort();
	(void)fchmod(fileno(f), 0600);
	(void)fwrite(v.ptr, 1, v.len, f);
	fclose(f);
}

/* Takes off what is before the next NUL. */
static struct view
next_part(struct view *rest)
{
	size_t n = strnlen((const char *)rest->ptr, rest->len);
	struct view part = VIEW(rest->ptr, n);

	n += n < rest->len;
	rest->ptr += n;
	rest->len -= n;
	return (part);
}

static void
write_download(const char *sets, const char *name, struct view rest)
{
	char directory[200];

	snprintf(directory, sizeof(directory), "%s/%s", sets, name);
	(void)mkdir(directory, 0700);
	/* a DER key has NULs: it is the last */
	write_file(directory, "ImportTokenX", next_part(&rest));
	write_file(directory, "README.txt", next_part(&rest));
	write_file(directory, "WrappingPublicKeyX.bin", rest);
}

static void
unwrap(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key)
{
	static uint8_t blob[BLOB_SIZE] = {3};
	static CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	static CK_KEY_TYPE type = CKK_AES;
	static CK_BBOOL yes = CK_TRUE;
	CK_RSA_PKCS_OAEP_PARAMS oaep = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &oaep, sizeof(oaep)};
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_TOKEN, &yes, 1}};
	CK_OBJECT_HANDLE made;

	if (C_UnwrapKey(session, &m, key, blob, sizeof(blob), t, 3, &made) ==
	    CKR_OK)
		fuzz_read_all(session, made);
}

static void
give(CK_SESSION_HANDLE session, struct view set)
{
	static CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
	static CK_KEY_TYPE type = CKK_RSA;
	static CK_BBOOL yes = CK_TRUE;
	CK_ATTRIBUTE t[] = {{CKA_CLASS, &class, sizeof(class)},
	    {CKA_KEY_TYPE, &type, sizeof(type)}, {CKA_TOKEN, &yes, 1},
	    {CKA_KEYFERRY_IMPORT_SET, (void *)(uintptr_t)set.ptr, set.len}};
	CK_OBJECT_HANDLE pair;

	if (C_CreateObject(session, t, 4, &pair) != CKR_OK)
		return;
	fuzz_read_all(session, pair);
	unwrap(session, pair);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	CK_OBJECT_HANDLE found[FOUND_MAX];
	CK_SESSION_HANDLE session;
	const char *sets, *name;
	CK_ULONG n;

	if (len == 0)
		return (0);
	sets = fuzz_import_sets();
	name = (data[0] & 1) != 0 ? "renew-" KEY ".json" : KEY ".json";
	if ((data[0] & 2) != 0)
		write_download(sets, (data[0] & 1) != 0 ? "renew-" KEY : KEY,
		    VIEW(data + 1, len - 1));
	else if ((data[0] & 8) == 0)
		write_file(sets, name, VIEW(data + 1, len - 1));
	fuzz_replies((data[0] & 4) != 0	  ? VIEW_STR(DENIED)
		     : (data[0] & 1) != 0 ? VIEW_STR(REPLIES("Enabled"))
					  : VIEW_STR(REPLIES("PendingImport")));
	session = fuzz_open();
	if ((data[0] & 8) != 0)
		give(session, VIEW(data + 1, len - 1));
	n = fuzz_find(session, CK_UNAVAILABLE_INFORMATION, found, FOUND_MAX);
	for (CK_ULONG i = 0; i < n; i++)
		fuzz_read_all(session, found[i]);
	n = fuzz_find(session, CKO_PRIVATE_KEY, found, FOUND_MAX);
	for (CK_ULONG i = 0; i < n; i++)
		unwrap(session, found[i]);
	fuzz_close();
	return (0);
}
