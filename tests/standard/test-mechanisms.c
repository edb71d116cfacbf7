/* Mechanisms: what C_GetMechanismInfo says of them is true, and no more than
 * the standard has (mechanisms.def). */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"
#include "keypair-ref.h"
#include "mechanisms.h"

static CK_FUNCTION_LIST_3_2 *list;
static CK_OBJECT_HANDLE generic, aes, wrapped, agreement;
static struct keypair_ref rsa_tiny, rsa_small, rsa_large, ec_small, ec_large,
    ed25519;
static struct pair_handles dsa_small, dsa_large, dh;
/* ML-DSA; none where OpenSSL has it not */
static struct pair_handles ml_dsa_small, ml_dsa_large;
static bool has_ml; /* ML-DSA and ML-KEM */

/* A key for the function whose size is the least or the largest that the
 * mechanism has; 0: none is at hand. */
static CK_OBJECT_HANDLE
key_for(const struct row *r, const CK_MECHANISM_INFO *info, CK_FLAGS flag,
    bool largest)
{
	CK_ULONG size = largest ? info->ulMaxKeySize : info->ulMinKeySize;
	bool public = flag == CKF_VERIFY || flag == CKF_VERIFY_RECOVER ||
		      flag == CKF_ENCRYPT || flag == CKF_WRAP;
	const struct pair_handles *of_session = NULL;
	const struct keypair_ref *pair = NULL;
	CK_BYTE value[32768 / 8 + 64] = {1};

	if (strncmp(r->name, "CKM_DSA", 7) == 0)
		of_session = largest ? &dsa_large : &dsa_small;
	if (strstr(r->name, "ML_DSA") != NULL)
		of_session = largest ? &ml_dsa_large : &ml_dsa_small;
	if (of_session != NULL)
		return (public ? of_session->public : of_session->private);
	if (strstr(r->name, "_AES_") == NULL && strstr(r->name, "RSA") != NULL)
		pair = largest	     ? &rsa_large
		       : size < 1024 ? &rsa_tiny
				     : &rsa_small;
	else if (strstr(r->name, "ECD") != NULL)
		pair = largest ? &ec_large : &ec_small;
	else if (r->type == CKM_EDDSA)
		pair = &ed25519;
	if (pair != NULL)
		return (public ? pair->public : pair->private);
	if (strstr(r->name, "CHACHA20") != NULL)
		return (secret_make(CKK_CHACHA20, value,
		    r->type == CKM_CHACHA20 ? size / 8 : size));
	if (r->type == CKM_POLY1305)
		return (secret_make(CKK_POLY1305, value, size));
	if (strstr(r->name, "_XTS") != NULL) {
		value[0] = largest; /* halves that are not the same */
		value[size - 1] = 9;
		return (secret_make(CKK_AES_XTS, value, size));
	}
	if (strstr(r->name, "CKM_AES_") != NULL)
		return (secret_make(CKK_AES, value, size));
	return (strstr(r->name, "HMAC") != NULL && size / 8 <= sizeof(value)
		    ? secret_make(CKK_GENERIC_SECRET, value, size / 8)
		    : 0);
}

static CK_OBJECT_HANDLE
any_key(const struct row *r, CK_FLAGS flag)
{
	if (r->type == CKM_RSA_AES_KEY_WRAP)
		return (
		    flag == CKF_WRAP ? rsa_small.public : rsa_small.private);
	if (strstr(r->name, "RSA_") != NULL)
		return (
		    flag == CKF_WRAP ? rsa_small.public : rsa_small.private);
	if (strstr(r->name, "CKM_DH_") != NULL)
		return (dh.private);
	if (strstr(r->name, "ECDH") != NULL ||
	    r->type == CKM_PUB_KEY_FROM_PRIV_KEY)
		return (agreement);
	return (strstr(r->name, "CKM_AES") != NULL ? aes : generic);
}

/* Each size that is said is taken by each function that is said. */
static void
test_sizes(const struct row *r, const CK_MECHANISM_INFO *info, CK_FLAGS flag)
{
	CK_MECHANISM m = mechanism(r);

	if (r->parameter == PARAMETER_OTHER ||
	    (flag & (CRYPT | SIGN | RECOVER)) == 0)
		return;
	for (int largest = 0; largest < 2; largest++) {
		CK_OBJECT_HANDLE key = key_for(r, info, flag, largest);

		if (key != 0)
			RV(begin(flag, &m, key, wrapped), CKR_OK,
			    "%s: function 0x%lx takes its %s key", r->name,
			    flag, largest ? "longest" : "shortest");
	}
}

static void
test_parameters(
    const struct row *r, const CK_MECHANISM_INFO *info, CK_FLAGS flag)
{
	CK_BYTE byte = 0;
	CK_MECHANISM m = {r->type, &byte, 1};
	CK_OBJECT_HANDLE key = (flag & (CKF_DERIVE | WRAP)) != 0
				   ? 0
				   : key_for(r, info, flag, false);

	if (key == 0 && (flag & SIGN) != 0 && strstr(r->name, "ML_DSA") != NULL)
		return; /* of keys in KMS alone: test-mldsa */
	if (key == 0)
		key = any_key(r, flag);
	RV(begin(flag, &m, key, wrapped), CKR_MECHANISM_PARAM_INVALID,
	    "%s, function 0x%lx: a parameter of one byte", r->name, flag);
	m = (CK_MECHANISM){r->type, NULL, 0};
	if (r->parameter != PARAMETER_NONE &&
	    r->parameter != PARAMETER_OPTIONAL)
		RV(begin(flag, &m, key, wrapped), CKR_MECHANISM_PARAM_INVALID,
		    "%s, function 0x%lx: no parameter", r->name, flag);
}

static void
test_given_first(const struct row *r, CK_MECHANISM *m, CK_OBJECT_HANDLE key,
    CK_BYTE *signature, CK_ULONG len)
{
	CK_BYTE text[32] = {1};
	bool in_parts = r->parameter != PARAMETER_HASH_CONTEXT;

	NEED(list->C_VerifySignatureInit(rw, m, key, signature, len) == CKR_OK,
	    "given first");
	RV(list->C_VerifySignature(rw, text, 32), CKR_OK, "it verifies");
	NEED(list->C_VerifySignatureInit(rw, m, key, signature, len) == CKR_OK,
	    "once more");
	RV(list->C_VerifySignatureUpdate(rw, text, 7),
	    in_parts ? CKR_OK : CKR_FUNCTION_NOT_SUPPORTED, "a part");
	if (in_parts) {
		RV(list->C_VerifySignatureUpdate(rw, text + 7, 25), CKR_OK,
		    "the rest");
		RV(list->C_VerifySignatureFinal(rw), CKR_OK, "verify");
	}
	text[0] ^= 1; /* of a hash that is cut the end does not count */
	NEED(list->C_VerifySignatureInit(rw, m, key, signature, len) == CKR_OK,
	    "once more");
	RV(list->C_VerifySignature(rw, text, 32), CKR_SIGNATURE_INVALID,
	    "another text does not");
}

/* C_VerifySignature, of each mechanism that verifies. */
static void
test_signature(const struct row *r, const CK_MECHANISM_INFO *info)
{
	CK_MECHANISM m = mechanism(r);
	CK_BYTE text[32] = {1}, signature[5000];
	CK_ULONG n = sizeof(signature);
	CK_OBJECT_HANDLE signs, verifies;

	if ((info->flags & SIGN) != SIGN)
		return;
	signs = key_for(r, info, CKF_SIGN, true);
	verifies = key_for(r, info, CKF_VERIFY, true);
	if (signs == 0)
		return;
	NEED(p11->C_SignInit(rw, &m, signs) == CKR_OK &&
		 p11->C_Sign(rw, text, 32, signature, &n) == CKR_OK,
	    "a signature by %s", r->name);
	test_given_first(r, &m, verifies, signature, n);
}

static void
test_row(const struct row *r)
{
	CK_MECHANISM m = {r->type, NULL, 0};
	CK_MECHANISM_INFO info;

	/* keys in KMS have it, and programs would try it with session keys */
	if (strstr(r->name, "ML_") != NULL && !has_ml) {
		RV(p11->C_GetMechanismInfo(0, r->type, &info),
		    CKR_MECHANISM_INVALID, "%s, which OpenSSL lacks", r->name);
		return;
	}
	if (!RV(p11->C_GetMechanismInfo(0, r->type, &info), CKR_OK, "%s",
		r->name))
		return;
	OK((info.flags & FUNCTIONS & ~r->functions) == 0,
	    "it has no function that the standard has not");
	OK((info.flags & FUNCTIONS) != 0, "and one at least");
	OK((info.flags & CKF_HW) == 0, "and is not done in hardware");
	/* 6.3: each says which fields and forms of domain parameters it has */
	if (strncmp(r->name, "CKM_EC", 6) == 0 || r->type == CKM_EDDSA)
		OK((info.flags & CKF_EC_F_P) != 0 &&
			(info.flags & CKF_EC_NAMEDCURVE) != 0 &&
			(info.flags & CKF_EC_CURVENAME) != 0,
		    "its curves");
	test_signature(r, &info);
	for (CK_FLAGS flag = 1; flag <= CKF_DERIVE; flag <<= 1) {
		if ((flag & FUNCTIONS) == 0)
			continue;
		if ((info.flags & flag) == 0)
			RV(begin(flag, &m, any_key(r, flag), wrapped),
			    CKR_MECHANISM_INVALID, "%s has no function 0x%lx",
			    r->name, flag);
		else {
			test_sizes(r, &info, flag);
			test_parameters(r, &info, flag);
		}
	}
}

/* The list and the table are the same. */
static void
test_list(void)
{
	CK_MECHANISM_TYPE types[300];
	CK_MECHANISM_INFO info;
	CK_ULONG n = ELEMS(types);
	size_t k;

	NEED(p11->C_GetMechanismList(0, types, &n) == CKR_OK, "the list");
	for (CK_ULONG i = 0; i < n; i++) {
		for (k = 0; k < row_count && rows[k].type != types[i]; k++)
			;
		OK(k < row_count || types[i] >= CKM_VENDOR_DEFINED,
		    "0x%lx has a row in the table", types[i]);
		OK(p11->C_GetMechanismInfo(0, types[i], &info) == CKR_OK,
		    "and tells of itself");
	}
}

/* A key is generated with each size that is said, and with no other. */
static void
test_generate(const struct row *r)
{
	CK_MECHANISM m = {r->type, NULL, 0};
	CK_MECHANISM_INFO info;
	CK_ULONG len, unit;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len)};
	CK_OBJECT_HANDLE h;
	bool is_dsa = r->type == CKM_DSA_PARAMETER_GEN;

	if (is_dsa || r->type == CKM_DH_PKCS_PARAMETER_GEN)
		t[0].type = CKA_PRIME_BITS;
	if ((r->functions & CKF_GENERATE) == 0 ||
	    r->parameter != PARAMETER_NONE ||
	    p11->C_GetMechanismInfo(0, r->type, &info) != CKR_OK)
		return;
	unit = r->type == CKM_GENERIC_SECRET_KEY_GEN ||
		       r->type == CKM_HKDF_KEY_GEN
		   ? 8
		   : 1;
	len = info.ulMinKeySize / unit;
	RV(p11->C_GenerateKey(rw, &m, t, 1, &h), CKR_OK, "%s: %lu bytes",
	    r->name, len);
	len--;
	RV(p11->C_GenerateKey(rw, &m, t, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "not one less");
	len = info.ulMaxKeySize / unit;
	if (!is_dsa) /* which takes long */
		RV(p11->C_GenerateKey(rw, &m, t, 1, &h), CKR_OK, "%lu bytes",
		    len);
	len++;
	RV(p11->C_GenerateKey(rw, &m, t, 1, &h), CKR_ATTRIBUTE_VALUE_INVALID,
	    "not one more");
}

/* A key that does all, and derives. */
static CK_OBJECT_HANDLE
base_make(CK_KEY_TYPE type, CK_BYTE *value)
{
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class), A(CKA_KEY_TYPE, type),
	    A_BYTES(CKA_VALUE, value, 32), A(CKA_DERIVE, yes), A(CKA_WRAP, yes),
	    A(CKA_UNWRAP, yes), A(CKA_SIGN, yes), A(CKA_VERIFY, yes)};
	CK_OBJECT_HANDLE h;

	NEED(p11->C_CreateObject(rw, t, ELEMS(t), &h) == CKR_OK,
	    "a key that derives");
	return (h);
}

static CK_OBJECT_HANDLE
agreement_make(void)
{
	static CK_BYTE p256[] = {6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7};
	CK_ATTRIBUTE public_t[] = {A_BYTES(CKA_EC_PARAMS, p256, sizeof(p256))},
		     private_t[] = {A(CKA_DERIVE, yes)};
	CK_MECHANISM m = {CKM_EC_KEY_PAIR_GEN, NULL, 0};
	CK_OBJECT_HANDLE h, unused;

	NEED(p11->C_GenerateKeyPair(
		 rw, &m, public_t, 1, private_t, 1, &unused, &h) == CKR_OK,
	    "a pair that agrees");
	return (h);
}

static struct pair_handles
dsa_make(struct ffc_key *k)
{
	struct pair_handles p;

	NEED(ffc_key_create(k, CKO_PUBLIC_KEY, &p.public) == CKR_OK &&
		 ffc_key_create(k, CKO_PRIVATE_KEY, &p.private) == CKR_OK,
	    "a key of DSA");
	return (p);
}

static struct pair_handles
ml_dsa_make(CK_ULONG set)
{
	CK_MECHANISM m = {CKM_ML_DSA_KEY_PAIR_GEN, NULL, 0};
	CK_ATTRIBUTE t[] = {A(CKA_PARAMETER_SET, set)};
	struct pair_handles p = {0, 0};

	(void)p11->C_GenerateKeyPair(
	    rw, &m, t, 1, NULL, 0, &p.public, &p.private);
	return (p);
}

int
main(void)
{
	static struct ffc_key dsa;
	EVP_PKEY *k = EVP_PKEY_Q_keygen(NULL, NULL, "ML-DSA-44");

	has_ml = k != NULL;
	EVP_PKEY_free(k);
	testenv_open();
	testenv_config("digests = yes", NULL, NULL);
	p11_start();
	list = p11_list_3_2();
	generic = base_make(CKK_GENERIC_SECRET, material(1));
	aes = base_make(CKK_AES, material(2));
	agreement = agreement_make();
	wrapped = secret_make(CKK_AES, material(3), 16);
	rsa_tiny = keypair_ref_rsa(512);
	rsa_small = keypair_ref_rsa(1024);
	rsa_large = keypair_ref_rsa(4096);
	ec_small = keypair_ref_ec("brainpoolP160r1");
	ec_large = keypair_ref_ec("P-521");
	ed25519 = keypair_ref_raw("ED25519");
	ffc_key_512(&dsa);
	dsa_small = dsa_make(&dsa);
	dsa.type = CKK_DH;
	NEED(ffc_key_generate(&dsa, CKM_DH_PKCS_KEY_PAIR_GEN, NULL, &dh) ==
		 CKR_OK,
	    "a pair that agrees");
	dsa.type = CKK_DSA;
	ffc_key_lengthen(&dsa, 8192);
	dsa_large = dsa_make(&dsa);
	ml_dsa_small = ml_dsa_make(CKP_ML_DSA_44);
	ml_dsa_large = ml_dsa_make(CKP_ML_DSA_87);
	test_list();
	for (size_t i = 0; i < row_count; i++) {
		test_row(&rows[i]);
		test_generate(&rows[i]);
	}
	keypair_ref_free(&rsa_tiny);
	keypair_ref_free(&rsa_small);
	keypair_ref_free(&rsa_large);
	keypair_ref_free(&ec_small);
	keypair_ref_free(&ec_large);
	keypair_ref_free(&ed25519);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
