#ifndef ROTATE_H
#define ROTATE_H

/* `keyferry rotate`, a row in keyferry.c. */
extern const char rotate_usage[];
int rotate_run(int argc, char **argv);
#endif
