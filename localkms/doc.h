#ifndef LOCALKMS_DOC_H
#define LOCALKMS_DOC_H
#include <stdbool.h>
#include "buf.h"
#include "mem.h"

/*
 * A request's JSON as a tree. The server must tell an absent member from a
 * zero and name the type that it found, so it cannot decode into a struct at
 * once as a client does.
 */
enum doc_kind {
	DOC_NULL,
	DOC_TRUE,
	DOC_FALSE,
	DOC_NUMBER, /* text: as it was written */
	DOC_STRING, /* text: unescaped UTF-8, a NUL behind it */
	DOC_ARRAY,
	DOC_OBJECT,
};

struct doc {
	enum doc_kind kind;
	struct view key; /* its name, within an object */
	struct view text;
	struct doc *first, *last; /* of what it holds */
	struct doc *next; /* beside it */
	size_t count; /* of what it holds */
};

#define DOC_DEPTH_MAX 32

/* NULL when the text is not JSON, is nested deeper than DOC_DEPTH_MAX or does
 * not fit into mem, where the tree lives. */
const struct doc *doc_parse(struct view text, struct mem *);
/* The last member of that name, as in most parsers; NULL: none. */
const struct doc *doc_member(const struct doc *object, const char *name);
/* "STRING_VALUE", as AWS's errors call it. */
const char *doc_kind_name(const struct doc *);
#endif
