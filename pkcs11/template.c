#include <string.h>
#include "template.h"

const CK_ATTRIBUTE *
template_find(struct template t, CK_ATTRIBUTE_TYPE type)
{
	for (CK_ULONG i = 0; i < t.count; i++)
		if (t.rows[i].type == type)
			return (&t.rows[i]);
	return (NULL);
}

bool
template_has(struct template t, CK_ATTRIBUTE_TYPE type)
{
	return (template_find(t, type) != NULL);
}

struct view
template_view(struct template t, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(t, type);

	return (a == NULL ? VIEW(NULL, 0) : VIEW(a->pValue, a->ulValueLen));
}

CK_ULONG
template_ulong(struct template t, CK_ATTRIBUTE_TYPE type, CK_ULONG absent)
{
	struct view v = template_view(t, type);

	if (v.ptr != NULL && v.len == sizeof(absent))
		memcpy(&absent, v.ptr, sizeof(absent));
	return (absent);
}

bool
template_bool(struct template t, CK_ATTRIBUTE_TYPE type, bool absent)
{
	struct view v = template_view(t, type);

	return (v.ptr == NULL || v.len != sizeof(CK_BBOOL)
		    ? absent
		    : *v.ptr != CK_FALSE);
}

struct template template_inner(struct template t, CK_ATTRIBUTE_TYPE type)
{
	const CK_ATTRIBUTE *a = template_find(t, type);

	if (a == NULL || a->pValue == NULL)
		return ((struct template){NULL, 0});
	return (
	    (struct template){a->pValue, a->ulValueLen / sizeof(CK_ATTRIBUTE)});
}
