#ifndef CRYPTOKI_H
#define CRYPTOKI_H
/*
 * PKCS#11 for this project: p11-kit's header, and what its older versions
 * lack of PKCS#11 3.0. Numbers and shapes are those of the OASIS standard.
 */

/* All else is hidden: the C_* functions are what the module exports. */
#pragma GCC visibility push(default)
#include <p11-kit/pkcs11.h>

/* clang-format off */
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID			0x00000004UL
#endif
#ifndef CKA_PUBLIC_KEY_INFO
#define CKA_PUBLIC_KEY_INFO		0x00000129UL
#endif
#ifndef CKA_COPYABLE
#define CKA_COPYABLE			0x00000171UL
#endif
#ifndef CKA_DESTROYABLE
#define CKA_DESTROYABLE			0x00000172UL
#endif
#ifndef CKA_DERIVE_TEMPLATE
#define CKA_DERIVE_TEMPLATE		0x40000213UL
#endif
#ifndef CK_CERTIFICATE_CATEGORY_UNSPECIFIED
#define CK_CERTIFICATE_CATEGORY_UNSPECIFIED	0UL
#define CK_CERTIFICATE_CATEGORY_AUTHORITY	2UL
#endif
#ifndef CK_SECURITY_DOMAIN_UNSPECIFIED
#define CK_SECURITY_DOMAIN_UNSPECIFIED	0UL
#endif
#ifndef CKO_PROFILE
#define CKO_PROFILE			0x00000009UL
#endif
#ifndef CKF_EC_ECPARAMETERS
#define CKF_EC_ECPARAMETERS		0x00400000UL
#endif
#ifndef CKF_ASYNC_SESSION
#define CKF_ASYNC_SESSION		0x00000008UL
#endif
#ifndef CKR_SESSION_ASYNC_NOT_SUPPORTED
#define CKR_SESSION_ASYNC_NOT_SUPPORTED	0x00000205UL
#endif
#ifndef CKF_MESSAGE_ENCRYPT
#define CKF_MESSAGE_ENCRYPT		0x00000002UL
#define CKF_MESSAGE_DECRYPT		0x00000004UL
#define CKF_MESSAGE_SIGN		0x00000008UL
#define CKF_MESSAGE_VERIFY		0x00000010UL
#define CKF_MULTI_MESSAGE		0x00000020UL
#endif
#ifndef CKF_FIND_OBJECTS
#define CKF_FIND_OBJECTS		0x00000040UL
#endif
#ifndef CKF_END_OF_MESSAGE
#define CKF_END_OF_MESSAGE		0x00000001UL
#endif
#ifndef CKG_GENERATE_COUNTER_XOR
#define CKG_NO_GENERATE			0x00000000UL
#define CKG_GENERATE			0x00000001UL
#define CKG_GENERATE_COUNTER		0x00000002UL
#define CKG_GENERATE_RANDOM		0x00000003UL
#define CKG_GENERATE_COUNTER_XOR	0x00000004UL
#endif
#ifndef CKR_AEAD_DECRYPT_FAILED
#define CKR_AEAD_DECRYPT_FAILED		0x00000042UL
#endif
#ifndef CKR_TOKEN_RESOURCE_EXCEEDED
#define CKR_TOKEN_RESOURCE_EXCEEDED	0x00000201UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED	0x00000202UL
#endif
#ifndef CKP_BASELINE_PROVIDER
#define CKP_BASELINE_PROVIDER		0x00000001UL
#endif
#ifndef CKP_EXTENDED_PROVIDER
#define CKP_EXTENDED_PROVIDER		0x00000002UL
#endif
#ifndef CKP_AUTHENTICATION_TOKEN
#define CKP_AUTHENTICATION_TOKEN	0x00000003UL
#endif
#ifndef CKP_PUBLIC_CERTIFICATES_TOKEN
#define CKP_PUBLIC_CERTIFICATES_TOKEN	0x00000004UL
#endif
#ifndef CKP_HKDF_TLS_TOKEN
#define CKP_HKDF_TLS_TOKEN		0x00000006UL
#endif
#ifndef CKA_PROFILE_ID
#define CKA_PROFILE_ID			0x00000601UL
#endif
#ifndef CKM_SHA3_256
#define CKM_SHA3_256			0x000002b0UL
#define CKM_SHA3_224			0x000002b5UL
#define CKM_SHA3_384			0x000002c0UL
#define CKM_SHA3_512			0x000002d0UL
#endif
#ifndef CKM_SHA512_224
#define CKM_SHA512_224			0x00000048UL
#define CKM_SHA512_256			0x0000004cUL
#endif
#ifndef CKG_MGF1_SHA3_256
#define CKG_MGF1_SHA3_224		0x00000006UL
#define CKG_MGF1_SHA3_256		0x00000007UL
#define CKG_MGF1_SHA3_384		0x00000008UL
#define CKG_MGF1_SHA3_512		0x00000009UL
#endif
#ifndef CKD_SHA3_256_KDF
#define CKD_SHA3_224_KDF		0x0000000aUL
#define CKD_SHA3_256_KDF		0x0000000bUL
#define CKD_SHA3_384_KDF		0x0000000cUL
#define CKD_SHA3_512_KDF		0x0000000dUL
#endif
#ifndef CKD_SHA1_KDF_SP800
#define CKD_SHA1_KDF_SP800		0x0000000eUL
#define CKD_SHA224_KDF_SP800		0x0000000fUL
#define CKD_SHA256_KDF_SP800		0x00000010UL
#define CKD_SHA384_KDF_SP800		0x00000011UL
#define CKD_SHA512_KDF_SP800		0x00000012UL
#define CKD_SHA3_224_KDF_SP800		0x00000013UL
#define CKD_SHA3_256_KDF_SP800		0x00000014UL
#define CKD_SHA3_384_KDF_SP800		0x00000015UL
#define CKD_SHA3_512_KDF_SP800		0x00000016UL
#endif
#ifndef CKK_CHACHA20
#define CKK_CHACHA20			0x00000033UL
#endif
#ifndef CKK_AES_XTS
#define CKK_AES_XTS			0x00000035UL
#endif
#ifndef CKM_AES_XTS
#define CKM_AES_XTS			0x00001071UL
#define CKM_AES_XTS_KEY_GEN		0x00001072UL
#endif
#ifndef CKM_AES_GMAC
#define CKM_AES_GMAC			0x0000108eUL
#endif
#ifndef CKK_POLY1305
#define CKK_POLY1305			0x00000034UL
#endif
#ifndef CKM_CHACHA20_KEY_GEN
#define CKM_CHACHA20_KEY_GEN		0x00001225UL
#endif
#ifndef CKM_CHACHA20
#define CKM_CHACHA20			0x00001226UL
#endif
#ifndef CKM_POLY1305
#define CKM_POLY1305_KEY_GEN		0x00001227UL
#define CKM_POLY1305			0x00001228UL
#endif
#ifndef CKM_CHACHA20_POLY1305
#define CKM_CHACHA20_POLY1305		0x00004021UL
#endif
#ifndef CKK_HKDF
#define CKK_HKDF			0x00000042UL
#endif
#ifndef CKK_SHA512_224_HMAC
#define CKK_SHA512_224_HMAC		0x00000043UL
#define CKK_SHA512_256_HMAC		0x00000044UL
#endif
#ifndef CKK_SHA3_256_HMAC
#define CKK_SHA3_224_HMAC		0x00000036UL
#define CKK_SHA3_256_HMAC		0x00000037UL
#define CKK_SHA3_384_HMAC		0x00000038UL
#define CKK_SHA3_512_HMAC		0x00000039UL
#endif
#ifndef CKM_SHA256_KEY_GEN
#define CKM_SHA_1_KEY_GEN		0x00004003UL
#define CKM_SHA224_KEY_GEN		0x00004004UL
#define CKM_SHA256_KEY_GEN		0x00004005UL
#define CKM_SHA384_KEY_GEN		0x00004006UL
#define CKM_SHA512_KEY_GEN		0x00004007UL
#define CKM_SHA512_224_KEY_GEN		0x00004008UL
#define CKM_SHA512_256_KEY_GEN		0x00004009UL
#define CKM_SHA3_224_KEY_GEN		0x000002b8UL
#define CKM_SHA3_256_KEY_GEN		0x000002b3UL
#define CKM_SHA3_384_KEY_GEN		0x000002c3UL
#define CKM_SHA3_512_KEY_GEN		0x000002d3UL
#endif
#ifndef CKM_SHA512_224_KEY_DERIVATION
#define CKM_SHA512_224_KEY_DERIVATION	0x0000004bUL
#define CKM_SHA512_256_KEY_DERIVATION	0x0000004fUL
#endif
#ifndef CKM_SHA3_256_KEY_DERIVATION
#define CKM_SHA3_256_KEY_DERIVATION	0x00000397UL
#define CKM_SHA3_224_KEY_DERIVATION	0x00000398UL
#define CKM_SHA3_384_KEY_DERIVATION	0x00000399UL
#define CKM_SHA3_512_KEY_DERIVATION	0x0000039aUL
#endif
#ifndef CKM_SHAKE_128_KEY_DERIVATION
#define CKM_SHAKE_128_KEY_DERIVATION	0x0000039bUL
#define CKM_SHAKE_256_KEY_DERIVATION	0x0000039cUL
#endif
#ifndef CKA_OBJECT_VALIDATION_FLAGS
#define CKA_OBJECT_VALIDATION_FLAGS	0x0000061eUL
#endif
#ifndef CKM_HKDF_DERIVE
#define CKM_HKDF_DERIVE			0x0000402aUL
#define CKM_HKDF_DATA			0x0000402bUL
#define CKM_HKDF_KEY_GEN		0x0000402cUL
#endif
#ifndef CKM_PUB_KEY_FROM_PRIV_KEY
#define CKM_PUB_KEY_FROM_PRIV_KEY	0x0000403aUL
#endif
#ifndef CKM_AES_KEY_WRAP_KWP
#define CKM_AES_KEY_WRAP_KWP		0x0000210bUL
#endif
#ifndef CKM_AES_KEY_WRAP_PKCS7
#define CKM_AES_KEY_WRAP_PKCS7		0x0000210cUL
#endif
#ifndef CKF_HKDF_SALT_NULL
#define CKF_HKDF_SALT_NULL		0x00000001UL
#define CKF_HKDF_SALT_DATA		0x00000002UL
#define CKF_HKDF_SALT_KEY		0x00000004UL
#endif
#ifndef CKM_SP800_108_COUNTER_KDF
#define CKM_SP800_108_COUNTER_KDF	0x000003acUL
#define CKM_SP800_108_FEEDBACK_KDF	0x000003adUL
#define CKM_SP800_108_DOUBLE_PIPELINE_KDF 0x000003aeUL
#endif
#ifndef CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE
#define CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE 0x00000056UL
#define CKM_TLS12_EXTENDED_MASTER_KEY_DERIVE_DH 0x00000057UL
#endif
#ifndef CK_SP800_108_ITERATION_VARIABLE
#define CK_SP800_108_ITERATION_VARIABLE	0x00000001UL
#define CK_SP800_108_COUNTER		0x00000002UL
#define CK_SP800_108_DKM_LENGTH		0x00000003UL
#define CK_SP800_108_BYTE_ARRAY		0x00000004UL
#define CK_SP800_108_DKM_LENGTH_SUM_OF_KEYS 0x00000001UL
#define CK_SP800_108_DKM_LENGTH_SUM_OF_SEGMENTS 0x00000002UL
#endif
#ifndef CK_SP800_108_KEY_HANDLE
#define CK_SP800_108_KEY_HANDLE		0x00000005UL
#endif
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN	0x00001056UL
#endif
#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY		0x00000041UL
#endif
#ifndef CKM_SHA3_256_RSA_PKCS
#define CKM_SHA3_256_RSA_PKCS		0x00000060UL
#define CKM_SHA3_384_RSA_PKCS		0x00000061UL
#define CKM_SHA3_512_RSA_PKCS		0x00000062UL
#define CKM_SHA3_256_RSA_PKCS_PSS	0x00000063UL
#define CKM_SHA3_384_RSA_PKCS_PSS	0x00000064UL
#define CKM_SHA3_512_RSA_PKCS_PSS	0x00000065UL
#define CKM_SHA3_224_RSA_PKCS		0x00000066UL
#define CKM_SHA3_224_RSA_PKCS_PSS	0x00000067UL
#endif
#ifndef CKM_ECDSA_SHA3_224
#define CKM_ECDSA_SHA3_224		0x00001047UL
#define CKM_ECDSA_SHA3_256		0x00001048UL
#define CKM_ECDSA_SHA3_384		0x00001049UL
#define CKM_ECDSA_SHA3_512		0x0000104aUL
#endif
#ifndef CKM_SHA3_256_HMAC
#define CKM_SHA3_256_HMAC		0x000002b1UL
#define CKM_SHA3_256_HMAC_GENERAL	0x000002b2UL
#define CKM_SHA3_224_HMAC		0x000002b6UL
#define CKM_SHA3_224_HMAC_GENERAL	0x000002b7UL
#define CKM_SHA3_384_HMAC		0x000002c1UL
#define CKM_SHA3_384_HMAC_GENERAL	0x000002c2UL
#define CKM_SHA3_512_HMAC		0x000002d1UL
#define CKM_SHA3_512_HMAC_GENERAL	0x000002d2UL
#endif
#ifndef CKM_EDDSA
#define CKM_EDDSA			0x00001057UL
#endif
/* PKCS#11 3.2 */
#ifndef CKR_PARAMETER_SET_NOT_SUPPORTED
#define CKR_PARAMETER_SET_NOT_SUPPORTED	0x00000209UL
#endif
#ifndef CKM_HASH_ML_DSA
#define CKM_HASH_ML_DSA			0x0000001fUL
#define CKM_HASH_ML_DSA_SHA224		0x00000023UL
#define CKM_HASH_ML_DSA_SHA256		0x00000024UL
#define CKM_HASH_ML_DSA_SHA384		0x00000025UL
#define CKM_HASH_ML_DSA_SHA512		0x00000026UL
#define CKM_HASH_ML_DSA_SHA3_224	0x00000027UL
#define CKM_HASH_ML_DSA_SHA3_256	0x00000028UL
#define CKM_HASH_ML_DSA_SHA3_384	0x00000029UL
#define CKM_HASH_ML_DSA_SHA3_512	0x0000002aUL
#define CKM_HASH_ML_DSA_SHAKE128	0x0000002bUL
#define CKM_HASH_ML_DSA_SHAKE256	0x0000002cUL
#endif
#ifndef CKM_DSA_SHA3_224
#define CKA_SUBPRIME_BITS		0x00000134UL
#define CKM_DSA_SHA3_224		0x00000018UL
#define CKM_DSA_SHA3_256		0x00000019UL
#define CKM_DSA_SHA3_384		0x0000001aUL
#define CKM_DSA_SHA3_512		0x0000001bUL
#endif
#ifndef CKK_ML_DSA
#define CKK_ML_KEM			0x00000049UL
#define CKK_ML_DSA			0x0000004aUL
#define CKM_ML_KEM_KEY_PAIR_GEN		0x0000000fUL
#define CKM_ML_KEM			0x00000017UL
#define CKM_ML_DSA_KEY_PAIR_GEN		0x0000001cUL
#define CKM_ML_DSA			0x0000001dUL
#define CKP_ML_DSA_44			0x00000001UL
#define CKP_ML_DSA_65			0x00000002UL
#define CKP_ML_DSA_87			0x00000003UL
#define CKP_ML_KEM_512			0x00000001UL
#define CKP_ML_KEM_768			0x00000002UL
#define CKP_ML_KEM_1024			0x00000003UL
#define CKA_PARAMETER_SET		0x0000061dUL
#define CKA_ENCAPSULATE_TEMPLATE	0x0000062aUL
#define CKA_DECAPSULATE_TEMPLATE	0x0000062bUL
#define CKA_ENCAPSULATE			0x00000633UL
#define CKA_SEED			0x00000637UL
#define CKA_DECAPSULATE			0x00000634UL
#define CKF_ENCAPSULATE			0x10000000UL
#define CKF_DECAPSULATE			0x20000000UL
#endif
/* clang-format on */

#ifndef CKH_HEDGE_PREFERRED
#define CKH_HEDGE_PREFERRED 0x00000000UL
#define CKH_HEDGE_REQUIRED 0x00000001UL
#define CKH_DETERMINISTIC_REQUIRED 0x00000002UL
#endif

#include "mechanism-params.h"

#if CRYPTOKI_VERSION_MAJOR < 3

#define CKF_INTERFACE_FORK_SAFE 0x00000001UL

typedef struct CK_INTERFACE {
	CK_UTF8CHAR *pInterfaceName;
	void *pFunctionList;
	CK_FLAGS flags;
} CK_INTERFACE;
typedef CK_INTERFACE *CK_INTERFACE_PTR;
typedef CK_INTERFACE_PTR *CK_INTERFACE_PTR_PTR;

typedef CK_RV (*CK_C_GetInterfaceList)(CK_INTERFACE_PTR, CK_ULONG_PTR);
typedef CK_RV (*CK_C_GetInterface)(
    CK_UTF8CHAR_PTR, CK_VERSION_PTR, CK_INTERFACE_PTR_PTR, CK_FLAGS);
typedef CK_RV (*CK_C_LoginUser)(CK_SESSION_HANDLE, CK_USER_TYPE,
    CK_UTF8CHAR_PTR, CK_ULONG, CK_UTF8CHAR_PTR, CK_ULONG);
typedef CK_RV (*CK_C_SessionCancel)(CK_SESSION_HANDLE, CK_FLAGS);
typedef CK_RV (*CK_C_MessageEncryptInit)(
    CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
typedef CK_RV (*CK_C_EncryptMessage)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG,
    CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);
typedef CK_RV (*CK_C_EncryptMessageBegin)(
    CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG);
typedef CK_RV (*CK_C_EncryptMessageNext)(CK_SESSION_HANDLE, CK_VOID_PTR,
    CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR, CK_FLAGS);
typedef CK_RV (*CK_C_MessageEncryptFinal)(CK_SESSION_HANDLE);
typedef CK_RV (*CK_C_MessageDecryptInit)(
    CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
typedef CK_RV (*CK_C_DecryptMessage)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG,
    CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);
typedef CK_RV (*CK_C_DecryptMessageBegin)(
    CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG);
typedef CK_RV (*CK_C_DecryptMessageNext)(CK_SESSION_HANDLE, CK_VOID_PTR,
    CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR, CK_FLAGS);
typedef CK_RV (*CK_C_MessageDecryptFinal)(CK_SESSION_HANDLE);
typedef CK_RV (*CK_C_MessageSignInit)(
    CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
typedef CK_RV (*CK_C_SignMessage)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG,
    CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);
typedef CK_RV (*CK_C_SignMessageBegin)(
    CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG);
typedef CK_RV (*CK_C_SignMessageNext)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG,
    CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR);
typedef CK_RV (*CK_C_MessageSignFinal)(CK_SESSION_HANDLE);
typedef CK_RV (*CK_C_MessageVerifyInit)(
    CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE);
typedef CK_RV (*CK_C_VerifyMessage)(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG,
    CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG);
typedef CK_RV (*CK_C_VerifyMessageBegin)(
    CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG);
typedef CK_RV (*CK_C_VerifyMessageNext)(CK_SESSION_HANDLE, CK_VOID_PTR,
    CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG);
typedef CK_RV (*CK_C_MessageVerifyFinal)(CK_SESSION_HANDLE);

CK_RV C_GetInterfaceList(CK_INTERFACE_PTR list, CK_ULONG_PTR count);
CK_RV C_GetInterface(CK_UTF8CHAR_PTR name, CK_VERSION_PTR version,
    CK_INTERFACE_PTR_PTR interface, CK_FLAGS flags);
CK_RV C_LoginUser(CK_SESSION_HANDLE session, CK_USER_TYPE user,
    CK_UTF8CHAR_PTR pin, CK_ULONG pin_len, CK_UTF8CHAR_PTR name,
    CK_ULONG name_len);
CK_RV C_SessionCancel(CK_SESSION_HANDLE session, CK_FLAGS flags);
CK_RV C_MessageEncryptInit(CK_SESSION_HANDLE session,
    CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV C_EncryptMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR plain,
    CK_ULONG plain_len, CK_BYTE_PTR cipher, CK_ULONG_PTR cipher_len);
CK_RV C_EncryptMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len);
CK_RV C_EncryptMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR plain, CK_ULONG plain_len,
    CK_BYTE_PTR cipher, CK_ULONG_PTR cipher_len, CK_FLAGS flags);
CK_RV C_MessageEncryptFinal(CK_SESSION_HANDLE session);
CK_RV C_MessageDecryptInit(CK_SESSION_HANDLE session,
    CK_MECHANISM_PTR mechanism, CK_OBJECT_HANDLE key);
CK_RV C_DecryptMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len, CK_BYTE_PTR cipher,
    CK_ULONG cipher_len, CK_BYTE_PTR plain, CK_ULONG_PTR plain_len);
CK_RV C_DecryptMessageBegin(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR aad, CK_ULONG aad_len);
CK_RV C_DecryptMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR cipher, CK_ULONG cipher_len,
    CK_BYTE_PTR plain, CK_ULONG_PTR plain_len, CK_FLAGS flags);
CK_RV C_MessageDecryptFinal(CK_SESSION_HANDLE session);
CK_RV C_MessageSignInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE key);
CK_RV C_SignMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG_PTR sig_len);
CK_RV C_SignMessageBegin(
    CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len);
CK_RV C_SignMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG_PTR sig_len);
CK_RV C_MessageSignFinal(CK_SESSION_HANDLE session);
CK_RV C_MessageVerifyInit(CK_SESSION_HANDLE session, CK_MECHANISM_PTR mechanism,
    CK_OBJECT_HANDLE key);
CK_RV C_VerifyMessage(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG sig_len);
CK_RV C_VerifyMessageBegin(
    CK_SESSION_HANDLE session, CK_VOID_PTR param, CK_ULONG param_len);
CK_RV C_VerifyMessageNext(CK_SESSION_HANDLE session, CK_VOID_PTR param,
    CK_ULONG param_len, CK_BYTE_PTR data, CK_ULONG data_len, CK_BYTE_PTR sig,
    CK_ULONG sig_len);
CK_RV C_MessageVerifyFinal(CK_SESSION_HANDLE session);

typedef struct CK_FUNCTION_LIST_3_0 {
	CK_VERSION version;
	CK_C_Initialize C_Initialize;
	CK_C_Finalize C_Finalize;
	CK_C_GetInfo C_GetInfo;
	CK_C_GetFunctionList C_GetFunctionList;
	CK_C_GetSlotList C_GetSlotList;
	CK_C_GetSlotInfo C_GetSlotInfo;
	CK_C_GetTokenInfo C_GetTokenInfo;
	CK_C_GetMechanismList C_GetMechanismList;
	CK_C_GetMechanismInfo C_GetMechanismInfo;
	CK_C_InitToken C_InitToken;
	CK_C_InitPIN C_InitPIN;
	CK_C_SetPIN C_SetPIN;
	CK_C_OpenSession C_OpenSession;
	CK_C_CloseSession C_CloseSession;
	CK_C_CloseAllSessions C_CloseAllSessions;
	CK_C_GetSessionInfo C_GetSessionInfo;
	CK_C_GetOperationState C_GetOperationState;
	CK_C_SetOperationState C_SetOperationState;
	CK_C_Login C_Login;
	CK_C_Logout C_Logout;
	CK_C_CreateObject C_CreateObject;
	CK_C_CopyObject C_CopyObject;
	CK_C_DestroyObject C_DestroyObject;
	CK_C_GetObjectSize C_GetObjectSize;
	CK_C_GetAttributeValue C_GetAttributeValue;
	CK_C_SetAttributeValue C_SetAttributeValue;
	CK_C_FindObjectsInit C_FindObjectsInit;
	CK_C_FindObjects C_FindObjects;
	CK_C_FindObjectsFinal C_FindObjectsFinal;
	CK_C_EncryptInit C_EncryptInit;
	CK_C_Encrypt C_Encrypt;
	CK_C_EncryptUpdate C_EncryptUpdate;
	CK_C_EncryptFinal C_EncryptFinal;
	CK_C_DecryptInit C_DecryptInit;
	CK_C_Decrypt C_Decrypt;
	CK_C_DecryptUpdate C_DecryptUpdate;
	CK_C_DecryptFinal C_DecryptFinal;
	CK_C_DigestInit C_DigestInit;
	CK_C_Digest C_Digest;
	CK_C_DigestUpdate C_DigestUpdate;
	CK_C_DigestKey C_DigestKey;
	CK_C_DigestFinal C_DigestFinal;
	CK_C_SignInit C_SignInit;
	CK_C_Sign C_Sign;
	CK_C_SignUpdate C_SignUpdate;
	CK_C_SignFinal C_SignFinal;
	CK_C_SignRecoverInit C_SignRecoverInit;
	CK_C_SignRecover C_SignRecover;
	CK_C_VerifyInit C_VerifyInit;
	CK_C_Verify C_Verify;
	CK_C_VerifyUpdate C_VerifyUpdate;
	CK_C_VerifyFinal C_VerifyFinal;
	CK_C_VerifyRecoverInit C_VerifyRecoverInit;
	CK_C_VerifyRecover C_VerifyRecover;
	CK_C_DigestEncryptUpdate C_DigestEncryptUpdate;
	CK_C_DecryptDigestUpdate C_DecryptDigestUpdate;
	CK_C_SignEncryptUpdate C_SignEncryptUpdate;
	CK_C_DecryptVerifyUpdate C_DecryptVerifyUpdate;
	CK_C_GenerateKey C_GenerateKey;
	CK_C_GenerateKeyPair C_GenerateKeyPair;
	CK_C_WrapKey C_WrapKey;
	CK_C_UnwrapKey C_UnwrapKey;
	CK_C_DeriveKey C_DeriveKey;
	CK_C_SeedRandom C_SeedRandom;
	CK_C_GenerateRandom C_GenerateRandom;
	CK_C_GetFunctionStatus C_GetFunctionStatus;
	CK_C_CancelFunction C_CancelFunction;
	CK_C_WaitForSlotEvent C_WaitForSlotEvent;
	CK_C_GetInterfaceList C_GetInterfaceList;
	CK_C_GetInterface C_GetInterface;
	CK_C_LoginUser C_LoginUser;
	CK_C_SessionCancel C_SessionCancel;
	CK_C_MessageEncryptInit C_MessageEncryptInit;
	CK_C_EncryptMessage C_EncryptMessage;
	CK_C_EncryptMessageBegin C_EncryptMessageBegin;
	CK_C_EncryptMessageNext C_EncryptMessageNext;
	CK_C_MessageEncryptFinal C_MessageEncryptFinal;
	CK_C_MessageDecryptInit C_MessageDecryptInit;
	CK_C_DecryptMessage C_DecryptMessage;
	CK_C_DecryptMessageBegin C_DecryptMessageBegin;
	CK_C_DecryptMessageNext C_DecryptMessageNext;
	CK_C_MessageDecryptFinal C_MessageDecryptFinal;
	CK_C_MessageSignInit C_MessageSignInit;
	CK_C_SignMessage C_SignMessage;
	CK_C_SignMessageBegin C_SignMessageBegin;
	CK_C_SignMessageNext C_SignMessageNext;
	CK_C_MessageSignFinal C_MessageSignFinal;
	CK_C_MessageVerifyInit C_MessageVerifyInit;
	CK_C_VerifyMessage C_VerifyMessage;
	CK_C_VerifyMessageBegin C_VerifyMessageBegin;
	CK_C_VerifyMessageNext C_VerifyMessageNext;
	CK_C_MessageVerifyFinal C_MessageVerifyFinal;
} CK_FUNCTION_LIST_3_0;
typedef CK_FUNCTION_LIST_3_0 *CK_FUNCTION_LIST_3_0_PTR;

#endif

#include "cryptoki-3-2.h"
#pragma GCC visibility pop
#endif
