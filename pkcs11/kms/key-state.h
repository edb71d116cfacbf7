#ifndef KEY_STATE_H
#define KEY_STATE_H
#include "token/call.h"
#include "token/key.h"

/*
 * Another state for the key, and for the key beside it: KMS's word for it.
 * Enabled and Disabled become each other; a deletion that is waited for is
 * cancelled, and the key is then Disabled, or PendingImport where it has no
 * material, or Enabled where that is asked. CKR_ATTRIBUTE_VALUE_INVALID: that
 * state cannot be had from the one that the key is in. The call's error says
 * what stands when only a part was done.
 */
CK_RV key_state_set(struct call *, struct key *, struct view word);
#endif
