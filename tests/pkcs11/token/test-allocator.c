/* A host with an allocator of its own, as one that links jemalloc, that loads
 * the module with RTLD_DEEPBIND, as pkcs11-provider does: libc's functions get
 * their memory from the host's allocator, the module its own from libc. What
 * the one has made the other must not free. */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

/* The host's allocator: libc's, with a mark in front of what it hands out.
 * Neither knows the other's. */
#define SHOWN __attribute__((visibility("default")))
#define MARK UINT64_C(0x6b65796665727279)

struct front {
	uint64_t mark;
	size_t size;
};

void *__libc_malloc(size_t);
void __libc_free(void *);
SHOWN void *malloc(size_t);
SHOWN void *calloc(size_t, size_t);
SHOWN void *realloc(void *, size_t);
SHOWN void free(void *);
static size_t given; /* how often it was asked; not exact with threads */

void *
malloc(size_t n)
{
	struct front *f;

	if (n > SIZE_MAX - sizeof(*f) ||
	    (f = __libc_malloc(sizeof(*f) + n)) == NULL)
		return (NULL);
	*f = (struct front){MARK, n};
	given++;
	return (f + 1);
}

static struct front *
front_of(void *p)
{
	static const char text[] = "free() of another allocator's memory\n";
	struct front *f = (struct front *)p - 1;

	if (f->mark != MARK) {
		(void)!write(STDERR_FILENO, text, sizeof(text) - 1);
		abort();
	}
	return (f);
}

void
free(void *p)
{
	struct front *f;

	if (p == NULL)
		return;
	f = front_of(p);
	f->mark = 0;
	__libc_free(f);
}

void *
calloc(size_t count, size_t size)
{
	void *p;

	if (size != 0 && count > SIZE_MAX / size)
		return (NULL);
	/* the compiler must not make a calloc() of it */
	if ((p = malloc(count * size)) != NULL)
		for (volatile char *c = p; c < (char *)p + count * size; c++)
			*c = 0;
	return (p);
}

void *
realloc(void *old, size_t n)
{
	void *p = malloc(n);
	size_t size;

	if (p == NULL || old == NULL)
		return (p);
	size = front_of(old)->size;
	memcpy(p, old, size < n ? size : n);
	free(old);
	return (p);
}

static void
write_certificate(void)
{
	char text[4096] = "-----BEGIN CERTIFICATE-----\nAAAA\n"
			  "-----END CERTIFICATE-----\n";

	if (mkdir(testenv_path("certificates"), 0700) != 0)
		tap_bail();
	testenv_write("certificates/one.pem", text);
	testenv_write("certificates/two.pem", text);
}

static void
use_all(const char *label)
{
	CK_MECHANISM ecdsa = {CKM_ECDSA_SHA256, NULL, 0};
	CK_OBJECT_HANDLE key, found[8];
	struct pair_handles pair;
	CK_BYTE sealed[1024], out[64];
	CK_ULONG n = sizeof(sealed), m = sizeof(out);
	CK_TOKEN_INFO info;

	RV(p11->C_GetTokenInfo(0, &info), CKR_OK, "C_GetTokenInfo");
	key = key_make(material(1), "imported");
	pair = pair_generate(label);
	OK(find(rw, NULL, 0, found, ELEMS(found)) >= 3, "a listing");
	RV(encrypt(key, &kms_mechanism, "text", 4, sealed, &n), CKR_OK,
	    "C_Encrypt");
	RV(decrypt(key, &kms_mechanism, sealed, n, out, &m), CKR_OK,
	    "C_Decrypt");
	RV(sign_text(pair.private, &ecdsa), CKR_OK, "C_Sign");
	RV(p11->C_DestroyObject(rw, key), CKR_OK, "C_DestroyObject");
}

int
main(void)
{
	char config[512];
	void *deep;

	testenv_start();
	write_certificate();
	snprintf(config, sizeof(config), "certificates = %s\nlogin = none",
	    testenv_path("certificates"));
	testenv_config(NULL, config, NULL);
	testenv_write(
	    "aws", "[default]\nregion = us-east-1\nretry_mode = standard\n");
	setenv("AWS_CONFIG_FILE", testenv_path("aws"), 1);
	setenv("AWS_PROFILE", "default", 1);
	/* the first to load it decides how */
	deep = dlopen(testenv_module(), RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	NEED(deep != NULL, "the module is loaded with RTLD_DEEPBIND");
	for (int i = 0; i < 2; i++) {
		p11_start();
		use_all(i == 0 ? "first" : "second");
		p11_stop();
	}
	OK(given != 0, "the host's allocator is in use");
	testenv_stop();
	return (tap_done());
}
