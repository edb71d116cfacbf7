#include <openssl/params.h>
#include "mldsa.h"

CK_BYTE mldsa_sig[MLDSA_SIG_MAX], mldsa_context[MLDSA_CONTEXT_MAX];
CK_ULONG mldsa_sig_len;

CK_RV
mldsa_sign(
    CK_OBJECT_HANDLE key, CK_MECHANISM *m, CK_BYTE *in, size_t len, bool parts)
{
	CK_RV rv = p11->C_SignInit(rw, m, key);
	size_t part;

	mldsa_sig_len = sizeof(mldsa_sig);
	if (rv == CKR_OK && !parts)
		return (p11->C_Sign(rw, in, len, mldsa_sig, &mldsa_sig_len));
	for (size_t at = 0; at < len && rv == CKR_OK; at += part) {
		part = len - at < 700 ? len - at : 700;
		rv = p11->C_SignUpdate(rw, in + at, part);
	}
	return (rv != CKR_OK ? rv
			     : p11->C_SignFinal(rw, mldsa_sig, &mldsa_sig_len));
}

CK_RV
mldsa_verify(CK_OBJECT_HANDLE key, CK_MECHANISM *m, CK_BYTE *in, size_t len)
{
	CK_RV rv = p11->C_VerifyInit(rw, m, key);

	return (rv != CKR_OK
		    ? rv
		    : p11->C_Verify(rw, in, len, mldsa_sig, mldsa_sig_len));
}

bool
mldsa_openssl_verifies(EVP_PKEY *k, const void *message, size_t len,
    size_t context_len, bool encoded)
{
	int raw = 0;
	OSSL_PARAM params[2] = {
	    encoded ? OSSL_PARAM_construct_int("message-encoding", &raw)
		    : OSSL_PARAM_construct_octet_string(
			  "context-string", mldsa_context, context_len),
	    OSSL_PARAM_construct_end()};
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = EVP_DigestVerifyInit_ex(
		      md, NULL, NULL, NULL, NULL, k, params) == 1 &&
		  EVP_DigestVerify(
		      md, mldsa_sig, mldsa_sig_len, message, len) == 1;

	EVP_MD_CTX_free(md);
	return (ok);
}
