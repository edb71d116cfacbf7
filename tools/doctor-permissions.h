#ifndef DOCTOR_PERMISSIONS_H
#define DOCTOR_PERMISSIONS_H
#include "doctor-check.h"

/* What the credentials of a token may do, by lists, dry runs and looks at keys:
 * nothing is changed. */
void doctor_permissions(struct token_check *);
#endif
