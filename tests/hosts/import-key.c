/*
 * What pkcs11-tool cannot say when it imports a key:
 *
 *   import-key renew FILE LABEL END   the RSA key of that label gets its material
 *                                     again, which ends at END (seconds since 1970)
 *   import-key rotate FILE LABEL      the AES key of that label gets the 32 bytes in
 *                                     FILE as its new material
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/pem.h>
#include "external-key.h"

static CK_RV
renew(FILE *f, const char *label, CK_ULONG end)
{
	struct external_key k;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	external_key_take(&k, &external_key_rsa_2048,
	    PEM_read_PrivateKey(f, NULL, NULL, NULL), label);
	template_add(&k.t, CKA_SIGN, &yes, sizeof(yes));
	template_add(&k.t, CKA_KEYFERRY_VALID_TO, &end, sizeof(end));
	rv = p11->C_CreateObject(rw, k.t.t, k.t.count, &h);
	external_key_free(&k);
	return (rv);
}

static CK_RV
rotate(FILE *f, const char *label)
{
	struct key_template k;
	CK_OBJECT_HANDLE h;
	CK_BYTE bytes[32];

	if (fread(bytes, 1, sizeof(bytes), f) != sizeof(bytes))
		return (CKR_ARGUMENTS_BAD);
	key_template(&k, bytes, label);
	template_add(&k, CKA_KEYFERRY_NEW_MATERIAL, &yes, sizeof(yes));
	return (p11->C_CreateObject(rw, k.t, k.count, &h));
}

int
main(int argc, char **argv)
{
	FILE *f = argc > 3 ? fopen(argv[2], "r") : NULL;
	CK_RV rv;

	if (f == NULL)
		return (2);
	testenv_join();
	if ((rv = p11_open()) == CKR_OK && (rv = p11_begin()) == CKR_OK)
		rv = strcmp(argv[1], "rotate") == 0
			 ? rotate(f, argv[3])
			 : renew(f, argv[3], strtoul(argv[4], NULL, 10));
	p11_stop();
	fclose(f);
	if (rv != CKR_OK)
		fprintf(stderr, "import-key: 0x%lx\n", rv);
	return (rv != CKR_OK);
}
