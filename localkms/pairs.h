#ifndef LOCALKMS_PAIRS_H
#define LOCALKMS_PAIRS_H
#include <openssl/types.h>

/*
 * Fresh RSA key pairs, made ahead by a thread of low priority: one of 4096
 * bits takes seconds, and AWS answers in milliseconds.
 */
struct pairs;

struct pairs *pairs_open(void); /* NULL: out of memory or threads */
/* A pair that nobody else gets, freed by the caller; made on the spot when
 * there is none in stock. bits: 2048, 3072 or 4096. NULL: failed. */
EVP_PKEY *pairs_take(struct pairs *, unsigned bits);
/* Breaks off what is being made. */
void pairs_close(struct pairs *);
#endif
