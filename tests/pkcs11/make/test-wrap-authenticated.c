/* C_WrapKeyAuthenticated and C_UnwrapKeyAuthenticated, and the parameters that
 * PKCS#11 3.2 has C_WrapKey take for GCM and CCM. */
#include <string.h>
#include <openssl/evp.h>
#include "account.h"
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_BYTE kek_value[32], iv[13], tag[16], aad[] = "the backup of May";
static CK_OBJECT_HANDLE kek, target, edwards;
static struct gcm_message_params gcm_params;
static struct ccm_message_params ccm_params;
static CK_MECHANISM gcm = {CKM_AES_GCM, &gcm_params, sizeof(gcm_params)},
		    ccm = {CKM_AES_CCM, &ccm_params, sizeof(ccm_params)};
#define AAD aad, sizeof(aad)

/* An extractable session key, which wraps. */
static CK_OBJECT_HANDLE
secret(CK_BYTE *bytes)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A_BYTES(CKA_VALUE, bytes, 32),
	    A(CKA_WRAP, yes), A(CKA_UNWRAP, yes), A(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE h = CK_INVALID_HANDLE;

	NEED(p11->C_CreateObject(rw, t, ELEMS(t), &h) == CKR_OK, "a key");
	return (h);
}

static void
set_params(CK_ULONG generator, CK_ULONG fixed_bits)
{
	memset(iv, 7, sizeof(iv));
	memset(tag, 0, sizeof(tag));
	gcm_params = (struct gcm_message_params){
	    iv, 12, fixed_bits, generator, tag, 128};
	ccm_params = (struct ccm_message_params){
	    0, iv, 12, fixed_bits, generator, tag, 16};
}

/* Whether OpenSSL, given the parts, finds the key's bytes and the tag right. */
static bool
is_sealed(const char *cipher_name, CK_BYTE *wrapped, CK_ULONG len,
    const CK_BYTE *value)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, cipher_name, NULL);
	bool is_ccm = strstr(cipher_name, "CCM") != NULL;
	CK_BYTE out[64];
	int n;
	bool right;

	right = EVP_DecryptInit_ex(ctx, cipher, NULL, NULL, NULL) == 1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, 12, NULL) ==
		    1 &&
		EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1 &&
		EVP_DecryptInit_ex(ctx, NULL, NULL, kek_value, iv) == 1 &&
		(!is_ccm ||
		    EVP_DecryptUpdate(ctx, NULL, &n, NULL, (int)len) == 1) &&
		EVP_DecryptUpdate(ctx, NULL, &n, AAD) == 1 &&
		EVP_DecryptUpdate(ctx, out, &n, wrapped, (int)len) == 1 &&
		(is_ccm || EVP_DecryptFinal_ex(ctx, out + n, &n) == 1) &&
		memcmp(out, value, len) == 0;
	EVP_CIPHER_free(cipher);
	EVP_CIPHER_CTX_free(ctx);
	return (right);
}

static CK_RV
unwrap(CK_MECHANISM *m, CK_BYTE *wrapped, CK_ULONG len, CK_OBJECT_CLASS class,
    CK_KEY_TYPE type, CK_OBJECT_HANDLE *h)
{
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, class), A(CKA_KEY_TYPE, type), A(CKA_SENSITIVE, no)};

	*h = CK_INVALID_HANDLE;
	return (list->C_UnwrapKeyAuthenticated(
	    rw, m, kek, wrapped, len, t, ELEMS(t), AAD, h));
}

static void
test_round(CK_MECHANISM *m, const char *cipher)
{
	CK_BYTE wrapped[64], before[12];
	CK_ULONG n = 0, len = sizeof(wrapped), small = 31;
	CK_OBJECT_HANDLE h;

	set_params(CKG_GENERATE, 0);
	memcpy(before, iv, 12);
	RV(list->C_WrapKeyAuthenticated(rw, m, kek, target, AAD, NULL, &n),
	    CKR_OK, "%s: how long", cipher);
	COUNT(n, 32, "as the key, without the tag");
	RV(list->C_WrapKeyAuthenticated(
	       rw, m, kek, target, AAD, wrapped, &small),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	COUNT(small, 32, "which says how much");
	OK(memcmp(iv, before, 12) == 0, "no vector is made for that");
	RV(list->C_WrapKeyAuthenticated(rw, m, kek, target, AAD, wrapped, &len),
	    CKR_OK, "wrapped");
	COUNT(len, 32, "the very length");
	OK(memcmp(iv, before, 12) != 0, "the vector is made");
	OK(is_sealed(cipher, wrapped, len, material(2)), "as OpenSSL has it");
	RV(unwrap(m, wrapped, len, CKO_SECRET_KEY, CKK_AES, &h), CKR_OK,
	    "unwrapped");
	OK(attr_is(h, CKA_VALUE, material(2), 32), "the same");
	OK(attr_is(h, CKA_EXTRACTABLE, &yes, 1) &&
		attr_is(h, CKA_LOCAL, &no, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &no, 1),
	    "with the standard's defaults");
	tag[0] ^= 1;
	RV(unwrap(m, wrapped, len, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_INVALID, "another tag");
	tag[0] ^= 1;
	aad[0] ^= 1;
	RV(unwrap(m, wrapped, len, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_INVALID, "other data");
	aad[0] ^= 1;
	wrapped[3] ^= 1;
	RV(unwrap(m, wrapped, len, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_INVALID, "another key");
	COUNT(h, CK_INVALID_HANDLE, "and no handle");
	wrapped[3] ^= 1;
	iv[11] ^= 1;
	RV(unwrap(m, wrapped, len, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_INVALID, "another vector");
	RV(unwrap(m, wrapped, 0, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_LEN_RANGE, "nothing");
}

static void
test_private_key(CK_MECHANISM *m)
{
	CK_BYTE wrapped[128], value[32];
	CK_ULONG len = sizeof(wrapped);
	CK_OBJECT_HANDLE h;

	set_params(CKG_NO_GENERATE, 0);
	RV(list->C_WrapKeyAuthenticated(
	       rw, m, kek, edwards, AAD, wrapped, &len),
	    CKR_OK, "a private key");
	RV(unwrap(m, wrapped, len, CKO_PRIVATE_KEY, CKK_EC_EDWARDS, &h), CKR_OK,
	    "and back");
	COUNT(attr(edwards, CKA_VALUE, value, sizeof(value)), 32, "its value");
	OK(attr_is(h, CKA_VALUE, value, 32), "the same");
	RV(unwrap(m, wrapped, len, CKO_PRIVATE_KEY, CKK_EC, &h),
	    CKR_WRAPPED_KEY_INVALID, "as another type of key");
}

/* Each way to make a vector. */
static void
test_generators(void)
{
	static const CK_ULONG generators[] = {CKG_GENERATE,
	    CKG_GENERATE_COUNTER, CKG_GENERATE_RANDOM,
	    CKG_GENERATE_COUNTER_XOR};
	CK_BYTE wrapped[64], first[12];
	CK_ULONG n;

	for (size_t i = 0; i < ELEMS(generators); i++) {
		for (int again = 0; again < 2; again++) {
			set_params(generators[i], 32);
			n = sizeof(wrapped);
			RV(list->C_WrapKeyAuthenticated(
			       rw, &gcm, kek, target, AAD, wrapped, &n),
			    CKR_OK, "generator %lu", generators[i]);
			OK(memcmp(iv, "\7\7\7\7", 4) == 0, "the fixed bits");
			OK(is_sealed("AES-256-GCM", wrapped, n, material(2)),
			    "its vector is the one that was used");
			if (again == 0)
				memcpy(first, iv, 12);
		}
		OK(memcmp(iv, first, 12) != 0, "another each time");
	}
}

static void
test_params(void)
{
	static const struct {
		const char *what;
		struct gcm_message_params p;
	} rows[] = {
	    {"no vector", {NULL, 12, 0, 0, tag, 128}},
	    {"a vector of no bytes", {iv, 0, 0, 0, tag, 128}},
	    {"no place for the tag", {iv, 12, 0, 0, NULL, 128}},
	    {"a tag of 100 bits", {iv, 12, 0, 0, tag, 100}},
	    {"a tag of 0 bits", {iv, 12, 0, 0, tag, 0}},
	    {"a tag beyond any size", {iv, 12, 0, 0, tag, ~0UL}},
	    {"more fixed bits than bits", {iv, 12, 97, 1, tag, 128}},
	    {"a generator of no name", {iv, 12, 0, 5, tag, 128}},
	    {"too few free bits", {iv, 12, 40, CKG_GENERATE, tag, 128}},
	};
	CK_GCM_PARAMS plain = {iv, 12, 96, AAD, 128};
	CK_MECHANISM with_plain = {CKM_AES_GCM, &plain, sizeof(plain)},
		     none = {CKM_AES_GCM, NULL, 0},
		     kw = {CKM_AES_KEY_WRAP, NULL, 0};
	CK_BYTE wrapped[64];
	CK_ULONG n;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		gcm_params = rows[i].p;
		n = sizeof(wrapped);
		RV(list->C_WrapKeyAuthenticated(
		       rw, &gcm, kek, target, AAD, wrapped, &n),
		    CKR_MECHANISM_PARAM_INVALID, "%s", rows[i].what);
	}
	n = sizeof(wrapped);
	RV(list->C_WrapKeyAuthenticated(
	       rw, &none, kek, target, AAD, wrapped, &n),
	    CKR_MECHANISM_PARAM_INVALID, "no parameter");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &with_plain, kek, target, AAD, wrapped, &n),
	    CKR_MECHANISM_PARAM_INVALID, "the parameter of C_EncryptInit");
	RV(list->C_WrapKeyAuthenticated(rw, &kw, kek, target, AAD, wrapped, &n),
	    CKR_MECHANISM_INVALID, "a mechanism that binds no data");
	set_params(0, 0);
	ccm_params.ulMACLen = 15;
	RV(list->C_WrapKeyAuthenticated(
	       rw, &ccm, kek, target, AAD, wrapped, &n),
	    CKR_MECHANISM_PARAM_INVALID, "CCM has no such tag");
}

static void
test_rules(void)
{
	CK_BYTE wrapped[64];
	CK_ULONG n = sizeof(wrapped);
	CK_ATTRIBUTE off = A(CKA_EXTRACTABLE, no), no_wrap = A(CKA_WRAP, no),
		     t[] = {A(CKA_CLASS, secret_class),
			 A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes)};
	CK_OBJECT_HANDLE closed = secret(material(3)), h;
	CK_SESSION_HANDLE ro = p11_session(0);

	set_params(0, 0);
	RV(p11->C_SetAttributeValue(rw, closed, &off, 1), CKR_OK, "closed");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, kek, closed, AAD, wrapped, &n),
	    CKR_KEY_UNEXTRACTABLE, "a key that is not extractable");
	RV(p11->C_SetAttributeValue(rw, closed, &no_wrap, 1), CKR_OK,
	    "no WRAP");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, closed, target, AAD, wrapped, &n),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a key that does not wrap");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, 77777, target, AAD, wrapped, &n),
	    CKR_WRAPPING_KEY_HANDLE_INVALID, "no wrapping key");
	RV(list->C_WrapKeyAuthenticated(rw, &gcm, kek, 77777, AAD, wrapped, &n),
	    CKR_KEY_HANDLE_INVALID, "no key");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, edwards, target, AAD, wrapped, &n),
	    CKR_WRAPPING_KEY_TYPE_INCONSISTENT, "an Ed25519 key");
	RV(list->C_WrapKeyAuthenticated(
	       rw, NULL, kek, target, AAD, wrapped, &n),
	    CKR_ARGUMENTS_BAD, "no mechanism");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, kek, target, NULL, 1, wrapped, &n),
	    CKR_ARGUMENTS_BAD, "no data, but a length of it");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, kek, target, AAD, wrapped, NULL),
	    CKR_ARGUMENTS_BAD, "no length");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, kek, target, NULL, 0, wrapped, &n),
	    CKR_OK, "no data at all");
	RV(unwrap(&gcm, wrapped, n, CKO_SECRET_KEY, CKK_AES, &h),
	    CKR_WRAPPED_KEY_INVALID, "is not the same as data");
	RV(list->C_UnwrapKeyAuthenticated(
	       rw, &gcm, kek, NULL, 32, t, 2, AAD, &h),
	    CKR_ARGUMENTS_BAD, "no wrapped key");
	RV(list->C_UnwrapKeyAuthenticated(
	       rw, &gcm, 77777, wrapped, n, t, 2, NULL, 0, &h),
	    CKR_UNWRAPPING_KEY_HANDLE_INVALID, "no unwrapping key");
	RV(list->C_UnwrapKeyAuthenticated(
	       rw, &gcm, kek, wrapped, n, t, 1, NULL, 0, &h),
	    CKR_TEMPLATE_INCOMPLETE, "no type");
	RV(list->C_UnwrapKeyAuthenticated(
	       ro, &gcm, kek, wrapped, n, t, 3, NULL, 0, &h),
	    CKR_SESSION_READ_ONLY, "onto the token, in a read-only session");
	RV(list->C_UnwrapKeyAuthenticated(
	       77777, &gcm, kek, wrapped, n, t, 2, NULL, 0, &h),
	    CKR_SESSION_HANDLE_INVALID, "no session");
	(void)p11->C_CloseSession(ro);
}

/* KMS binds a vector of up to 256 bytes; the token makes none so long. */
static void
test_kms_vectors(CK_OBJECT_HANDLE in_kms)
{
	static const CK_ULONG lengths[] = {0, 129, 200, 256};
	CK_BYTE vector[256] = {0}, wrapped[1024];
	struct gcm_wrap_params p = {vector, 0, 0, 0, NULL, 0, 128};
	CK_MECHANISM m = {CKM_AES_GCM, &p, sizeof(p)};
	CK_ULONG n;

	for (size_t i = 0; i < ELEMS(lengths); i++)
		for (p.ivGenerator = CKG_NO_GENERATE;
		     p.ivGenerator <= CKG_GENERATE_COUNTER_XOR;
		     p.ivGenerator++) {
			p.ulIvLen = lengths[i];
			n = sizeof(wrapped);
			RV(p11->C_WrapKey(rw, &m, in_kms, target, wrapped, &n),
			    p.ivGenerator == CKG_NO_GENERATE
				? CKR_OK
				: CKR_MECHANISM_PARAM_INVALID,
			    "a vector of %lu bytes, by generator %lu",
			    lengths[i], p.ivGenerator);
		}
	p.ulIvLen = 12;
	p.ivGenerator = CKG_GENERATE;
	RV(p11->C_WrapKey(rw, &m, in_kms, target, wrapped, &n), CKR_OK,
	    "a vector that the token makes");
}

/* Onto the token; and with keys of KMS. */
static void
test_kms(void)
{
	CK_BYTE wrapped[64];
	CK_ULONG n = sizeof(wrapped);
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_TOKEN, yes),
	    A_BYTES(CKA_LABEL, "sealed", 6)};
	struct pair_handles pair;
	CK_OBJECT_HANDLE h, in_kms;

	set_params(CKG_GENERATE, 0);
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, kek, target, AAD, wrapped, &n),
	    CKR_OK, "wrapped");
	aad[0] ^= 1;
	calls_clear();
	RV(list->C_UnwrapKeyAuthenticated(
	       rw, &gcm, kek, wrapped, n, t, ELEMS(t), AAD, &h),
	    CKR_WRAPPED_KEY_INVALID, "other data");
	COUNT(calls(NULL), 0, "KMS heard nothing of it");
	aad[0] ^= 1;
	RV(list->C_UnwrapKeyAuthenticated(
	       rw, &gcm, kek, wrapped, n, t, ELEMS(t), AAD, &h),
	    CKR_OK, "unwrapped into KMS");
	in_kms = key_make(material(2), "sealed");
	OK(same_key(h, in_kms), "the same key");
	RV(list->C_WrapKeyAuthenticated(
	       rw, &gcm, in_kms, target, AAD, wrapped, &n),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "KMS gives no tag apart");
	test_kms_vectors(in_kms);
	pair = pair_make("waits");
	RV(list->C_UnwrapKeyAuthenticated(
	       rw, &gcm, pair.private, wrapped, n, t, 3, AAD, &h),
	    CKR_UNWRAPPING_KEY_TYPE_INCONSISTENT, "an import pair");
}

/* C_WrapKey with the parameters that 3.2 has for it. */
static void
test_wrap_params(void)
{
	struct gcm_wrap_params g = {iv, 12, 0, CKG_GENERATE, AAD, 128};
	struct ccm_wrap_params c = {99, iv, 12, 0, CKG_GENERATE, AAD, 16};
	struct ck_ccm old = {0, iv, 12, AAD, 16};
	CK_MECHANISM rows[] = {{CKM_AES_GCM, &g, sizeof(g)},
	    {CKM_AES_CCM, &c, sizeof(c)}, {CKM_AES_CCM, &old, sizeof(old)}};
	CK_ATTRIBUTE t[] = {
	    A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, aes_type)};
	CK_BYTE wrapped[64];
	CK_ULONG n;
	CK_OBJECT_HANDLE h;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		memset(iv, 7, sizeof(iv));
		n = 0;
		RV(p11->C_WrapKey(rw, &rows[i], kek, target, NULL, &n), CKR_OK,
		    "how long");
		COUNT(n, 48, "the key and the tag");
		RV(p11->C_WrapKey(rw, &rows[i], kek, target, wrapped, &n),
		    CKR_OK, "wrapped");
		memcpy(tag, wrapped + 32, 16);
		OK(is_sealed(i == 0 ? "AES-256-GCM" : "AES-256-CCM", wrapped,
		       32, material(2)),
		    "as OpenSSL has it");
		OK((iv[11] == 7 && iv[10] == 7 && iv[9] == 7) == (i == 2),
		    "the vector is the token's where it is to make one");
		/* both are ignored */
		g.ulIvFixedBits = c.ulNonceFixedBits = 1000;
		RV(p11->C_UnwrapKey(rw, &rows[i], kek, wrapped, n, t, 2, &h),
		    CKR_OK, "unwrapped");
		wrapped[1] ^= 1;
		RV(p11->C_UnwrapKey(rw, &rows[i], kek, wrapped, n, t, 2, &h),
		    CKR_WRAPPED_KEY_INVALID, "damaged");
		g.ulIvFixedBits = c.ulNonceFixedBits = 0;
	}
}

int
main(void)
{
	CK_BYTE ed[] = {6, 3, 0x2b, 0x65, 0x70};
	CK_ATTRIBUTE curve = A(CKA_EC_PARAMS, ed),
		     open[] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_MECHANISM m = {CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0};
	CK_OBJECT_HANDLE public;

	memcpy(kek_value, material(1), 32);
	testenv_start();
	p11_start();
	list = p11_list_3_2();
	kek = secret(kek_value);
	target = secret(material(2));
	NEED(p11->C_GenerateKeyPair(
		 rw, &m, &curve, 1, open, 2, &public, &edwards) == CKR_OK,
	    "an Ed25519 pair");
	test_round(&gcm, "AES-256-GCM");
	test_round(&ccm, "AES-256-CCM");
	test_private_key(&gcm);
	test_private_key(&ccm);
	test_generators();
	test_params();
	test_rules();
	test_wrap_params();
	test_kms();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
