#ifndef FFC_KEY_H
#define FFC_KEY_H
#include <openssl/evp.h>
#include "p11.h"

/* A key of DSA or Diffie-Hellman as numbers. */
struct number {
	CK_BYTE bytes[1032];
	CK_ULONG len;
};
struct ffc_key {
	CK_KEY_TYPE type;
	struct number p, q, g, x, y; /* q: of DSA */
};

/* Published ones: FIPS 186-1, appendix 5; RFC 6979, sections A.2.1 and A.2.2. */
void ffc_key_512(struct ffc_key *);
void ffc_key_1024(struct ffc_key *);
void ffc_key_2048(struct ffc_key *);
/* RFC 5114, appendix A.1: 1024 bits. */
void ffc_key_dh(struct ffc_key *);

/* One of so many bits of such a key. Its "prime" is none; nobody looks. */
void ffc_key_lengthen(struct ffc_key *, int bits);

/* What C_CreateObject wants: the class and the key are not copied. */
#define FFC_ROWS 9
CK_ULONG ffc_key_template(
    struct ffc_key *, CK_OBJECT_CLASS *, CK_ATTRIBUTE t[FFC_ROWS]);
/* Private ones are to be seen. */
CK_RV ffc_key_create(struct ffc_key *, CK_OBJECT_CLASS, CK_OBJECT_HANDLE *);
/* The numbers that an object shows of itself: x or y is empty. */
void ffc_key_read(CK_OBJECT_HANDLE, struct ffc_key *);
/* The pair of the group; private may be NULL. */
CK_RV ffc_key_generate(struct ffc_key *, CK_MECHANISM_TYPE,
    const CK_ATTRIBUTE *private, struct pair_handles *);
/* OpenSSL's, out of an object's CKA_PUBLIC_KEY_INFO. */
EVP_PKEY *ffc_key_openssl(CK_OBJECT_HANDLE);
/* Whether OpenSSL's key has that number. */
bool ffc_key_has(const EVP_PKEY *, const char *name, const struct number *);
#endif
