#ifndef FILES_H
#define FILES_H
/* A folder for a test's files, made with the first and removed at the end. */

/* Writes the file and returns its path (static memory). Ends the program when
 * it cannot. */
const char *file_write(const char *name, const char *text);
void files_remove(void);
#endif
