#ifndef ATTRSET_H
#define ATTRSET_H
#include <stdbool.h>
#include "buf.h"
#include "cryptoki/cryptoki.h"

/*
 * The attributes of an object that is kept in this process: a session object,
 * a certificate. Never changed once others see it: a change makes another.
 */
struct attrset {
	unsigned refs; /* atomic */
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type; /* CK_UNAVAILABLE_INFORMATION: no key */
	struct arena *arena; /* for secret values */
	struct attrset_row *rows;
	size_t count, cap;
};

/* NULL: no memory. The arena outlives the attribute set. */
struct attrset *attrset_new(struct arena *, CK_OBJECT_CLASS, CK_KEY_TYPE);
/* A copy, to be changed. NULL: no memory. */
struct attrset *attrset_copy(const struct attrset *);
struct attrset *attrset_ref(struct attrset *);
void attrset_unref(struct attrset *); /* NULL is fine */

/* Sets or replaces a value. A secret one is kept in the arena. ERR_MEMORY,
 * ERR_TOO_BIG above ATTRSET_VALUE_MAX bytes. */
#define ATTRSET_VALUE_MAX (1024 * 1024)
enum err attrset_set(
    struct attrset *, CK_ATTRIBUTE_TYPE, struct view value, bool secret);
enum err attrset_set_ulong(struct attrset *, CK_ATTRIBUTE_TYPE, CK_ULONG);
enum err attrset_set_bool(struct attrset *, CK_ATTRIBUTE_TYPE, bool);

/* False: it has none. *value is good for as long as the attribute set. */
bool attrset_get(const struct attrset *, CK_ATTRIBUTE_TYPE, struct view *value);
/* The bytes, or a view without any (ptr NULL). */
struct view attrset_view(const struct attrset *, CK_ATTRIBUTE_TYPE);
bool attrset_bool(const struct attrset *, CK_ATTRIBUTE_TYPE, bool absent);
/* The i-th of its attributes, in no order; false: there are not so many. */
bool attrset_at(
    const struct attrset *, size_t i, CK_ATTRIBUTE_TYPE *, struct view *value);
/* How many bytes its values have. */
size_t attrset_size(const struct attrset *);
#endif
