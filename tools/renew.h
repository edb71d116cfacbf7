#ifndef RENEW_H
#define RENEW_H

/* `keyferry renew`, a row in keyferry.c. */
extern const char renew_usage[];
int renew_run(int argc, char **argv);
#endif
