#ifndef LOCALKMS_RSA_STOCK_H
#define LOCALKMS_RSA_STOCK_H
#include <openssl/types.h>

/*
 * Fresh RSA key pairs, made ahead by a thread of low priority: one of 4096
 * bits takes seconds, and AWS answers in milliseconds.
 */
struct rsa_stock;

struct rsa_stock *rsa_stock_open(void); /* NULL: out of memory or threads */
/* A pair that nobody else gets, freed by the caller; made on the spot when
 * there is none in stock. bits: 2048, 3072 or 4096. NULL: failed. */
EVP_PKEY *rsa_stock_take(struct rsa_stock *, unsigned bits);
/* Breaks off what is being made. */
void rsa_stock_close(struct rsa_stock *);
#endif
