#ifndef CLIENT_ENV_H
#define CLIENT_ENV_H
#include <sys/types.h>
#include "client.h"
#include "http-server.h"

/* What the tests of the client share. */
extern struct crypto test_crypto;
void test_crypto_open(void); /* ends the program when it cannot */

/* A clock on which waiting takes no time, and whose date can be wrong. */
struct test_clock {
	struct clock clock;
	_Atomic int64_t slept_ms; /* in all */
	_Atomic int sleeps;
	int64_t wrong_ms; /* added to the date */
};
void test_clock_init(struct test_clock *);

/* Empties the environment but for a Region, credentials and the endpoint. */
void test_env(const char *url);
/* Ends the program when it cannot. clock: NULL for the system's. */
struct client *test_client(const struct clock *);

/* One request of operation with body "{}"; the reply is at most 64 kB. */
struct outcome {
	enum err err;
	struct error_info error;
	char reply[65536 + 1];
};
void test_post(struct client *, const struct clock *, const char *operation,
    int64_t ms, struct outcome *);
/* Value of a header of a request, "" when absent; static memory. */
const char *test_header(const char *request, const char *name);

/* Our open sockets to the server, and how many of them a program that the
 * host starts would inherit. */
struct test_sockets {
	int open, inherited;
};
struct test_sockets test_sockets(const char *url);
/* Waits for a child; whether it ended with status 0. */
bool test_child(pid_t);
#endif
