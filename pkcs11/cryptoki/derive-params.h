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
#endif
