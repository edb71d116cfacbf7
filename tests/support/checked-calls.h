#ifndef CHECKED_CALLS_H
#define CHECKED_CALLS_H
#include "cryptoki/cryptoki.h"

/* The list in place of the module's own: a code that the standard does not list
 * for a function fails the test. One module at a time. */
CK_FUNCTION_LIST *checked_calls(CK_FUNCTION_LIST *module);
/* The list of 3.2; first: what checked_calls() gave. */
CK_FUNCTION_LIST_3_2 *checked_calls_3_2(
    CK_FUNCTION_LIST_3_2 *module, const CK_FUNCTION_LIST *first);
/* rv, which fails the test where it is no code of that function. */
CK_RV checked_code(const char *function, CK_RV rv);
#endif
