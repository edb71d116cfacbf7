#ifndef COUNTING_PROXY_H
#define COUNTING_PROXY_H
#include <stddef.h>

/*
 * A process between the module and the KMS that passes bytes on and counts
 * them. Start it before the module; it ends with the test.
 */
/* Points $AWS_ENDPOINT_URL_KMS at itself. */
void proxy_start(void);
/* Connections so far, and bytes that came from the client on the first n. */
size_t proxy_connections(void);
size_t proxy_bytes(size_t n);
#endif
