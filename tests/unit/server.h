#ifndef SERVER_H
#define SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

/*
 * A scripted HTTP server on a free loopback port, a thread a connection. Each
 * request that arrives, on whatever connection, takes the next step; the last
 * step repeats.
 */
struct step {
	int status; /* 0: the connection is cut without a reply */
	const char *body; /* NULL: none */
	bool echo; /* the request's own instead */
	const char *headers; /* more of them, each ended by CR LF, or NULL */
	const char *raw; /* these bytes instead of an HTTP reply, then cut */
	bool hang; /* no reply, and no cut until server_stop() */
	bool close; /* unannounced, after the reply */
	void (*hook)(void); /* before the reply */
};

struct server;

/* tls: NULL for plain http. Ends the program when it cannot. */
struct server *server_start(const struct step *, size_t count, SSL_CTX *tls);
const char *server_url(const struct server *); /* "http://127.0.0.1:PORT" */
/* So far: requests read whole, connections accepted, bytes received. */
int server_requests(struct server *);
int server_connections(struct server *);
size_t server_bytes(struct server *);
/* Head and body of a request, from 0; at most 64 are kept. */
const char *server_request(struct server *, int i);
void server_stop(struct server *);
#endif
