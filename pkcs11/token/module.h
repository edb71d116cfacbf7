#ifndef MODULE_H
#define MODULE_H
#include "descriptors.h"
#include "module-data.h"

CK_RV module_start(const CK_C_INITIALIZE_ARGS *);
CK_RV module_stop(void);
/* The module, held. CKR_CRYPTOKI_NOT_INITIALIZED; CKR_HOST_MEMORY or
 * CKR_GENERAL_ERROR where a forked child could not go on with its parent's: its
 * next call tries again. */
CK_RV module_get(struct module **);
void module_put(struct module *);
/* Those that no forked child keeps. */
struct descriptors *module_descriptors(void);
/* The process is in exit(): OpenSSL may be gone. */
bool module_is_exiting(void);
/* Waits, without the application's lock, until the module, which the caller
 * holds, is no longer the one that is initialised. */
void module_wait_stop(struct module *);
struct token *module_token(struct module *, CK_SLOT_ID); /* or NULL */
/* For C_GetInterface: *what, in its place n of memory that a program may write
 * to. OpenSC's pkcs11-spy puts its own functions there. */
#define MODULE_INTERFACES 3
CK_INTERFACE *module_interface(size_t n, const CK_INTERFACE *what);
#endif
