#include <string.h>
#include "cryptoki/cryptoki.h"
#include "ends.h"

#define PENDING 0x204
#define OPERATION_NOT_VALIDATED 0x207
#define TOKEN_NOT_INITIALIZED 0x208

static bool
is_left_out(CK_RV rv)
{
	static const CK_RV codes[] = {CKR_HOST_MEMORY, CKR_GENERAL_ERROR,
	    CKR_FUNCTION_FAILED, CKR_FUNCTION_CANCELED, CKR_FUNCTION_REJECTED,
	    CKR_DEVICE_ERROR, CKR_DEVICE_MEMORY, CKR_DEVICE_REMOVED,
	    CKR_SESSION_CLOSED, CKR_CRYPTOKI_NOT_INITIALIZED,
	    CKR_TOKEN_NOT_PRESENT, CKR_TOKEN_RESOURCE_EXCEEDED, PENDING,
	    OPERATION_NOT_VALIDATED, TOKEN_NOT_INITIALIZED};

	for (size_t i = 0; i < ELEMS(codes); i++)
		if (codes[i] == rv)
			return (true);
	return (false);
}

static bool
has_row(
    const struct end_code *rows, size_t count, const char *function, CK_RV rv)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].rv == rv && strcmp(rows[i].function, function) == 0)
			return (true);
	return (false);
}

void
ends_check_codes(bool (*is_tested)(const char *function), CK_RV left_out,
    const struct end_code *rows, size_t count)
{
	static const struct {
		const char *function;
		CK_RV rv;
		const char *rv_name;
	} codes[] = {
#define CODE(function, name, number) {#function, number, #name},
#include "functions.def"
	};

	for (size_t i = 0; i < ELEMS(codes); i++)
		if (is_tested(codes[i].function) && codes[i].rv != left_out &&
		    !is_left_out(codes[i].rv))
			OK(has_row(rows, count, codes[i].function, codes[i].rv),
			    "%s, %s: a row", codes[i].function,
			    codes[i].rv_name);
}
