#ifndef HEX_H
#define HEX_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Writes 2 * len lower-case hexadecimal digits and a NUL. */
void hex_write(const uint8_t *bytes, size_t len, char *out);
/* The value of a digit in either case; -1 for any other character. */
int hex_value(char);
/* Reads len bytes from 2 * len digits in either case. Stops and returns false
 * at the first character that is not a digit. */
bool hex_read(const char *hex, uint8_t *out, size_t len);
/* Whether the first len characters are digits in lower case. */
bool hex_is_lower(const char *, size_t len);
#endif
