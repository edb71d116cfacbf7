#ifndef PROVISION_H
#define PROVISION_H
#include "provision-state.h"

/*
 * Finds the key that the names mean, or makes it with its names, and uses it; a
 * key that a killed call left is found and finished. Where another machine was
 * quicker, its key is found and used. When all fails, what was made is taken
 * back. *out is the key, held for the caller, or NULL on failure.
 */
CK_RV provision_run(
    struct call *, struct provision *, provision_use *, struct key **out);
#endif
