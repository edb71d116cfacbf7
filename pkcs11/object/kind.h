#ifndef KIND_H
#define KIND_H
#include "object.h"

/* What is to be known of each class and key type of object that is kept here:
 * one row each. */
struct kind;

/* The kind that a template is of, if all that must be in it is there. */
CK_RV kind_of(struct call *, struct template, const struct kind **);
/* Checks values against each other, and adds those that follow from them. */
CK_RV kind_complete(struct call *, const struct kind *, struct bag *);
/* Whether there are secret keys of that type here. */
bool kind_is_secret(CK_KEY_TYPE);
/* Whether a secret key of that type can have so many bytes. */
bool kind_len_fits(CK_KEY_TYPE, size_t len);
#endif
