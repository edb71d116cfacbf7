#ifndef MATERIAL_H
#define MATERIAL_H
#include "cryptoki/template.h"
#include "kms/key-request.h"
#include "token/call.h"

/* Key material and KeySpecs out of templates. */

/*
 * The material of a template that attr_check() has passed, for the request's
 * class, as ImportKeyMaterial wants it, and the KeySpec that it is for. Refuses
 * what KMS cannot import.
 */
CK_RV read_material(
    struct call *, struct template, CK_KEY_TYPE, struct key_request *);

/* The KeySpec of a key that a template describes without its material
 * (CKA_UNWRAP_TEMPLATE): by CKA_KEY_TYPE and CKA_VALUE_LEN, CKA_MODULUS_BITS or
 * CKA_EC_PARAMS. */
CK_RV read_unwrap_template(
    struct call *, struct template, const struct key_spec **);

/* Whether a template may call keys of the KeySpec so. Those of HMACs go by the
 * name of their hash, too. */
bool key_spec_has_type(const struct key_spec *, CK_KEY_TYPE);
#endif
