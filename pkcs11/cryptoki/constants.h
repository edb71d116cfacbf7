#ifndef CONSTANTS_H
#define CONSTANTS_H
#include <stdbool.h>
#include "cryptoki/cryptoki.h"

/*
 * The names of PKCS#11's numbers, for messages: attribute_name(type).text. A
 * number that has no name is written as it is.
 */
struct constant_name {
	char text[40];
};
struct constant_name attribute_name(CK_ATTRIBUTE_TYPE); /* "CKA_LABEL" */
bool attribute_is_known(CK_ATTRIBUTE_TYPE); /* the standard's, or ours */
struct constant_name class_name(CK_OBJECT_CLASS); /* "CKO_SECRET_KEY" */
struct constant_name key_type_name(CK_KEY_TYPE); /* "CKK_AES" */
#endif
