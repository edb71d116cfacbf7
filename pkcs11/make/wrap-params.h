#ifndef WRAP_PARAMS_H
#define WRAP_PARAMS_H
#include "mech/make-iv.h"

#define WRAP_TAG_MAX 16 /* bytes */
/*
 * The parameter of a mechanism that wraps, made into that of C_EncryptInit.
 * PKCS#11 3.2 (sections 6.13.3 and 6.13.5) has CKM_AES_GCM and CKM_AES_CCM
 * take structures of their own for that. Not to be copied: m points into it.
 */
struct wrap_params {
	CK_MECHANISM m; /* as C_EncryptInit takes it */
	CK_GCM_PARAMS gcm;
	struct ck_ccm ccm;
	struct iv iv; /* which the token may have to make */
	/* C_WrapKeyAuthenticated: the caller's place for the tag, which stands
	 * behind the wrapped key else; NULL then, and its length 0 */
	CK_BYTE *tag;
	size_t tag_len;
};

/*
 * associated: the data of C_WrapKeyAuthenticated and C_UnwrapKeyAuthenticated;
 * NULL: it is C_WrapKey or C_UnwrapKey. The vector and the data are borrowed.
 * CKR_MECHANISM_INVALID: no mechanism of those two functions.
 */
CK_RV wrap_params_read(const CK_MECHANISM *, bool wraps,
    const struct view *associated, struct wrap_params *);
/* How many bytes the key has that is wrapped, for CCM. */
void wrap_params_set_length(struct wrap_params *, size_t);
#endif
