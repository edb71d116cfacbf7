#ifndef LOCALKMS_FILE_H
#define LOCALKMS_FILE_H
#include <stdbool.h>

/* Puts text into the file, for its owner alone. Readers find the old content
 * or the new, never a part; it is on disk when this returns. */
bool file_replace(const char *path, const char *text);
#endif
