#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>
#include "json.h"

#define DEPTH_MAX 16
#define ROWS_MAX 100000

/* yajl's own copies of a reply hold key bytes too: wipe what it lets go. */
struct block {
	size_t len;
	max_align_t bytes[];
};

static void *
wipe_malloc(void *ctx, size_t n)
{
	struct block *b;

	(void)ctx;
	if (n > SIZE_MAX - sizeof(*b) || (b = malloc(sizeof(*b) + n)) == NULL)
		return (NULL);
	b->len = n;
	return (b->bytes);
}

static struct block *
block_of(void *p)
{
	return ((struct block *)(void *)((uint8_t *)p -
					 offsetof(struct block, bytes)));
}

static void
wipe_free(void *ctx, void *p)
{
	struct block *b;

	(void)ctx;
	if (p == NULL)
		return;
	b = block_of(p);
	OPENSSL_cleanse(b->bytes, b->len);
	free(b);
}

static void *
wipe_realloc(void *ctx, void *old, size_t n)
{
	void *p;

	if ((p = wipe_malloc(ctx, n)) == NULL || old == NULL)
		return (p);
	memcpy(p, old, block_of(old)->len < n ? block_of(old)->len : n);
	wipe_free(ctx, old);
	return (p);
}

/* yajl takes a copy, through a pointer that is not to const. */
static const yajl_alloc_funcs wiping = {
    wipe_malloc, wipe_realloc, wipe_free, NULL};

/* Encoding. The first failure is kept and looked at once, at the end. */

struct encoder {
	yajl_gen gen;
	enum err err;
};

static void
check(struct encoder *g, yajl_gen_status s)
{
	if (s != yajl_gen_status_ok && g->err == ERR_OK)
		g->err = ERR_MEMORY;
}

static void
put_text(struct encoder *g, const char *s, size_t len)
{
	check(g, yajl_gen_string(g->gen, (const unsigned char *)s, len));
}

static void
put_base64(struct encoder *g, struct view v)
{
	unsigned char *text;
	size_t size = v.len / 3 * 4 + 5;
	int n;

	if (v.len > INT_MAX / 2 || (text = malloc(size)) == NULL) {
		g->err = ERR_MEMORY;
		return;
	}
	n = EVP_EncodeBlock(text, v.ptr, (int)v.len);
	put_text(g, (const char *)text, (size_t)n);
	OPENSSL_cleanse(text, size);
	free(text);
}

/* Without the host's locale: it may write a comma. */
static void
put_number(struct encoder *g, double d)
{
	char text[48];
	long long whole = (long long)d;
	int ms = (int)((d - (double)whole) * 1000 + 0.5);

	if (ms > 0 && ms < 1000)
		snprintf(text, sizeof(text), "%lld.%03d", whole, ms);
	else
		snprintf(text, sizeof(text), "%lld", whole + (ms >= 1000));
	check(g, yajl_gen_number(g->gen, text, strlen(text)));
}

static void
put_names(struct encoder *g, struct view v)
{
	const char *s = (const char *)v.ptr, *end = s + v.len;

	for (; s < end; s += strlen(s) + 1)
		put_text(g, s, strlen(s));
}

static void put_members(
    struct encoder *, const struct json_field *, const uint8_t *);

static void
put_rows(
    struct encoder *g, const struct json_field *f, const struct json_rows *r)
{
	const uint8_t *row = r->ptr;

	check(g, yajl_gen_array_open(g->gen));
	for (size_t i = 0; i < r->count; i++) {
		check(g, yajl_gen_map_open(g->gen));
		put_members(g, f->sub, row + i * f->size);
		check(g, yajl_gen_map_close(g->gen));
	}
	check(g, yajl_gen_array_close(g->gen));
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
	case JSON_TEXT:
		v->string = (const char *)at;
		return (v->string[0] != '\0');
	case JSON_CHARS:
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
		put_text(g, v->string, strlen(v->string));
		break;
	case JSON_CHARS:
		put_text(g, (const char *)v->view.ptr, v->view.len);
		break;
	case JSON_BYTES:
		put_base64(g, v->view);
		break;
	case JSON_NUMBER:
		put_number(g, v->number);
		break;
	case JSON_BOOL:
		check(g, yajl_gen_bool(g->gen, v->truth == JSON_TRUE));
		break;
	case JSON_NAMES:
		check(g, yajl_gen_array_open(g->gen));
		put_names(g, v->view);
		check(g, yajl_gen_array_close(g->gen));
		break;
	case JSON_MAP:
		check(g, yajl_gen_map_open(g->gen));
		put_names(g, v->view);
		check(g, yajl_gen_map_close(g->gen));
		break;
	case JSON_OBJECT:
		check(g, yajl_gen_map_open(g->gen));
		put_members(g, f->sub, base);
		check(g, yajl_gen_map_close(g->gen));
		break;
	case JSON_ROWS:
		put_rows(g, f, &v->rows);
		break;
	}
}

static void
put_members(struct encoder *g, const struct json_field *f, const uint8_t *base)
{
	union value v;

	for (; f->name != NULL; f++) {
		if (!value_read(f, base + f->at, &v))
			continue;
		put_text(g, f->name, strlen(f->name));
		put_value(g, f, &v, base);
	}
}

enum err
json_encode(const struct json_field *f, const void *in, struct buf *out)
{
	struct encoder g = {.err = ERR_OK};
	const unsigned char *text = NULL;
	yajl_alloc_funcs alloc = wiping;
	size_t len = 0;

	if ((g.gen = yajl_gen_alloc(&alloc)) == NULL)
		return (ERR_MEMORY);
	check(&g, yajl_gen_map_open(g.gen));
	put_members(&g, f, in);
	check(&g, yajl_gen_map_close(g.gen));
	check(&g, yajl_gen_get_buf(g.gen, &text, &len));
	if (g.err == ERR_OK)
		g.err = buf_append(out, VIEW(text, len));
	yajl_gen_free(g.gen);
	return (g.err);
}

/* Decoding: a stack of the objects and arrays that are open. */

struct frame {
	const struct json_field *fields; /* object of a struct, else NULL */
	uint8_t *base; /* that struct */
	const struct json_field *in; /* array or map being filled, else NULL */
};

struct decoder {
	struct frame stack[DEPTH_MAX];
	size_t depth;
	const struct json_field *field; /* of the member whose value comes */
	const struct json_field *top_fields;
	uint8_t *top;
	enum err err;
};

static int
fail(struct decoder *d, enum err e)
{
	d->err = e;
	return (0);
}

static struct frame *
top(struct decoder *d)
{
	return (d->depth == 0 ? NULL : &d->stack[d->depth - 1]);
}

/* The row that the next value fills, or NULL: skip it. */
static const struct json_field *
target(struct decoder *d)
{
	struct frame *t = top(d);

	if (t == NULL)
		return (NULL);
	return (t->in != NULL ? t->in : d->field);
}

static void *
place(struct decoder *d, const struct json_field *f)
{
	return (top(d)->base + f->at);
}

static uint8_t *
row_add(struct json_rows *r, size_t size)
{
	uint8_t *p;

	/* capacity is the count rounded up to a power of two */
	if ((r->count & (r->count - 1)) == 0) {
		if (r->count >= ROWS_MAX ||
		    (p = calloc(r->count == 0 ? 1 : r->count * 2, size)) ==
			NULL)
			return (NULL);
		if (r->count != 0)
			memcpy(p, r->ptr, r->count * size);
		free(r->ptr);
		r->ptr = p;
	}
	return ((uint8_t *)r->ptr + r->count++ * size);
}

static int
push(struct decoder *d, struct frame f)
{
	if (d->depth == DEPTH_MAX)
		return (fail(d, ERR_REPLY));
	d->stack[d->depth++] = f;
	d->field = NULL;
	return (1);
}

static int
on_map(void *ctx)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	struct frame *t = top(d);
	uint8_t *row;

	if (t == NULL)
		return (push(d, (struct frame){d->top_fields, d->top, NULL}));
	if (f == NULL)
		return (push(d, (struct frame){NULL, NULL, NULL}));
	if (f->kind == JSON_OBJECT && t->in == NULL)
		return (push(d, (struct frame){f->sub, t->base, NULL}));
	if (f->kind == JSON_MAP && t->in == NULL)
		return (push(d, (struct frame){NULL, t->base, f}));
	if (f->kind != JSON_ROWS || t->in == NULL)
		return (fail(d, ERR_REPLY));
	if ((row = row_add(place(d, f), f->size)) == NULL)
		return (fail(d, ERR_MEMORY));
	return (push(d, (struct frame){f->sub, row, NULL}));
}

static int
on_array(void *ctx)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	struct frame *t = top(d);

	if (t == NULL)
		return (fail(d, ERR_REPLY));
	if (f == NULL)
		return (push(d, (struct frame){NULL, NULL, NULL}));
	if (t->in != NULL || (f->kind != JSON_NAMES && f->kind != JSON_ROWS))
		return (fail(d, ERR_REPLY));
	return (push(d, (struct frame){NULL, t->base, f}));
}

static int
on_close(void *ctx)
{
	struct decoder *d = ctx;

	d->depth--;
	d->field = NULL;
	return (1);
}

/* NAMES and MAP hold strings with a NUL after each: none may hold one. */
static enum err
add_name(struct buf *b, struct view v)
{
	enum err e;

	if (memchr(v.ptr, '\0', v.len) != NULL)
		return (ERR_REPLY);
	if ((e = buf_append(b, v)) == ERR_OK)
		e = buf_append(b, VIEW("", 1));
	return (e);
}

static int
on_key(void *ctx, const unsigned char *key, size_t len)
{
	struct decoder *d = ctx;
	struct frame *t = top(d);
	const struct json_field *f = t->fields;

	d->field = NULL;
	if (t->in != NULL) {
		d->err = add_name(place(d, t->in), VIEW(key, len));
		return (d->err == ERR_OK);
	}
	for (; f != NULL && f->name != NULL; f++)
		if (strlen(f->name) == len && memcmp(f->name, key, len) == 0)
			d->field = f;
	return (1);
}

static enum err
get_base64(struct buf *b, struct view v)
{
	size_t pad, start = b->len;
	enum err e;

	if (v.len % 4 != 0 || v.len > INT_MAX)
		return (ERR_REPLY);
	if (v.len == 0)
		return (ERR_OK);
	pad = (size_t)((v.ptr[v.len - 1] == '=') + (v.ptr[v.len - 2] == '='));
	if (memchr(v.ptr, '=', v.len - pad) != NULL)
		return (ERR_REPLY);
	/* the ceiling counts what is decoded, not what EVP writes before */
	if (v.len / 4 * 3 - pad > b->max - start)
		return (ERR_TOO_BIG);
	b->max += pad;
	e = buf_reserve(b, start + v.len / 4 * 3);
	b->max -= pad;
	if (e != ERR_OK)
		return (e);
	if (EVP_DecodeBlock(b->ptr + start, v.ptr, (int)v.len) < 0)
		return (ERR_REPLY);
	b->len = start + v.len / 4 * 3 - pad;
	return (ERR_OK);
}

static enum err
get_text(char *to, size_t size, struct view v)
{
	if (v.len >= size || memchr(v.ptr, '\0', v.len) != NULL)
		return (ERR_REPLY);
	memcpy(to, v.ptr, v.len);
	to[v.len] = '\0';
	return (ERR_OK);
}

static int
on_string(void *ctx, const unsigned char *s, size_t len)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	bool inside = top(d) != NULL && top(d)->in != NULL;

	if (f == NULL)
		return (top(d) != NULL ? 1 : fail(d, ERR_REPLY));
	d->err = ERR_REPLY;
	if (f->kind == JSON_TEXT)
		d->err = get_text(place(d, f), f->size, VIEW(s, len));
	else if (f->kind == JSON_CHARS)
		d->err = buf_append(place(d, f), VIEW(s, len));
	else if (f->kind == JSON_BYTES)
		d->err = get_base64(place(d, f), VIEW(s, len));
	else if (inside && f->kind != JSON_ROWS)
		d->err = add_name(place(d, f), VIEW(s, len));
	return (d->err == ERR_OK);
}

/* A decimal without the host's locale; precise to what a timestamp needs. */
static double
number_value(const char *s, size_t len)
{
	const char *end = s + len;
	bool minus = len != 0 && *s == '-', e_minus = false;
	double v = 0;
	int scale = 0, exponent = 0;

	for (s += minus; s < end && *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (*s - '0');
	if (s < end && *s == '.')
		for (s++; s < end && *s >= '0' && *s <= '9'; s++, scale--)
			v = v * 10 + (*s - '0');
	if (s < end && (*s == 'e' || *s == 'E')) {
		s++;
		e_minus = s < end && *s == '-';
		s += s < end && (*s == '-' || *s == '+');
		for (; s < end && exponent < 1000; s++)
			exponent = exponent * 10 + (*s - '0');
	}
	v *= pow(10, scale + (e_minus ? -exponent : exponent));
	return (minus ? -v : v);
}

static int
on_number(void *ctx, const char *s, size_t len)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	double v;

	if (f == NULL)
		return (top(d) != NULL ? 1 : fail(d, ERR_REPLY));
	v = number_value(s, len);
	if (f->kind != JSON_NUMBER || !isfinite(v))
		return (fail(d, ERR_REPLY));
	memcpy(place(d, f), &v, sizeof(v));
	return (1);
}

static int
on_bool(void *ctx, int truth)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	enum json_bool b = truth ? JSON_TRUE : JSON_FALSE;

	if (f == NULL)
		return (top(d) != NULL ? 1 : fail(d, ERR_REPLY));
	if (f->kind != JSON_BOOL)
		return (fail(d, ERR_REPLY));
	memcpy(place(d, f), &b, sizeof(b));
	return (1);
}

static int
on_null(void *ctx)
{
	struct decoder *d = ctx;
	struct frame *t = top(d);

	return (t != NULL && t->in == NULL ? 1 : fail(d, ERR_REPLY));
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_close,
    .yajl_start_array = on_array,
    .yajl_end_array = on_close,
};

enum err
json_decode(const struct json_field *fields, struct view text, void *out)
{
	struct decoder d = {.top_fields = fields, .top = out};
	yajl_alloc_funcs alloc = wiping;
	yajl_handle h;

	if (text.len == 0)
		return (ERR_OK);
	if ((h = yajl_alloc(&callbacks, &alloc, &d)) == NULL)
		return (ERR_MEMORY);
	if (yajl_parse(h, text.ptr, text.len) != yajl_status_ok ||
	    yajl_complete_parse(h) != yajl_status_ok) {
		if (d.err == ERR_OK)
			d.err = ERR_REPLY;
	}
	yajl_free(h);
	return (d.err);
}

void
json_rows_free(struct json_rows *r)
{
	free(r->ptr);
	*r = (struct json_rows){NULL, 0};
}
