#ifndef READ_CONFIG_H
#define READ_CONFIG_H
#include "config/config.h"
#include "cryptoki/cryptoki.h"
#include "log.h"

/* For C_Initialize: reads the configuration, opens the log that it or the
 * environment names, and tells it what is wrong. Both are the caller's, after a
 * failure, too. CKR_HOST_MEMORY; CKR_GENERAL_ERROR: the file is no good. */
CK_RV read_config(const char *init_args, struct config *, struct log **);
#endif
