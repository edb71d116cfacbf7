#ifndef LOCALKMS_ORDER_H
#define LOCALKMS_ORDER_H
#include "disk.h"

/* The orders of the store's indexes. */

/* A place in an index. */
struct at {
	const char *region, *first, *second;
};

/* Rows are of struct key by Region and id; of struct alias by Region and name,
 * or by Region, key id and name. key is a struct at. */
int key_compare(const void *row, const void *key);
int alias_compare(const void *row, const void *key);
int owner_compare(const void *row, const void *key);
struct at key_at(const struct key *);
struct at alias_at(const struct alias *);
struct at owner_at(const struct alias *);
#endif
