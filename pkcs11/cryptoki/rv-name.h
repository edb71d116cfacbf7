#ifndef RV_NAME_H
#define RV_NAME_H
#include "cryptoki/cryptoki.h"

#define RV_NAME_SIZE 32
/* "CKR_DEVICE_ERROR". A code that has no name, such as another vendor's, is
 * written to the buffer as a number. */
const char *rv_name(CK_RV, char buffer[RV_NAME_SIZE]);
#endif
