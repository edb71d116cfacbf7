#ifndef CERTIFICATE_LIST_H
#define CERTIFICATE_LIST_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <openssl/types.h>

/*
 * What a TLS server showed, for people: the chain that was verified, its own
 * certificate first, or what it sent when that was not accepted.
 */
#define CERTIFICATES_MAX 8
struct certificate_list {
	bool accepted;
	size_t count;
	struct certificate {
		char subject[256], issuer[256]; /* as in RFC 2253, cut to fit */
		int64_t end; /* of its validity, in seconds since 1970 */
	} of[CERTIFICATES_MAX];
};

/* Fills the list in the next handshakes with this context, each anew. What is
 * accepted stays the same. The list outlives the context. */
void certificate_list_watch(SSL_CTX *, struct certificate_list *);
#endif
