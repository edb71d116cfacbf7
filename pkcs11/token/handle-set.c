#include <stdlib.h>
#include "array.h"
#include "handle-set.h"

enum err
handle_set_add(struct handle_set *s, CK_OBJECT_HANDLE handle)
{
	CK_OBJECT_HANDLE *handles = array_grow(
	    s->handles, &s->cap, s->count + 1, sizeof(*handles));

	if (handles == NULL)
		return (ERR_MEMORY);
	s->handles = handles;
	handles[s->count++] = handle;
	return (ERR_OK);
}

bool
handle_set_remove(struct handle_set *s, CK_OBJECT_HANDLE handle)
{
	size_t i = 0;

	while (i < s->count && s->handles[i] != handle)
		i++;
	if (i == s->count)
		return (false);
	s->handles[i] = s->handles[--s->count];
	return (true);
}

void
handle_set_free(struct handle_set *s)
{
	free(s->handles);
	*s = (struct handle_set){.handles = NULL};
}
