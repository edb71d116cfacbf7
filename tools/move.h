#ifndef MOVE_H
#define MOVE_H

/* `keyferry move`, a row in keyferry.c. */
extern const char move_usage[];
int move_run(int argc, char **argv);
#endif
