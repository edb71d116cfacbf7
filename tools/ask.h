#ifndef ASK_H
#define ASK_H
#include <stdbool.h>

/* Asks a question at the terminal, whose answer is yes or no. yes: it need not
 * be asked. Without a terminal, says on standard error that --yes is needed,
 * and returns false. */
bool ask(bool yes, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#endif
