#ifndef KEY_LIST_H
#define KEY_LIST_H
#include <stdbool.h>

/*
 * Keys by the names that KMS alone gives: key ids and key ARNs, with blanks or
 * commas between. An alias is no such name: whoever may create aliases can put
 * it on another key.
 */

/* Whether the list has such names only, and one at least. */
bool key_list_is_valid(const char *list);
/* Whether the list, which may be NULL, names the key. */
bool key_list_has(const char *list, const char *key_id, const char *arn);
#endif
