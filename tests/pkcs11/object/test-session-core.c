/* Where session keys are not, once they are destroyed: in a core file of a
 * process that created, copied, used, wrapped and unwrapped them, and failed
 * to, and that generated and derived others; also where an allocation failed.
 * The attributes come out of a file that the process maps and lets go of, so
 * that what is found is what the module left. */
#include "child.h"
#include "cryptoki/cryptoki.h"
#include "cryptoki/derive-params.h"
#include "external-key.h"
#include "failing-alloc.h"
#include "secret-scan.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEYS 4
#define VALUE_MAX 2560 /* of ML-DSA-44 */
#define CANARY "this stands in the core file, key material does not"

/* In the file: the keys' attributes, by value. */
struct row {
	CK_ATTRIBUTE_TYPE type;
	CK_ULONG len;
	CK_BYTE bytes[VALUE_MAX];
};
/* What was made by the module, which writes its value right here. */
enum made {
	MADE_AES,
	MADE_HKDF,
	MADE_EC,
	MADE_ECDH,
	MADE_RSA,
	MADE_PRIME,
	MADE_ML_DSA, /* these two where OpenSSL has it */
	MADE_SEED,
	MADE
};
static const char *const made_names[MADE] = {"a generated AES key",
    "a key derived by HKDF", "a generated EC key", "a key derived by ECDH",
    "a generated RSA key's exponent", "its prime", "a generated ML-DSA key",
    "its seed"};
struct keys {
	struct row made[MADE];
	CK_ULONG count[KEYS];
	struct row rows[KEYS][KEY_TEMPLATE_MAX];
};

static CK_OBJECT_HANDLE wrapping; /* an AES key that has nothing to hide */
static CK_MECHANISM kwp = {CKM_AES_KEY_WRAP_KWP, NULL, 0};

static CK_RV
make_wrapping(void)
{
	static CK_BYTE value[32] = {1};
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE, value), A(CKA_WRAP, yes),
	    A(CKA_UNWRAP, yes)};

	return (p11->C_CreateObject(rw, t, ELEMS(t), &wrapping));
}

/* Out of the process and in again. */
static CK_RV
rewrap(CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE *again)
{
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, class), A(CKA_KEY_TYPE, type)};
	CK_BYTE wrapped[4096];
	CK_ULONG n = sizeof(wrapped);
	CK_RV rv;

	if ((rv = p11->C_GetAttributeValue(rw, key, t, 2)) != CKR_OK ||
	    (rv = p11->C_WrapKey(rw, &kwp, wrapping, key, wrapped, &n)) !=
		CKR_OK)
		return (rv);
	return (p11->C_UnwrapKey(rw, &kwp, wrapping, wrapped, n, t, 2, again));
}

/* Signs or encrypts; what a key cannot do, it does not. */
static void
use(CK_OBJECT_HANDLE key)
{
	static const CK_MECHANISM_TYPE types[] = {CKM_SHA256_RSA_PKCS,
	    CKM_ECDSA_SHA256, CKM_SHA512_HMAC, CKM_AES_CMAC, CKM_ML_DSA};
	CK_BYTE out[4096];

	for (size_t i = 0; i < ELEMS(types); i++) {
		CK_MECHANISM m = {types[i], NULL, 0};
		CK_ULONG n = sizeof(out);

		if (p11->C_SignInit(rw, &m, key) == CKR_OK)
			(void)p11->C_Sign(rw, (CK_BYTE *)"text", 4, out, &n);
	}
}

/* Nothing after it takes the place of what was freed. */
static CK_RV
come_and_go(CK_ATTRIBUTE *t, CK_ULONG count)
{
	CK_OBJECT_HANDLE h;
	CK_RV rv = p11->C_CreateObject(rw, t, count, &h);

	return (rv == CKR_OK ? p11->C_DestroyObject(rw, h) : rv);
}

static CK_RV
live_and_die(CK_ATTRIBUTE *t, CK_ULONG count)
{
	CK_OBJECT_HANDLE h[3];
	CK_RV rv;

	if ((rv = p11->C_CreateObject(rw, t, count, &h[0])) != CKR_OK ||
	    (rv = p11->C_CopyObject(rw, h[0], NULL, 0, &h[1])) != CKR_OK ||
	    (rv = rewrap(h[0], &h[2])) != CKR_OK)
		return (rv);
	for (size_t i = 0; i < ELEMS(h); i++) {
		use(h[i]);
		if (p11->C_DestroyObject(rw, h[i]) != CKR_OK)
			return (CKR_GENERAL_ERROR);
	}
	return (CKR_OK);
}

/* One part of the key in the place of another: refused. */
static CK_RV
fail_to(CK_ATTRIBUTE *t, CK_ULONG count)
{
	CK_OBJECT_HANDLE h;

	for (CK_ULONG i = 1; i < count; i++)
		if (t[i].type == CKA_PRIME_2) {
			CK_ATTRIBUTE prime = t[i - 1];
			CK_RV rv;

			t[i - 1].pValue = t[i].pValue;
			t[i - 1].ulValueLen = t[i].ulValueLen;
			rv = p11->C_CreateObject(rw, t, count, &h);
			t[i - 1] = prime;
			return (rv == CKR_OK ? CKR_GENERAL_ERROR : CKR_OK);
		}
	return (CKR_OK);
}

static CK_RV
keep_value(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, struct row *r)
{
	CK_ATTRIBUTE a = {type, r->bytes, sizeof(r->bytes)};
	CK_RV rv = p11->C_GetAttributeValue(rw, h, &a, 1);

	r->len = rv == CKR_OK ? a.ulValueLen : 0;
	return (rv);
}

static CK_RV
derive(CK_OBJECT_HANDLE base, CK_MECHANISM *m, struct row *r)
{
	CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, generic), A(CKA_VALUE_LEN, len),
	    A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, no), A(CKA_SIGN, yes)};
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if ((rv = p11->C_DeriveKey(rw, m, base, t, ELEMS(t), &h)) != CKR_OK ||
	    (rv = keep_value(h, CKA_VALUE, r)) != CKR_OK)
		return (rv);
	use(h);
	return (p11->C_DestroyObject(rw, h));
}

static CK_RV
generate_secret(struct keys *keys)
{
	CK_ULONG len = 32;
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	struct hkdf_params p = {CK_TRUE, CK_TRUE, CKM_SHA256, 1 /* none */,
	    NULL, 0, CK_INVALID_HANDLE, NULL, 0};
	CK_MECHANISM hkdf = {CKM_HKDF_DERIVE, &p, sizeof(p)};
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_EXTRACTABLE, yes),
	    A(CKA_SENSITIVE, no), A(CKA_SIGN, yes), A(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if ((rv = p11->C_GenerateKey(rw, &m, t, ELEMS(t), &h)) != CKR_OK ||
	    (rv = keep_value(h, CKA_VALUE, &keys->made[MADE_AES])) != CKR_OK ||
	    (rv = derive(h, &hkdf, &keys->made[MADE_HKDF])) != CKR_OK)
		return (rv);
	use(h);
	return (p11->C_DestroyObject(rw, h));
}

/* Destroys both halves; the private one was used. */
static CK_RV
generate_pair(CK_MECHANISM_TYPE type, CK_ATTRIBUTE public, struct keys *keys)
{
	CK_MECHANISM m = {type, NULL, 0};
	CK_ATTRIBUTE priv[] = {A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, no),
	    A(CKA_SIGN, yes), A(CKA_DERIVE, yes)};
	CK_OBJECT_HANDLE h[2];
	CK_BYTE point[128];
	CK_ATTRIBUTE at = A(CKA_EC_POINT, point);
	CK_ECDH1_DERIVE_PARAMS p = {CKD_NULL, 0, NULL, 0, point};
	CK_MECHANISM ecdh = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
	bool ec = type == CKM_EC_KEY_PAIR_GEN;
	CK_RV rv = p11->C_GenerateKeyPair(
	    rw, &m, &public, 1, priv, ec ? 4 : 3, &h[0], &h[1]);

	if (rv == CKR_OK && ec &&
	    (rv = keep_value(h[1], CKA_VALUE, &keys->made[MADE_EC])) ==
		CKR_OK &&
	    (rv = p11->C_GetAttributeValue(rw, h[0], &at, 1)) == CKR_OK) {
		p.ulPublicDataLen = at.ulValueLen;
		rv = derive(h[1], &ecdh, &keys->made[MADE_ECDH]);
	}
	if (rv == CKR_OK && !ec &&
	    (rv = keep_value(
		 h[1], CKA_PRIVATE_EXPONENT, &keys->made[MADE_RSA])) == CKR_OK)
		rv = keep_value(h[1], CKA_PRIME_1, &keys->made[MADE_PRIME]);
	if (rv != CKR_OK)
		return (rv);
	use(h[1]);
	rv = p11->C_DestroyObject(rw, h[1]);
	return (rv == CKR_OK ? p11->C_DestroyObject(rw, h[0]) : rv);
}

static CK_RV
generate_ml_dsa(struct keys *keys)
{
	CK_MECHANISM m = {CKM_ML_DSA_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG set = CKP_ML_DSA_44;
	CK_ATTRIBUTE public[] = {A(CKA_PARAMETER_SET, set)},
		     private[] = {
			 A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, no)};
	CK_OBJECT_HANDLE h[3];
	CK_RV rv = p11->C_GenerateKeyPair(
	    rw, &m, public, 1, private, 2, &h[0], &h[1]);

	if (rv == CKR_MECHANISM_INVALID) /* OpenSSL before 3.5 */
		return (CKR_OK);
	if (rv != CKR_OK ||
	    (rv = keep_value(h[1], CKA_VALUE, &keys->made[MADE_ML_DSA])) !=
		CKR_OK ||
	    (rv = keep_value(h[1], CKA_SEED, &keys->made[MADE_SEED])) !=
		CKR_OK ||
	    (rv = rewrap(h[1], &h[2])) != CKR_OK)
		return (rv);
	for (size_t i = 0; i < ELEMS(h) && rv == CKR_OK; i++) {
		use(h[i]);
		rv = p11->C_DestroyObject(rw, h[i]);
	}
	return (rv);
}

static CK_RV
generate_all(struct keys *keys)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_ULONG bits = 2048;
	CK_RV rv = generate_secret(keys);

	if (rv == CKR_OK)
		rv = generate_pair(CKM_EC_KEY_PAIR_GEN,
		    (CK_ATTRIBUTE)A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256)),
		    keys);
	if (rv == CKR_OK)
		rv = generate_pair(CKM_RSA_PKCS_KEY_PAIR_GEN,
		    (CK_ATTRIBUTE)A(CKA_MODULUS_BITS, bits), keys);
	return (rv == CKR_OK ? generate_ml_dsa(keys) : rv);
}

/* Each allocation fails once. */
static CK_RV
run_out_of_memory(CK_ATTRIBUTE *t, CK_ULONG count)
{
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	CK_RV rv;

	for (size_t n = 1;; n++) {
		alloc_arm(n, false);
		rv = p11->C_CreateObject(rw, t, count, &h);
		if (alloc_disarm() < n)
			return (
			    rv == CKR_OK ? p11->C_DestroyObject(rw, h) : rv);
		if (rv == CKR_OK && p11->C_DestroyObject(rw, h) != CKR_OK)
			return (CKR_GENERAL_ERROR);
	}
}

static CK_RV
import_all(const struct keys *keys)
{
	CK_ATTRIBUTE t[KEY_TEMPLATE_MAX + 2];
	CK_RV rv = CKR_OK;

	for (size_t i = 0; i < KEYS && rv == CKR_OK; i++) {
		CK_ULONG count = keys->count[i];

		for (CK_ULONG n = 0; n < count; n++) {
			t[n] = (CK_ATTRIBUTE){keys->rows[i][n].type,
			    (void *)(size_t)keys->rows[i][n].bytes,
			    keys->rows[i][n].len};
			if (t[n].type == CKA_TOKEN)
				t[n].pValue = &no;
		}
		t[count++] = (CK_ATTRIBUTE)A(CKA_EXTRACTABLE, yes);
		t[count++] = (CK_ATTRIBUTE)A(CKA_SIGN, yes);
		if ((rv = fail_to(t, count)) == CKR_OK)
			rv = live_and_die(t, count);
		if (rv == CKR_OK)
			rv = run_out_of_memory(t, count);
		if (rv == CKR_OK)
			rv = come_and_go(t, count);
	}
	return (rv);
}

/* Step: does all that, and lets a debugger write its core file. */
static CK_RV
step_import(const char *core)
{
	struct keys *keys;
	char *canary = strdup(CANARY);
	int fd = open(testenv_path("keys"), O_RDWR | O_CLOEXEC);
	CK_RV rv;

	alloc_keep_freed(true);
	keys = mmap(
	    NULL, sizeof(*keys), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (keys == MAP_FAILED || (rv = p11_begin()) != CKR_OK)
		return (CKR_GENERAL_ERROR);
	if ((rv = make_wrapping()) == CKR_OK &&
	    (rv = generate_all(keys)) == CKR_OK)
		rv = import_all(keys);
	munmap(keys, sizeof(*keys));
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
	static const char *const labels[KEYS] = {"aes", "hmac", "ec", "rsa"};
	const struct external_key_kind *const kinds[KEYS] = {&external_key_aes,
	    &external_key_hmacs[3], &external_key_ecs[1],
	    &external_key_rsa_2048};
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

/* As OpenSSL's numbers are: the lowest byte first. */
static unsigned
copies_of_number(
    const struct secret_scan *h, const CK_BYTE *value, CK_ULONG len)
{
	CK_BYTE turned[VALUE_MAX];

	for (CK_ULONG i = 0; i < len; i++)
		turned[i] = value[len - 1 - i];
	return (secret_scan_copies(h, turned, len));
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
			COUNT(secret_scan_copies(h, a->pValue, a->ulValueLen) +
				  copies_of_number(h, a->pValue, a->ulValueLen),
			    0, "no copy of attribute 0x%lx of the %s key in %s",
			    a->type, o[i].kind->spec, what);
		}
}

static bool
has_ml_dsa(void)
{
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");

	EVP_PKEY_free(k);
	return (k != NULL);
}

/* What the child wrote into the file. */
static void
check_made(const char *what, const struct secret_scan *h)
{
	struct secret_scan file = secret_scan_open(testenv_path("keys"));
	const struct keys *keys = (const void *)file.bytes;

	NEED(file.len == sizeof(*keys), "what was made");
	for (size_t i = 0; i < MADE; i++) {
		const struct row *r = &keys->made[i];

		if (i >= MADE_ML_DSA && !has_ml_dsa()) {
			tap_skip("OpenSSL before 3.5", made_names[i]);
			continue;
		}
		OK(r->len >= 16, "%s has a value", made_names[i]);
		COUNT(secret_scan_copies(h, r->bytes, r->len) +
			  copies_of_number(h, r->bytes, r->len),
		    0, "no copy of %s in %s", made_names[i], what);
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
	/* Where libcrypto is bound when it is first called, the dynamic linker
   * saves on the stack what vector registers have of a key. */
	setenv("LD_BIND_NOW", "1", 1);
	s = child_start("import", core);
	snprintf(
	    core, sizeof(core), "%s.%ld", testenv_path("core"), (long)s.pid);
	rv = child_wait(&s);
	h = secret_scan_open(testenv_path("log"));
	OK(h.len != 0 && secret_scan_has(&h, "C_UnwrapKey", 11),
	    "the log has each call");
	check_file("the log", &h, o);
	if (rv == CKR_FUNCTION_NOT_SUPPORTED) {
		printf("# %s\n", testenv_read("gcore.out"));
		tap_skip("gcore writes no core file here", "a core file");
	} else {
		RV(rv, CKR_OK, "keys of each kind lived and died");
		h = secret_scan_open(core);
		OK(h.len != 0 && secret_scan_has(&h, CANARY, strlen(CANARY)),
		    "a core file, %zu bytes, has what stood in memory", h.len);
		check_file("the core file", &h, o);
		check_made("the core file", &h);
	}
	for (size_t i = 0; i < KEYS; i++)
		external_key_free(&o[i]);
	testenv_stop();
	return (tap_done());
}
