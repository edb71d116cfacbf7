/*
 * cipher LABEL USES: finds the AES key of that label once, encrypts and decrypts with
 * it for ever, and writes a line for each use: when it began and ended, in
 * milliseconds, and "ok" or the code. What it encrypted first must stay readable.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "clock.h"
#include "p11.h"

#define TEXT "text"
#define SEALED_MAX 1024

struct sealed {
	CK_BYTE bytes[SEALED_MAX];
	CK_ULONG len;
};

static CK_RV
seal(CK_OBJECT_HANDLE key, struct sealed *s)
{
	s->len = sizeof(s->bytes);
	return (encrypt(
	    key, &kms_mechanism, TEXT, strlen(TEXT), s->bytes, &s->len));
}

static CK_RV
open_sealed(CK_OBJECT_HANDLE key, const struct sealed *s)
{
	CK_BYTE text[SEALED_MAX];
	CK_ULONG n = sizeof(text);
	CK_RV rv = decrypt(key, &kms_mechanism, s->bytes, s->len, text, &n);

	if (rv == CKR_OK &&
	    (n != strlen(TEXT) || memcmp(text, TEXT, strlen(TEXT)) != 0))
		rv = CKR_ENCRYPTED_DATA_INVALID;
	return (rv);
}

static CK_RV
use(CK_OBJECT_HANDLE key, const struct sealed *first)
{
	struct sealed s;
	CK_RV rv = seal(key, &s);

	if (rv == CKR_OK)
		rv = open_sealed(key, &s);
	if (rv == CKR_OK)
		rv = open_sealed(key, first);
	return (rv);
}

int
main(int argc, char **argv)
{
	FILE *f = argc == 3 ? fopen(argv[2], "a") : NULL;
	struct sealed first;
	CK_OBJECT_HANDLE key;
	int64_t begun;
	CK_RV rv;

	if (f == NULL)
		return (2);
	testenv_join();
	if (p11_open() != CKR_OK || p11_begin() != CKR_OK ||
	    (key = find_label(argv[1], CKO_SECRET_KEY)) == CK_INVALID_HANDLE ||
	    seal(key, &first) != CKR_OK)
		return (1);
	for (;;) {
		begun = clock_system.wall_ms(clock_system.ctx);
		rv = use(key, &first);
		fprintf(f, "%" PRId64 " %" PRId64, begun,
		    clock_system.wall_ms(clock_system.ctx));
		if (rv == CKR_OK)
			fputs(" ok\n", f);
		else
			fprintf(f, " 0x%lx\n", rv);
		fflush(f);
		usleep(200000);
	}
}
