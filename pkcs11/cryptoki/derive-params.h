#ifndef DERIVE_PARAMS_H
#define DERIVE_PARAMS_H
#include "cryptoki.h"

/* Parameters of mechanisms that derive keys, as cryptoki.h has those of the
 * others. */

/* Parameters of CKM_HKDF_DERIVE and CKM_HKDF_DATA, by a name of our own: newer
 * headers have the types, but not all the same members. */
struct hkdf_params {
	CK_BBOOL bExtract;
	CK_BBOOL bExpand;
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_ULONG ulSaltType;
	CK_BYTE_PTR pSalt;
	CK_ULONG ulSaltLen;
	CK_OBJECT_HANDLE hSaltKey;
	CK_BYTE_PTR pInfo;
	CK_ULONG ulInfoLen;
};

/* Parameters of CKM_SP800_108_..._KDF. */
struct prf_data_param {
	CK_ULONG type; /* CK_SP800_108_... */
	CK_VOID_PTR pValue;
	CK_ULONG ulValueLen;
};
struct sp800_108_counter_format {
	CK_BBOOL bLittleEndian;
	CK_ULONG ulWidthInBits;
};
struct sp800_108_dkm_length_format {
	CK_ULONG dkmLengthMethod;
	CK_BBOOL bLittleEndian;
	CK_ULONG ulWidthInBits;
};
struct derived_key {
	CK_ATTRIBUTE_PTR pTemplate;
	CK_ULONG ulAttributeCount;
	CK_OBJECT_HANDLE_PTR phKey;
};
struct sp800_108_params {
	CK_MECHANISM_TYPE prfType;
	CK_ULONG ulNumberOfDataParams;
	struct prf_data_param *pDataParams;
	CK_ULONG ulAdditionalDerivedKeys;
	struct derived_key *pAdditionalDerivedKeys;
};
struct sp800_108_feedback_params {
	CK_MECHANISM_TYPE prfType;
	CK_ULONG ulNumberOfDataParams;
	struct prf_data_param *pDataParams;
	CK_ULONG ulIVLen;
	CK_BYTE_PTR pIV;
	CK_ULONG ulAdditionalDerivedKeys;
	struct derived_key *pAdditionalDerivedKeys;
};

/* Parameters of CKM_TLS12_... and CKM_TLS_... (PKCS#11 3.2, sections 6.39.2 and
 * 6.40.2), which few headers have. */
struct ssl3_random_data {
	CK_BYTE_PTR pClientRandom;
	CK_ULONG ulClientRandomLen;
	CK_BYTE_PTR pServerRandom;
	CK_ULONG ulServerRandomLen;
};
struct tls12_master_key_derive_params {
	struct ssl3_random_data RandomInfo;
	CK_VERSION *pVersion;
	CK_MECHANISM_TYPE prfHashMechanism;
};
struct tls12_extended_master_key_derive_params {
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_BYTE_PTR pSessionHash;
	CK_ULONG ulSessionHashLen;
	CK_VERSION *pVersion;
};
struct ssl3_key_mat_out {
	CK_OBJECT_HANDLE hClientMacSecret;
	CK_OBJECT_HANDLE hServerMacSecret;
	CK_OBJECT_HANDLE hClientKey;
	CK_OBJECT_HANDLE hServerKey;
	CK_BYTE_PTR pIVClient;
	CK_BYTE_PTR pIVServer;
};
struct tls12_key_mat_params {
	CK_ULONG ulMacSizeInBits;
	CK_ULONG ulKeySizeInBits;
	CK_ULONG ulIVSizeInBits;
	CK_BBOOL bIsExport;
	struct ssl3_random_data RandomInfo;
	struct ssl3_key_mat_out *pReturnedKeyMaterial;
	CK_MECHANISM_TYPE prfHashMechanism;
};
struct tls_kdf_params {
	CK_MECHANISM_TYPE prfMechanism;
	CK_BYTE_PTR pLabel;
	CK_ULONG ulLabelLength;
	struct ssl3_random_data RandomInfo;
	CK_BYTE_PTR pContextData;
	CK_ULONG ulContextDataLength;
};
struct tls_mac_params {
	CK_MECHANISM_TYPE prfHashMechanism;
	CK_ULONG ulMacLength;
	CK_ULONG ulServerOrClient;
};
#endif
