#ifndef ENTRY_H
#define ENTRY_H
#include "cryptoki/cryptoki.h"

/* C_GetInfo, for the interface of the given version. */
CK_RV entry_get_info(CK_INFO_PTR, CK_VERSION);
#endif
