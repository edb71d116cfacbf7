/* Where key material is not: in a core file of a process that imported keys by
 * their values, nor in its log, whatever the level: not as it is, not in hex,
 * not in base64. The attributes come out of a file that the process maps and
 * lets go of, so that what is found is what the module left. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "cryptoki/cryptoki.h"
#include "secret-scan.h"
#include "external-key.h"
#include "child.h"

#define KEYS 4
#define CANARY "this stands in the core file, key material does not"

/* In the file: the keys' attributes, by value. */
struct row {
	CK_ATTRIBUTE_TYPE type;
	CK_ULONG len;
	CK_BYTE bytes[EXTERNAL_KEY_VALUE_MAX];
};
struct keys {
	CK_ULONG count[KEYS];
	struct row rows[KEYS][KEY_TEMPLATE_MAX];
};

static CK_RV
import_all(const struct keys *keys)
{
	CK_ATTRIBUTE t[KEY_TEMPLATE_MAX];
	CK_OBJECT_HANDLE h;
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < KEYS && rv == CKR_OK; i++) {
		for (CK_ULONG n = 0; n < keys->count[i]; n++)
			t[n] = (CK_ATTRIBUTE){keys->rows[i][n].type,
			    (void *)(size_t)keys->rows[i][n].bytes,
			    keys->rows[i][n].len};
		rv = p11->C_CreateObject(rw, t, keys->count[i], &h);
	}
	return (rv);
}

/* Step: imports them, and lets a debugger write its core file. */
static CK_RV
step_import(const char *core)
{
	const struct keys *keys;
	char *canary = strdup(CANARY);
	int fd = open(testenv_path("keys"), O_RDONLY | O_CLOEXEC);
	CK_RV rv;

	keys = mmap(NULL, sizeof(*keys), PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (keys == MAP_FAILED || (rv = p11_begin()) != CKR_OK)
		return (CKR_GENERAL_ERROR);
	rv = import_all(keys);
	munmap((void *)(size_t)keys, sizeof(*keys));
	if (rv == CKR_OK && !core_write(core))
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	(void)p11->C_Finalize(NULL);
	if (strlen(canary) != strlen(CANARY))
		rv = CKR_GENERAL_ERROR;
	free(canary);
	return (rv);
}

static void
write_keys(struct keys *keys, struct external_key o[KEYS])
{
	static const char *const labels[KEYS] = {"aes", "hmac", "rsa", "ec"};
	const struct external_key_kind *const kinds[KEYS] = {&external_key_aes,
	    &external_key_hmacs[3], &external_key_rsa_2048,
	    &external_key_ecs[1]};
	FILE *f = fopen(testenv_path("keys"), "w");

	for (size_t i = 0; i < KEYS; i++) {
		external_key_make(&o[i], kinds[i], 0, labels[i]);
		keys->count[i] = o[i].t.count;
		for (CK_ULONG n = 0; n < o[i].t.count; n++) {
			const CK_ATTRIBUTE *a = &o[i].t.t[n];
			struct row *r = &keys->rows[i][n];

			r->type = a->type;
			r->len = a->ulValueLen;
			memcpy(r->bytes, a->pValue, a->ulValueLen);
		}
	}
	NEED(f != NULL && fwrite(keys, sizeof(*keys), 1, f) == 1 &&
		 fclose(f) == 0,
	    "the keys are in a file");
}

static void
check_file(
    const char *what, const struct secret_scan *h, struct external_key o[KEYS])
{
	for (size_t i = 0; i < KEYS; i++)
		for (CK_ULONG n = o[i].material_at; n < o[i].t.count; n++) {
			const CK_ATTRIBUTE *a = &o[i].t.t[n];

			if (a->type == CKA_MODULUS ||
			    a->type == CKA_PUBLIC_EXPONENT ||
			    a->type == CKA_EC_PARAMS)
				continue;
			COUNT(secret_scan_copies(h, a->pValue, a->ulValueLen),
			    0, "no copy of attribute 0x%lx of the %s key in %s",
			    a->type, o[i].kind->spec, what);
		}
}

static const struct child_row steps[] = {{"import", step_import}};

int
main(int argc, char **argv)
{
	static struct keys keys;
	static struct external_key o[KEYS];
	struct secret_scan h;
	char core[256];
	struct child s;
	CK_RV rv;

	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	write_keys(&keys, o);
	testenv_log("trace");
	snprintf(core, sizeof(core), "%s", testenv_path("core"));
	s = child_start("import", core);
	snprintf(
	    core, sizeof(core), "%s.%ld", testenv_path("core"), (long)s.pid);
	rv = child_wait(&s);
	h = secret_scan_open(testenv_path("log"));
	OK(h.len != 0 && secret_scan_has(&h, "ImportKeyMaterial", 17),
	    "the log has each call");
	check_file("the log", &h, o);
	if (rv == CKR_FUNCTION_NOT_SUPPORTED) {
		printf("# %s\n", testenv_read("gcore.out"));
		tap_skip("gcore writes no core file here", "a core file");
	} else {
		RV(rv, CKR_OK, "keys of each kind are imported");
		h = secret_scan_open(core);
		OK(h.len != 0 && secret_scan_has(&h, CANARY, strlen(CANARY)),
		    "a core file, %zu bytes, has what stood in memory", h.len);
		check_file("the core file", &h, o);
	}
	for (size_t i = 0; i < KEYS; i++)
		external_key_free(&o[i]);
	testenv_stop();
	return (tap_done());
}
