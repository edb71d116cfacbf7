#include "mechanisms.h"

const struct row rows[] = {
#define MECHANISM(name, number, functions, parameter) \
	{#name, number, functions, parameter},
#include "mechanisms.def"
};
const size_t row_count = ELEMS(rows);

#define TRY(init, cancel)               \
	do {                            \
		CK_RV rv_ = (init);     \
		if (rv_ == CKR_OK)      \
			(void)(cancel); \
		return (rv_);           \
	} while (0)

CK_RV
begin(CK_FLAGS flag, CK_MECHANISM *m, CK_OBJECT_HANDLE key,
    CK_OBJECT_HANDLE wrapped)
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

CK_MECHANISM
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

	static struct ck_hash_sign_context hash_context = {.hash = CKM_SHA256};
	static struct ck_chacha20 chacha20 = {
	    .blockCounterBits = 32, .ulNonceBits = 96};
	static struct ck_chacha20_poly1305 nonce = {.ulNonceLen = 12};

	gcm.pIv = ccm.pNonce = nonce.pNonce = iv;
	chacha20.pBlockCounter = chacha20.pNonce = iv;
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
	case PARAMETER_HASH_CONTEXT:
		return ((CK_MECHANISM){
		    r->type, &hash_context, sizeof(hash_context)});
	case PARAMETER_XTS_TWEAK:
	case PARAMETER_IV:
		return ((CK_MECHANISM){r->type, iv, sizeof(iv)});
	case PARAMETER_COUNTER:
		return ((CK_MECHANISM){r->type, &counter, sizeof(counter)});
	case PARAMETER_BLOCK_COUNTER:
		return ((CK_MECHANISM){r->type, &chacha20, sizeof(chacha20)});
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
