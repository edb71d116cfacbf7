#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "files.h"
#include "tap.h"

#define NAMES_MAX 16

static char folder[64], names[NAMES_MAX][128];

const char *
file_write(const char *name, const char *text)
{
	FILE *f;
	size_t i;

	if (folder[0] == '\0') {
		(void)snprintf(
		    folder, sizeof(folder), "/tmp/keyferry-test.XXXXXX");
		if (mkdtemp(folder) == NULL)
			tap_bail();
	}
	for (i = 0; i < NAMES_MAX && names[i][0] != '\0'; i++)
		if (strcmp(strrchr(names[i], '/') + 1, name) == 0)
			break;
	if (i == NAMES_MAX)
		tap_bail();
	(void)snprintf(names[i], sizeof(names[i]), "%s/%s", folder, name);
	if ((f = fopen(names[i], "w")) == NULL || fputs(text, f) == EOF ||
	    fclose(f) != 0)
		tap_bail();
	return (names[i]);
}

void
files_remove(void)
{
	for (size_t i = 0; i < NAMES_MAX && names[i][0] != '\0'; i++)
		(void)unlink(names[i]);
	if (folder[0] != '\0')
		(void)rmdir(folder);
}
