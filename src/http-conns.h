#ifndef HTTP_CONNS_H
#define HTTP_CONNS_H
#include <stdint.h>
#include <sys/types.h>
#include <curl/curl.h>
#include "crypto.h"

/* The connections that curl handles share. Their sockets are made and closed
 * here. */
#define SOCKETS_MAX 96 /* of each: two families at once, and old ones */
#define SILENT_MS 3000 /* what is sent is acknowledged in less than that */

/* A descriptor, and what it led to when it was opened: a host may close all of
 * the process's descriptors, and open others that get the same numbers. */
struct conns_fd {
	int fd; /* -1: none */
	dev_t device;
	ino_t inode;
	const void *opener; /* of a socket: see conns_open(); then NULL */
};

struct conns {
	struct conns_fd sockets[SOCKETS_MAX]; /* open ones */
	struct conns_fd wakeup[2]; /* with which curl ends its own waits */
	struct curl_slist *resolve; /* the server's name, for curl */
	int64_t resolved_ms; /* when, on the deadline's clock, */
	char resolved_host[256]; /* of which server */
};
void conns_init(struct conns *);
/* After the handles that use them. */
void conns_free(struct conns *);
/* In a forked child: closes the sockets and sends nothing. */
void conns_abandon(struct conns *);

/* As curl_multi_init(), for handles with these connections: programs that the
 * host starts do not inherit what it opens. */
CURLM *conns_multi_init(struct conns *, const struct crypto *);
/* Whether the host has closed any of the descriptors. CONNS_TAKEN: one of the
 * numbers leads to something of the host's, and curl must not touch it. */
enum conns_state { CONNS_FINE, CONNS_CLOSED, CONNS_TAKEN };
enum conns_state conns_look(const struct conns *);

/* For CURLOPT_OPENSOCKETFUNCTION. The opener has a request now, and calls
 * conns_settle() when that is over. */
curl_socket_t conns_open(
    struct conns *, const struct curl_sockaddr *, const void *opener);
/* Only one of those that the opener has opened is still open (CURL_SOCKET_BAD:
 * none). curl closes by itself, without conns_close(), what it was still
 * connecting. */
void conns_settle(struct conns *, const void *opener, curl_socket_t kept);
/* CURLOPT_CLOSESOCKETFUNCTION, with the conns as CURLOPT_CLOSESOCKETDATA. */
int conns_close(void *conns, curl_socket_t);
#endif
