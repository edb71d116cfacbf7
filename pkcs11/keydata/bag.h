#ifndef BAG_H
#define BAG_H
#include <stdbool.h>
#include "buf.h"
#include "cryptoki/cryptoki.h"

/*
 * The attributes of an object that is kept in this process: a session object,
 * a certificate. Never changed once others see it: a change makes another.
 */
struct bag {
	unsigned refs; /* atomic */
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type; /* CK_UNAVAILABLE_INFORMATION: no key */
	struct arena *arena; /* for secret values */
	struct bag_row *rows;
	size_t count, cap;
};

/* NULL: no memory. The arena outlives the bag. */
struct bag *bag_new(struct arena *, CK_OBJECT_CLASS, CK_KEY_TYPE);
/* A copy, to be changed. NULL: no memory. */
struct bag *bag_copy(const struct bag *);
struct bag *bag_ref(struct bag *);
void bag_unref(struct bag *); /* NULL is fine */

/* Sets or replaces a value. A secret one is kept in the arena. ERR_MEMORY,
 * ERR_TOO_BIG above BAG_VALUE_MAX bytes. */
#define BAG_VALUE_MAX (1024 * 1024)
enum err bag_set(
    struct bag *, CK_ATTRIBUTE_TYPE, struct view value, bool secret);
enum err bag_set_ulong(struct bag *, CK_ATTRIBUTE_TYPE, CK_ULONG);
enum err bag_set_bool(struct bag *, CK_ATTRIBUTE_TYPE, bool);

/* False: it has none. *value is good for as long as the bag. */
bool bag_get(const struct bag *, CK_ATTRIBUTE_TYPE, struct view *value);
/* The bytes, or a view without any (ptr NULL). */
struct view bag_view(const struct bag *, CK_ATTRIBUTE_TYPE);
bool bag_bool(const struct bag *, CK_ATTRIBUTE_TYPE, bool absent);
CK_ULONG bag_ulong(const struct bag *, CK_ATTRIBUTE_TYPE, CK_ULONG absent);
/* The i-th of its attributes, in no order; false: there are not so many. */
bool bag_at(
    const struct bag *, size_t i, CK_ATTRIBUTE_TYPE *, struct view *value);
/* How many bytes its values have. */
size_t bag_size(const struct bag *);
#endif
