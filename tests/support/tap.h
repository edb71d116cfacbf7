#ifndef TAP_H
#define TAP_H
#include <stdbool.h>

/* Tests speak TAP: one line a check, counted by the harness of `make check`. */

/* The condition, and a printf-like name of what it shows. */
#define OK(cond, ...) tap_ok((cond), #cond, __FILE__, __LINE__, __VA_ARGS__)
/* As OK, and ends the program when it fails: what follows would make no sense. */
#define NEED(cond, ...)                     \
	do {                                \
		if (!OK(cond, __VA_ARGS__)) \
			tap_bail();         \
	} while (0)
bool tap_ok(bool ok, const char *cond, const char *file, int line,
    const char *fmt, ...) __attribute__((format(printf, 5, 6)));
void tap_skip(const char *why, const char *what);
_Noreturn void tap_bail(void);
/* Prints the plan; what main() returns. */
int tap_done(void);
#endif
