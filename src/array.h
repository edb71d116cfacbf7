#ifndef ARRAY_H
#define ARRAY_H
#include <stddef.h>

/*
 * Makes room for count rows (at least one) of row_size bytes. rows is an array
 * from malloc() with room for *cap rows, or NULL with a *cap of 0. Returns the
 * array, which may have moved, and sets *cap to the rows it now has room for.
 * NULL: out of memory; the array and *cap are as before. The old place of an
 * array that moved is not wiped: rows may point to secrets, but hold none.
 */
void *array_grow(void *rows, size_t *cap, size_t count, size_t row_size);
#endif
