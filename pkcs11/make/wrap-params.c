#include <string.h>
#include "mech/cipher.h"
#include "wrap-params.h"

static bool
has_size(const CK_MECHANISM *m, size_t size)
{
	return (m->pParameter != NULL && m->ulParameterLen == size);
}

/* Those of C_EncryptInit, and the others into that form. */
static bool
read_gcm(
    const CK_MECHANISM *m, const struct view *associated, struct wrap_params *p)
{
	struct gcm_message_params message;
	struct gcm_wrap_params wrap;
	struct view aad;

	if (associated != NULL && has_size(m, sizeof(message))) {
		memcpy(&message, m->pParameter, sizeof(message));
		p->iv = (struct iv){message.pIv, message.ulIvLen,
		    message.ulIvFixedBits, message.ivGenerator};
		p->tag = message.pTag;
		p->tag_len = message.ulTagBits / 8;
		p->gcm.ulTagBits = message.ulTagBits;
		aad = *associated;
	} else if (associated == NULL && has_size(m, sizeof(wrap))) {
		memcpy(&wrap, m->pParameter, sizeof(wrap));
		p->iv = (struct iv){wrap.pIv, wrap.ulIvLen, wrap.ulIvFixedBits,
		    wrap.ivGenerator};
		p->gcm.ulTagBits = wrap.ulTagBits;
		aad = VIEW(wrap.pAAD, wrap.ulAADLen);
	} else
		return (associated == NULL && gcm_read_params(m, &p->gcm));
	p->gcm.pIv = p->iv.ptr;
	p->gcm.ulIvLen = p->iv.len;
	p->gcm.pAAD = (CK_BYTE *)(uintptr_t)aad.ptr;
	p->gcm.ulAADLen = aad.len;
	return (true);
}

static bool
read_ccm(
    const CK_MECHANISM *m, const struct view *associated, struct wrap_params *p)
{
	struct ccm_message_params message;
	struct ccm_wrap_params wrap;
	struct view aad;

	if (associated != NULL && has_size(m, sizeof(message))) {
		memcpy(&message, m->pParameter, sizeof(message));
		p->iv = (struct iv){message.pNonce, message.ulNonceLen,
		    message.ulNonceFixedBits, message.nonceGenerator};
		p->tag = message.pMAC;
		p->tag_len = p->ccm.ulMACLen = message.ulMACLen;
		aad = *associated;
	} else if (associated == NULL && has_size(m, sizeof(wrap))) {
		memcpy(&wrap, m->pParameter, sizeof(wrap));
		p->iv = (struct iv){wrap.pNonce, wrap.ulNonceLen,
		    wrap.ulNonceFixedBits, wrap.nonceGenerator};
		p->ccm.ulMACLen = wrap.ulMACLen;
		aad = VIEW(wrap.pAAD, wrap.ulAADLen);
	} else if (associated == NULL && has_size(m, sizeof(p->ccm))) {
		memcpy(&p->ccm, m->pParameter, sizeof(p->ccm));
		return (true);
	} else
		return (false);
	p->ccm.pNonce = p->iv.ptr;
	p->ccm.ulNonceLen = p->iv.len;
	p->ccm.pAAD = (CK_BYTE *)(uintptr_t)aad.ptr;
	p->ccm.ulAADLen = aad.len;
	return (true);
}

CK_RV
wrap_params_read(const CK_MECHANISM *m, bool wraps,
    const struct view *associated, struct wrap_params *p)
{
	bool valid;

	*p = (struct wrap_params){.m = *m};
	switch (m->mechanism) {
	case CKM_AES_GCM:
		valid = read_gcm(m, associated, p);
		p->m = (CK_MECHANISM){m->mechanism, &p->gcm, sizeof(p->gcm)};
		break;
	case CKM_AES_CCM:
		valid = read_ccm(m, associated, p);
		p->m = (CK_MECHANISM){m->mechanism, &p->ccm, sizeof(p->ccm)};
		break;
	default:
		return (associated == NULL ? CKR_OK : CKR_MECHANISM_INVALID);
	}
	/* both are ignored of what is unwrapped */
	if (!wraps)
		p->iv.fixed_bits = p->iv.generator = 0;
	valid = valid && iv_is_valid(&p->iv) &&
		(associated == NULL || p->tag != NULL);
	return (valid ? CKR_OK : CKR_MECHANISM_PARAM_INVALID);
}

void
wrap_params_set_length(struct wrap_params *p, size_t len)
{
	p->ccm.ulDataLen = len;
}
