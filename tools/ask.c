#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "ask.h"

bool
ask(bool yes, const char *fmt, ...)
{
	char answer[16];
	va_list ap;

	if (yes)
		return (true);
	if (!isatty(STDIN_FILENO)) {
		fprintf(stderr, "keyferry: no terminal to ask at: use --yes to "
				"go on\n");
		return (false);
	}
	fflush(stdout);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" [y/N] ", stderr);
	return (fgets(answer, sizeof(answer), stdin) != NULL &&
		(answer[0] == 'y' || answer[0] == 'Y'));
}
