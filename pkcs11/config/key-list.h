#ifndef KEY_LIST_H
#define KEY_LIST_H
#include <stdbool.h>
#include "buf.h"

/*
 * The option `keys`: selectors with blanks or commas between. A key is selected
 * if any of them says so. Only the names that KMS alone gives, key ids and key
 * ARNs, vouch for a key: whoever may create aliases or tags can put them on
 * another.
 */
enum selector_kind {
	SELECTOR_KEY = 1 << 0, /* a key id or key ARN */
	SELECTOR_ALIAS = 1 << 1, /* alias/NAME, or an alias's ARN */
	SELECTOR_GLOB = 1 << 2, /* alias/PATTERN, with * and ? */
	SELECTOR_TAG = 1 << 3, /* tag:KEY=VALUE, or tag:KEY for any value */
	SELECTOR_ORIGIN = 1 << 4, /* origin:ORIGIN */
	SELECTOR_SPEC = 1 << 5, /* spec:KEYSPEC, with * and ? */
};

struct selector {
	enum selector_kind kind;
	/* the name or pattern, a NUL behind it; of a tag its key */
	char text[257];
	char value[257]; /* of a tag */
	bool any_value; /* of a tag */
};

/* The next of the list, which may be NULL; *list moves behind it. False: there
 * is none, or what is there is no selector. */
bool key_list_next(const char **list, struct selector *);
/* Whether the list has selectors only, and one at least. */
bool key_list_is_valid(const char *list);
/* The kinds that are in it, as bits; 0: of NULL. */
unsigned key_list_kinds(const char *list);
/* Whether the list names the key by its key id or ARN. */
bool key_list_has(const char *list, const char *key_id, const char *arn);
/* Whether * and ? of the pattern make it the text. */
bool key_list_matches(const char *pattern, const char *text);
#endif
