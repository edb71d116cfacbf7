#ifndef TEMPLATE_H
#define TEMPLATE_H
#include <stdbool.h>
#include "buf.h"
#include "cryptoki.h"

/* A caller's attributes. */
struct template
{
	const CK_ATTRIBUTE *rows;
	CK_ULONG count;
};

/* Values out of a template that attr_check() has passed; absent ones are the
 * default given, or a view without bytes (ptr NULL). */
const CK_ATTRIBUTE *template_find(struct template, CK_ATTRIBUTE_TYPE);
bool template_has(struct template, CK_ATTRIBUTE_TYPE);
struct view template_view(struct template, CK_ATTRIBUTE_TYPE);
CK_ULONG template_ulong(struct template, CK_ATTRIBUTE_TYPE, CK_ULONG absent);
bool template_bool(struct template, CK_ATTRIBUTE_TYPE, bool absent);
/* An attribute whose value is attributes (CKA_UNWRAP_TEMPLATE). */
struct template template_inner(struct template, CK_ATTRIBUTE_TYPE);
#endif
