#ifndef LOCALKMS_RSA_STOCK_H
#define LOCALKMS_RSA_STOCK_H
#include <openssl/types.h>

/*
 * RSA key pairs generated ahead by a thread of low priority: one of 4096 bits
 * takes seconds, while AWS answers in milliseconds.
 */
struct rsa_stock;

struct rsa_stock *rsa_stock_open(void); /* NULL: out of memory or threads */
/* A pair of the caller's own, to be freed; generated now if none is in stock.
 * bits: 2048, 3072 or 4096. NULL: generation failed. */
EVP_PKEY *rsa_stock_take(struct rsa_stock *, unsigned bits);
/* The same pair of that size each time, to be freed as well. */
EVP_PKEY *rsa_stock_share(struct rsa_stock *, unsigned bits);
/* Ends the thread, also in the middle of a generation. */
void rsa_stock_close(struct rsa_stock *);
#endif
