#ifndef WRAP_H
#define WRAP_H

/* `keyferry wrap`, a row in keyferry.c. */
extern const char wrap_usage[];
int wrap_run(int argc, char **argv);
#endif
