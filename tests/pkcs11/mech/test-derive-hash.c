/* Keys that are the hash of another key: PKCS#11 3.2, sections 6.20 to 6.32. */
#include <openssl/evp.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_KEY_TYPE chacha20_type = CKK_CHACHA20;
static CK_BYTE value[] = "the value of the base key";
static CK_OBJECT_HANDLE base;
static const struct row {
	const char *name;
	CK_MECHANISM_TYPE type;
	size_t len; /* 0: as many bytes as are asked for */
} rows[] = {{"SHA1", CKM_SHA1_KEY_DERIVATION, 20},
    {"SHA2-224", CKM_SHA224_KEY_DERIVATION, 28},
    {"SHA2-256", CKM_SHA256_KEY_DERIVATION, 32},
    {"SHA2-384", CKM_SHA384_KEY_DERIVATION, 48},
    {"SHA2-512", CKM_SHA512_KEY_DERIVATION, 64},
    {"SHA2-512/224", CKM_SHA512_224_KEY_DERIVATION, 28},
    {"SHA2-512/256", CKM_SHA512_256_KEY_DERIVATION, 32},
    {"SHA3-224", CKM_SHA3_224_KEY_DERIVATION, 28},
    {"SHA3-256", CKM_SHA3_256_KEY_DERIVATION, 32},
    {"SHA3-384", CKM_SHA3_384_KEY_DERIVATION, 48},
    {"SHA3-512", CKM_SHA3_512_KEY_DERIVATION, 64},
    {"SHAKE128", CKM_SHAKE_128_KEY_DERIVATION, 0},
    {"SHAKE256", CKM_SHAKE_256_KEY_DERIVATION, 0}};

/* type NULL or len 0: the template does not say. */
static CK_RV
derive(
    const struct row *r, CK_KEY_TYPE *type, CK_ULONG len, CK_OBJECT_HANDLE *h)
{
	CK_MECHANISM m = {r->type, NULL, 0};
	CK_ATTRIBUTE t[4] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_ULONG n = 2;

	if (type != NULL)
		t[n++] = (CK_ATTRIBUTE)A(CKA_KEY_TYPE, *type);
	if (len != 0)
		t[n++] = (CK_ATTRIBUTE)A(CKA_VALUE_LEN, len);
	return (p11->C_DeriveKey(rw, &m, base, t, n, h));
}

static void
openssl_hash(const struct row *r, CK_BYTE *out, size_t len)
{
	EVP_MD *md = EVP_MD_fetch(NULL, r->name, NULL);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	NEED(EVP_DigestInit_ex2(ctx, md, NULL) == 1 &&
		 EVP_DigestUpdate(ctx, value, sizeof(value)) == 1 &&
		 (r->len == 0 ? EVP_DigestFinalXOF(ctx, out, len)
			      : EVP_DigestFinal_ex(ctx, out, NULL)) == 1,
	    "OpenSSL's hash");
	EVP_MD_CTX_free(ctx);
	EVP_MD_free(md);
}

static void
test_row(const struct row *r)
{
	CK_ULONG natural = r->len != 0 ? r->len : 1000;
	CK_BYTE want[1000];
	CK_OBJECT_HANDLE h;
	CK_RV aes_alone = r->len == 32 ? CKR_OK : CKR_TEMPLATE_INCOMPLETE;

	openssl_hash(r, want, natural);
	if (r->len == 0)
		RV(derive(r, NULL, 0, &h), CKR_TEMPLATE_INCOMPLETE,
		    "%s has no length of its own", r->name);
	else if (RV(derive(r, NULL, 0, &h), CKR_OK, "%s", r->name))
		OK(attr_is(h, CKA_VALUE, want, natural), "all of the hash");
	RV(derive(r, NULL, natural, &h), CKR_OK, "%s, %lu bytes", r->name,
	    natural);
	OK(attr_is(h, CKA_VALUE, want, natural) &&
		attr_number(h, CKA_KEY_TYPE) == CKK_GENERIC_SECRET,
	    "a generic secret");
	RV(derive(r, &aes_type, 16, &h), CKR_OK, "an AES key");
	if (r->len == 0)
		openssl_hash(r, want, 16);
	OK(attr_is(h, CKA_VALUE, want, 16), "of its first bytes");
	RV(derive(r, &aes_type, 17, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "no AES key has 17 bytes");
	RV(derive(r, &aes_type, 0, &h), aes_alone, "nor one known length");
	/* a type that has one */
	RV(derive(r, &chacha20_type, 0, &h),
	    r->len == 0 || r->len >= 32 ? CKR_OK : CKR_ATTRIBUTE_VALUE_INVALID,
	    "a ChaCha20 key, of no length said");
	RV(derive(r, NULL, r->len != 0 ? natural + 1 : 16321, &h),
	    CKR_ATTRIBUTE_VALUE_INVALID, "one byte too many");
}

/* The template says what hides; of what was open, nothing was always hidden. */
static void
test_secrecy(void)
{
	CK_MECHANISM m = {CKM_SHA256_KEY_DERIVATION, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_SENSITIVE, yes), A(CKA_EXTRACTABLE, no)};
	CK_OBJECT_HANDLE hidden = base_key(CKK_GENERIC_SECRET, value,
			     sizeof(value), CK_FALSE),
			 h;

	RV(p11->C_DeriveKey(rw, &m, base, t, 2, &h), CKR_OK, "of an open key");
	OK(attr_is(h, CKA_SENSITIVE, &yes, 1) &&
		attr_is(h, CKA_ALWAYS_SENSITIVE, &no, 1) &&
		attr_is(h, CKA_NEVER_EXTRACTABLE, &no, 1),
	    "it is hidden, and was not always");
	base = hidden;
	RV(derive(&rows[2], NULL, 0, &h), CKR_OK, "of a hidden key");
	OK(attr_is(h, CKA_SENSITIVE, &no, 1), "it is open, as was asked");
	RV(p11->C_DeriveKey(rw, &m, base, NULL, 0, &h), CKR_OK, "no template");
	COUNT(attr_number(h, CKA_VALUE_LEN), 32, "32 bytes");
}

int
main(void)
{
	testenv_open();
	p11_start();
	base = base_key(CKK_GENERIC_SECRET, value, sizeof(value), CK_TRUE);
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(&rows[i]);
	test_secrecy();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
