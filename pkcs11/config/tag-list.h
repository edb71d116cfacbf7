#ifndef TAG_LIST_H
#define TAG_LIST_H
#include <stdbool.h>
#include "buf.h"

/*
 * Tags of KMS keys as the configuration has them: KEY=VALUE, with commas
 * between. A key ends at the first equals sign. Blanks around a key, a value or
 * a comma do not count.
 */

/* The next tag of the list, whose start *list moves behind it; false: there is
 * none. A tag without an equals sign has a value whose ptr is NULL. */
bool tag_list_next(const char **list, struct view *key, struct view *value);
/* Whether the list is one that KMS takes: 1 to 50 tags of different keys, of 1
 * to 128 characters, values of at most 256; no key begins with "aws:". */
bool tag_list_is_valid(const char *list);
#endif
