#ifndef CHECK_VALUE_H
#define CHECK_VALUE_H
#include "buf.h"
#include "crypto.h"
#include "cryptoki/cryptoki.h"

#define CHECK_VALUE_LEN 3 /* bytes of CKA_CHECK_VALUE */

/*
 * The check value of a secret key (PKCS#11 3.2, sections 4.11, 6.8.2 and
 * 6.10.2): the first bytes of a block of zeros that an AES key encrypts, and
 * of SHA-1 of any other. ERR_DATA: no AES key has that length.
 */
enum err check_value_of_secret(const struct crypto *, CK_KEY_TYPE,
    struct view key, uint8_t out[CHECK_VALUE_LEN]);
#endif
