#ifndef FFC_ATTRS_H
#define FFC_ATTRS_H
#include "keydata/ffc.h"
#include "object.h"

/* Objects of DSA and Diffie-Hellman: what their attributes say. */

/* Whether keys of that type are some. */
bool ffc_is_type(CK_KEY_TYPE);
struct ffc_group ffc_of_attrs(const struct attrset *);
/* The same of a template, which must have them all:
 * CKR_TEMPLATE_INCOMPLETE. */
CK_RV ffc_of_template(
    struct call *, CK_KEY_TYPE, struct template, struct ffc_group *);

/* Check values against each other, and add those that follow from them:
 * CKR_DOMAIN_PARAMS_INVALID, CKR_ATTRIBUTE_VALUE_INVALID. */
CK_RV ffc_complete_public(struct call *, struct attrset *);
CK_RV ffc_complete_private(struct call *, struct attrset *);
CK_RV ffc_complete_parameters(struct call *, struct attrset *);
#endif
