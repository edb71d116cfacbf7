#include "aes-kw.h"
#include "cipher.h"
#include "derive.h"
#include "digest.h"
#include "families.h"
#include "generate-local.h"
#include "kms-encrypt.h"
#include "mac.h"
#include "object/object.h"
#include "rsa-encrypt.h"
#include "sign.h"

/* clang-format off */
static const struct {
	const struct family *remote; /* the work is done in KMS */
	const struct family *local; /* in this process */
	const struct key_ops *key_ops;
} families[FAMILY_COUNT] = {
#define LOCAL(name, local) [FAMILY_##name] = { NULL, &local, NULL }
#define BOTH(name, remote, local) [FAMILY_##name] = { &remote, &local, NULL }
#define KEYS(name, key_ops) [FAMILY_##name] = { NULL, NULL, &key_ops }
	[FAMILY_KMS_CIPHERTEXT] = { &kms_aes_context, NULL, NULL },
	BOTH(AES_GCM, kms_aes_gcm, cipher_gcm),
	BOTH(AES_CBC_PAD, kms_aes_cbc_pad, cipher_cbc_pad),
	LOCAL(AES_ECB, cipher_ecb),
	LOCAL(AES_CBC, cipher_cbc),
	LOCAL(AES_CTR, cipher_ctr),
	LOCAL(AES_CCM, cipher_ccm),
	LOCAL(AES_OFB, cipher_ofb),
	LOCAL(AES_CFB1, cipher_cfb1),
	LOCAL(AES_CFB8, cipher_cfb8),
	LOCAL(AES_CFB128, cipher_cfb128),
	LOCAL(AES_CTS, cipher_cts),
	LOCAL(AES_XTS, cipher_xts),
	LOCAL(CHACHA20, cipher_chacha20),
	LOCAL(CHACHA20_POLY1305, cipher_chacha20_poly1305),
	LOCAL(AES_KW, aes_kw),
	LOCAL(AES_KWP, aes_kwp),
	LOCAL(AES_KW_PKCS7, aes_kw_pkcs7),
	BOTH(RSA_PKCS1, sign_pkcs1, sign_pkcs1),
	LOCAL(RSA_PKCS1_RECOVER, recover_pkcs1),
	LOCAL(RSA_PKCS1_ENCRYPT, rsa_pkcs1),
	BOTH(RSA_PSS, sign_pss, sign_pss),
	BOTH(RSA_OAEP, rsa_oaep, rsa_oaep),
	LOCAL(RSA_RAW, sign_x509),
	LOCAL(RSA_RAW_RECOVER, recover_x509),
	LOCAL(RSA_RAW_ENCRYPT, rsa_x509),
	BOTH(ECDSA, sign_ecdsa, sign_ecdsa),
	LOCAL(DSA, sign_dsa),
	BOTH(EDDSA, sign_eddsa, sign_eddsa),
	BOTH(ML_DSA, sign_mldsa, sign_mldsa),
	BOTH(ML_DSA_HASHED, sign_mldsa_hashed, sign_mldsa_hashed),
	BOTH(ML_DSA_OF_HASH, sign_mldsa_of_hash, sign_mldsa_of_hash),
	BOTH(HMAC, mac_kms_hmac, mac_hmac),
	BOTH(HMAC_GENERAL, mac_kms_hmac_general, mac_hmac_general),
	LOCAL(CMAC, mac_cmac),
	LOCAL(CMAC_GENERAL, mac_cmac_general),
	LOCAL(GMAC, mac_gmac),
	LOCAL(CBC_MAC, mac_cbc),
	LOCAL(CBC_MAC_GENERAL, mac_cbc_general),
	LOCAL(POLY1305, mac_poly1305),
	LOCAL(TLS_MAC, mac_tls),
	LOCAL(DIGEST, digest_any),
	KEYS(GENERATE_SECRET, generate_secret_key_ops),
	KEYS(GENERATE_FROM_PASSWORD, generate_from_password_ops),
	KEYS(GENERATE_RSA, generate_rsa_ops),
	KEYS(GENERATE_EC, generate_ec_ops),
	KEYS(GENERATE_OF_SET, generate_of_set_ops),
	KEYS(GENERATE_FFC, generate_ffc_ops),
	KEYS(GENERATE_PARAMETERS, generate_parameters_ops),
	KEYS(DERIVE_ECDH, derive_ecdh),
	KEYS(DERIVE_DH, derive_dh),
	KEYS(DERIVE_HKDF, derive_hkdf),
	KEYS(DERIVE_HKDF_DATA, derive_hkdf_data),
	KEYS(DERIVE_SP800_108, derive_sp800_108),
	KEYS(DERIVE_TLS_MASTER, derive_tls_master),
	KEYS(DERIVE_TLS_KEYS, derive_tls_keys),
	KEYS(DERIVE_TLS_EXPORTED, derive_tls_exported),
	KEYS(DERIVE_ENCRYPT, derive_encrypt),
	KEYS(DERIVE_HASH, derive_hash),
	KEYS(DERIVE_PUBLIC, derive_public),
	KEYS(DERIVE_BASE_AND_KEY, derive_base_and_key),
	KEYS(DERIVE_BASE_AND_DATA, derive_base_and_data),
	KEYS(DERIVE_DATA_AND_BASE, derive_data_and_base),
	KEYS(DERIVE_XOR, derive_xor),
	KEYS(DERIVE_EXTRACT, derive_extract),
};
/* clang-format on */

/* A public half is worked with here, wherever its private half is. */
const struct family *
mech_family(const struct call *c, const struct mech *m, const struct object *o)
{
	if (!object_in_kms(o))
		return (families[m->family].local);
	return (
	    mech_is_enabled_in_kms(c, m) ? families[m->family].remote : NULL);
}

const struct key_ops *
mech_key_ops(const struct mech *m)
{
	return (families[m->family].key_ops);
}
