#ifndef SECRET_SCAN_H
#define SECRET_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A file that is searched for what should not be in it. */
struct secret_scan {
	const uint8_t *bytes;
	size_t len; /* 0: no such file */
};
struct secret_scan secret_scan_open(const char *path);
/* 1 if it is there, else 0. */
unsigned secret_scan_has(
    const struct secret_scan *, const void *needle, size_t len);
/* How much there is of a secret of 16 bytes or more: of its beginning, its
 * middle and its end, as they are, in hex and in base64. */
unsigned secret_scan_copies(
    const struct secret_scan *, const uint8_t *secret, size_t len);

/* This process's core file, PATH.PID, as a debugger writes it. False: none does
 * here; "gcore.out" in the test's folder says why. */
bool core_write(const char *path);
#endif
