/* Pass-through of each kind of key, by each wrapping algorithm of KMS and each
 * size of its wrapping keys: OpenSSL is the HSM outside, and holds what KMS
 * then does against the original. */
#include <stdio.h>
#include <string.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "external-key.h"

#define READ_TRIES \
	5 /* a large RSA key may take KMS longer than a request is
			waited for */

/* clang-format off */
static CK_RSA_PKCS_OAEP_PARAMS sha256 = { CKM_SHA256, CKG_MGF1_SHA256,
	CKZ_DATA_SPECIFIED, NULL, 0 };
static CK_RSA_PKCS_OAEP_PARAMS sha1 = { CKM_SHA_1, CKG_MGF1_SHA1,
	CKZ_DATA_SPECIFIED, NULL, 0 };
static CK_RSA_AES_KEY_WRAP_PARAMS aes_sha256 = { 256, &sha256 };
static CK_RSA_AES_KEY_WRAP_PARAMS aes_sha1 = { 256, &sha1 };

/* A WrappingAlgorithm, and C_UnwrapKey's mechanism with its parameters. */
static const struct way {
	const char *algorithm;
	CK_MECHANISM_TYPE mechanism;
	void *parameter;
	CK_ULONG parameter_len;
} ways[] = {
	{ "RSAES_OAEP_SHA_256", CKM_RSA_PKCS_OAEP, &sha256, sizeof(sha256) },
	{ "RSAES_OAEP_SHA_1", CKM_RSA_PKCS_OAEP, &sha1, sizeof(sha1) },
	{ "RSA_AES_KEY_WRAP_SHA_256", CKM_RSA_AES_KEY_WRAP,
	    &aes_sha256, sizeof(aes_sha256) },
	{ "RSA_AES_KEY_WRAP_SHA_1", CKM_RSA_AES_KEY_WRAP,
	    &aes_sha1, sizeof(aes_sha1) },
};
/* clang-format on */

static unsigned count;

static CK_RV
make_pair(const struct external_key *o, const struct way *w, CK_ULONG bits,
    const char *label, struct pair_handles *pair)
{
	CK_MECHANISM m = {CKM_RSA_PKCS_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE pub[] = {A(CKA_MODULUS_BITS, bits), A(CKA_WRAP, yes)};
	struct key_template inner, t = {.count = 0};

	external_key_describe(o, &inner);
	template_add(&t, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&t, CKA_UNWRAP, &yes, sizeof(yes));
	template_add(&t, CKA_LABEL, label, strlen(label));
	template_add(
	    &t, CKA_UNWRAP_TEMPLATE, inner.t, inner.count * sizeof(inner.t[0]));
	template_add(
	    &t, CKA_ALLOWED_MECHANISMS, &w->mechanism, sizeof(w->mechanism));
	return (p11->C_GenerateKeyPair(rw, &m, pub, ELEMS(pub), t.t, t.count,
	    &pair->public, &pair->private));
}

static size_t
wrap_with(const struct external_key *o, const struct way *w,
    CK_OBJECT_HANDLE public, CK_BYTE *blob)
{
	CK_BYTE der[1024], material[EXTERNAL_KEY_MATERIAL_MAX];
	CK_ULONG n = CK_UNAVAILABLE_INFORMATION;

	for (int i = 0; i < READ_TRIES && n > sizeof(der); i++)
		n = attr(public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	NEED(n <= sizeof(der), "the public half is read");
	return (external_key_wrap(w->algorithm, der, n, material,
	    external_key_material(o, material), blob));
}

static CK_RV
unwrap(const struct external_key *o, const struct way *w, bool with_parameters,
    CK_OBJECT_HANDLE private, CK_BYTE *blob, size_t len, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {w->mechanism, with_parameters ? w->parameter : NULL,
	    with_parameters ? w->parameter_len : 0};
	struct key_template t;

	external_key_describe(o, &t);
	template_add(&t, CKA_TOKEN, &yes, sizeof(yes));
	/* the length and the curve come with the key */
	t.t[2] = t.t[t.count - 1];
	t.count = 3;
	return (p11->C_UnwrapKey(rw, &m, private, blob, len, t.t, t.count, h));
}

/* The configuration names the hash: templates have no place for it. */
static void
use_algorithm(const struct way *w)
{
	char line[64];

	p11_stop();
	snprintf(line, sizeof(line), "wrapping = %s", w->algorithm);
	testenv_config(NULL, line, NULL);
	p11_start();
}

static void
pass(const struct external_key_kind *kind, const struct way *w, CK_ULONG bits)
{
	CK_BYTE blob[EXTERNAL_KEY_MATERIAL_MAX + 1024];
	struct pair_handles pair = {0, 0};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	struct external_key o;
	char label[32];
	size_t len;

	snprintf(label, sizeof(label), "passed-%u", count++);
	external_key_make(&o, kind, 0, label);
	RV(make_pair(&o, w, bits, label, &pair), CKR_OK,
	    "%s by %s of %lu bits: an import pair", kind->spec, w->algorithm,
	    bits);
	len = wrap_with(&o, w, pair.public, blob);
	COUNT(attr_number(pair.public, CKA_MODULUS_BITS), bits, "of that size");
	calls_clear();
	RV(unwrap(&o, w, count % 2 == 0, pair.private, blob, len, &h), CKR_OK,
	    "%s by %s of %lu bits: unwrapped %s parameters", kind->spec,
	    w->algorithm, bits, count % 2 == 0 ? "with" : "without");
	COUNT(calls("GetParametersForImport"), 0, "with the parameters kept");
	OK(external_key_is(&o, label), "KMS has the very key");
	COUNT(attr_number(h, CKA_CLASS), kind->class, "the object is the key");
	external_key_free(&o);
}

static void
pass_all(const struct way *w)
{
	bool oaep = w->mechanism == CKM_RSA_PKCS_OAEP;

	use_algorithm(w);
	if (oaep) {
		pass(&external_key_aes, w, 2048);
		pass(&external_key_aes, w, 3072);
		for (size_t i = 0; i < ELEMS(external_key_hmacs); i++)
			pass(&external_key_hmacs[i], w, 2048);
	} else {
		pass(&external_key_rsas[0], w, 3072);
		for (size_t i = 0; i < ELEMS(external_key_rsas); i++)
			pass(&external_key_rsas[i], w, 2048);
	}
	/* P-521 does not fit into OAEP of 2048 bits */
	for (size_t i = 0; i < ELEMS(external_key_ecs); i++)
		pass(&external_key_ecs[i], w, oaep && i == 2 ? 3072 : 2048);
}

/* A pair that was never filled goes with its maker's leave; of one that had a
 * key KMS takes no other, so that it stays. */
static void
test_destroyed(void)
{
	const struct way *w = &ways[2];
	CK_BYTE blob[EXTERNAL_KEY_MATERIAL_MAX + 1024];
	struct pair_handles pair = {0, 0};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;
	struct external_key o;
	size_t len;

	external_key_make(&o, &external_key_ecs[0], 0, "destroyed");
	RV(make_pair(&o, w, 2048, "destroyed", &pair), CKR_OK, "an EC pair");
	RV(p11->C_DestroyObject(rw, pair.private), CKR_OK,
	    "that nobody filled is destroyed");
	OK(!account_has_alias("alias/destroyed"), "its name is free");
	RV(make_pair(&o, w, 2048, "destroyed", &pair), CKR_OK, "another");
	len = wrap_with(&o, w, pair.public, blob);
	RV(unwrap(&o, w, true, pair.private, blob, len, &h), CKR_OK, "filled");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "and emptied");
	h = find_label("destroyed", CKO_PRIVATE_KEY);
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "had a key, which ciphertexts and signatures may need");
	OK(account_has_alias("alias/destroyed"), "it stays, with its name");
	external_key_free(&o);
}

/* The largest wrapping key, once for each mechanism. */
static void
test_4096(void)
{
	use_algorithm(&ways[0]);
	pass(&external_key_ecs[2], &ways[0], 4096);
	pass(&external_key_rsas[2], &ways[2], 4096);
}

/* What a mechanism cannot carry is refused where the pair is made. */
static void
test_refused(void)
{
	static const struct {
		const struct external_key_kind *kind;
		const struct way *way;
		CK_ULONG bits;
	} cases[] = {
	    {&external_key_aes, &ways[2], 2048},
	    {&external_key_hmacs[1], &ways[2], 2048},
	    {&external_key_rsas[0], &ways[0], 4096},
	    {&external_key_ecs[2], &ways[0], 2048},
	};
	struct pair_handles pair;
	struct external_key o;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		external_key_make(&o, cases[i].kind, 0, "refused");
		calls_clear();
		RV(make_pair(&o, cases[i].way, cases[i].bits, "refused", &pair),
		    CKR_TEMPLATE_INCONSISTENT, "%s by %s of %lu bits",
		    cases[i].kind->spec, cases[i].way->algorithm,
		    cases[i].bits);
		COUNT(calls(NULL), 0, "KMS is not asked");
		external_key_free(&o);
	}
}

/* A key of another kind than the pair waits for. */
static void
test_mismatch(void)
{
	CK_BYTE blob[EXTERNAL_KEY_MATERIAL_MAX + 1024];
	struct pair_handles pair = {0, 0};
	struct external_key wanted, other;
	CK_OBJECT_HANDLE h;
	size_t len;

	external_key_make(&wanted, &external_key_ecs[0], 0, "mismatch");
	external_key_make(&other, &external_key_ecs[1], 0, "other");
	RV(make_pair(&wanted, &ways[2], 2048, "mismatch", &pair), CKR_OK,
	    "a pair for P-256");
	len = wrap_with(&other, &ways[2], pair.public, blob);
	RV(unwrap(&wanted, &ways[2], true, pair.private, blob, len, &h),
	    CKR_WRAPPED_KEY_INVALID, "a key on P-384");
	OK(strstr(testenv_read("log"), "PKCS#1 instead of PKCS#8") != NULL,
	    "the log says what the key takes");
	external_key_free(&other);
	external_key_make(&other, &external_key_rsa_2048, 0, "other");
	len = wrap_with(&other, &ways[2], pair.public, blob);
	RV(unwrap(&wanted, &ways[2], true, pair.private, blob, len, &h),
	    CKR_WRAPPED_KEY_INVALID, "an RSA key, called EC");
	calls_clear();
	RV(unwrap(&other, &ways[2], true, pair.private, blob, len, &h),
	    CKR_TEMPLATE_INCONSISTENT, "an RSA key, called so");
	RV(unwrap(&wanted, &ways[0], true, pair.private, blob, len, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "by another mechanism");
	COUNT(calls(NULL), 0, "KMS is asked neither");
	len = wrap_with(&wanted, &ways[2], pair.public, blob);
	RV(unwrap(&wanted, &ways[2], true, pair.private, blob, len, &h), CKR_OK,
	    "the right one still comes in");
	OK(external_key_is(&wanted, "mismatch"), "and is the very key");
	external_key_free(&wanted);
	external_key_free(&other);
}

int
main(void)
{
	testenv_start();
	testenv_write("log", "");
	testenv_log("error");
	p11_start();
	test_refused();
	test_mismatch();
	test_destroyed();
	for (size_t i = 0; i < ELEMS(ways); i++)
		pass_all(&ways[i]);
	test_4096();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
