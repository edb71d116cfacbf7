#ifndef FAMILIES_H
#define FAMILIES_H
#include "mech.h"

/* From a row of the table of mechanisms to the functions that do its work. */

/* With that key; NULL: nothing can. */
const struct family *mech_family(
    const struct call *, const struct mech *, const struct object *);
/* Of a row that generates or derives keys; NULL: KMS alone does. */
const struct key_ops *mech_key_ops(const struct mech *);
#endif
