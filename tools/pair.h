#ifndef PAIR_H
#define PAIR_H

/* `keyferry pair`, a row in keyferry.c. */
extern const char pair_usage[];
int pair_run(int argc, char **argv);
#endif
