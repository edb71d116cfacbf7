/* Import pairs and pass-through: a key that was wrapped outside, as a premises
 * HSM would, comes in through C_UnwrapKey, in a process of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "child.h"

static CK_MECHANISM oaep = {CKM_RSA_PKCS_OAEP, NULL, 0};
static CK_BYTE blob[512];
static CK_ULONG blob_len;

/* Wraps 32 bytes with the public half, by OpenSSL alone. */
static bool
wrap(CK_OBJECT_HANDLE public, const EVP_MD *md, const void *value)
{
	CK_BYTE der[1024];
	const unsigned char *p = der;
	CK_ULONG n = attr(public, CKA_PUBLIC_KEY_INFO, der, sizeof(der));
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *ctx = NULL;
	size_t len = sizeof(blob);
	bool done;

	done = n <= sizeof(der) &&
	       (pkey = d2i_PUBKEY(NULL, &p, (long)n)) != NULL &&
	       (ctx = EVP_PKEY_CTX_new(pkey, NULL)) != NULL &&
	       EVP_PKEY_encrypt_init(ctx) == 1 &&
	       EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) == 1 &&
	       EVP_PKEY_CTX_set_rsa_oaep_md(ctx, md) == 1 &&
	       EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
	       EVP_PKEY_encrypt(ctx, blob, &len, value, 32) == 1;
	blob_len = len;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return (done);
}

static CK_RV
unwrap_as(CK_MECHANISM *m, CK_OBJECT_HANDLE with, const char *label,
    CK_OBJECT_HANDLE *out)
{
	struct key_template k = {.count = 0};

	template_add(&k, CKA_CLASS, &secret_class, sizeof(secret_class));
	template_add(&k, CKA_KEY_TYPE, &aes_type, sizeof(aes_type));
	template_add(&k, CKA_TOKEN, &yes, 1);
	if (label != NULL)
		template_add(&k, CKA_LABEL, label, strlen(label));
	return (
	    p11->C_UnwrapKey(rw, m, with, blob, blob_len, k.t, k.count, out));
}

/* Step: unwraps the file "blob" with the pair of that label. */
static CK_RV
step_unwrap(const char *label)
{
	FILE *f = fopen(testenv_path("blob"), "r");
	CK_OBJECT_HANDLE h;
	CK_RV rv;

	if (f == NULL)
		return (CKR_GENERAL_ERROR);
	blob_len = fread(blob, 1, sizeof(blob), f);
	fclose(f);
	if ((rv = p11_begin()) != CKR_OK)
		return (rv);
	rv = unwrap_as(&oaep, find_label(label, CKO_PRIVATE_KEY), NULL, &h);
	(void)p11->C_Finalize(NULL);
	return (rv);
}

static void
save_blob(void)
{
	FILE *f = fopen(testenv_path("blob"), "w");

	NEED(f != NULL && fwrite(blob, 1, blob_len, f) == blob_len &&
		 fclose(f) == 0,
	    "the wrapped key is kept in a file");
}

/* Whether the key encrypts as the imported material would. */
static void
check_key(CK_OBJECT_HANDLE h, const char *label, unsigned n)
{
	char from_value[64];

	snprintf(from_value, sizeof(from_value), "%s, from its value", label);
	OK(attr_is_text(h, CKA_KEYFERRY_ORIGIN, "EXTERNAL") &&
		attr_is_text(h, CKA_KEYFERRY_KEY_STATE, "Enabled"),
	    "%s: it is imported and enabled", label);
	OK(same_key(h, h), "%s: it encrypts and decrypts", label);
	/* importing the very value again is how to tell what came in */
	{
		struct key_template k;
		CK_OBJECT_HANDLE again = CK_INVALID_HANDLE;

		key_template(&k, material(n), label);
		RV(p11->C_CreateObject(rw, k.t, k.count, &again), CKR_OK,
		    "%s: it is the material that was wrapped", label);
	}
}

static void
test_pass_through(void)
{
	struct pair_handles pair = pair_make("over");
	struct account_key a;
	CK_OBJECT_HANDLE h;

	NEED(wrap(pair.public, EVP_sha256(), material(1)), "wrapped outside");
	save_blob();
	p11_stop();
	calls_clear();
	RV(child_run("unwrap", "over"), CKR_OK, "another process unwraps it");
	COUNT(
	    calls("GetParametersForImport"), 0, "with the token that was kept");
	COUNT(calls("ImportKeyMaterial"), 1, "in one import");
	p11_start();
	h = find_label("over", CKO_SECRET_KEY);
	NEED(h != CK_INVALID_HANDLE, "the key is there");
	COUNT(find_label("over", CKO_PRIVATE_KEY), CK_INVALID_HANDLE,
	    "the pair is not");
	COUNT(find_label("over", CKO_PUBLIC_KEY), CK_INVALID_HANDLE,
	    "neither half");
	check_key(h, "over", 1);
	OK(account_alias("alias/over", &a), "the alias is as it was");
}

/* Each hash and size that KMS has; each way of saying so, or not. */
static void
test_algorithms(void)
{
	static const struct {
		const char *name;
		const char *wrapping;
		CK_ULONG bits;
		CK_RSA_PKCS_OAEP_PARAMS p;
		bool with;
	} cases[] = {
	    {"SHA-256, 2048, no parameters", "RSAES_OAEP_SHA_256", 2048, {0},
		false},
	    {"SHA-256, 3072, all said", "RSAES_OAEP_SHA_256", 3072,
		{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0},
		true},
	    {"SHA-256, 2048, left open", "RSAES_OAEP_SHA_256", 2048,
		{0, 0, 0, NULL, 0}, true},
	    {"SHA-1, 2048, all said", "RSAES_OAEP_SHA_1", 2048,
		{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0}, true},
	    {"SHA-1, 4096, no parameters", "RSAES_OAEP_SHA_1", 4096, {0},
		false},
	};
	char line[64], label[32];
	struct pair_handles pair;
	const EVP_MD *md;
	int tries;
	bool done;
	CK_OBJECT_HANDLE h;
	CK_RSA_PKCS_OAEP_PARAMS p;
	CK_MECHANISM m;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		p11_stop();
		snprintf(
		    line, sizeof(line), "wrapping = %s", cases[i].wrapping);
		testenv_config(NULL, line, NULL);
		p11_start();
		snprintf(label, sizeof(label), "algorithm %zu", i);
		pair = pair_make_bits(label, cases[i].bits);
		COUNT(attr_number(pair.public, CKA_MODULUS_BITS), cases[i].bits,
		    "%s: the size", cases[i].name);
		md = strstr(cases[i].wrapping, "256") ? EVP_sha256()
						      : EVP_sha1();
		/* the local KMS may need longer for a large RSA key than a
		 * request is waited for */
		for (tries = 0, done = false; tries < 5 && !done; tries++)
			done = wrap(pair.public, md, material(2));
		NEED(done, "%s: wrapped", cases[i].name);
		COUNT(blob_len * 8, cases[i].bits, "%s: by a key of that size",
		    cases[i].name);
		p = cases[i].p;
		m = oaep;
		if (cases[i].with) {
			m.pParameter = &p;
			m.ulParameterLen = sizeof(p);
		}
		RV(unwrap_as(&m, pair.private, NULL, &h), CKR_OK, "%s",
		    cases[i].name);
		OK(same_key(h, h), "%s: it works", cases[i].name);
	}
	p11_stop();
	testenv_config(NULL, NULL, NULL);
	p11_start();
}

static void
test_bad_mechanisms(void)
{
	struct pair_handles pair = pair_make("mechanisms");
	CK_RSA_PKCS_OAEP_PARAMS p = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	const struct {
		const char *what;
		CK_RSA_PKCS_OAEP_PARAMS p;
		CK_ULONG len;
	} cases[] = {
	    {"SHA-1 for a pair of SHA-256",
		{CKM_SHA_1, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0},
		sizeof(p)},
	    {"another MGF",
		{CKM_SHA256, CKG_MGF1_SHA1, CKZ_DATA_SPECIFIED, NULL, 0},
		sizeof(p)},
	    {"SHA-512", {CKM_SHA512, CKG_MGF1_SHA512, 0, NULL, 0}, sizeof(p)},
	    {"a label",
		{CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, blob, 3},
		sizeof(p)},
	    {"parameters of the wrong size", {0}, sizeof(p) - 1},
	};
	CK_MECHANISM m = {CKM_RSA_PKCS_OAEP, &p, sizeof(p)};
	CK_MECHANISM pkcs = {CKM_RSA_PKCS, NULL, 0},
		     gcm = {CKM_AES_GCM, NULL, 0};
	CK_OBJECT_HANDLE h;

	NEED(wrap(pair.public, EVP_sha256(), material(3)), "wrapped");
	calls_clear();
	for (size_t i = 0; i < ELEMS(cases); i++) {
		p = cases[i].p;
		m.ulParameterLen = cases[i].len;
		RV(unwrap_as(&m, pair.private, NULL, &h),
		    CKR_MECHANISM_PARAM_INVALID, "%s", cases[i].what);
	}
	RV(unwrap_as(&pkcs, pair.private, NULL, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "PKCS #1 v1.5");
	RV(unwrap_as(&gcm, pair.private, NULL, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "GCM");
	COUNT(calls(NULL), 0, "KMS is asked none of that");
}

static void
test_bad_handles(void)
{
	struct pair_handles pair = {find_label("mechanisms", CKO_PUBLIC_KEY),
	    find_label("mechanisms", CKO_PRIVATE_KEY)};
	CK_OBJECT_HANDLE h, key = find_label("over", CKO_SECRET_KEY);
	CK_SESSION_HANDLE write = rw, ro = p11_session(0);

	RV(unwrap_as(&oaep, 77777, NULL, &h), CKR_UNWRAPPING_KEY_HANDLE_INVALID,
	    "no such key");
	RV(unwrap_as(&oaep, pair.public, NULL, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "the public half");
	RV(unwrap_as(&oaep, key, NULL, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "an AES key");
	rw = ro;
	RV(unwrap_as(&oaep, pair.private, NULL, &h), CKR_SESSION_READ_ONLY,
	    "a read-only session");
	rw = write;
	p11->C_CloseSession(ro);
	RV(p11->C_UnwrapKey(rw, NULL, pair.private, blob, 1, NULL, 0, &h),
	    CKR_ARGUMENTS_BAD, "no mechanism");
	RV(p11->C_UnwrapKey(rw, &oaep, pair.private, NULL, 1, NULL, 0, &h),
	    CKR_ARGUMENTS_BAD, "no wrapped key");
	RV(p11->C_UnwrapKey(rw, &oaep, pair.private, blob, 1, NULL, 0, NULL),
	    CKR_ARGUMENTS_BAD, "no place for the handle");
	RV(p11->C_UnwrapKey(rw, &oaep, pair.private, blob, 1, NULL, 0, &h),
	    CKR_TEMPLATE_INCOMPLETE, "no template");
}

static void
test_bad_templates(void)
{
	static CK_ULONG len16 = 16, len32 = 32;
	static CK_KEY_TYPE generic = CKK_GENERIC_SECRET;
	const struct {
		const char *what;
		CK_ATTRIBUTE a;
		CK_RV rv;
	} cases[] = {
	    {"another length", A(CKA_VALUE_LEN, len16),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"another type", A(CKA_KEY_TYPE, generic),
		CKR_TEMPLATE_INCONSISTENT},
	    {"another class", A(CKA_CLASS, private_class),
		CKR_TEMPLATE_INCONSISTENT},
	    {"a session key", A(CKA_TOKEN, no), CKR_TEMPLATE_INCONSISTENT},
	    {"a value", A_BYTES(CKA_VALUE, material(3), 32),
		CKR_ATTRIBUTE_READ_ONLY},
	    {"extractable", A(CKA_EXTRACTABLE, yes),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"to sign", A(CKA_SIGN, yes), CKR_TEMPLATE_INCONSISTENT},
	    {"another key's label", A_BYTES(CKA_LABEL, "over", 4),
		CKR_ATTRIBUTE_VALUE_INVALID},
	    {"a date that is over", A_BYTES(CKA_END_DATE, "20200101", 8),
		CKR_ATTRIBUTE_VALUE_INVALID},
	};
	CK_OBJECT_HANDLE h, private = find_label("mechanisms", CKO_PRIVATE_KEY);
	CK_ATTRIBUTE t[5] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A(CKA_VALUE_LEN, len32), A(CKA_SENSITIVE, yes)};
	CK_ATTRIBUTE copy[5];
	size_t at;

	for (size_t i = 0; i < ELEMS(cases); i++) {
		memcpy(copy, t, sizeof(t));
		for (at = 0; at < 4; at++)
			if (copy[at].type == cases[i].a.type)
				break;
		copy[at] = cases[i].a;
		rv_is(p11->C_UnwrapKey(
			  rw, &oaep, private, blob, blob_len, copy, 5, &h),
		    cases[i].rv, "as listed", __FILE__, __LINE__, "%s",
		    cases[i].what);
	}
	COUNT(calls("ImportKeyMaterial"), 0, "nothing was imported");
}

/* Whatever goes wrong, the pair stays and the right key still comes in. What KMS
 * has refused has spent its set of parameters: the next one is wrapped anew. */
static void
test_bad_blobs(void)
{
	CK_OBJECT_HANDLE h, public = find_label("mechanisms", CKO_PUBLIC_KEY),
			    private = find_label("mechanisms", CKO_PRIVATE_KEY);
	struct pair_handles other = pair_make("other");

	blob[10] ^= 1;
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "a damaged wrapped key");
	blob_len--;
	calls_clear();
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_LEN_RANGE,
	    "one cut short");
	blob_len = 0;
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_LEN_RANGE,
	    "one of no bytes");
	COUNT(calls(NULL), 0, "both without a call");
	NEED(wrap(public, EVP_sha256(), material(3)), "a new set, left unused");
	NEED(wrap(other.public, EVP_sha256(), material(3)),
	    "one for another pair");
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "is not one for this");
	NEED(wrap(public, EVP_sha1(), material(3)), "one with another hash");
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "is not one for this");
	calls_clear();
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "no set is used twice");
	COUNT(calls("ImportKeyMaterial"), 0, "nothing is sent with it");
	NEED(wrap(public, EVP_sha256(), material(3)), "a new set");
	RV(unwrap_as(&oaep, private, "a new label", &h), CKR_OK,
	    "the right one comes in");
	OK(attr_is_text(h, CKA_LABEL, "a new label"), "with another label");
	RV(unwrap_as(&oaep, private, NULL, &h),
	    CKR_UNWRAPPING_KEY_HANDLE_INVALID, "the pair is gone");
}

/* Deleted material comes back by the same way, and no other does. */
static void
test_reimport(void)
{
	CK_OBJECT_HANDLE h = find_label("over", CKO_SECRET_KEY), private;
	struct pair_handles pair;

	RV(p11->C_DestroyObject(rw, h), CKR_OK, "the material is deleted");
	pair.public = find_label("over", CKO_PUBLIC_KEY);
	private = find_label("over", CKO_PRIVATE_KEY);
	NEED(private != CK_INVALID_HANDLE, "the key waits again");
	NEED(wrap(pair.public, EVP_sha256(), material(5)), "other material");
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "is refused");
	NEED(wrap(pair.public, EVP_sha256(), material(1)), "the same");
	RV(unwrap_as(&oaep, private, NULL, &h), CKR_OK, "comes in");
	check_key(h, "over", 1);
}

/* The token that the wrapped key belongs to is not there any more. */
static void
test_lost_token(void)
{
	struct pair_handles pair = pair_make("lost");
	CK_OBJECT_HANDLE h;
	char command[256], arn[256] = "";

	NEED(wrap(pair.public, EVP_sha256(), material(4)), "wrapped");
	snprintf(
	    command, sizeof(command), "rm -rf '%s'", testenv_path("state"));
	NEED(system(command) == 0, "the state directory is lost");
	RV(unwrap_as(&oaep, pair.private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "what was wrapped is of no use");
	NEED(wrap(pair.public, EVP_sha256(), material(4)), "wrapped anew");
	RV(unwrap_as(&oaep, pair.private, NULL, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED,
	    "nothing says any more that the key was made here");
	NEED(attr(pair.private, CKA_UNIQUE_ID, arn, sizeof(arn) - 1) <
		 sizeof(arn),
	    "its ARN");
	RV(unwrap_as(&oaep, pair.private, arn, &h), CKR_OK,
	    "named by that it comes in");
}

/* After 24 hours KMS takes the token no more; the next read gets another. */
static void
test_expired_token(void)
{
	struct pair_handles pair = pair_make("expired");
	CK_OBJECT_HANDLE h;

	NEED(wrap(pair.public, EVP_sha256(), material(4)), "wrapped");
	control("POST", "/clock?forward=86401");
	RV(unwrap_as(&oaep, pair.private, NULL, &h), CKR_WRAPPED_KEY_INVALID,
	    "a day later it is of no use");
	NEED(wrap(pair.public, EVP_sha256(), material(4)), "wrapped anew");
	RV(unwrap_as(&oaep, pair.private, NULL, &h), CKR_OK, "it comes in");
}

static const struct child_row steps[] = {{"unwrap", step_unwrap}};

int
main(int argc, char **argv)
{
	child_main(argc, argv, steps, ELEMS(steps));
	testenv_start();
	/* wrapped for another pair, a key must be refused */
	control("POST", "/wrapping-keys?share=off");
	p11_start();
	test_pass_through();
	test_bad_mechanisms();
	test_bad_handles();
	test_bad_templates();
	test_bad_blobs();
	test_reimport();
	test_algorithms();
	test_lost_token();
	test_expired_token();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
