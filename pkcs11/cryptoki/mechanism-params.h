#ifndef MECHANISM_PARAMS_H
#define MECHANISM_PARAMS_H
/* cryptoki.h includes it. */

/* Parameters of mechanisms, by names of our own: a header that has them cannot
 * be told from one that has not. */
struct gcm_message_params { /* CK_GCM_MESSAGE_PARAMS */
	CK_BYTE_PTR pIv;
	CK_ULONG ulIvLen;
	CK_ULONG ulIvFixedBits;
	CK_ULONG ivGenerator;
	CK_BYTE_PTR pTag;
	CK_ULONG ulTagBits;
};
struct gcm_wrap_params { /* CK_GCM_WRAP_PARAMS */
	CK_BYTE_PTR pIv;
	CK_ULONG ulIvLen;
	CK_ULONG ulIvFixedBits;
	CK_ULONG ivGenerator;
	CK_BYTE_PTR pAAD;
	CK_ULONG ulAADLen;
	CK_ULONG ulTagBits;
};
struct ccm_message_params { /* CK_CCM_MESSAGE_PARAMS */
	CK_ULONG ulDataLen;
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceLen;
	CK_ULONG ulNonceFixedBits;
	CK_ULONG nonceGenerator;
	CK_BYTE_PTR pMAC;
	CK_ULONG ulMACLen;
};
struct ccm_wrap_params { /* CK_CCM_WRAP_PARAMS */
	CK_ULONG ulDataLen;
	CK_BYTE_PTR pNonce;
	CK_ULONG ulNonceLen;
	CK_ULONG ulNonceFixedBits;
	CK_ULONG nonceGenerator;
	CK_BYTE_PTR pAAD;
	CK_ULONG ulAADLen;
	CK_ULONG ulMACLen;
};
struct ck_eddsa { /* CK_EDDSA_PARAMS */
	CK_BBOOL phFlag;
	CK_ULONG ulContextDataLen;
	CK_BYTE *pContextData;
};
struct ck_ccm { /* CK_CCM_PARAMS */
	CK_ULONG ulDataLen;
	CK_BYTE *pNonce;
	CK_ULONG ulNonceLen;
	CK_BYTE *pAAD;
	CK_ULONG ulAADLen;
	CK_ULONG ulMACLen;
};
struct ck_chacha20 { /* CK_CHACHA20_PARAMS */
	CK_BYTE *pBlockCounter;
	CK_ULONG blockCounterBits;
	CK_BYTE *pNonce;
	CK_ULONG ulNonceBits;
};
struct ck_chacha20_poly1305 { /* CK_SALSA20_CHACHA20_POLY1305_PARAMS */
	CK_BYTE *pNonce;
	CK_ULONG ulNonceLen;
	CK_BYTE *pAAD;
	CK_ULONG ulAADLen;
};
struct ck_chacha20_poly1305_message { /* ..._POLY1305_MSG_PARAMS */
	CK_BYTE *pNonce;
	CK_ULONG ulNonceLen;
	CK_BYTE *pTag;
};
struct ck_pbkd2 { /* CK_PKCS5_PBKD2_PARAMS2 */
	CK_ULONG saltSource;
	CK_VOID_PTR pSaltSourceData;
	CK_ULONG ulSaltSourceDataLen;
	CK_ULONG iterations;
	CK_ULONG prf;
	CK_VOID_PTR pPrfData;
	CK_ULONG ulPrfDataLen;
	CK_BYTE *pPassword;
	CK_ULONG ulPasswordLen;
};
struct ck_sign_context { /* CK_SIGN_ADDITIONAL_CONTEXT */
	CK_ULONG hedgeVariant;
	CK_BYTE *pContext;
	CK_ULONG ulContextLen;
};
struct ck_hash_sign_context { /* CK_HASH_SIGN_ADDITIONAL_CONTEXT */
	CK_ULONG hedgeVariant;
	CK_BYTE *pContext;
	CK_ULONG ulContextLen;
	CK_MECHANISM_TYPE hash;
};

/* Parameters of CKM_RSA_AES_KEY_WRAP. A macro, because a header that has the
 * type has it under the same name. */
struct rsa_aes_key_wrap_params {
	CK_ULONG ulAESKeyBits;
	CK_RSA_PKCS_OAEP_PARAMS_PTR pOAEPParams;
};
#ifndef CK_RSA_AES_KEY_WRAP_PARAMS
#define CK_RSA_AES_KEY_WRAP_PARAMS struct rsa_aes_key_wrap_params
#endif
#endif
