#ifndef LIST_ROWS_H
#define LIST_ROWS_H
#include "token/call.h"
#include "token/key.h"

/* All rows of a list, gathered page by page. */
struct rows {
	uint8_t *ptr;
	size_t count, cap, size; /* of one row */
};

/* key: NULL for a list that is of no key. The caller frees ptr, also after a
 * failure. */
enum err rows_gather(struct call *, const char *key,
    enum err (*list)(struct kms *, const char *key, struct kms_page *),
    struct rows *);
/* ListKeys, as rows_gather() takes it. */
enum err list_all_keys(struct kms *, const char *unused, struct kms_page *);
/* One more row, copied. */
enum err rows_add_one(struct rows *, const void *row);
/* In that order, each once: a page may have come twice. */
void rows_sort(struct rows *, int (*order)(const void *, const void *));

/* Aliases by key, then oldest first, then by name. */
int alias_order(const void *, const void *);
/* Gives the key its names, out of aliases in alias_order(). */
void take_names(struct key *, const struct rows *aliases);
#endif
