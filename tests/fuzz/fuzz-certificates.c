/* A file of the certificates' directory; the first byte chooses its name. */
#include <stdio.h>
#include <stdlib.h>
#include "fuzz-module.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const names[] = {
	    "a.pem", "a.der", "a.crt", "a.cer", "keyferry-00.pem", "a"};
	CK_OBJECT_HANDLE found[16];
	CK_SESSION_HANDLE session;
	char path[160];
	CK_ULONG n;
	FILE *f;

	if (len == 0)
		return (0);
	snprintf(path, sizeof(path), "%s/%s", fuzz_certificates(),
	    names[data[0] % (sizeof(names) / sizeof(names[0]))]);
	if ((f = fopen(path, "wb")) == NULL ||
	    fwrite(data + 1, 1, len - 1, f) != len - 1)
		abort();
	fclose(f);
	fuzz_replies(
	    VIEW_STR("ListKeys {\"Keys\":[],\"Truncated\":false}\n"
		     "ListAliases {\"Aliases\":[],\"Truncated\":false}"));
	session = fuzz_open();
	n = fuzz_find(session, CKO_CERTIFICATE, found, 16);
	for (CK_ULONG i = 0; i < n; i++)
		fuzz_read_all(session, found[i]);
	fuzz_close();
	return (0);
}
