/*
 * make-hsm-key MODULE TOKEN PIN LABEL ID-DIGIT [FLAG...]: generates an
 * AES-256 key that pkcs11-tool cannot make: "trusted", it may be wrapped only by
 * a trusted key; "wrap", it can only wrap; "nameless", it has neither label nor
 * id.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"

#define SLOTS_MAX 16

static bool
has(int argc, char **argv, const char *flag)
{
	for (int i = 6; i < argc; i++)
		if (strcmp(argv[i], flag) == 0)
			return (true);
	return (false);
}

static CK_FUNCTION_LIST *
load(const char *path)
{
	void *module = dlopen(path, RTLD_NOW);
	CK_FUNCTION_LIST *p11 = NULL;
	CK_C_GetFunctionList get;

	if (module == NULL ||
	    (*(void **)&get = dlsym(module, "C_GetFunctionList")) == NULL ||
	    get(&p11) != CKR_OK || p11->C_Initialize(NULL) != CKR_OK)
		return (NULL);
	return (p11);
}

static bool
log_in(CK_FUNCTION_LIST *p11, const char *label, char *pin,
    CK_SESSION_HANDLE *session)
{
	CK_SLOT_ID slots[SLOTS_MAX];
	CK_ULONG n = SLOTS_MAX;
	CK_TOKEN_INFO info;
	size_t len = strlen(label);

	if (p11->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
		return (false);
	for (CK_ULONG i = 0; i < n; i++) {
		if (p11->C_GetTokenInfo(slots[i], &info) != CKR_OK ||
		    memcmp(info.label, label, len) != 0 ||
		    (len < sizeof(info.label) && info.label[len] != ' '))
			continue;
		return (p11->C_OpenSession(slots[i],
			    CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
			    session) == CKR_OK &&
			p11->C_Login(*session, CKU_USER, (CK_UTF8CHAR *)pin,
			    strlen(pin)) == CKR_OK);
	}
	return (false);
}

int
main(int argc, char **argv)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
	CK_ULONG len = 32;
	CK_FUNCTION_LIST *p11;
	CK_SESSION_HANDLE session;
	CK_OBJECT_HANDLE key;
	CK_RV rv;

	if (argc < 6 || (p11 = load(argv[1])) == NULL ||
	    !log_in(p11, argv[2], argv[3], &session)) {
		fprintf(stderr, "usage, or no such token\n");
		return (2);
	}
	CK_BBOOL *use = has(argc, argv, "wrap") ? &no : &yes;
	CK_BBOOL *trusted = has(argc, argv, "trusted") ? &yes : &no;
	bool nameless = has(argc, argv, "nameless");
	CK_ATTRIBUTE template[] = {
	    {CKA_TOKEN, &yes, sizeof(yes)},
	    {CKA_VALUE_LEN, &len, sizeof(len)},
	    {CKA_SENSITIVE, &yes, sizeof(yes)},
	    {CKA_EXTRACTABLE, &yes, sizeof(yes)},
	    {CKA_WRAP_WITH_TRUSTED, trusted, sizeof(yes)},
	    {CKA_ENCRYPT, use, sizeof(yes)},
	    {CKA_DECRYPT, use, sizeof(yes)},
	    {CKA_WRAP, &yes, sizeof(yes)},
	    {CKA_LABEL, argv[4], nameless ? 0 : strlen(argv[4])},
	    {CKA_ID, argv[5], nameless ? 0 : 1},
	};
	rv = p11->C_GenerateKey(session, &m, template,
	    sizeof(template) / sizeof(template[0]), &key);
	if (rv != CKR_OK)
		fprintf(stderr, "C_GenerateKey: 0x%lx\n", rv);
	(void)p11->C_Finalize(NULL);
	return (rv == CKR_OK ? 0 : 1);
}
