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
			message("--%s %s is not valid", rows[row].name, optarg);
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
