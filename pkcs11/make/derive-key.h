#ifndef DERIVE_KEY_H
#define DERIVE_KEY_H
#include "object/object.h"

/*
 * C_DeriveKey: checks the base key, has the mechanism (mech/derive-*.c) compute
 * the values, and makes an object of each: all of them or none. *key becomes
 * the handle of the template's object; the handles of further keys go where the
 * mechanism's parameter wants them.
 *
 * CKR_MECHANISM_INVALID, CKR_MECHANISM_PARAM_INVALID; of the base key
 * CKR_KEY_HANDLE_INVALID, CKR_KEY_TYPE_INCONSISTENT,
 * CKR_KEY_FUNCTION_NOT_PERMITTED, in that order; then what the template is
 * refused for. ECDH with a key in KMS may fail as KMS does.
 */
CK_RV derive_key(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE base,
    struct template, CK_OBJECT_HANDLE *key);
/* Whether C_DeriveKey yields the key's handle: those of a TLS connection are
 * put into the mechanism's parameter, and phKey may be NULL. */
bool derive_key_has_handle(CK_MECHANISM_TYPE);
#endif
