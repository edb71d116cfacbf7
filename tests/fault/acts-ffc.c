#include "acts.h"
#include "cryptoki/cryptoki.h"
#include "ffc-key.h"

static CK_RV
sign_verify(CK_OBJECT_HANDLE private, CK_OBJECT_HANDLE public)
{
	CK_MECHANISM m = {CKM_DSA_SHA1, NULL, 0};
	CK_BYTE text[] = "text", signature[64];
	CK_ULONG n = sizeof(signature);
	CK_RV rv;

	if ((rv = p11->C_SignInit(rw, &m, private)) == CKR_OK &&
	    (rv = p11->C_Sign(rw, text, 4, signature, &n)) == CKR_OK &&
	    (rv = p11->C_VerifyInit(rw, &m, public)) == CKR_OK)
		rv = p11->C_Verify(rw, text, 4, signature, n);
	return (rv);
}

CK_RV
act_ffc(void)
{
	CK_ULONG len = 16;
	CK_ATTRIBUTE t[] = {A(CKA_VALUE_LEN, len)};
	CK_OBJECT_HANDLE h[5] = {0};
	CK_MECHANISM m = {CKM_DH_PKCS_DERIVE, NULL, 0};
	struct pair_handles p = {0, 0};
	struct ffc_key k;
	CK_RV rv;

	ffc_key_512(&k);
	if ((rv = ffc_key_create(&k, CKO_PUBLIC_KEY, &h[0])) == CKR_OK &&
	    (rv = ffc_key_create(&k, CKO_PRIVATE_KEY, &h[1])) == CKR_OK)
		rv = sign_verify(h[1], h[0]);
	k.type = CKK_DH;
	m.pParameter = k.y.bytes;
	m.ulParameterLen = k.y.len;
	if (rv == CKR_OK && (rv = ffc_key_generate(&k, CKM_DH_PKCS_KEY_PAIR_GEN,
				 NULL, &p)) == CKR_OK)
		rv = p11->C_DeriveKey(rw, &m, p.private, t, 1, &h[2]);
	h[3] = p.public;
	h[4] = p.private;
	act_is_done();
	for (size_t i = 0; i < ELEMS(h); i++)
		if (h[i] != CK_INVALID_HANDLE)
			(void)p11->C_DestroyObject(rw, h[i]);
	return (rv);
}
