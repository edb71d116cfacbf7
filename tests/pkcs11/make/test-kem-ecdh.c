/* C_EncapsulateKey and C_DecapsulateKey by ECDH: PKCS#11 3.2, section 6.3.20. No
 * KMS is there. */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "p11.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7},
	       x25519[] = {6, 3, 0x2b, 0x65, 0x6e}, sealed[200],
	       shared[] = "data";
static CK_ULONG n;
static CK_ECDH1_DERIVE_PARAMS p = {.kdf = CKD_NULL};
static CK_MECHANISM m = {CKM_ECDH1_DERIVE, &p, sizeof(p)};
static CK_ATTRIBUTE open_key[] = {A(CKA_SENSITIVE, no)};

static struct pair_handles
make(CK_MECHANISM_TYPE type, CK_BYTE *params, CK_ULONG len)
{
	CK_MECHANISM gen = {type, NULL, 0};
	CK_ATTRIBUTE public_t[] = {
	    A_BYTES(CKA_EC_PARAMS, params, len), A(CKA_ENCAPSULATE, yes)};
	CK_ATTRIBUTE private_t[] = {
	    A(CKA_DECAPSULATE, yes), A(CKA_DERIVE, yes)};
	struct pair_handles k;

	NEED(p11->C_GenerateKeyPair(rw, &gen, public_t, 2, private_t, 2,
		 &k.public, &k.private) == CKR_OK,
	    "a pair");
	return (k);
}

static CK_RV
encapsulate(
    CK_OBJECT_HANDLE key, CK_ATTRIBUTE *t, CK_ULONG count, CK_OBJECT_HANDLE *h)
{
	n = sizeof(sealed);
	return (list->C_EncapsulateKey(rw, &m, key, t, count, sealed, &n, h));
}

static bool
same_value(CK_OBJECT_HANDLE a, CK_OBJECT_HANDLE b, CK_ULONG len)
{
	CK_BYTE value[100];

	return (attr(a, CKA_VALUE, value, sizeof(value)) == len &&
		attr_is(b, CKA_VALUE, value, len));
}

/* Both ways, and what C_DeriveKey makes of the ciphertext. */
static void
test_agree(const struct pair_handles *k, CK_ATTRIBUTE *t, CK_ULONG count,
    CK_ULONG point, CK_ULONG len)
{
	CK_ATTRIBUTE all[4] = {A(CKA_SENSITIVE, no), A(CKA_EXTRACTABLE, yes)};
	CK_OBJECT_HANDLE a = 0, b = 0, c = 0;
	CK_BYTE first[200];
	CK_ECDH1_DERIVE_PARAMS with = p;
	CK_MECHANISM derive = {m.mechanism, &with, sizeof(with)};

	for (CK_ULONG i = 1; i < count; i++)
		all[i + 1] = t[i];
	RV(encapsulate(k->public, t, count, &a), CKR_OK, "encapsulated");
	COUNT(n, point, "a public value");
	memcpy(first, sealed, n);
	RV(list->C_DecapsulateKey(rw, &m, k->private, t, count, sealed, n, &b),
	    CKR_OK, "decapsulated");
	OK(same_value(a, b, len), "the same secret");
	OK(attr_is(a, CKA_EXTRACTABLE, &yes, 1) &&
		attr_is(a, CKA_ALWAYS_SENSITIVE, &no, 1) &&
		attr_is(a, CKA_NEVER_EXTRACTABLE, &no, 1) &&
		attr_is(a, CKA_LOCAL, &no, 1),
	    "which is extractable, and comes from elsewhere");
	with.pPublicData = sealed;
	with.ulPublicDataLen = n;
	RV(p11->C_DeriveKey(rw, &derive, k->private, all, count + 1, &c),
	    CKR_OK, "derived");
	OK(same_value(a, c, len), "the same again");
	RV(encapsulate(k->public, t, count, &b), CKR_OK, "once more");
	OK(memcmp(first, sealed, n) != 0 && !same_value(a, b, len),
	    "is another secret");
}

static void
test_curve(const struct pair_handles *k, CK_ULONG point)
{
	CK_ULONG len = 24, aes_len = 16;
	CK_ATTRIBUTE t[] = {open_key[0], A(CKA_VALUE_LEN, len)};
	CK_ATTRIBUTE aes[] = {
	    open_key[0], A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, aes_len)};

	p = (CK_ECDH1_DERIVE_PARAMS){.kdf = CKD_NULL};
	test_agree(k, t, 1, point, 32);
	test_agree(k, t, 2, point, 24);
	p.kdf = CKD_SHA256_KDF;
	p.pSharedData = shared;
	p.ulSharedDataLen = sizeof(shared);
	test_agree(k, aes, 3, point, 16);
	p = (CK_ECDH1_DERIVE_PARAMS){.kdf = CKD_NULL};
}

static void
test_refused(const struct pair_handles *k, const struct pair_handles *x)
{
	CK_OBJECT_HANDLE h = 77;
	CK_ATTRIBUTE off = A(CKA_ENCAPSULATE, no);
	CK_ULONG room = 0;

	RV(list->C_EncapsulateKey(
	       rw, &m, k->public, open_key, 1, NULL, &room, &h),
	    CKR_OK, "how long");
	COUNT(room, 65, "a point");
	room--;
	RV(list->C_EncapsulateKey(
	       rw, &m, k->public, open_key, 1, sealed, &room, &h),
	    CKR_BUFFER_TOO_SMALL, "too little room");
	COUNT(room, 65, "what is needed");
	NEED(encapsulate(k->public, open_key, 1, &h) == CKR_OK, "a point");
	RV(list->C_DecapsulateKey(
	       rw, &m, k->private, open_key, 1, sealed, n - 1, &h),
	    CKR_WRAPPED_KEY_LEN_RANGE, "one byte less");
	sealed[20] ^= 1;
	RV(list->C_DecapsulateKey(
	       rw, &m, k->private, open_key, 1, sealed, n, &h),
	    CKR_WRAPPED_KEY_INVALID, "no point of the curve");
	p.pPublicData = sealed;
	p.ulPublicDataLen = n;
	RV(encapsulate(k->public, open_key, 1, &h), CKR_MECHANISM_PARAM_INVALID,
	    "a point in the parameter");
	p = (CK_ECDH1_DERIVE_PARAMS){.kdf = CKD_NULL};
	RV(encapsulate(k->private, open_key, 1, &h), CKR_KEY_TYPE_INCONSISTENT,
	    "with a private key");
	m.mechanism = CKM_ECDH1_COFACTOR_DERIVE;
	RV(encapsulate(x->public, open_key, 1, &h), CKR_KEY_TYPE_INCONSISTENT,
	    "X25519 has no cofactor");
	RV(encapsulate(k->public, open_key, 1, &h), CKR_OK, "P-256 has one");
	m.mechanism = CKM_ECDH1_DERIVE;
	RV(p11->C_SetAttributeValue(rw, k->public, &off, 1), CKR_OK, "set");
	RV(encapsulate(k->public, open_key, 1, &h),
	    CKR_KEY_FUNCTION_NOT_PERMITTED, "a key that does not");
}

int
main(void)
{
	struct pair_handles k, x;

	testenv_open();
	p11_start();
	list = p11_list_3_2();
	k = make(CKM_EC_KEY_PAIR_GEN, p256, sizeof(p256));
	x = make(CKM_EC_MONTGOMERY_KEY_PAIR_GEN, x25519, sizeof(x25519));
	test_curve(&k, 65);
	test_curve(&x, 32);
	test_refused(&k, &x);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
