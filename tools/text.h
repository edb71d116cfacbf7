#ifndef TEXT_H
#define TEXT_H
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include "buf.h"

/* Writes text for a terminal: what is not printable text as \xNN. Returns the
 * number of columns. */
size_t text_print(FILE *, struct view);
/* The same of what is put together; a line's end in it is escaped, too. */
void text_printf(FILE *, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void text_vprintf(FILE *, const char *fmt, va_list)
    __attribute__((format(printf, 2, 0)));
/* Whether it is UTF-8, without a NUL. */
bool text_is_utf8(struct view);
/* Lower-case hexadecimal digits. */
void text_print_hex(FILE *, struct view);
/* A JSON string; bytes that are not UTF-8 become U+FFFD. */
void text_print_json(FILE *, struct view);

#define TEXT_TIME_SIZE 32
/* "2026-11-27T08:00:00Z"; "" for a time that no calendar has. */
void text_time(time_t, char out[TEXT_TIME_SIZE]);
#endif
