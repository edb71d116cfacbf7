#ifndef STANDARD_ENDS_H
#define STANDARD_ENDS_H
#include "p11.h"

/* A row of a table of what ends an operation: END or NEVER. */
struct end_code {
	const char *function;
	CK_RV rv;
};
/* Each code that the standard has for a function that is tested has a row. Left out
 * are those that can happen to any function or that this module never says, and one
 * more. */
void ends_check_codes(bool (*is_tested)(const char *function), CK_RV left_out,
    const struct end_code *, size_t count);
#endif
