#include <math.h>
#include <stdio.h>
#include <string.h>
#include "base64.h"
#include "json.h"

/* Encoding. The first failure is kept and looked at once, at the end. */

struct encoder {
	struct buf *out;
	enum err err;
};

static void
put(struct encoder *g, const char *s, size_t len)
{
	if (g->err == ERR_OK)
		g->err = buf_append(g->out, VIEW(s, len));
}

static void
put_escaped(struct encoder *g, unsigned char c)
{
	char text[8];

	if (c == '"' || c == '\\')
		snprintf(text, sizeof(text), "\\%c", c);
	else
		snprintf(text, sizeof(text), "\\u%04x", c);
	put(g, text, strlen(text));
}

static void
put_text(struct encoder *g, const char *s, size_t len)
{
	size_t start = 0, i;

	put(g, "\"", 1);
	for (i = 0; i < len; i++) {
		if ((unsigned char)s[i] >= ' ' && s[i] != '"' && s[i] != '\\')
			continue;
		put(g, s + start, i - start);
		put_escaped(g, (unsigned char)s[i]);
		start = i + 1;
	}
	put(g, s + start, len - start);
	put(g, "\"", 1);
}

static void
put_base64(struct encoder *g, struct view v)
{
	put(g, "\"", 1);
	if (g->err == ERR_OK)
		g->err = base64_write(v, g->out);
	put(g, "\"", 1);
}

/* Without the host's locale: it may write a comma. */
static void
put_number(struct encoder *g, double d)
{
	char text[48];
	long long whole;
	int ms;

	if (!(fabs(d) <= JSON_NUMBER_MAX)) {
		g->err = ERR_DATA;
		return;
	}
	whole = (long long)d;
	ms = (int)((d - (double)whole) * 1000 + 0.5);
	if (ms > 0 && ms < 1000)
		snprintf(text, sizeof(text), "%lld.%03d", whole, ms);
	else
		snprintf(text, sizeof(text), "%lld", whole + (ms >= 1000));
	put(g, text, strlen(text));
}

/* Strings with separators that take turns: "," alone, or ":" and ",". */
static void
put_strings(struct encoder *g, struct view v, bool pairs)
{
	const char *first = (const char *)v.ptr, *at;
	bool value = false;

	put(g, pairs ? "{" : "[", 1);
	while ((at = view_take_string(&v)) != NULL) {
		if (at != first)
			put(g, pairs && value ? ":" : ",", 1);
		put_text(g, at, strlen(at));
		value = !value;
	}
	put(g, pairs ? "}" : "]", 1);
}

static void put_object(
    struct encoder *, const struct json_field *, const uint8_t *);

static void
put_rows(
    struct encoder *g, const struct json_field *f, const struct json_rows *r)
{
	const uint8_t *row = r->ptr;

	put(g, "[", 1);
	for (size_t i = 0; i < r->count; i++) {
		if (i != 0)
			put(g, ",", 1);
		put_object(g, f->sub, row + i * f->size);
	}
	put(g, "]", 1);
}

/* What a row's bytes in the struct are, read without aliasing trouble. */
union value {
	const char *string;
	struct view view;
	double number;
	enum json_bool truth;
	struct json_rows rows;
};

static bool
value_read(const struct json_field *f, const uint8_t *at, union value *v)
{
	switch (f->kind) {
	case JSON_STRING:
		memcpy(&v->string, at, sizeof(v->string));
		return (v->string != NULL);
	case JSON_FULL_TEXT:
		v->string = (const char *)at;
		return (true);
	case JSON_TEXT:
	case JSON_WORD:
		v->string = (const char *)at;
		return (v->string[0] != '\0');
	case JSON_SHOWN:
	case JSON_BYTES:
	case JSON_NAMES:
	case JSON_MAP:
		memcpy(&v->view, at, sizeof(v->view));
		return (v->view.ptr != NULL);
	case JSON_NUMBER:
		memcpy(&v->number, at, sizeof(v->number));
		return (v->number != 0);
	case JSON_BOOL:
		memcpy(&v->truth, at, sizeof(v->truth));
		return (v->truth != JSON_UNSET);
	case JSON_ROWS:
		memcpy(&v->rows, at, sizeof(v->rows));
		return (v->rows.ptr != NULL);
	case JSON_OBJECT:
		return (true);
	}
	return (false);
}

static void
put_value(struct encoder *g, const struct json_field *f, const union value *v,
    const uint8_t *base)
{
	switch (f->kind) {
	case JSON_STRING:
	case JSON_TEXT:
	case JSON_FULL_TEXT:
	case JSON_WORD:
		put_text(g, v->string, strlen(v->string));
		break;
	case JSON_SHOWN:
		put_text(g, (const char *)v->view.ptr, v->view.len);
		break;
	case JSON_BYTES:
		put_base64(g, v->view);
		break;
	case JSON_NUMBER:
		put_number(g, v->number);
		break;
	case JSON_BOOL:
		put(g, v->truth == JSON_TRUE ? "true" : "false",
		    v->truth == JSON_TRUE ? 4 : 5);
		break;
	case JSON_NAMES:
		put_strings(g, v->view, false);
		break;
	case JSON_MAP:
		put_strings(g, v->view, true);
		break;
	case JSON_OBJECT:
		put_object(g, f->sub, base);
		break;
	case JSON_ROWS:
		put_rows(g, f, &v->rows);
		break;
	}
}

static void
put_object(struct encoder *g, const struct json_field *f, const uint8_t *base)
{
	union value v;
	bool first = true;

	put(g, "{", 1);
	for (; f->name != NULL; f++) {
		if (!value_read(f, base + f->at, &v))
			continue;
		if (!first)
			put(g, ",", 1);
		first = false;
		put_text(g, f->name, strlen(f->name));
		put(g, ":", 1);
		put_value(g, f, &v, base);
	}
	put(g, "}", 1);
}

enum err
json_encode(const struct json_field *f, const void *in, struct buf *out)
{
	struct encoder g = {out, ERR_OK};
	size_t start = out->len;

	put_object(&g, f, in);
	if (g.err != ERR_OK)
		buf_cut(out, start);
	return (g.err);
}
