#ifndef DOCTOR_TOKEN_H
#define DOCTOR_TOKEN_H
#include "config/config.h"
#include "crypto.h"
#include "report.h"

/* One token: what it resolves, whom it speaks for, and what it may do. Nothing
 * is changed in KMS. */
void doctor_token(
    struct report *, const struct crypto *, const struct config_token *);
#endif
