#ifndef TWIN_H
#define TWIN_H
#include <openssl/evp.h>
#include "p11.h"

/*
 * One key on both sides: objects of the module, and OpenSSL's key of the same,
 * in the test's own default context, to check one against the other.
 */
struct twin {
	CK_OBJECT_HANDLE private, public;
	EVP_PKEY *pkey; /* of a key in KMS the public half, or NULL */
};

/* Session objects; they end the program when they cannot be had. */
struct twin twin_rsa(unsigned bits);
struct twin twin_ec(const char *curve);
struct twin twin_raw(const char *name); /* ED25519, ED448 */
/* The private half of an RSA key once more, without its CRT numbers. */
CK_OBJECT_HANDLE twin_bare(const struct twin *);
void twin_free(struct twin *);

/* A key that KMS makes, found by its label. */
struct twin twin_kms(const char *spec, const char *usage, const char *label);
/* A session object's value. */
CK_OBJECT_HANDLE secret_make(CK_KEY_TYPE, const void *value, size_t len);
#endif
