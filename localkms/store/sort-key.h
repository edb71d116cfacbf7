#ifndef LOCALKMS_SORT_KEY_H
#define LOCALKMS_SORT_KEY_H
#include "store/disk.h"

/* The orders of the store's indexes. */

/* A place in an index. */
struct sort_key {
	const char *region, *first, *second;
};

/* Rows are of struct key by Region and id; of struct alias by Region and name,
 * or by Region, key id and name. key is a struct sort_key. */
int key_compare(const void *row, const void *key);
int alias_compare(const void *row, const void *key);
int alias_by_key_compare(const void *row, const void *key);
struct sort_key key_sort_key(const struct key *);
struct sort_key alias_sort_key(const struct alias *);
struct sort_key alias_by_key_sort_key(const struct alias *);
#endif
