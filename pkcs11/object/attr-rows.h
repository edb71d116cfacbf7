#ifndef ATTR_ROWS_H
#define ATTR_ROWS_H
#include "object.h"
#include "token/attr-value.h"
#include "token/call.h"

/* The table of attributes, for attr.c alone. */

enum form {
	FORM_BOOL,
	FORM_ULONG,
	FORM_BYTES,
	FORM_DATE,
	FORM_MECHANISMS, /* one CK_MECHANISM_TYPE after another */
	FORM_TEMPLATE
};

/* Objects that a row is on. */
enum {
	ON_SECRET = 1 << 0,
	ON_RSA_PRIVATE = 1 << 1,
	ON_RSA_PUBLIC = 1 << 2,
	ON_EC_PRIVATE = 1 << 3, /* also Edwards and Montgomery curves */
	ON_EC_PUBLIC = 1 << 4,
	ON_PQ_PRIVATE = 1 << 5, /* ML-DSA, ML-KEM */
	ON_PQ_PUBLIC = 1 << 6,
	ON_DATA = 1 << 7,
	ON_CERTIFICATE = 1 << 8,
	ON_PROFILE = 1 << 9,
	ON_DSA_PRIVATE = 1 << 10,
	ON_DSA_PUBLIC = 1 << 11,
	ON_DH_PRIVATE = 1 << 12,
	ON_DH_PUBLIC = 1 << 13,
	ON_DSA_PARAMETERS = 1 << 14,
	ON_DH_PARAMETERS = 1 << 15,
};
#define ON_RSA (ON_RSA_PRIVATE | ON_RSA_PUBLIC)
#define ON_EC (ON_EC_PRIVATE | ON_EC_PUBLIC)
#define ON_PQ (ON_PQ_PRIVATE | ON_PQ_PUBLIC)
#define ON_DSA (ON_DSA_PRIVATE | ON_DSA_PUBLIC | ON_DSA_PARAMETERS)
#define ON_DH (ON_DH_PRIVATE | ON_DH_PUBLIC | ON_DH_PARAMETERS)
#define ON_PARAMETERS (ON_DSA_PARAMETERS | ON_DH_PARAMETERS)
#define ON_FFC_PRIVATE (ON_DSA_PRIVATE | ON_DH_PRIVATE)
#define ON_FFC_PUBLIC (ON_DSA_PUBLIC | ON_DH_PUBLIC)
#define ON_PRIVATE \
	(ON_RSA_PRIVATE | ON_EC_PRIVATE | ON_PQ_PRIVATE | ON_FFC_PRIVATE)
#define ON_PUBLIC (ON_RSA_PUBLIC | ON_EC_PUBLIC | ON_PQ_PUBLIC | ON_FFC_PUBLIC)
#define ON_PAIR (ON_PRIVATE | ON_PUBLIC)
#define ON_SECRET_OR_PRIVATE (ON_SECRET | ON_PRIVATE)
#define ON_SECRET_OR_PUBLIC (ON_SECRET | ON_PUBLIC)
#define ON_KEYS (ON_SECRET | ON_PAIR)
#define ON_STORED (ON_KEYS | ON_PARAMETERS | ON_DATA | ON_CERTIFICATE)
#define ON_ALL (ON_STORED | ON_PROFILE)

/* Templates that may hold it, one bit a purpose; and more words. */
#define MAY(purpose) (1U << ATTR_##purpose)
#define MAY_MAKE (MAY(CREATE) | MAY(UNWRAP) | MAY(GENERATE) | MAY(DERIVE))
#define MAY_CHANGE (MAY(COPY) | MAY(SET))
#define MAY_ALL (MAY_MAKE | MAY_CHANGE)
#define SENSITIVE 0x100U /* not shown when sensitive or not extractable */
#define FALSE_IN_KMS 0x200U /* no key in KMS is that: a template must not ask */
#define SETTABLE_IN_KMS 0x400U /* of a key in KMS these alone can be set */
#define STICKY_TRUE 0x800U /* once true it stays so */
#define STICKY_FALSE 0x1000U /* once false it stays so */
#define KMS_ONLY 0x4000U /* not of what is kept here */
#define MAY_CALL_KMS \
	0x8000U /* of a key in KMS, it may take a call to read it */
#define DEFAULT_TRUE 0x2000U /* of what is kept here, when nothing is said */
#define DEFAULT_ZERO 0x10000U /* the same of a number */
#define USAGE \
	0x20000U /* what a key is for: one that is named excludes others */
#define OFFICER 0x80000U /* for the security officer to make true; none here */
#define ITS_OWN 0x40000U /* can be set to the value that it has alone */
#define TO_NONE 0x100000U /* can be set to nothing alone */

/* Truths about a key in KMS: what its boolean attributes are read from. */
enum fact {
	FACT_FALSE = 0,
	FACT_TRUE = 1 << 0,
	FACT_LOCAL = 1 << 1, /* the key was made in KMS */
	FACT_ENCRYPTS = 1 << 2, /* encrypts, decrypts */
	FACT_SIGNS = 1 << 3, /* signs, verifies */
	FACT_DERIVES = 1 << 4,
	FACT_WRAPS = 1 << 5, /* half of an import pair: wraps, unwraps */
	FACT_ENCAPSULATES = 1 << 6,
	FACT_MULTI_REGION = 1 << 7,
	FACT_PRIVATE = 1 << 8, /* not to be seen without a login */
	FACT_MODIFIABLE = 1 << 9, /* its names can be set */
	FACT_DESTROYABLE = 1 << 10, /* C_DestroyObject does something */
};

struct attr {
	CK_ATTRIBUTE_TYPE type;
	enum form form;
	unsigned on, may;
	enum fact fact; /* FORM_BOOL */
	/* of a key in KMS; NULL: FORM_BOOL is a fact, others have none there.
	 * Of a certificate or profile of the token: what it was not given. */
	CK_RV (*read)(struct call *, const struct object *, struct buf *);
};

extern const struct attr attrs[];
extern const size_t attr_count;
#endif
