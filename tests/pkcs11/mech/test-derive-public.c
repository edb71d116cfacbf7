/* CKM_PUB_KEY_FROM_PRIV_KEY: PKCS#11 3.2, section 6.43.8. No KMS is there. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "p11.h"

static CK_MECHANISM m = {CKM_PUB_KEY_FROM_PRIV_KEY, NULL, 0};
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       x25519[] = {6, 3, 0x2b, 0x65, 0x6e},
	       ed25519[] = {6, 3, 0x2b, 0x65, 0x70};
static CK_ULONG bits = 1024, ml_dsa = CKP_ML_DSA_44, ml_kem = CKP_ML_KEM_512;
static const struct row {
	const char *name;
	CK_MECHANISM_TYPE type;
	CK_ATTRIBUTE size;
	CK_ATTRIBUTE_TYPE private_usage, public_usage;
	CK_ATTRIBUTE_TYPE parts[2];
} rows[] = {
    {"RSA", CKM_RSA_PKCS_KEY_PAIR_GEN, A(CKA_MODULUS_BITS, bits), CKA_DECRYPT,
	CKA_ENCRYPT, {CKA_MODULUS, CKA_PUBLIC_EXPONENT}},
    {"P-256", CKM_EC_KEY_PAIR_GEN, A(CKA_EC_PARAMS, p256), CKA_SIGN, CKA_VERIFY,
	{CKA_EC_PARAMS, CKA_EC_POINT}},
    {"Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, A(CKA_EC_PARAMS, ed25519),
	CKA_SIGN, CKA_VERIFY, {CKA_EC_PARAMS, CKA_EC_POINT}},
    {"X25519", CKM_EC_MONTGOMERY_KEY_PAIR_GEN, A(CKA_EC_PARAMS, x25519),
	CKA_DERIVE, CKA_DERIVE, {CKA_EC_PARAMS, CKA_EC_POINT}},
    {"ML-DSA", CKM_ML_DSA_KEY_PAIR_GEN, A(CKA_PARAMETER_SET, ml_dsa), CKA_SIGN,
	CKA_VERIFY, {CKA_PARAMETER_SET, CKA_VALUE}},
    {"ML-KEM", CKM_ML_KEM_KEY_PAIR_GEN, A(CKA_PARAMETER_SET, ml_kem),
	CKA_DECAPSULATE, CKA_ENCAPSULATE, {CKA_PARAMETER_SET, CKA_VALUE}},
};

static bool
same(CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b, CK_ATTRIBUTE_TYPE type)
{
	CK_BYTE value[4096];
	CK_ULONG n = attr(a, type, value, sizeof(value));

	return (n != 0 && n <= sizeof(value) && attr_is(b, type, value, n));
}

static void
test_row(const struct row *r)
{
	CK_MECHANISM gen = {r->type, NULL, 0};
	CK_ATTRIBUTE size = r->size;
	CK_ATTRIBUTE t[] = {A(CKA_DERIVE, yes), {r->private_usage, &yes, 1},
	    A_BYTES(CKA_ID, "pair", 4), A_BYTES(CKA_LABEL, "private", 7),
	    A_BYTES(CKA_START_DATE, "20200101", 8)};
	CK_ATTRIBUTE more[] = {A_BYTES(CKA_LABEL, "public", 6),
	    A(CKA_DESTROYABLE, yes), {r->public_usage, &no, 1},
	    A_BYTES(CKA_ID, "other", 5)};
	struct pair_handles p;
	CK_OBJECT_HANDLE h;
	CK_RV rv = p11->C_GenerateKeyPair(
	    rw, &gen, &size, 1, t, ELEMS(t), &p.public, &p.private);

	if (rv == CKR_MECHANISM_INVALID) {
		tap_skip("OpenSSL 3.5 has it", r->name);
		return;
	}
	NEED(rv == CKR_OK, "a pair of %s", r->name);
	RV(p11->C_DeriveKey(rw, &m, p.private, NULL, 0, &h), CKR_OK,
	    "its public half");
	for (size_t i = 0; i < 2; i++)
		OK(same(p.public, h, r->parts[i]), "part %zu", i);
	OK(same(p.public, h, CKA_PUBLIC_KEY_INFO) &&
		attr_number(h, CKA_CLASS) == CKO_PUBLIC_KEY &&
		attr_number(h, CKA_KEY_TYPE) ==
		    attr_number(p.private, CKA_KEY_TYPE),
	    "is the same key");
	OK(attr_is(h, r->public_usage, &yes, 1) &&
		attr_is(h, CKA_DERIVE, &yes, 1) &&
		attr_is(h, CKA_WRAP,
		    r->private_usage == CKA_DECRYPT ? &yes : &no, 1),
	    "does what the private half answers");
	OK(attr_is_text(h, CKA_ID, "pair") && attr_is_text(h, CKA_LABEL, "") &&
		attr_is_text(h, CKA_START_DATE, "20200101"),
	    "has its id and dates, not its label");
	OK(attr_is(h, CKA_TOKEN, &no, 1) && attr_is(h, CKA_PRIVATE, &no, 1) &&
		attr_is(h, CKA_MODIFIABLE, &yes, 1) &&
		attr_is(h, CKA_COPYABLE, &yes, 1) &&
		attr_is(h, CKA_LOCAL, &no, 1),
	    "and the defaults of the standard");
	RV(p11->C_DestroyObject(rw, h), CKR_ACTION_PROHIBITED,
	    "which keep it from being destroyed");
	RV(p11->C_DeriveKey(rw, &m, p.private, more, ELEMS(more), &h), CKR_OK,
	    "by a template");
	OK(attr_is_text(h, CKA_LABEL, "public") &&
		attr_is_text(h, CKA_ID, "other") &&
		attr_is(h, r->public_usage, &no, 1),
	    "which is followed");
	RV(p11->C_DestroyObject(rw, h), CKR_OK, "and destroyed");
	RV(p11->C_DeriveKey(rw, &m, p.public, NULL, 0, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "not of a public key");
}

/* Of DSA and Diffie-Hellman the public value is computed. */
static void
test_ffc(CK_KEY_TYPE type)
{
	static struct ffc_key k;
	CK_ATTRIBUTE t[FFC_ROWS + 1];
	CK_ULONG n;
	CK_OBJECT_HANDLE public, private, h;

	ffc_key_512(&k);
	if (type == CKK_DH)
		ffc_key_dh(&k);
	n = ffc_key_template(&k, &private_class, t);
	t[n++] = (CK_ATTRIBUTE)A(CKA_DERIVE, yes);
	NEED(p11->C_CreateObject(rw, t, n, &private) == CKR_OK &&
		 ffc_key_create(&k, CKO_PUBLIC_KEY, &public) == CKR_OK,
	    "both halves of a key of type %lu", type);
	RV(p11->C_DeriveKey(rw, &m, private, NULL, 0, &h), CKR_OK,
	    "the public half");
	OK(same(public, h, CKA_VALUE) && same(public, h, CKA_PRIME) &&
		same(public, h, CKA_BASE) &&
		same(public, h, CKA_PUBLIC_KEY_INFO),
	    "is the same");
}

static void
test_refused(void)
{
	CK_KEY_TYPE ec_type = CKK_EC;
	CK_ATTRIBUTE size = A(CKA_EC_PARAMS, p256),
		     other = A(CKA_KEY_TYPE, aes_type),
		     same_type = A(CKA_KEY_TYPE, ec_type),
		     secret = A(CKA_CLASS, secret_class),
		     derives = A(CKA_DERIVE, yes);
	CK_MECHANISM gen = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	struct pair_handles p;
	CK_OBJECT_HANDLE h;

	NEED(p11->C_GenerateKeyPair(
		 rw, &gen, &size, 1, NULL, 0, &p.public, &p.private) == CKR_OK,
	    "a pair that derives nothing");
	RV(p11->C_DeriveKey(rw, &m, p.private, NULL, 0, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "no public half either");
	NEED(p11->C_GenerateKeyPair(rw, &gen, &size, 1, &derives, 1, &p.public,
		 &p.private) == CKR_OK,
	    "a pair that derives");
	RV(p11->C_DeriveKey(rw, &m, p.private, &same_type, 1, &h), CKR_OK,
	    "its type in the template");
	RV(p11->C_DeriveKey(rw, &m, p.private, &other, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, "another type");
	RV(p11->C_DeriveKey(rw, &m, p.private, &secret, 1, &h),
	    CKR_TEMPLATE_INCONSISTENT, "a secret key");
	RV(p11->C_DeriveKey(rw, &m,
	       base_key(CKK_GENERIC_SECRET, "abc", 3, CK_TRUE), NULL, 0, &h),
	    CKR_KEY_TYPE_INCONSISTENT, "of a secret key");
}

int
main(void)
{
	testenv_open();
	p11_start();
	for (size_t i = 0; i < ELEMS(rows); i++)
		test_row(&rows[i]);
	test_ffc(CKK_DSA);
	test_ffc(CKK_DH);
	test_refused();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
