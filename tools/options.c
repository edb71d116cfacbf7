#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "message.h"
#include "options.h"

#define OPTIONS_MAX 32
#define HOUR 3600L
#define DAY (24 * HOUR)
#define DURATION_MAX 100000 /* days, or hours */

bool
options_take(const struct option_row *row, char *argument)
{
	if (row->flag != NULL)
		return (*row->flag = true);
	if (row->text == NULL)
		return (row->read(argument, row->to));
	*row->text = argument;
	return (true);
}

/* What an argument must be, by the option's name. */
static const char *
form_of(const char *name)
{
	static const struct {
		const char *name, *form;
	} rows[] = {
	    {"end-date", "a day that is not over, such as 2027-01-31"},
	    {"valid-days", "a number of days, 1 to 365"},
	    {"within", "a time such as 30d (days) or 12h (hours)"},
	    {"ending", "a time such as 30d (days) or 12h (hours)"},
	    {"id", "an even number of hexadecimal digits, 238 at most"},
	    {"id-prefix", "an even number of hexadecimal digits, 238 at most"},
	    {"usage", "sign, decrypt or derive"},
	    {"wrapping-bits", "2048, 3072 or 4096"},
	    {"tags", "KEY=VALUE, with commas between"},
	    {"multi-region", "yes or no"},
	    {"format", "raw, hex or base64"},
	    {"components", "a number, 2 to 9"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return (rows[i].form);
	return (NULL);
}

static void
tell_invalid(const char *name, const char *argument)
{
	const char *form = form_of(name);

	message("--%s %s is not valid%s%s", name, argument,
	    form == NULL ? "" : ": it must be ", form == NULL ? "" : form);
}

int
options_read(int argc, char **argv, const struct option_row *rows, size_t count,
    int operands_max)
{
	struct option known[OPTIONS_MAX + 1] = {{NULL, 0, NULL, 0}};
	int row = 0, ch;

	if (count > OPTIONS_MAX)
		return (-1);
	for (size_t i = 0; i < count; i++)
		known[i] = (struct option){rows[i].name,
		    rows[i].flag == NULL ? required_argument : no_argument,
		    NULL, 1};
	while ((ch = getopt_long(argc, argv, "", known, &row)) != -1) {
		if (ch != 1)
			return (-1);
		if (!options_take(&rows[row], optarg)) {
			tell_invalid(rows[row].name, optarg);
			return (-1);
		}
	}
	if (argc - optind <= operands_max)
		return (optind);
	if (operands_max == 0)
		message("%s takes only options", argv[0]);
	else
		message(
		    "%s: %s is too much", argv[0], argv[optind + operands_max]);
	return (-1);
}

bool
options_read_duration(char *s, void *seconds)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(s, &end, 10);
	if (s[0] < '0' || s[0] > '9' || errno != 0 || n > DURATION_MAX ||
	    (strcmp(end, "d") != 0 && strcmp(end, "h") != 0))
		return (false);
	*(time_t *)seconds = n * (*end == 'd' ? DAY : HOUR);
	return (true);
}
