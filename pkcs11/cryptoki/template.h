#ifndef TEMPLATE_H
#define TEMPLATE_H
#include <stdbool.h>
#include <time.h>
#include "buf.h"
#include "cryptoki.h"

/* What a template is for. */
enum attr_purpose {
	ATTR_CREATE,
	ATTR_UNWRAP, /* also of what is decapsulated */
	ATTR_GENERATE,
	ATTR_DERIVE,
	ATTR_COPY,
	ATTR_SET,
};

/* A caller's attributes. */
struct template
{
	const CK_ATTRIBUTE *rows;
	CK_ULONG count;
};

/* No program has that many attributes; every row is looked at. */
#define TEMPLATE_ROWS_MAX 4096
/* Whether a caller's rows can be a template. */
bool template_is_good(const CK_ATTRIBUTE *rows, CK_ULONG count);

/* Values out of a template that attr_check() has passed; absent ones are the
 * default given, or a view without bytes (ptr NULL). */
const CK_ATTRIBUTE *template_find(struct template, CK_ATTRIBUTE_TYPE);
bool template_has(struct template, CK_ATTRIBUTE_TYPE);
struct view template_view(struct template, CK_ATTRIBUTE_TYPE);
CK_ULONG template_ulong(struct template, CK_ATTRIBUTE_TYPE, CK_ULONG absent);
bool template_bool(struct template, CK_ATTRIBUTE_TYPE, bool absent);
/* An attribute whose value is attributes (CKA_UNWRAP_TEMPLATE). */
struct template template_inner(struct template, CK_ATTRIBUTE_TYPE);

/* A CK_DATE, and its last second in UTC; false: there is no such day. */
bool template_read_date(struct view, time_t *last);

/* Appends the attributes, values and all, in a form that is bytes alone.
 * ERR_DATA: one has a length and no value. */
enum err template_pack(struct template, struct buf *out);
/* Takes the next attribute off what was packed so; false: there is none. */
bool template_unpack(struct view *packed, CK_ATTRIBUTE_TYPE *, struct view *);
#endif
