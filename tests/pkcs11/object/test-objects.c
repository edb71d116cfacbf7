/* What every kind of key in KMS says of itself, attribute by attribute, and
 * that it does what it says and nothing else. */
#include <stdio.h>
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "cryptoki/keyferry.h"
#include "p11.h"

/* Kinds of objects, one bit each. */
enum {
	SECRET = 1 << 0,
	RSA_PRIV = 1 << 1,
	RSA_PUB = 1 << 2,
	EC_PRIV = 1 << 3,
	EC_PUB = 1 << 4,
	PQ_PRIV = 1 << 5,
	PQ_PUB = 1 << 6,
};
#define PRIV (RSA_PRIV | EC_PRIV | PQ_PRIV)
#define PUB (RSA_PUB | EC_PUB | PQ_PUB)
#define KEYS (SECRET | PRIV | PUB)

/* What a usage makes true. */
enum { CRYPTS = 1 << 0, SIGNS = 1 << 1, DERIVES = 1 << 2, KEM = 1 << 3 };

/* What an attribute is, on the kinds that have it. */
enum want {
	BYTES, /* some */
	EMPTY,
	HIDDEN, /* CKR_ATTRIBUTE_SENSITIVE */
	ULONG, /* a number that is known */
	IS_YES,
	IS_NO,
	IF_CRYPTS,
	IF_SIGNS,
	IF_DERIVES,
	IF_KEM,
	IF_RECOVERS,
};

static const struct row {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
	unsigned on;
	enum want want;
} rows[] = {
#define ROW(cka, on, want)          \
	{                           \
		cka, #cka, on, want \
	}
    ROW(CKA_CLASS, KEYS, ULONG),
    ROW(CKA_TOKEN, KEYS, IS_YES),
    ROW(CKA_PRIVATE, PRIV | SECRET, IS_YES),
    ROW(CKA_PRIVATE, PUB, IS_NO),
    ROW(CKA_LABEL, KEYS, BYTES),
    ROW(CKA_UNIQUE_ID, KEYS, BYTES),
    ROW(CKA_APPLICATION, 0, BYTES),
    ROW(CKA_VALUE, SECRET | EC_PRIV | PQ_PRIV, HIDDEN),
    ROW(CKA_VALUE, PQ_PUB, BYTES),
    ROW(CKA_OBJECT_ID, 0, BYTES),
    ROW(CKA_CERTIFICATE_TYPE, 0, BYTES),
    ROW(CKA_ISSUER, 0, BYTES),
    ROW(CKA_SERIAL_NUMBER, 0, BYTES),
    ROW(CKA_TRUSTED, SECRET | PUB, IS_NO),
    ROW(CKA_CHECK_VALUE, 0, BYTES),
    ROW(CKA_KEY_TYPE, KEYS, ULONG),
    ROW(CKA_SUBJECT, PRIV | PUB, EMPTY),
    ROW(CKA_ID, KEYS, BYTES),
    ROW(CKA_SENSITIVE, SECRET | PRIV, IS_YES),
    ROW(CKA_ENCRYPT, SECRET | PUB, IF_CRYPTS),
    ROW(CKA_DECRYPT, SECRET | PRIV, IF_CRYPTS),
    ROW(CKA_SIGN, SECRET | PRIV, IF_SIGNS),
    ROW(CKA_SIGN_RECOVER, PRIV, IF_RECOVERS),
    ROW(CKA_VERIFY, SECRET | PUB, IF_SIGNS),
    ROW(CKA_VERIFY_RECOVER, PUB, IF_RECOVERS),
    ROW(CKA_WRAP, SECRET | PUB, IF_CRYPTS),
    ROW(CKA_UNWRAP, SECRET | PRIV, IF_CRYPTS),
    ROW(CKA_DERIVE, SECRET | PRIV | PUB, IF_DERIVES),
    ROW(CKA_ENCAPSULATE, PUB, IF_KEM),
    ROW(CKA_DECAPSULATE, PRIV, IF_KEM),
    ROW(CKA_START_DATE, KEYS, EMPTY),
    ROW(CKA_END_DATE, KEYS, EMPTY),
    ROW(CKA_MODULUS, RSA_PRIV | RSA_PUB, BYTES),
    ROW(CKA_MODULUS_BITS, RSA_PUB, ULONG),
    ROW(CKA_PUBLIC_EXPONENT, RSA_PRIV | RSA_PUB, BYTES),
    ROW(CKA_PRIVATE_EXPONENT, RSA_PRIV, HIDDEN),
    ROW(CKA_PRIME_1, RSA_PRIV, HIDDEN),
    ROW(CKA_PRIME_2, RSA_PRIV, HIDDEN),
    ROW(CKA_EXPONENT_1, RSA_PRIV, HIDDEN),
    ROW(CKA_EXPONENT_2, RSA_PRIV, HIDDEN),
    ROW(CKA_COEFFICIENT, RSA_PRIV, HIDDEN),
    ROW(CKA_PUBLIC_KEY_INFO, PRIV | PUB, BYTES),
    ROW(CKA_PRIME, 0, BYTES),
    ROW(CKA_BASE, 0, BYTES),
    ROW(CKA_VALUE_LEN, SECRET, ULONG),
    ROW(CKA_EXTRACTABLE, SECRET | PRIV, IS_NO),
    ROW(CKA_LOCAL, KEYS, IS_YES),
    ROW(CKA_NEVER_EXTRACTABLE, SECRET | PRIV, IS_YES),
    ROW(CKA_ALWAYS_SENSITIVE, SECRET | PRIV, IS_YES),
    ROW(CKA_KEY_GEN_MECHANISM, KEYS, ULONG),
    ROW(CKA_MODIFIABLE, KEYS, IS_YES),
    ROW(CKA_COPYABLE, KEYS, IS_NO),
    /* a public half can be put out of sight */
    ROW(CKA_DESTROYABLE, KEYS, IS_YES),
    ROW(CKA_EC_PARAMS, EC_PRIV | EC_PUB, BYTES),
    ROW(CKA_EC_POINT, EC_PRIV | EC_PUB, BYTES),
    ROW(CKA_ALWAYS_AUTHENTICATE, PRIV, IS_NO),
    ROW(CKA_WRAP_WITH_TRUSTED, SECRET | PRIV, IS_NO),
    ROW(CKA_WRAP_TEMPLATE, SECRET | PUB, EMPTY),
    ROW(CKA_UNWRAP_TEMPLATE, SECRET | PRIV, EMPTY),
    ROW(CKA_DERIVE_TEMPLATE, SECRET | PRIV, EMPTY),
    ROW(CKA_ENCAPSULATE_TEMPLATE, PQ_PUB, EMPTY),
    ROW(CKA_DECAPSULATE_TEMPLATE, PQ_PRIV, EMPTY),
    ROW(CKA_PARAMETER_SET, PQ_PRIV | PQ_PUB, ULONG),
    ROW(CKA_SEED, PQ_PRIV, HIDDEN),
    ROW(CKA_HW_FEATURE_TYPE, 0, BYTES),
    ROW(CKA_KEYFERRY_KEY_STATE, KEYS, BYTES),
    ROW(CKA_KEYFERRY_DELETION_DATE, KEYS, EMPTY),
    ROW(CKA_KEYFERRY_ORIGIN, KEYS, BYTES),
    ROW(CKA_KEYFERRY_MULTI_REGION, KEYS, IS_NO),
    ROW(CKA_KEYFERRY_KEY_SPEC, KEYS, BYTES),
    ROW(CKA_KEYFERRY_KEY_USAGE, KEYS, BYTES),
    ROW(CKA_KEYFERRY_REGIONS, KEYS, BYTES),
    ROW(CKA_VENDOR_DEFINED | 0x12345, 0, BYTES),
};

static CK_ULONG n28 = 28, n32 = 32, n48 = 48, n64 = 64, n2048 = 2048,
		n3072 = 3072, set1 = 1, set2 = 2, set3 = 3;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       p384[] = {6, 5, 0x2b, 0x81, 4, 0, 34},
	       p521[] = {6, 5, 0x2b, 0x81, 4, 0, 35},
	       p256k1[] = {6, 5, 0x2b, 0x81, 4, 0, 10},
	       ed25519[] = {6, 3, 0x2b, 0x65, 0x70};

static const struct kind {
	const char *what;
	CK_MECHANISM_TYPE mechanism;
	CK_ATTRIBUTE size;
	CK_ATTRIBUTE_TYPE flag; /* of the private half or secret key */
	unsigned on, uses;
	size_t point; /* bytes of CKA_EC_POINT */
} kinds[] = {
    {"AES", CKM_AES_KEY_GEN, A(CKA_VALUE_LEN, n32), CKA_ENCRYPT, SECRET, CRYPTS,
	0},
    {"HMAC_224", CKM_GENERIC_SECRET_KEY_GEN, A(CKA_VALUE_LEN, n28), CKA_SIGN,
	SECRET, SIGNS, 0},
    {"HMAC_256", CKM_GENERIC_SECRET_KEY_GEN, A(CKA_VALUE_LEN, n32), CKA_SIGN,
	SECRET, SIGNS, 0},
    {"HMAC_384", CKM_GENERIC_SECRET_KEY_GEN, A(CKA_VALUE_LEN, n48), CKA_SIGN,
	SECRET, SIGNS, 0},
    {"HMAC_512", CKM_GENERIC_SECRET_KEY_GEN, A(CKA_VALUE_LEN, n64), CKA_SIGN,
	SECRET, SIGNS, 0},
    {"RSA to sign", CKM_RSA_PKCS_KEY_PAIR_GEN, A(CKA_MODULUS_BITS, n2048),
	CKA_SIGN, RSA_PRIV, SIGNS, 0},
    {"RSA to decrypt", CKM_RSA_PKCS_KEY_PAIR_GEN, A(CKA_MODULUS_BITS, n3072),
	CKA_DECRYPT, RSA_PRIV, CRYPTS, 0},
    {"P-256 to sign", CKM_EC_KEY_PAIR_GEN, A(CKA_EC_PARAMS, p256), CKA_SIGN,
	EC_PRIV, SIGNS, 67},
    {"P-256 to derive", CKM_EC_KEY_PAIR_GEN, A(CKA_EC_PARAMS, p256), CKA_DERIVE,
	EC_PRIV, DERIVES, 67},
    {"P-384 to sign", CKM_EC_KEY_PAIR_GEN, A(CKA_EC_PARAMS, p384), CKA_SIGN,
	EC_PRIV, SIGNS, 99},
    {"P-521 to sign", CKM_EC_KEY_PAIR_GEN, A(CKA_EC_PARAMS, p521), CKA_SIGN,
	EC_PRIV, SIGNS, 136},
    {"secp256k1", CKM_EC_KEY_PAIR_GEN, A(CKA_EC_PARAMS, p256k1), CKA_SIGN,
	EC_PRIV, SIGNS, 67},
    {"Ed25519", CKM_EC_EDWARDS_KEY_PAIR_GEN, A(CKA_EC_PARAMS, ed25519),
	CKA_SIGN, EC_PRIV, SIGNS, 32},
    {"ML-DSA-44", CKM_ML_DSA_KEY_PAIR_GEN, A(CKA_PARAMETER_SET, set1), CKA_SIGN,
	PQ_PRIV, SIGNS, 0},
    {"ML-DSA-87", CKM_ML_DSA_KEY_PAIR_GEN, A(CKA_PARAMETER_SET, set3), CKA_SIGN,
	PQ_PRIV, SIGNS, 0},
    {"ML-KEM-768", CKM_ML_KEM_KEY_PAIR_GEN, A(CKA_PARAMETER_SET, set2),
	CKA_DECAPSULATE, PQ_PRIV, KEM, 0},
};

static CK_RV
make(const struct kind *k, const char *label, struct pair_handles *p)
{
	CK_MECHANISM m = {k->mechanism, NULL, 0};
	CK_ATTRIBUTE pub[] = {k->size};
	struct key_template t = {.count = 0};

	template_add(&t, CKA_TOKEN, &yes, sizeof(yes));
	template_add(&t, k->flag, &yes, sizeof(yes));
	template_add(&t, CKA_LABEL, label, strlen(label));
	if (k->on != SECRET)
		return (p11->C_GenerateKeyPair(
		    rw, &m, pub, 1, t.t, t.count, &p->public, &p->private));
	t.t[t.count++] = k->size;
	return (p11->C_GenerateKey(rw, &m, t.t, t.count, &p->private));
}

static bool
is_true(enum want want, unsigned uses, unsigned on)
{
	switch (want) {
	case IS_YES:
		return (true);
	case IF_CRYPTS:
		return ((uses & CRYPTS) != 0);
	case IF_SIGNS:
		return ((uses & SIGNS) != 0);
	case IF_DERIVES:
		return ((uses & DERIVES) != 0);
	case IF_KEM:
		return ((uses & KEM) != 0);
	case IF_RECOVERS:
		return (
		    (uses & SIGNS) != 0 && (on & (RSA_PRIV | RSA_PUB)) != 0);
	default:
		return (false);
	}
}

/* Whether the value is as wanted. */
static bool
fits(enum want want, bool truth, CK_RV rv, const CK_BYTE *value, CK_ULONG len)
{
	CK_ULONG number = CK_UNAVAILABLE_INFORMATION;

	if (want == HIDDEN)
		return (rv == CKR_ATTRIBUTE_SENSITIVE &&
			len == CK_UNAVAILABLE_INFORMATION);
	if (rv != CKR_OK)
		return (false);
	if (want == BYTES)
		return (len > 0);
	if (want == EMPTY)
		return (len == 0);
	if (want != ULONG)
		return (len == 1 && *value == (truth ? CK_TRUE : CK_FALSE));
	if (len == sizeof(number))
		memcpy(&number, value, len);
	return (number != CK_UNAVAILABLE_INFORMATION);
}

/* Rows of one type follow each other: the one for the kind counts. */
static const struct row *
row_of(const struct row *first, unsigned on)
{
	const struct row *r = first;

	for (; r < rows + ELEMS(rows) && r->type == first->type; r++)
		if ((r->on & on) != 0)
			return (r);
	return (NULL);
}

static void
check_rows(CK_OBJECT_HANDLE h, unsigned on, unsigned uses, const char *what)
{
	CK_BYTE value[8192];
	const struct row *r;
	CK_ATTRIBUTE a;
	CK_RV rv;
	size_t wrong = 0;

	for (size_t i = 0; i < ELEMS(rows); i++) {
		if (i > 0 && rows[i - 1].type == rows[i].type)
			continue;
		a = (CK_ATTRIBUTE)A_BYTES(rows[i].type, value, sizeof(value));
		rv = p11->C_GetAttributeValue(rw, h, &a, 1);
		r = row_of(&rows[i], on);
		if (r == NULL ? rv == CKR_ATTRIBUTE_TYPE_INVALID
			      : fits(r->want, is_true(r->want, uses, on), rv,
				    value, a.ulValueLen))
			continue;
		printf("# %s: 0x%lx, %ld bytes, the first 0x%02x\n",
		    rows[i].name, rv, (long)a.ulValueLen, value[0]);
		wrong++;
	}
	COUNT(wrong, 0, "%s: attributes that are not as they should be", what);
}

/* Both halves say the same of what is public, and all is asked for once. */
static void
check_pair(const struct kind *k, struct pair_handles p, const char *what)
{
	static const CK_ATTRIBUTE_TYPE shared[] = {CKA_ID, CKA_LABEL,
	    CKA_PUBLIC_KEY_INFO, CKA_MODULUS, CKA_PUBLIC_EXPONENT,
	    CKA_EC_PARAMS, CKA_EC_POINT, CKA_PARAMETER_SET, CKA_KEY_TYPE};
	CK_BYTE a[8192], b[8192];
	CK_ULONG n, m;

	for (size_t i = 0; i < ELEMS(shared); i++) {
		n = attr(p.private, shared[i], a, sizeof(a));
		m = attr(p.public, shared[i], b, sizeof(b));
		if (n != m ||
		    (n != CK_UNAVAILABLE_INFORMATION && memcmp(a, b, n) != 0))
			OK(false, "%s: the halves share 0x%lx", what,
			    shared[i]);
	}
	n = attr(p.private, CKA_UNIQUE_ID, a, sizeof(a));
	m = attr(p.public, CKA_UNIQUE_ID, b, sizeof(b));
	OK(n > 4 && n < sizeof(a) && m < sizeof(b) &&
		(n != m || memcmp(a, b, n) != 0),
	    "%s: each has its unique id", what);
	if (k->point == 0)
		return;
	n = attr(p.public, CKA_EC_POINT, a, sizeof(a));
	COUNT(n, k->point, "%s: the length of its point", what);
	if (k->point != 32) /* those of Edwards curves are bare */
		OK(a[0] == 4 &&
			(a[1] == 0x81 ? a[2] + 3U : a[1] + 2U) == k->point,
		    "%s: which is an OCTET STRING", what);
}

/* A parameter that a mechanism takes, whatever it is. */
static CK_MECHANISM
mechanism(CK_MECHANISM_TYPE type)
{
	static CK_BYTE iv[16];
	static CK_GCM_PARAMS gcm = {iv, 12, 96, NULL, 0, 128};
	static CK_RSA_PKCS_OAEP_PARAMS oaep = {
	    CKM_SHA256, CKG_MGF1_SHA256, CKZ_DATA_SPECIFIED, NULL, 0};
	static CK_RSA_PKCS_PSS_PARAMS pss[] = {
	    {CKM_SHA256, CKG_MGF1_SHA256, 32},
	    {CKM_SHA384, CKG_MGF1_SHA384, 48},
	    {CKM_SHA512, CKG_MGF1_SHA512, 64}};

	static CK_ULONG half = 16;
	static struct ck_hash_sign_context of_hash = {
	    CKH_HEDGE_PREFERRED, NULL, 0, CKM_SHA256};

	switch (type) {
	case CKM_HASH_ML_DSA:
		return ((CK_MECHANISM){type, &of_hash, sizeof(of_hash)});
	case CKM_SHA224_HMAC_GENERAL:
	case CKM_SHA256_HMAC_GENERAL:
	case CKM_SHA384_HMAC_GENERAL:
	case CKM_SHA512_HMAC_GENERAL:
		return ((CK_MECHANISM){type, &half, sizeof(half)});
	case CKM_AES_GCM:
		return ((CK_MECHANISM){type, &gcm, sizeof(gcm)});
	case CKM_AES_CBC_PAD:
		return ((CK_MECHANISM){type, iv, 16});
	case CKM_RSA_PKCS_OAEP:
		return ((CK_MECHANISM){type, &oaep, sizeof(oaep)});
	case CKM_RSA_PKCS_PSS:
	case CKM_SHA256_RSA_PKCS_PSS:
		return ((CK_MECHANISM){type, &pss[0], sizeof(pss[0])});
	case CKM_SHA384_RSA_PKCS_PSS:
		return ((CK_MECHANISM){type, &pss[1], sizeof(pss[0])});
	case CKM_SHA512_RSA_PKCS_PSS:
		return ((CK_MECHANISM){type, &pss[2], sizeof(pss[0])});
	}
	return ((CK_MECHANISM){type, NULL, 0});
}

/* Whether any operation with it begins; none is left under way. */
static bool
begins(CK_OBJECT_HANDLE h, CK_MECHANISM_TYPE type)
{
	CK_RV(*const inits[])
	(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) = {
	    p11->C_EncryptInit, p11->C_DecryptInit, p11->C_SignInit,
	    p11->C_VerifyInit, p11->C_SignRecoverInit,
	    p11->C_VerifyRecoverInit};
	CK_MECHANISM m = mechanism(type);
	bool any = false;

	for (size_t i = 0; i < ELEMS(inits); i++)
		if (inits[i](rw, &m, h) == CKR_OK) {
			any = true;
			inits[i](rw, NULL, CK_INVALID_HANDLE);
		}
	return (any);
}

/* CKA_ALLOWED_MECHANISMS is what works, of all that the token lists. */
static void
check_mechanisms(CK_OBJECT_HANDLE h, const char *what)
{
	const CK_FLAGS data = CKF_ENCRYPT | CKF_DECRYPT | CKF_SIGN |
			      CKF_VERIFY | CKF_SIGN_RECOVER |
			      CKF_VERIFY_RECOVER;
	CK_MECHANISM_TYPE all[256], allowed[256];
	CK_MECHANISM_INFO info;
	CK_ULONG n = ELEMS(all), k, wrong = 0;
	bool is;

	NEED(p11->C_GetMechanismList(0, all, &n) == CKR_OK, "the list");
	k = attr(h, CKA_ALLOWED_MECHANISMS, allowed, sizeof(allowed));
	NEED(k != CK_UNAVAILABLE_INFORMATION, "the key's list");
	k /= sizeof(allowed[0]);
	for (CK_ULONG i = 0; i < n; i++) {
		if (p11->C_GetMechanismInfo(0, all[i], &info) != CKR_OK ||
		    (info.flags & data) == 0)
			continue;
		is = false;
		for (CK_ULONG j = 0; j < k; j++)
			is |= allowed[j] == all[i];
		if (begins(h, all[i]) == is)
			continue;
		printf("# mechanism 0x%lx is %slisted\n", all[i],
		    is ? "" : "not ");
		wrong++;
	}
	COUNT(wrong, 0, "%s: the key's mechanisms are those that work", what);
}

static void
test_kind(const struct kind *k)
{
	struct pair_handles p = {CK_INVALID_HANDLE, CK_INVALID_HANDLE};
	unsigned public_on = k->on << 1;
	char label[64];
	CK_RV rv;

	snprintf(label, sizeof(label), "%s.", k->what);
	rv = make(k, label, &p);
	if (k->on == PQ_PRIV && rv == CKR_TEMPLATE_INCONSISTENT) {
		tap_skip("OpenSSL 3.5 has it", k->what);
		return;
	}
	if (!RV(rv, CKR_OK, "%s", k->what))
		return;
	calls_clear();
	check_rows(p.private, k->on, k->uses, k->what);
	check_mechanisms(p.private, k->what);
	if (k->on != SECRET) {
		check_rows(p.public, public_on, k->uses, k->what);
		check_mechanisms(p.public, k->what);
		check_pair(k, p, k->what);
		COUNT(
		    calls("GetPublicKey"), 1, "%s: one GetPublicKey", k->what);
	}
	COUNT(calls(NULL), k->on != SECRET, "%s: no other call", k->what);
}

/* A search by the bytes of a key asks KMS for those alone that it may be. */
static void
test_find(void)
{
	CK_BYTE point[200];
	CK_OBJECT_CLASS class = CKO_PUBLIC_KEY;
	CK_KEY_TYPE type = CKK_EC;
	CK_ATTRIBUTE t[] = {A_BYTES(CKA_EC_POINT, point, 0),
	    A(CKA_CLASS, class), A(CKA_KEY_TYPE, type)};
	CK_OBJECT_HANDLE h[4], key = find_label("P-384 to sign.", class);

	t[0].ulValueLen = attr(key, CKA_EC_POINT, point, sizeof(point));
	p11_stop();
	p11_start();
	calls_clear();
	COUNT(find(rw, t, ELEMS(t), h, 4), 1, "a point finds its key");
	COUNT(calls("GetPublicKey"), 1, "of one key its point was asked for");
	point[10] ^= 1;
	COUNT(find(rw, t, ELEMS(t), h, 4), 0, "another point finds none");
	COUNT(calls("GetPublicKey"), 1, "and no more was asked for");
}

int
main(void)
{
	testenv_start();
	p11_start();
	for (size_t i = 0; i < ELEMS(kinds); i++)
		test_kind(&kinds[i]);
	test_find();
	p11_stop();
	testenv_stop();
	return (tap_done());
}
