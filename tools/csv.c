#include <stdbool.h>
#include <string.h>
#include "csv.h"

/* A field in quotes, of which two stand for one. False: they are not closed, or
 * something else than the field's end is behind them. */
static bool
unquote(char **at, unsigned *line, char **field)
{
	char *from = *at + 1, *to = from;
	bool closed = false;

	*field = from;
	while (!closed && *from != '\0') {
		closed = from[0] == '"' && from[1] != '"';
		from += *from == '"';
		if (closed)
			break;
		*line += *from == '\n';
		*to++ = *from++;
	}
	if (!closed || strchr(",\r\n", *from) == NULL)
		return (false);
	*at = from;
	*to = '\0';
	return (true);
}

/* Ends the field. Returns whether another follows it. */
static bool
end_field(char **at)
{
	char end = **at;

	if (end != '\0')
		*(*at)++ = '\0';
	if (end == '\r' && **at == '\n')
		++*at;
	return (end == ',');
}

int
csv_next(char **at, unsigned *line, char **fields, int max, const char **why)
{
	int n = 0;
	bool more = true;

	for (++*line; **at == '\n' || **at == '\r'; ++*at)
		*line += **at == '\n';
	if (**at == '\0')
		return (0);
	while (more) {
		if (n == max) {
			*why = "it has more fields than the first line";
			return (-1);
		}
		fields[n] = *at;
		if (**at != '"')
			*at += strcspn(*at, ",\r\n");
		else if (!unquote(at, line, &fields[n])) {
			*why = "a quote \" is not closed";
			return (-1);
		}
		n++;
		more = end_field(at);
	}
	return (n);
}
