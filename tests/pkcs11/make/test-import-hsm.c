/* From an HSM that is not ours: keys made in SoftHSM, which this process loads,
 * go over wrapped to the module, which another process loads. What KMS signs
 * verifies against SoftHSM's public keys, and of the clear keys there is nothing
 * in the other process's core file. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include "cryptoki/cryptoki.h"
#include "secret-scan.h"
#include "external-key.h"
#include "child.h"

#define SOFTHSM "/usr/lib/softhsm/libsofthsm2.so"
#define PIN "1234"
#define AES_KWP 0x210aUL /* CKM_AES_KEY_WRAP_PAD: RFC 5649 in SoftHSM */
#define BLOB_MAX 8192

static CK_FUNCTION_LIST *hsm;
static CK_SESSION_HANDLE at;

static const struct kind {
	const char *name;
	const struct external_key_kind *kind;
} kinds[] = {
    {"aes", &external_key_aes},
    {"rsa", &external_key_rsa_2048},
    {"ec", &external_key_ecs[1]},
};

/* The module's side, a process each: argument is the name of a kind. */

static const struct kind *
kind_find(const char *name)
{
	for (size_t i = 0; i < ELEMS(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return (&kinds[i]);
	tap_bail();
}

static void
save(const char *name, const void *bytes, size_t len)
{
	FILE *f = fopen(testenv_path(name), "w");

	if (f == NULL || fwrite(bytes, 1, len, f) != len || fclose(f) != 0)
		tap_bail();
}

static size_t
load(const char *name, void *bytes, size_t room)
{
	FILE *f = fopen(testenv_path(name), "r");
	size_t n;

	if (f == NULL)
		tap_bail();
	n = fread(bytes, 1, room, f);
	fclose(f);
	return (n);
}

static void
use_config(const char *name)
{
	const struct kind *k = kind_find(name);
	char line[128];

	snprintf(line, sizeof(line), "import = %s\nwrapping = %s",
	    k->kind->spec,
	    k->kind->type == CKK_AES ? "RSAES_OAEP_SHA_1"
				     : "RSA_AES_KEY_WRAP_SHA_1");
	testenv_config(NULL, line, NULL);
}

/* An import pair; its public half's DER goes into a file. */
static CK_RV
step_pair(const char *name)
{
	CK_BYTE der[1024];
	CK_RV rv;

	use_config(name);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	save("wrap.der", der,
	    attr(pair_make(name).public, CKA_PUBLIC_KEY_INFO, der, 1024));
	(void)p11->C_Finalize(NULL);
	return (CKR_OK);
}

static CK_RV
step_unwrap(const char *name)
{
	const struct kind *k = kind_find(name);
	CK_MECHANISM m = {
	    k->kind->type == CKK_AES ? CKM_RSA_PKCS_OAEP : CKM_RSA_AES_KEY_WRAP,
	    NULL, 0};
	CK_OBJECT_CLASS class = k->kind->class;
	CK_KEY_TYPE type = k->kind->type;
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, class), A(CKA_KEY_TYPE, type), A(CKA_TOKEN, yes)};
	CK_BYTE blob[BLOB_MAX];
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	use_config(name);
	if ((rv = p11_begin()) == CKR_OK)
		rv = p11->C_UnwrapKey(rw, &m, find_label(name, CKO_PRIVATE_KEY),
		    blob, load("blob", blob, sizeof(blob)), t, ELEMS(t), &h);
	if (rv == CKR_OK && !core_write(testenv_path("core")))
		rv = CKR_FUNCTION_NOT_SUPPORTED;
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* The same AES key again, by its value: no other is taken. */
static CK_RV
step_again(const char *name)
{
	CK_BYTE value[32];
	struct key_template k;
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if (load("value", value, sizeof(value)) != sizeof(value) ||
	    (rv = p11_begin()) != CKR_OK)
		return (CKR_GENERAL_ERROR);
	key_template(&k, value, name);
	rv = p11->C_CreateObject(rw, k.t, k.count, &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

/* The HSM's side */

static void
hsm_open(void)
{
	CK_UTF8CHAR label[32], pin[] = PIN;
	CK_C_GetFunctionList get = NULL;
	CK_ULONG n = 1;
	CK_SLOT_ID slot;
	char conf[512];
	void *lib = NULL;

	snprintf(conf, sizeof(conf), "directories.tokendir = %s\n",
	    testenv_path("tokens"));
	testenv_write("softhsm2.conf", conf);
	setenv("SOFTHSM2_CONF", testenv_path("softhsm2.conf"), 1);
	memset(label, ' ', sizeof(label));
	memcpy(label, "premises", 8);
	NEED(mkdir(testenv_path("tokens"), 0700) == 0 &&
		 (lib = dlopen(SOFTHSM, RTLD_NOW)) != NULL,
	    "SoftHSM");
	*(void **)&get = dlsym(lib, "C_GetFunctionList");
	NEED(get(&hsm) == CKR_OK && hsm->C_Initialize(NULL) == CKR_OK &&
		 hsm->C_GetSlotList(CK_TRUE, &slot, &n) == CKR_OK &&
		 hsm->C_InitToken(slot, pin, 4, label) == CKR_OK,
	    "a token of SoftHSM");
	n = 1;
	(void)hsm->C_GetSlotList(CK_TRUE, NULL, &n);
	n = 1;
	(void)hsm->C_GetSlotList(CK_TRUE, &slot, &n);
	NEED(hsm->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL,
		 NULL, &at) == CKR_OK &&
		 hsm->C_Login(at, CKU_SO, pin, 4) == CKR_OK &&
		 hsm->C_InitPIN(at, pin, 4) == CKR_OK &&
		 hsm->C_Logout(at) == CKR_OK &&
		 hsm->C_Login(at, CKU_USER, pin, 4) == CKR_OK,
	    "a user who is logged in there");
}

static size_t
hsm_get(CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, CK_BYTE *out, size_t room)
{
	CK_ATTRIBUTE a = {type, out, room};

	NEED(hsm->C_GetAttributeValue(at, h, &a, 1) == CKR_OK,
	    "attribute 0x%lx in SoftHSM", type);
	return (a.ulValueLen);
}

static CK_OBJECT_HANDLE
hsm_aes(void)
{
	CK_MECHANISM m = {CKM_AES_KEY_GEN, NULL, 0};
	CK_ULONG len = 32;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len), A(CKA_EXTRACTABLE, yes),
	    A(CKA_SENSITIVE, no), A(CKA_WRAP, yes), A(CKA_TOKEN, no)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	NEED(hsm->C_GenerateKey(at, &m, t, ELEMS(t), &h) == CKR_OK,
	    "an AES key in SoftHSM");
	return (h);
}

static size_t
der_len(size_t n)
{
	return (n + (n < 128 ? 2 : n < 256 ? 3 : 4));
}

/*
 * SoftHSM puts zeros behind the PKCS #8 of a private key until it is a multiple
 * of 8 bytes long, and the local KMS takes PKCS #8 and nothing behind it: of
 * RSA keys, only those that need no zeros will do. Those of P-384 never do.
 */
static bool
needs_zeros(CK_OBJECT_HANDLE rsa)
{
	static const CK_ATTRIBUTE_TYPE parts[] = {CKA_MODULUS,
	    CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT, CKA_PRIME_1, CKA_PRIME_2,
	    CKA_EXPONENT_1, CKA_EXPONENT_2, CKA_COEFFICIENT};
	CK_BYTE number[512];
	CK_ATTRIBUTE a = {0, number, 0};
	size_t n = 3; /* the version */

	for (size_t i = 0; i < ELEMS(parts); i++) {
		a.type = parts[i];
		a.ulValueLen = sizeof(number);
		if (hsm->C_GetAttributeValue(at, rsa, &a, 1) != CKR_OK)
			tap_bail();
		n += der_len(a.ulValueLen + (number[0] >> 7));
	}
	/* version and algorithm before it */
	return (der_len(3 + 15 + der_len(der_len(n))) % 8 != 0);
}

/* A pair in the HSM; the public half as OpenSSL has it. */
static CK_OBJECT_HANDLE
hsm_pair(const struct kind *k, EVP_PKEY **pkey)
{
	static CK_BYTE p384[] = {6, 5, 0x2b, 0x81, 4, 0, 0x22};
	bool rsa = k->kind->type == CKK_RSA;
	CK_MECHANISM m = {
	    rsa ? CKM_RSA_PKCS_KEY_PAIR_GEN : CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_ULONG bits = 2048;
	CK_ATTRIBUTE pub[] = {{rsa ? CKA_MODULUS_BITS : CKA_EC_PARAMS,
				  rsa ? (void *)&bits : (void *)p384,
				  rsa ? sizeof(bits) : sizeof(p384)},
	    A(CKA_TOKEN, no)};
	CK_ATTRIBUTE priv[] = {
	    A(CKA_EXTRACTABLE, yes), A(CKA_SENSITIVE, no), A(CKA_TOKEN, no)};
	CK_OBJECT_HANDLE public = 0, private = 0;
	CK_BYTE a[512], b[16];
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params;
	EVP_PKEY_CTX *ctx;
	BIGNUM *n = NULL, *e = NULL;
	size_t len;

	do {
		if (hsm->C_GenerateKeyPair(at, &m, pub, ELEMS(pub), priv,
			ELEMS(priv), &public, &private) != CKR_OK)
			tap_bail();
	} while (rsa && needs_zeros(private));
	if (rsa) {
		len = hsm_get(public, CKA_MODULUS, a, sizeof(a));
		n = BN_bin2bn(a, (int)len, NULL);
		len = hsm_get(public, CKA_PUBLIC_EXPONENT, b, sizeof(b));
		e = BN_bin2bn(b, (int)len, NULL);
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n);
		OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e);
	} else {
		len = hsm_get(public, CKA_EC_POINT, a, sizeof(a));
		OSSL_PARAM_BLD_push_utf8_string(
		    bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-384", 0);
		/* an OCTET STRING around it */
		OSSL_PARAM_BLD_push_octet_string(
		    bld, OSSL_PKEY_PARAM_PUB_KEY, a + 2, len - 2);
	}
	params = OSSL_PARAM_BLD_to_param(bld);
	ctx = EVP_PKEY_CTX_new_from_name(NULL, rsa ? "RSA" : "EC", NULL);
	NEED(EVP_PKEY_fromdata_init(ctx) == 1 &&
		 EVP_PKEY_fromdata(ctx, pkey, EVP_PKEY_PUBLIC_KEY, params) == 1,
	    "its public half");
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	BN_free(n);
	BN_free(e);
	return (private);
}

/* The public half of the import pair, in the HSM. */
static CK_OBJECT_HANDLE
hsm_wrapping_key(void)
{
	CK_BYTE der[1024], n[512], e[16];
	const unsigned char *p = der;
	EVP_PKEY *pkey = d2i_PUBKEY(
	    NULL, &p, (long)load("wrap.der", der, sizeof(der)));
	BIGNUM *bn = NULL, *be = NULL;
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	NEED(pkey != NULL && EVP_PKEY_get_bn_param(pkey, "n", &bn) == 1 &&
		 EVP_PKEY_get_bn_param(pkey, "e", &be) == 1,
	    "the wrapping key");
	{
		CK_ATTRIBUTE t[] = {A(CKA_CLASS, public_class),
		    A(CKA_KEY_TYPE, rsa_type), A(CKA_TOKEN, no),
		    A(CKA_WRAP, yes),
		    {CKA_MODULUS, n, (CK_ULONG)BN_bn2bin(bn, n)},
		    {CKA_PUBLIC_EXPONENT, e, (CK_ULONG)BN_bn2bin(be, e)}};

		NEED(hsm->C_CreateObject(at, t, ELEMS(t), &h) == CKR_OK,
		    "is brought into SoftHSM");
	}
	BN_free(bn);
	BN_free(be);
	EVP_PKEY_free(pkey);
	return (h);
}

static size_t
hsm_wrap(CK_MECHANISM *m, CK_OBJECT_HANDLE with, CK_OBJECT_HANDLE what,
    CK_BYTE *out, size_t room)
{
	CK_ULONG len = room;

	if (!RV(hsm->C_WrapKey(at, m, with, what, out, &len), CKR_OK,
		"SoftHSM wraps by 0x%lx", m->mechanism))
		tap_bail();
	return (len);
}

/* Wraps as the pair wants it, into a file. */
static void
hsm_send(const struct kind *k, CK_OBJECT_HANDLE key)
{
	CK_RSA_PKCS_OAEP_PARAMS sha1 = {
	    CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0};
	CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, &sha1, sizeof(sha1)};
	CK_MECHANISM kwp = {AES_KWP, NULL, 0};
	CK_OBJECT_HANDLE with = hsm_wrapping_key(), kek;
	CK_BYTE blob[BLOB_MAX];
	size_t n;

	if (k->kind->type == CKK_AES) {
		n = hsm_wrap(&oaep, with, key, blob, sizeof(blob));
	} else {
		kek = hsm_aes();
		n = hsm_wrap(&oaep, with, kek, blob, sizeof(blob));
		n += hsm_wrap(&kwp, kek, key, blob + n, sizeof(blob) - n);
	}
	save("blob", blob, n);
}

static void
check_core(const struct kind *k, pid_t pid, CK_OBJECT_HANDLE key)
{
	static const CK_ATTRIBUTE_TYPE rsa[] = {CKA_PRIVATE_EXPONENT,
	    CKA_PRIME_1, CKA_PRIME_2, CKA_EXPONENT_1, CKA_EXPONENT_2,
	    CKA_COEFFICIENT};
	static const CK_ATTRIBUTE_TYPE value[] = {CKA_VALUE};
	bool is_rsa = k->kind->type == CKK_RSA;
	CK_BYTE secret[1024];
	struct secret_scan h;
	char path[64];

	snprintf(path, sizeof(path), "core.%ld", (long)pid);
	h = secret_scan_open(testenv_path(path));
	OK(h.len != 0 && secret_scan_has(&h, "C_UnwrapKey", 11),
	    "%s: the module's core file, %zu bytes", k->name, h.len);
	for (size_t i = 0; i < (is_rsa ? ELEMS(rsa) : 1); i++) {
		CK_ATTRIBUTE_TYPE type = is_rsa ? rsa[i] : value[0];
		size_t len = hsm_get(key, type, secret, sizeof(secret));

		COUNT(secret_scan_copies(&h, secret, len), 0,
		    "%s: nothing of attribute 0x%lx in it", k->name, type);
	}
	unlink(testenv_path(path));
}

static void
test_kind(const struct kind *k)
{
	struct external_key o = {.kind = k->kind};
	CK_OBJECT_HANDLE key;
	CK_BYTE value[32];
	struct child s;
	CK_RV rv;

	key = k->kind->type == CKK_AES ? hsm_aes() : hsm_pair(k, &o.pkey);
	RV(child_run("pair", k->name), CKR_OK, "%s: an import pair", k->name);
	hsm_send(k, key);
	s = child_start("unwrap", k->name);
	rv = child_wait(&s);
	if (rv == CKR_FUNCTION_NOT_SUPPORTED) {
		tap_skip("gcore writes no core file here", k->name);
	} else {
		RV(rv, CKR_OK, "%s: unwrapped in another process", k->name);
		check_core(k, s.pid, key);
	}
	OK(external_key_is(&o, k->name), "%s: KMS works with SoftHSM's key",
	    k->name);
	if (k->kind->type == CKK_AES) {
		save("value", value,
		    hsm_get(key, CKA_VALUE, value, sizeof(value)));
		RV(child_run("again", k->name), CKR_OK, "its value is taken");
		value[31] ^= 1;
		save("value", value, sizeof(value));
		RV(child_run("again", k->name), CKR_ATTRIBUTE_VALUE_INVALID,
		    "another is not");
	}
	external_key_free(&o);
}

static const struct child_row steps[] = {
    {"pair", step_pair}, {"unwrap", step_unwrap}, {"again", step_again}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	if (access(SOFTHSM, R_OK) != 0) {
		tap_skip("no SoftHSM here", "keys from an HSM");
		return (tap_done());
	}
	testenv_start();
	hsm_open();
	for (size_t i = 0; i < ELEMS(kinds); i++)
		test_kind(&kinds[i]);
	hsm->C_Finalize(NULL);
	testenv_stop();
	return (tap_done());
}
