#ifndef SHOW_FINGERPRINT_H
#define SHOW_FINGERPRINT_H

/* `keyferry fingerprint`, a row in keyferry.c. */
extern const char show_fingerprint_usage[];
int show_fingerprint_run(int argc, char **argv);
#endif
