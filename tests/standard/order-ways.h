#ifndef ORDER_WAYS_H
#define ORDER_WAYS_H
#include "cryptoki/cryptoki.h"
#include "keypair-ref.h"

/* The functions of check-order.def, and calls of them that are good. */

enum place { SESSION = 1, TOKEN = 2, BOTH = 3 };
#define ROWS_MAX 12
struct rows {
	CK_ATTRIBUTE t[ROWS_MAX];
	CK_ULONG n;
};

/* All that a call can have. */
struct trial {
	CK_MECHANISM m;
	CK_OBJECT_HANDLE key, other_type, other_use, wrapped;
	struct rows rows, public;
	/* what KMS does not hold: in place of a row of that type */
	CK_ATTRIBUTE unheld;
	CK_OBJECT_HANDLE unheld_key;
	bool no_session, no_argument, no_login, read_only, active;
	/* what follows from them */
	CK_SESSION_HANDLE session;
	CK_MECHANISM *mechanism;
	CK_OBJECT_HANDLE *handle;
	CK_ATTRIBUTE *t, *public_t;
	CK_BYTE *in;
	CK_ULONG *len;
};

/* What the calls are about: objects of the session, and keys in KMS. */
struct order_here {
	CK_OBJECT_HANDLE aes, aes128, no_aes, base, no_base, stays;
	struct pair_handles rsa, no_rsa, ec, no_ec;
};
struct order_kms {
	CK_OBJECT_HANDLE aes, hmac;
	struct keypair_ref signs, decrypts, agrees;
	struct pair_handles import, kem;
};
extern struct order_here here;
extern struct order_kms kms;
extern CK_FUNCTION_LIST_3_2 *list;
extern CK_BYTE bytes[2048], wrapped[2048], peer[65];
extern CK_ULONG wrapped_len;
extern CK_OBJECT_HANDLE made[2]; /* what a call gives */
extern CK_GCM_PARAMS gcm_params;

/* Sets or replaces. */
void set_row(struct rows *, CK_ATTRIBUTE);
#define ROW(r, type, value) set_row(r, (CK_ATTRIBUTE)A(type, value))

struct way {
	const char *function;
	CK_RV (*call)(const struct trial *);
	const char *name;
	void (*set)(struct trial *, enum place);
	enum place places;
	unsigned is; /* IS_... */
};
/* Without a mechanism it ends what is under way. */
#define IS_INIT 1U
/* It makes no object that its template describes. */
#define IS_OF_OBJECT 2U
/* Of an EC key, whose curve is what KMS may not have. */
#define IS_EC 4U
/* With a key that waits in KMS: what it takes, only KMS knows. */
#define IS_IMPORT 8U
/* KMS makes no such key, whatever its template. */
#define IS_OF_SESSION 16U
extern const struct way ways[];
extern const size_t way_count;
#endif
