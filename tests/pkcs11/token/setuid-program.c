/*
 * setuid-program MODULE CONFIG: a program that is installed set-user-id. Prints
 * whether the system treats it as one, then encrypts with each AES key on the
 * token and prints how many there are, or the call that failed.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"

static const char *function;

static CK_RV
called(const char *name, CK_RV rv)
{
	function = name;
	return (rv);
}
#define CALL(f, ...) called(#f, p11->f(__VA_ARGS__))

static CK_RV
encrypt_with_all(CK_FUNCTION_LIST *p11, char *config, CK_ULONG *count)
{
	CK_C_INITIALIZE_ARGS args = {
	    .flags = CKF_OS_LOCKING_OK, .pReserved = config};
	CK_OBJECT_CLASS class = CKO_SECRET_KEY;
	CK_ATTRIBUTE template = {CKA_CLASS, &class, sizeof(class)};
	CK_MECHANISM m = {CKM_KEYFERRY_KMS, NULL, 0};
	CK_OBJECT_HANDLE keys[8];
	CK_SESSION_HANDLE s;
	CK_SLOT_ID slot;
	CK_ULONG n = 1, len;
	CK_BYTE text[] = "text", out[1024];
	CK_RV rv;

	if ((rv = CALL(C_Initialize, &args)) != CKR_OK ||
	    (rv = CALL(C_GetSlotList, CK_TRUE, &slot, &n)) != CKR_OK ||
	    (rv = CALL(C_OpenSession, slot, CKF_SERIAL_SESSION, NULL, NULL,
		 &s)) != CKR_OK ||
	    (rv = CALL(C_FindObjectsInit, s, &template, 1)) != CKR_OK ||
	    (rv = CALL(C_FindObjects, s, keys, 8, count)) != CKR_OK ||
	    (rv = CALL(C_FindObjectsFinal, s)) != CKR_OK)
		return (rv);
	for (CK_ULONG i = 0; i < *count; i++) {
		len = sizeof(out);
		if ((rv = CALL(C_EncryptInit, s, &m, keys[i])) != CKR_OK ||
		    (rv = CALL(C_Encrypt, s, text, sizeof(text), out, &len)) !=
			CKR_OK)
			return (rv);
	}
	return (CALL(C_Finalize, NULL));
}

int
main(int argc, char **argv)
{
	void *module = argc == 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
	CK_C_GetFunctionList get = NULL;
	CK_FUNCTION_LIST *p11 = NULL;
	CK_ULONG count = 0;
	CK_RV rv;

	if (module == NULL ||
	    (*(void **)&get = dlsym(module, "C_GetFunctionList")) == NULL ||
	    get(&p11) != CKR_OK) {
		fprintf(stderr, "%s\n", dlerror());
		return (2);
	}
	printf("%s\n", getauxval(AT_SECURE) != 0 ? "secure" : "not secure");
	if ((rv = encrypt_with_all(p11, argv[2], &count)) != CKR_OK)
		printf("%s: 0x%lx\n", function, rv);
	else
		printf("%lu keys\n", count);
	return (rv == CKR_OK ? 0 : 1);
}
