#include "cryptoki/derive-params.h"
#include "keydata/hash.h"
#include "mac.h"
#include "tls-prf.h"

/* The "finished" message of TLS 1.2 (RFC 5246, section 7.4.9): the PRF of the
 * hash of the handshake, which is the input (PKCS#11 3.2, section 6.40.3). */

#define FINISHED_MIN 12 /* bytes */
#define FINISHED_MAX 255
enum side { SERVER = 1, CLIENT = 2 };

static CK_RV
init(struct call *c, struct op *op, const CK_MECHANISM *m)
{
	const struct tls_mac_params *p = m->pParameter;

	if (p == NULL || m->ulParameterLen != sizeof(*p) ||
	    p->ulMacLength < FINISHED_MIN || p->ulMacLength > FINISHED_MAX ||
	    (p->ulServerOrClient != SERVER && p->ulServerOrClient != CLIENT))
		return (CKR_MECHANISM_PARAM_INVALID);
	if ((op->digest = digest_find(p->prfHashMechanism)) == NULL)
		return (call_error(c, CKR_MECHANISM_PARAM_INVALID,
		    "prfHashMechanism 0x%lx is no hash for the PRF of TLS 1.2",
		    p->prfHashMechanism));
	op->param_len = p->ulMacLength;
	/* the label, then what is signed */
	op->data.max = TLS_SEED_MAX;
	return (op_buffer_input(c, op,
	    view_str(p->ulServerOrClient == SERVER ? "server finished"
						   : "client finished")));
}

static CK_RV
finish(struct call *c, struct op *op)
{
	struct view seed = buf_view(&op->data);

	return (tls_prf(c, op->digest->mechanism,
	    attrset_view(op->object.attrs, CKA_VALUE), "", &seed, 1,
	    op->param_len, &op->result));
}

const struct family mac_tls = {.init = init,
    .update = op_buffer_input,
    .finish = finish,
    .verify = mac_verify,
    .bound = mac_bound,
    .exact = true};
