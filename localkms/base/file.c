#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "replace-file.h"

bool
file_replace(const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	char above[PATH_MAX];
	int dir;
	bool ok;

	/* all up to the last '/', which the root is too */
	if ((size_t)snprintf(above, sizeof(above), "%.*s",
		slash != NULL ? (int)(slash - path) + 1 : 1,
		slash != NULL ? path : ".") >= sizeof(above) ||
	    (dir = open(above, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) == -1)
		return (false);
	ok = replace_file(dir, slash != NULL ? slash + 1 : path, 0600,
		 view_str(text), NULL) == ERR_OK;
	(void)close(dir);
	return (ok);
}
