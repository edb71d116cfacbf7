#ifndef RV_SAID_H
#define RV_SAID_H
#include "cryptoki/cryptoki.h"

#define RV_SAID_SIZE 192
/* A code as a person is told of it: its name, what it means for the command,
 * and what to do: "CKR_PIN_LOCKED: the PIN is locked: ...". It is written to
 * the buffer. */
const char *rv_said(CK_RV, char buffer[RV_SAID_SIZE]);
#endif
