#ifndef CONFIG_FILE_H
#define CONFIG_FILE_H
#include "config.h"
#include "error-info.h"

/*
 * Finds and reads the file: $KEYFERRY_CONFIG, else init_args ("config=PATH",
 * may be NULL), else the user's, else the system's. *error tells what is wrong
 * when it returns ERR_CONFIG or ERR_FILE. On failure nothing is left to free
 * but log, which is where the file wants errors to be told.
 */
enum err config_load(
    const char *init_args, struct config *, struct error_info *);
#endif
