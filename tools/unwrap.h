#ifndef UNWRAP_H
#define UNWRAP_H

/* `keyferry unwrap`, a row in keyferry.c. */
extern const char unwrap_usage[];
int unwrap_run(int argc, char **argv);
#endif
