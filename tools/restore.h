#ifndef RESTORE_H
#define RESTORE_H

/* `keyferry restore`, a row in keyferry.c. */
extern const char restore_usage[];
int restore_run(int argc, char **argv);
#endif
