#include <stdlib.h>
#include <string.h>
#include "array.h"
#include "store/index.h"

size_t
index_find(const struct index *x, const void *key, bool *found)
{
	size_t low = 0, high = x->count, mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = x->compare(x->rows[mid], key);
		if (c == 0) {
			*found = true;
			return (mid);
		}
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*found = false;
	return (low);
}

bool
index_copy(const struct index *x, const void *key, void *out, size_t size)
{
	bool found;
	size_t place = index_find(x, key, &found);

	if (found)
		memcpy(out, x->rows[place], size);
	return (found);
}

bool
index_reserve(struct index *x)
{
	void **rows = array_grow(x->rows, &x->cap, x->count + 1, sizeof(*rows));

	if (rows != NULL)
		x->rows = rows;
	return (rows != NULL);
}

void
index_put(struct index *x, size_t place, bool instead, void *row)
{
	if (!instead) {
		memmove(x->rows + place + 1, x->rows + place,
		    (x->count - place) * sizeof(*x->rows));
		x->count++;
	}
	x->rows[place] = row;
}

void
index_remove(struct index *x, size_t place)
{
	x->count--;
	memmove(x->rows + place, x->rows + place + 1,
	    (x->count - place) * sizeof(*x->rows));
}

void
index_free(struct index *x)
{
	free(x->rows);
	x->rows = NULL;
	x->count = x->cap = 0;
}

void
index_free_all(struct index *x)
{
	for (size_t i = 0; i < x->count; i++)
		free(x->rows[i]);
	index_free(x);
}
