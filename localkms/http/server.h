#ifndef LOCALKMS_SERVER_H
#define LOCALKMS_SERVER_H
#include <stdint.h>
#include "http/web.h"

/*
 * An HTTP server: one thread a connection, so that an answer may wait, hang
 * or take its time without holding up another.
 */
struct server;

struct server_conf {
	const char *address; /* "127.0.0.1:0", "[::1]:8080" */
	bool loopback_only; /* refuse any other address */
	unsigned connections; /* more are closed at once */
	unsigned body_seconds; /* from a request's start, also if it drips */
	size_t body_max; /* of a request; a longer one is answered with 413 */
	const char *certificate, *key; /* PEM; NULL: plain HTTP */
	void (*answer)(
	    void *ctx, const struct web_request *, struct web_reply *);
	void (*answered)(void *ctx); /* the answer is on its way, or NULL */
	void *ctx;
};

#define SERVER_HOST_SIZE 64

/* Splits "HOST:PORT", without the brackets of IPv6; false: no such form. */
bool server_host(
    const char *address, char *host, size_t size, const char **port);
/* Copies conf. False: why says what is wrong. */
bool server_start(const struct server_conf *conf, struct server **out,
    char *why, size_t size);
/* "127.0.0.1:45679": where a client reaches it. */
const char *server_address(const struct server *);
/* Requests under way are finished, but those that wait are broken off. */
void server_stop(struct server *);
#endif
