#ifndef LOCALKMS_TLS_H
#define LOCALKMS_TLS_H
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * The server's certificate. It is self-signed, so clients are told to trust
 * it as their authority. It is kept beside the keys, and made anew when it is
 * about to expire or does not name the address.
 */
struct tls {
	char *certificate, *key; /* PEM */
	char path[PATH_MAX]; /* of the certificate's file, absolute */
};

/* dir: the store's folder, which exists and is locked. host: the address that
 * the certificate names, in numbers, besides localhost and the loopback
 * addresses. False: why says what is wrong. Call tls_free() in any case. */
bool tls_open(
    const char *dir, const char *host, struct tls *, char *why, size_t size);
void tls_free(struct tls *);
#endif
