#include <string.h>
#include "key-list.h"
#include "keydata/names.h"

#define SEPARATORS " \t,"
#define KEY_RESOURCE ":key/"

/* The next name, and its length; 0: there is none. *list moves behind it. */
static size_t
next_name(const char **list, const char **name)
{
	*name = *list + strspn(*list, SEPARATORS);
	*list = *name + strcspn(*name, SEPARATORS);
	return ((size_t)(*list - *name));
}

static bool
is_key_arn(const char *s, size_t len)
{
	size_t head = strlen(KEY_RESOURCE);

	if (len < 4 || strncmp(s, "arn:", 4) != 0)
		return (false);
	for (size_t i = 0; i + head < len; i++)
		if (strncmp(s + i, KEY_RESOURCE, head) == 0)
			return (
			    name_is_key_id(VIEW(s + i + head, len - i - head)));
	return (false);
}

bool
key_list_is_valid(const char *list)
{
	const char *name;
	size_t len, count = 0;

	for (; (len = next_name(&list, &name)) != 0; count++)
		if (!name_is_key_id(VIEW(name, len)) && !is_key_arn(name, len))
			return (false);
	return (count != 0);
}

bool
key_list_has(const char *list, const char *key_id, const char *arn)
{
	const char *name;
	size_t len;

	while (list != NULL && (len = next_name(&list, &name)) != 0)
		if ((len == strlen(key_id) &&
			strncmp(name, key_id, len) == 0) ||
		    (len == strlen(arn) && strncmp(name, arn, len) == 0))
			return (true);
	return (false);
}
