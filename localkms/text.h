#ifndef LOCALKMS_TEXT_H
#define LOCALKMS_TEXT_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 2 * len lower-case digits and a NUL. */
void hex_write(const uint8_t *bytes, size_t len, char *out);
/* len bytes from digits; false: something else than digits. */
bool hex_read(const char *hex, uint8_t *out, size_t len);
/* 32 digits with the dashes of a UUID between. */
void text_uuid(const char *hex, char uuid[37]);
#endif
