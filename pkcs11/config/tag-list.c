#include <string.h>
#include "tag-list.h"

#define BLANKS " \t"
#define TAGS_MAX 50
#define KEY_MAX 128 /* characters */
#define VALUE_MAX 256
#define RESERVED "aws:"

/* The bytes from start to end, without blanks around them. */
static struct view
trim(const char *start, const char *end)
{
	while (start < end && strchr(BLANKS, *start) != NULL)
		start++;
	while (start < end && strchr(BLANKS, end[-1]) != NULL)
		end--;
	return (VIEW(start, (size_t)(end - start)));
}

bool
tag_list_next(const char **list, struct view *key, struct view *value)
{
	const char *start = *list, *end = start + strcspn(start, ",");
	const char *equals = memchr(start, '=', (size_t)(end - start));

	if (*start == '\0')
		return (false);
	*list = *end == ',' ? end + 1 : end;
	*key = trim(start, equals != NULL ? equals : end);
	*value = equals != NULL ? trim(equals + 1, end) : VIEW(NULL, 0);
	return (true);
}

/* Letters and digits of any script, and these. KMS alone knows which characters
 * beyond ASCII are letters. */
static bool
is_tag_text(struct view v, size_t most)
{
	static const char ascii[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789 _.:/=+-@";
	size_t characters = 0;

	for (size_t i = 0; i < v.len; i++) {
		if (v.ptr[i] < 0x80 && strchr(ascii, v.ptr[i]) == NULL)
			return (false);
		characters += (v.ptr[i] & 0xc0) != 0x80;
	}
	return (characters <= most);
}

static bool
has_key(const char *list, const char *end, struct view key)
{
	struct view other, value;

	while (list < end && tag_list_next(&list, &other, &value))
		if (view_equal(other, key))
			return (true);
	return (false);
}

bool
tag_list_is_valid(const char *list)
{
	const char *at = list, *start = list;
	struct view key, value;
	size_t count = 0;

	for (; tag_list_next(&at, &key, &value); count++, start = at)
		if (count == TAGS_MAX || value.ptr == NULL || key.len == 0 ||
		    !is_tag_text(key, KEY_MAX) ||
		    !is_tag_text(value, VALUE_MAX) ||
		    (key.len >= strlen(RESERVED) &&
			memcmp(key.ptr, RESERVED, strlen(RESERVED)) == 0) ||
		    has_key(list, start, key))
			return (false);
	/* a comma at the end has a tag behind it */
	return (count != 0 && at[-1] != ',');
}
