#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>
#include "secret-scan.h"
#include "testenv.h"

#define WINDOW 16 /* bytes of a secret that are a copy of it */

struct secret_scan
secret_scan_open(const char *path)
{
	struct secret_scan h = {NULL, 0};
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd == -1 || fstat(fd, &st) != 0 || st.st_size == 0)
		return (h);
	h.bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	h.len = h.bytes != MAP_FAILED ? (size_t)st.st_size : 0;
	close(fd);
	return (h);
}

unsigned
secret_scan_has(const struct secret_scan *h, const void *needle, size_t len)
{
	return (memmem(h->bytes, h->len, needle, len) != NULL);
}

/* The first, the middle and the last window of a secret, in each writing. */
unsigned
secret_scan_copies(
    const struct secret_scan *h, const uint8_t *secret, size_t len)
{
	const size_t at[] = {0, (len - WINDOW) / 2, len - WINDOW};
	unsigned n = 0;

	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		const uint8_t *w = secret + at[i];
		char hex[2 * WINDOW + 1], upper[2 * WINDOW + 1];
		unsigned char base64[64];

		for (size_t k = 0; k < WINDOW; k++) {
			snprintf(hex + 2 * k, 3, "%02x", w[k]);
			snprintf(upper + 2 * k, 3, "%02X", w[k]);
		}
		n += secret_scan_has(h, w, WINDOW) +
		     secret_scan_has(h, hex, 2 * WINDOW) +
		     secret_scan_has(h, upper, 2 * WINDOW);
		/* base64 of the whole, whose groups begin with the secret */
		EVP_EncodeBlock(base64, w, WINDOW - WINDOW % 3);
		if (at[i] % 3 == 0)
			n += secret_scan_has(
			    h, base64, (WINDOW - WINDOW % 3) / 3 * 4);
	}
	return (n);
}

bool
core_write(const char *path)
{
	char command[512];

	snprintf(command, sizeof(command), "gcore -o '%s' %ld >'%s' 2>&1", path,
	    (long)getpid(), testenv_path("gcore.out"));
	return (system(command) == 0);
}
