#ifndef DERIVE_KEY_H
#define DERIVE_KEY_H
#include "object/object.h"

/*
 * C_DeriveKey: checks the base key, has the mechanism (mech/derive-*.c) compute
 * the values, and makes an object of each: all of them or none.
 */
CK_RV derive_key(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE base,
    struct template, CK_OBJECT_HANDLE *);
#endif
