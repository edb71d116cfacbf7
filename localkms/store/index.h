#ifndef LOCALKMS_INDEX_H
#define LOCALKMS_INDEX_H
#include <stdbool.h>
#include <stddef.h>

/*
 * A sorted array of pointers, for binary search and for paging. Adding one to
 * 100,000 moves at most 800 kB, which costs less than the sync to disk that
 * goes with it.
 */
struct index {
	void **rows;
	size_t count, cap;
	int (*compare)(const void *row, const void *key);
};

/* The place of key, or where to insert it; *found says which. */
size_t index_find(const struct index *, const void *key, bool *found);
/* Copies the row of that key, of size bytes, to *out; false: there is none. */
bool index_copy(const struct index *, const void *key, void *out, size_t size);
/* Makes room, so that the next index_put() cannot fail. */
bool index_reserve(struct index *);
/* Puts row at that place: instead of the row there, or before it. */
void index_put(struct index *, size_t place, bool instead, void *row);
void index_remove(struct index *, size_t place);
void index_free(struct index *); /* not the rows */
void index_free_all(struct index *); /* the rows, too */
#endif
