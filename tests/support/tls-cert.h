#ifndef TLS_CERT_H
#define TLS_CERT_H
#include <openssl/types.h>

/* A server's context with a certificate made for name ("IP:127.0.0.1",
 * "DNS:kms.example"), which is written to *path too. Ends the program when it
 * cannot. */
SSL_CTX *tls_context(const char *name, const char **path);
#endif
