#ifndef LIST_H
#define LIST_H

/* `keyferry list`, a row in keyferry.c. */
extern const char list_usage[];
int list_run(int argc, char **argv);
#endif
