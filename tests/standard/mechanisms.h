#ifndef STANDARD_MECHANISMS_H
#define STANDARD_MECHANISMS_H
#include "cryptoki/cryptoki.h"
#include "p11.h"

/* The rows of mechanisms.def, and how to begin with one of them. */
#define CRYPT (CKF_ENCRYPT | CKF_DECRYPT)
#define SIGN (CKF_SIGN | CKF_VERIFY)
#define RECOVER (CKF_SIGN_RECOVER | CKF_VERIFY_RECOVER)
#define WRAP (CKF_WRAP | CKF_UNWRAP)
#define ENCAPSULATE (CKF_ENCAPSULATE | CKF_DECAPSULATE)
#define GENERATE CKF_GENERATE
#define GENERATE_PAIR CKF_GENERATE_KEY_PAIR
#define DERIVE CKF_DERIVE
#define DIGEST CKF_DIGEST
#define FUNCTIONS                                                     \
	(CRYPT | SIGN | RECOVER | WRAP | ENCAPSULATE | CKF_GENERATE | \
	    CKF_GENERATE_KEY_PAIR | CKF_DERIVE | CKF_DIGEST)

enum parameter {
	PARAMETER_NONE,
	PARAMETER_OPTIONAL, /* none will do */
	PARAMETER_IV,
	PARAMETER_COUNTER,
	PARAMETER_BLOCK_COUNTER,
	PARAMETER_GCM,
	PARAMETER_CCM,
	PARAMETER_MAC_LENGTH,
	PARAMETER_PSS,
	PARAMETER_OAEP,
	PARAMETER_NONCE,
	PARAMETER_XTS_TWEAK,
	PARAMETER_HASH_CONTEXT,
	PARAMETER_OTHER
};

struct row {
	const char *name;
	CK_MECHANISM_TYPE type;
	CK_FLAGS functions;
	enum parameter parameter;
};
extern const struct row rows[];
extern const size_t row_count;

/* The row's mechanism with a good parameter; none where it is PARAMETER_OTHER. In
 * static memory. */
CK_MECHANISM mechanism(const struct row *);
/* What the function of that flag says, begun with that mechanism and key; what
 * began is ended. wrapped: the key that C_WrapKey wraps. */
CK_RV begin(
    CK_FLAGS, CK_MECHANISM *, CK_OBJECT_HANDLE key, CK_OBJECT_HANDLE wrapped);
#endif
