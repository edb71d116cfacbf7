#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H
#include <stdint.h>
#include <curl/curl.h>

/* The connections that curl handles share. Their sockets are made and closed
 * here. */
#define SOCKETS_MAX 96 /* of each: two families at once, and old ones */
#define SILENT_MS 3000 /* what is sent is acknowledged in less than that */

struct conns {
	int sockets[SOCKETS_MAX]; /* open ones, -1: none */
	struct curl_slist *resolve; /* the server's name, for curl */
	int64_t resolved_ms; /* when, on the deadline's clock, */
	char resolved_host[256]; /* of which server */
};
void conns_init(struct conns *);
/* After the handles that use them. */
void conns_free(struct conns *);
/* In a forked child: closes the sockets and sends nothing. */
void conns_abandon(struct conns *);

/* For CURLOPT_OPENSOCKETFUNCTION. */
curl_socket_t conns_open(struct conns *, const struct curl_sockaddr *);
/* CURLOPT_CLOSESOCKETFUNCTION, with the conns as CURLOPT_CLOSESOCKETDATA. */
int conns_close(void *conns, curl_socket_t);
#endif
