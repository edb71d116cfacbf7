#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "ask.h"
#include "message.h"
#include "text.h"

bool
ask(bool yes, const char *fmt, ...)
{
	va_list ap;
	int answer, rest;

	if (yes)
		return (true);
	if (!isatty(STDIN_FILENO)) {
		message("no terminal to ask at: use --yes to go on");
		return (false);
	}
	fflush(stdout);
	va_start(ap, fmt);
	text_vprintf(stderr, fmt, ap);
	va_end(ap);
	fputs(" [y/N] ", stderr);
	rest = answer = getchar();
	/* the next question has an answer of its own */
	while (rest != '\n' && rest != EOF)
		rest = getchar();
	return (answer == 'y' || answer == 'Y');
}
