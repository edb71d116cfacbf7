#ifndef RV_H
#define RV_H
#include "cryptoki.h"
#include "err.h"

/* What a call was about: one failure of KMS means different codes. */
enum rv_context {
	RV_USE, /* using a key */
	RV_CREATE, /* material that the caller gave in a template */
	RV_UNWRAP, /* material that came wrapped */
	RV_LOOK, /* searching, or reading attributes */
	RV_DESTROY,
	RV_CONTEXT_COUNT
};

/* The only place where our errors become PKCS#11's. */
CK_RV rv_from(enum err, enum rv_context);
/* What a person can do about it, or NULL. */
const char *rv_advice(enum err);
#endif
