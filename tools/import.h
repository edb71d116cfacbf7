#ifndef IMPORT_H
#define IMPORT_H

/* `keyferry import`, a row in keyferry.c. */
extern const char import_usage[];
int import_run(int argc, char **argv);
#endif
