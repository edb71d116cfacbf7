#include <string.h>
#include "template.h"

bool
template_is_good(const CK_ATTRIBUTE *rows, CK_ULONG count)
{
	return (count == 0 || (rows != NULL && count <= TEMPLATE_ROWS_MAX));
}

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

enum err
template_pack(struct template t, struct buf *out)
{
	enum err e = ERR_OK;

	for (CK_ULONG i = 0; i < t.count && e == ERR_OK; i++) {
		const CK_ATTRIBUTE *a = &t.rows[i];

		if (a->pValue == NULL && a->ulValueLen != 0)
			return (ERR_DATA);
		e = buf_append(out, VIEW(&a->type, sizeof(a->type)));
		if (e == ERR_OK)
			e = buf_append(
			    out, VIEW(&a->ulValueLen, sizeof(a->ulValueLen)));
		if (e == ERR_OK)
			e = buf_append(out, VIEW(a->pValue, a->ulValueLen));
	}
	return (e);
}

bool
template_unpack(
    struct view *packed, CK_ATTRIBUTE_TYPE *type, struct view *value)
{
	CK_ULONG len;
	size_t head = sizeof(*type) + sizeof(len);

	if (packed->len < head)
		return (false);
	memcpy(type, packed->ptr, sizeof(*type));
	memcpy(&len, packed->ptr + sizeof(*type), sizeof(len));
	if (len > packed->len - head)
		return (false);
	*value = VIEW(packed->ptr + head, len);
	*packed = VIEW(packed->ptr + head + len, packed->len - head - len);
	return (true);
}

static int
digits(const uint8_t *s, size_t n)
{
	int v = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return (-1);
		v = v * 10 + (s[i] - '0');
	}
	return (v);
}

bool
template_read_date(struct view v, time_t *last)
{
	struct tm tm = {.tm_hour = 23, .tm_min = 59, .tm_sec = 59};
	int year, month, day;

	if (v.len != sizeof(CK_DATE))
		return (false);
	year = digits(v.ptr, 4);
	month = digits(v.ptr + 4, 2);
	day = digits(v.ptr + 6, 2);
	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	*last = timegm(&tm);
	/* timegm() makes a date of anything: the 31st of February, too */
	return (year >= 0 && tm.tm_mday == day && tm.tm_mon == month - 1);
}
