#ifndef KEYPAIR_REF_H
#define KEYPAIR_REF_H
#include <openssl/evp.h>
#include "p11.h"

/*
 * One key on both sides: objects of the module, and OpenSSL's key of the same,
 * in the test's own default context, to check one against the other.
 */
struct keypair_ref {
	CK_OBJECT_HANDLE private, public;
	EVP_PKEY *pkey; /* of a key in KMS the public half, or NULL */
};

/* Session objects; they end the program when they cannot be had. */
struct keypair_ref keypair_ref_rsa(unsigned bits);
struct keypair_ref keypair_ref_ec(const char *curve);
struct keypair_ref keypair_ref_raw(const char *name); /* ED25519, ED448 */
/* The private half of an RSA key once more, without its CRT numbers. */
CK_OBJECT_HANDLE keypair_ref_bare(const struct keypair_ref *);
void keypair_ref_free(struct keypair_ref *);

/* A key that KMS makes, found by its label. */
struct keypair_ref keypair_ref_kms(
    const char *spec, const char *usage, const char *label);
/* A session object's value. */
CK_OBJECT_HANDLE secret_make(CK_KEY_TYPE, const void *value, size_t len);
/* The PKCS#8 as which C_WrapKey takes a private session key out: how long it is. */
CK_ULONG pkcs8_of(CK_OBJECT_HANDLE private, CK_BYTE *der, CK_ULONG room);
/* C_UnwrapKey of one, which need not be good, as an open key of that type. */
CK_RV pkcs8_unwrap(CK_KEY_TYPE, CK_BYTE *der, CK_ULONG len, CK_OBJECT_HANDLE *);
#endif
