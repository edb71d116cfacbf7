#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H
#include <stdbool.h>
#include <stddef.h>
#include <openssl/types.h>

/*
 * A scripted HTTP server on a free loopback port, a thread a connection. Each
 * request that arrives, on whatever connection, takes the next step; the last
 * step repeats.
 */
struct http_step {
	int status; /* 0: the connection is cut without a reply */
	const char *body; /* NULL: none */
	bool echo; /* the request's own instead */
	const char *headers; /* more of them, each ended by CR LF, or NULL */
	const char *raw; /* these bytes instead of an HTTP reply, then cut */
	bool hang; /* no reply, and no cut until http_server_stop() */
	bool close; /* unannounced, after the reply */
	void (*hook)(void); /* before the reply */
};

struct http_server;

/* tls: NULL for plain http. Ends the program when it cannot. */
struct http_server *http_server_start(
    const struct http_step *, size_t count, SSL_CTX *tls);
/* Plain http on an IPv6 address of this machine. port 0: a free one. */
struct http_server *http_server_start_ipv6(
    const struct http_step *, size_t count, const char *address, int port);
const char *http_server_url(
    const struct http_server *); /* "http://127.0.0.1:PORT" */
/* So far: requests read whole, connections accepted, bytes received. */
int http_server_requests(struct http_server *);
int http_server_connections(struct http_server *);
size_t http_server_bytes(struct http_server *);
/* Head and body of a request, from 0; at most 64 are kept. */
const char *http_server_request(struct http_server *, int i);
/* From now on, nothing is heard any more of the connections accepted so far, as
 * behind a firewall that has forgotten them: what is sent is not even acknowledged. */
void http_server_silence(struct http_server *);
void http_server_stop(struct http_server *);
#endif
