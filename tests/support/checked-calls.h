#ifndef CHECKED_CALLS_H
#define CHECKED_CALLS_H
#include "cryptoki/cryptoki.h"

/* The list in place of the module's own: a code that the standard does not list
 * for a function fails the test. One module at a time. */
CK_FUNCTION_LIST *checked_calls(CK_FUNCTION_LIST *module);
#endif
