#ifndef DELETE_H
#define DELETE_H

/* `keyferry delete`, a row in keyferry.c. */
extern const char delete_usage[];
int delete_run(int argc, char **argv);
#endif
