#include <stdint.h>
#include <stdlib.h>
#include "array.h"

void *
array_grow(void *rows, size_t *cap, size_t count, size_t row_size)
{
	size_t want = count;
	void *grown;

	if (count <= *cap)
		return (rows);
	if (*cap <= SIZE_MAX / 2 && want < 2 * *cap)
		want = 2 * *cap;
	if (want > SIZE_MAX / row_size)
		return (NULL);
	if ((grown = realloc(rows, want * row_size)) != NULL)
		*cap = want;
	return (grown);
}
