#ifndef DATA_KEY_H
#define DATA_KEY_H
#include "mech/mech.h"

/*
 * Session keys that KMS makes and keeps a way back to: GenerateDataKey with
 * the KMS key that the template names (CKA_KEYFERRY_WRAPPING_KEY). What they
 * are encrypted to by it is an attribute of theirs, and C_UnwrapKey with
 * CKM_KEYFERRY_KMS brings them back.
 */
CK_RV data_key_generate(
    struct call *, const CK_MECHANISM *, struct template, CK_OBJECT_HANDLE *);
#endif
