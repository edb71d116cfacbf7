#ifndef OBJECT_SCHEMA_H
#define OBJECT_SCHEMA_H
#include "object.h"

/* What is to be known of each class and key type of object that is kept here:
 * one row each. */
struct object_schema;

/* The row for the class and key type of a template. CKR_TEMPLATE_INCOMPLETE:
 * an attribute is missing that such an object must have. */
CK_RV schema_find(
    struct call *, struct template, const struct object_schema **);
/* Checks values against each other, and adds those that follow from them. */
CK_RV schema_complete(
    struct call *, const struct object_schema *, struct attrset *);
/* Whether there are secret keys of that type here. */
bool schema_is_secret_key_type(CK_KEY_TYPE);
/* The bytes of a secret key whose type has one length; 0: it has more. */
size_t schema_key_length(CK_KEY_TYPE);
/* Whether a secret key of that type can have so many bytes. */
bool schema_key_length_fits(CK_KEY_TYPE, size_t len);
#endif
