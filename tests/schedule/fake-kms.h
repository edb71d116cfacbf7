#ifndef FAKE_KMS_H
#define FAKE_KMS_H
#include "fake-store.h"
#include "kms.h"

/*
 * A KMS behind the client's seam: each request is a step. It takes key material
 * as KMS does, wrapped, and knows it again.
 */
extern const struct transport fake_transport;

/* Empty. rules: rules of KMS that are left out, to see that somebody notices. */
enum fake_rule {
	FAKE_ALIASES_ARE_UNIQUE = 1 << 0,
	FAKE_MATERIAL_STAYS = 1 << 1, /* another one is not taken */
	FAKE_REFUSES_MATERIAL = 1 << 2, /* another one, and says so */
	FAKE_ALL_RULES = (1 << 3) - 1
};
void fake_kms_reset(unsigned rules, enum late_kind, unsigned late_answers);

/* Callers, as bits: whose imports are refused; who means to delete keys that
 * are in use. names_move: somebody moves the names of others. */
void fake_kms_begin(unsigned denied, unsigned may_delete, bool names_move);
/* What was seen that must never be: the first of it; "" for nothing. */
const char *fake_kms_wrong(void);
void fake_kms_is_wrong(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));
/* Somebody was told CKR_OK for the key's material: it may no longer be
 * scheduled for deletion, unless by a caller that means it. */
void fake_kms_tell(const char *key);

/* Requests of a caller that does not use the module: an attacker, a person. Key
 * and alias as in the request, NULL where it has none; true: KMS did it. */
bool fake_kms_ask(const char *operation, const char *key, const char *alias,
    const char *target);
/* Wraps material as an HSM does. Ends the program when it cannot. */
void fake_kms_wrap(struct view material, struct buf *blob);
#endif
