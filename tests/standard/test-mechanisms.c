/* Mechanisms: what C_GetMechanismInfo says of them is true, and no more than
 * the standard has (mechanisms.def). */
#include <string.h>
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

#define CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define SIGN (CKF_SIGN | CKF_VERIFY)
#define RECOVER (CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define WRAP (CKF_WRAP | CKF_UNWRAP)
#define ENCAPSULATE (CKF_ENCAPSULATE | CKF_DECAPSULATE)
#define GENERATE CKF_GENERATE
#define GENERATE_PAIR CKF_GENERATE_KEY_PAIR
#define DERIVE CKF_DERIVE
#define DIGEST CKF_DIGEST
#define FUNCTIONS                                                     \
	(CRYPT | SIGN | RECOVER | WRAP | ENCAPSULATE | CKF_GENERATE | \
	    CKF_GENERATE_KEY_PAIR | CKF_DERIVE | CKF_DIGEST)

enum parameter {
	PARAMETER_NONE,
	PARAMETER_OPTIONAL, /* none will do */
	PARAMETER_IV,
	PARAMETER_COUNTER,
	PARAMETER_GCM,
	PARAMETER_CCM,
	PARAMETER_MAC_LENGTH,
	PARAMETER_PSS,
	PARAMETER_OAEP,
	PARAMETER_NONCE,
	PARAMETER_XTS_TWEAK,
	PARAMETER_OTHER
};

static const struct row {
	const char *name;
	CK_MECHANISM_TYPE type;
	CK_FLAGS functions;
	enum parameter parameter;
} rows[] = {
#define MECHANISM(name, number, functions, parameter) \
	{#name, number, functions, parameter},
#include "mechanisms.def"
};

static CK_OBJECT_HANDLE generic, aes, wrapped, agreement;
static struct keypair_ref rsa_small, rsa_large, ec_small, ec_large, ed25519;

/* What each function says, begun with that mechanism and key; what began is
 * ended. */
#define TRY(init, cancel)               \
	do {                            \
		CK_RV rv_ = (init);     \
		if (rv_ == CKR_OK)      \
			(void)(cancel); \
		return (rv_);           \
	} while (0)

static CK_RV
begin(CK_FLAGS flag, CK_MECHANISM *m, CK_OBJECT_HANDLE key)
{
	CK_BYTE bytes[1100] = {0};
	CK_ULONG n = sizeof(bytes), len = 32;
	CK_OBJECT_HANDLE h, g;
	bool is_data = m->mechanism == CKM_HKDF_DATA;
	CK_ATTRIBUTE t[] = {A(CKA_CLASS, secret_class),
	    A(CKA_KEY_TYPE, aes_type), A(CKA_VALUE_LEN, len)};

	switch (flag) {
	case CKF_ENCRYPT:
		TRY(p11->C_EncryptInit(rw, m, key),
		    p11->C_EncryptInit(rw, NULL, 0));
	case CKF_DECRYPT:
		TRY(p11->C_DecryptInit(rw, m, key),
		    p11->C_DecryptInit(rw, NULL, 0));
	case CKF_DIGEST:
		TRY(p11->C_DigestInit(rw, m), p11->C_DigestInit(rw, NULL));
	case CKF_SIGN:
		TRY(p11->C_SignInit(rw, m, key), p11->C_SignInit(rw, NULL, 0));
	case CKF_VERIFY:
		TRY(p11->C_VerifyInit(rw, m, key),
		    p11->C_VerifyInit(rw, NULL, 0));
	case CKF_SIGN_RECOVER:
		TRY(p11->C_SignRecoverInit(rw, m, key),
		    p11->C_SignRecoverInit(rw, NULL, 0));
	case CKF_VERIFY_RECOVER:
		TRY(p11->C_VerifyRecoverInit(rw, m, key),
		    p11->C_VerifyRecoverInit(rw, NULL, 0));
	case CKF_WRAP:
		return (p11->C_WrapKey(rw, m, key, wrapped, bytes, &n));
	case CKF_UNWRAP:
		return (p11->C_UnwrapKey(rw, m, key, bytes, 40, t, 2, &h));
	case CKF_GENERATE:
		return (p11->C_GenerateKey(rw, m, NULL, 0, &h));
	case CKF_GENERATE_KEY_PAIR:
		return (
		    p11->C_GenerateKeyPair(rw, m, NULL, 0, NULL, 0, &h, &g));
	case CKF_DERIVE:
		return (p11->C_DeriveKey(
		    rw, m, key, is_data ? t + 2 : t, is_data ? 1 : 3, &h));
	}
	return (CKR_FUNCTION_NOT_SUPPORTED);
}

static CK_MECHANISM
mechanism(const struct row *r)
{
	static CK_BYTE iv[16];
	static CK_ULONG mac_length = 4;
	static CK_AES_CTR_PARAMS counter = {.ulCounterBits = 128};
	static CK_GCM_PARAMS gcm = {.ulIvLen = 12, .ulTagBits = 128};
	static struct ck_ccm ccm = {
	    .ulDataLen = 32, .ulNonceLen = 12, .ulMACLen = 16};
	static CK_RSA_PKCS_PSS_PARAMS pss = {
	    .hashAlg = CKM_SHA256, .mgf = CKG_MGF1_SHA256, .sLen = 32};
	static CK_RSA_PKCS_OAEP_PARAMS oaep = {.hashAlg = CKM_SHA256,
	    .mgf = CKG_MGF1_SHA256,
	    .source = CKZ_DATA_SPECIFIED};
	static const struct {
		CK_MECHANISM_TYPE type, hash;
		CK_RSA_PKCS_MGF_TYPE mgf;
	} hashes[] = {{CKM_SHA1_RSA_PKCS_PSS, CKM_SHA_1, CKG_MGF1_SHA1},
	    {CKM_SHA224_RSA_PKCS_PSS, CKM_SHA224, CKG_MGF1_SHA224},
	    {CKM_SHA384_RSA_PKCS_PSS, CKM_SHA384, CKG_MGF1_SHA384},
	    {CKM_SHA512_RSA_PKCS_PSS, CKM_SHA512, CKG_MGF1_SHA512},
	    {CKM_SHA3_224_RSA_PKCS_PSS, CKM_SHA3_224, CKG_MGF1_SHA3_224},
	    {CKM_SHA3_256_RSA_PKCS_PSS, CKM_SHA3_256, CKG_MGF1_SHA3_256},
	    {CKM_SHA3_384_RSA_PKCS_PSS, CKM_SHA3_384, CKG_MGF1_SHA3_384},
	    {CKM_SHA3_512_RSA_PKCS_PSS, CKM_SHA3_512, CKG_MGF1_SHA3_512}};

	static struct ck_chacha20_poly1305 nonce = {.ulNonceLen = 12};

	gcm.pIv = ccm.pNonce = nonce.pNonce = iv;
	pss.hashAlg = CKM_SHA256;
	pss.mgf = CKG_MGF1_SHA256;
	for (size_t i = 0; i < ELEMS(hashes); i++)
		if (hashes[i].type == r->type) {
			pss.hashAlg = hashes[i].hash;
			pss.mgf = hashes[i].mgf;
		}
	pss.sLen = 20;
	switch (r->parameter) {
	case PARAMETER_NONCE:
		return ((CK_MECHANISM){r->type, &nonce, sizeof(nonce)});
	case PARAMETER_XTS_TWEAK:
	case PARAMETER_IV:
		return ((CK_MECHANISM){r->type, iv, sizeof(iv)});
	case PARAMETER_COUNTER:
		return ((CK_MECHANISM){r->type, &counter, sizeof(counter)});
	case PARAMETER_GCM:
		return ((CK_MECHANISM){r->type, &gcm, sizeof(gcm)});
	case PARAMETER_CCM:
		return ((CK_MECHANISM){r->type, &ccm, sizeof(ccm)});
	case PARAMETER_MAC_LENGTH:
		return (
		    (CK_MECHANISM){r->type, &mac_length, sizeof(mac_length)});
	case PARAMETER_PSS:
		return ((CK_MECHANISM){r->type, &pss, sizeof(pss)});
	case PARAMETER_OAEP:
		return ((CK_MECHANISM){r->type, &oaep, sizeof(oaep)});
	default:
		return ((CK_MECHANISM){r->type, NULL, 0});
	}
}

/* A key for the function whose size is the least or the largest that the
 * mechanism has; 0: none is at hand. */
static CK_OBJECT_HANDLE
key_for(const struct row *r, const CK_MECHANISM_INFO *info, CK_FLAGS flag,
    bool largest)
{
	CK_ULONG size = largest ? info->ulMaxKeySize : info->ulMinKeySize;
	bool public = flag == CKF_VERIFY || flag == CKF_VERIFY_RECOVER ||
		      flag == CKF_ENCRYPT || flag == CKF_WRAP;
	const struct keypair_ref *pair = NULL;
	CK_BYTE value[32768 / 8 + 64] = {1};

	if (strstr(r->name, "_AES_") == NULL && strstr(r->name, "RSA") != NULL)
		pair = largest ? &rsa_large : &rsa_small;
	else if (strstr(r->name, "ECD") != NULL)
		pair = largest ? &ec_large : &ec_small;
	else if (r->type == CKM_EDDSA)
		pair = &ed25519;
	if (pair != NULL)
		return (public ? pair->public : pair->private);
	if (strstr(r->name, "CHACHA20") != NULL)
		return (secret_make(CKK_CHACHA20, value, size));
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
	if (strstr(r->name, "ECDH") != NULL)
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
			RV(begin(flag, &m, key), CKR_OK,
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

	if (key == 0)
		key = any_key(r, flag);
	if (strstr(r->name, "ML_") != NULL)
		return; /* of keys in KMS: test-mldsa, test-kem */
	RV(begin(flag, &m, key), CKR_MECHANISM_PARAM_INVALID,
	    "%s, function 0x%lx: a parameter of one byte", r->name, flag);
	m = (CK_MECHANISM){r->type, NULL, 0};
	if (r->parameter != PARAMETER_NONE &&
	    r->parameter != PARAMETER_OPTIONAL)
		RV(begin(flag, &m, key), CKR_MECHANISM_PARAM_INVALID,
		    "%s, function 0x%lx: no parameter", r->name, flag);
}

static void
test_row(const struct row *r)
{
	CK_MECHANISM m = {r->type, NULL, 0};
	CK_MECHANISM_INFO info;

	if (!RV(p11->C_GetMechanismInfo(0, r->type, &info), CKR_OK, "%s",
		r->name))
		return;
	OK((info.flags & FUNCTIONS & ~r->functions) == 0,
	    "it has no function that the standard has not");
	OK((info.flags & FUNCTIONS) != 0, "and one at least");
	OK((info.flags & CKF_HW) == 0, "and is not done in hardware");
	for (CK_FLAGS flag = 1; flag <= CKF_DERIVE; flag <<= 1) {
		if ((flag & FUNCTIONS) == 0)
			continue;
		if ((info.flags & flag) == 0)
			RV(begin(flag, &m, any_key(r, flag)),
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
	CK_ULONG n = ELEMS(types);
	size_t k;

	NEED(p11->C_GetMechanismList(0, types, &n) == CKR_OK, "the list");
	for (CK_ULONG i = 0; i < n; i++) {
		for (k = 0; k < ELEMS(rows) && rows[k].type != types[i]; k++)
			;
		OK(k < ELEMS(rows) || types[i] >= CKM_VENDOR_DEFINED,
		    "0x%lx has a row in the table", types[i]);
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
	RV(p11->C_GenerateKey(rw, &m, t, 1, &h), CKR_OK, "%lu bytes", len);
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
	    A(CKA_UNWRAP, yes)};
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

int
main(void)
{
	testenv_open();
	testenv_config("digests = yes", NULL, NULL);
	p11_start();
	generic = base_make(CKK_GENERIC_SECRET, material(1));
	aes = base_make(CKK_AES, material(2));
	agreement = agreement_make();
	wrapped = secret_make(CKK_AES, material(3), 16);
	rsa_small = keypair_ref_rsa(1024);
	rsa_large = keypair_ref_rsa(4096);
	ec_small = keypair_ref_ec("P-224");
	ec_large = keypair_ref_ec("P-521");
	ed25519 = keypair_ref_raw("ED25519");
	test_list();
	for (size_t i = 0; i < ELEMS(rows); i++) {
		test_row(&rows[i]);
		test_generate(&rows[i]);
	}
	keypair_ref_free(&rsa_small);
	keypair_ref_free(&rsa_large);
	keypair_ref_free(&ec_small);
	keypair_ref_free(&ec_large);
	keypair_ref_free(&ed25519);
	p11_stop();
	testenv_stop();
	return (tap_done());
}
