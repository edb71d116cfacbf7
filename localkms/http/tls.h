#ifndef LOCALKMS_TLS_H
#define LOCALKMS_TLS_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The server's certificate: signed by itself, so that it is also the
 * authority that clients are told to trust. Made once, kept beside the keys,
 * and made anew when its end is near or it does not name the address.
 */
struct tls {
	char *certificate, *key; /* PEM */
	char path[PATH_MAX]; /* of the certificate's file, absolute */
};

/* dir: the store's, which is there and held. host: the address to be named,
 * in numbers; localhost and the loopback addresses are named too. False: why
 * says what is wrong. tls_free() in any case. */
bool tls_open(
    const char *dir, const char *host, struct tls *, char *why, size_t size);
void tls_free(struct tls *);
#endif
