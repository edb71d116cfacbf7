#include <math.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include <yajl/yajl_parse.h>
#include "base64.h"
#include "json.h"

#define DEPTH_MAX 16
#define ROWS_MAX 100000

/*
 * yajl's own copies of a reply hold key bytes too: what it gives back is wiped.
 * And it does not look at what its allocator returns. When there is no memory,
 * control leaves yajl at once and comes back to parse(), which gives back the
 * blocks that are left.
 */
struct block {
	struct block *next, **link; /* of the list of blocks */
	size_t len;
	max_align_t bytes[];
};

struct memory {
	struct block *blocks;
	jmp_buf exhausted;
};

static void *
wiped_malloc(void *ctx, size_t n)
{
	struct memory *m = ctx;
	struct block *b;

	if (n > SIZE_MAX - sizeof(*b) || (b = malloc(sizeof(*b) + n)) == NULL)
		longjmp(m->exhausted, 1);
	b->len = n;
	b->next = m->blocks;
	b->link = &m->blocks;
	if (b->next != NULL)
		b->next->link = &b->next;
	m->blocks = b;
	return (b->bytes);
}

static struct block *
block_of(void *p)
{
	return ((struct block *)(void *)((uint8_t *)p -
					 offsetof(struct block, bytes)));
}

static void
wiped_free(void *ctx, void *p)
{
	struct block *b;

	(void)ctx;
	if (p == NULL)
		return;
	b = block_of(p);
	*b->link = b->next;
	if (b->next != NULL)
		b->next->link = b->link;
	OPENSSL_cleanse(b->bytes, b->len);
	free(b);
}

static void *
wiped_realloc(void *ctx, void *old, size_t n)
{
	void *p = wiped_malloc(ctx, n);

	if (old == NULL)
		return (p);
	memcpy(p, old, block_of(old)->len < n ? block_of(old)->len : n);
	wiped_free(ctx, old);
	return (p);
}

/* Decoding: a stack of the objects and arrays that are open. */

struct frame {
	const struct json_field *fields; /* object of a struct, else NULL */
	uint8_t *base; /* that struct */
	const struct json_field *in; /* array or map being filled, else NULL */
	bool row; /* the struct is a row of the array below it, */
	bool unreadable; /* with a member that cannot be read */
};

struct decoder {
	struct frame stack[DEPTH_MAX];
	size_t depth;
	const struct json_field *field; /* of the member whose value comes */
	const struct json_field *top_fields;
	uint8_t *top;
	const struct json_field *beside; /* more rows of the top object */
	uint8_t *beside_out;
	const char *member; /* the last that could not be read, or NULL */
	struct memory memory;
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

/* A member that is too long or of another type. A row of an array is left out
 * for it, anything else fails. */
static int
unreadable(struct decoder *d, const struct json_field *f, enum err e)
{
	d->member = f->name;
	for (size_t i = d->depth; i-- > 0;)
		if (d->stack[i].row) {
			d->stack[i].unreadable = true;
			return (1);
		}
	return (fail(d, e));
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

static const struct json_field *
find_row(const struct json_field *f, const unsigned char *name, size_t len)
{
	for (; f != NULL && f->name != NULL; f++)
		if (strlen(f->name) == len && memcmp(f->name, name, len) == 0)
			return (f);
	return (NULL);
}

static bool
is_beside(const struct decoder *d, const struct json_field *f)
{
	const struct json_field *row = d->beside;

	while (row != NULL && row->name != NULL && row != f)
		row++;
	return (row == f);
}

static void *
member_of_row(struct decoder *d, const struct json_field *f)
{
	return ((is_beside(d, f) ? d->beside_out : top(d)->base) + f->at);
}

/* An array that is there has memory, also when it is empty. Capacity is the
 * count rounded up to a power of two. */
static bool
rows_reserve(struct json_rows *r, size_t size)
{
	uint8_t *p;

	if (r->ptr != NULL &&
	    (r->count == 0 || (r->count & (r->count - 1)) != 0))
		return (true);
	if (r->count >= ROWS_MAX ||
	    (p = calloc(r->count == 0 ? 1 : r->count * 2, size)) == NULL)
		return (false);
	if (r->count != 0)
		memcpy(p, r->ptr, r->count * size);
	free(r->ptr);
	r->ptr = p;
	return (true);
}

static uint8_t *
row_add(struct json_rows *r, size_t size)
{
	uint8_t *row;

	if (!rows_reserve(r, size))
		return (NULL);
	row = (uint8_t *)r->ptr + r->count++ * size;
	memset(row, 0, size);
	return (row);
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

/* Nothing of what is inside is looked at. */
static int
push_skipped(struct decoder *d)
{
	return (push(d, (struct frame){.fields = NULL}));
}

static int
on_map(void *ctx)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	struct frame *t = top(d);
	uint8_t *row;

	if (t == NULL)
		return (push(d,
		    (struct frame){.fields = d->top_fields, .base = d->top}));
	if (f == NULL)
		return (push_skipped(d));
	if (f->kind == JSON_OBJECT && t->in == NULL)
		return (
		    push(d, (struct frame){.fields = f->sub, .base = t->base}));
	if (f->kind == JSON_MAP && t->in == NULL)
		return (push(d, (struct frame){.base = t->base, .in = f}));
	if (f->kind != JSON_ROWS || t->in == NULL)
		return (unreadable(d, f, ERR_REPLY) && push_skipped(d));
	if ((row = row_add(member_of_row(d, f), f->size)) == NULL)
		return (fail(d, ERR_MEMORY));
	return (push(
	    d, (struct frame){.fields = f->sub, .base = row, .row = true}));
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
		return (push_skipped(d));
	if (t->in != NULL || (f->kind != JSON_NAMES && f->kind != JSON_ROWS))
		return (unreadable(d, f, ERR_REPLY) && push_skipped(d));
	if (f->kind == JSON_ROWS && !rows_reserve(member_of_row(d, f), f->size))
		return (fail(d, ERR_MEMORY));
	return (push(d, (struct frame){.base = t->base, .in = f}));
}

static int
on_close(void *ctx)
{
	struct decoder *d = ctx;
	const struct frame *t = top(d);
	bool left_out = t->row && t->unreadable;
	struct json_rows *rows;

	d->depth--;
	d->field = NULL;
	if (left_out) {
		rows = member_of_row(d, top(d)->in);
		rows->count--;
	}
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

	d->field = NULL;
	if (t->in != NULL) {
		d->err = add_name(member_of_row(d, t->in), VIEW(key, len));
		return (d->err == ERR_OK);
	}
	d->field = find_row(t->fields, key, len);
	if (d->field == NULL && d->depth == 1)
		d->field = find_row(d->beside, key, len);
	return (1);
}

/* How many bytes of a text of UTF-8 fit into size, none of its characters cut
 * in two. */
static size_t
cut_length(struct view v, size_t size)
{
	size_t n = v.len < size ? v.len : size;

	while (n != 0 && n < v.len && (v.ptr[n] & 0xc0) == 0x80)
		n--;
	return (n);
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

static enum err
get_bytes(struct buf *b, struct view v)
{
	enum err e = base64_read(v, b);

	return (e == ERR_DATA ? ERR_REPLY : e);
}

static enum err
get_string(struct decoder *d, const struct json_field *f, struct view v)
{
	struct buf *b = member_of_row(d, f);
	enum err e;

	switch (f->kind) {
	case JSON_TEXT:
	case JSON_FULL_TEXT:
		return (get_text(member_of_row(d, f), f->size, v));
	case JSON_WORD:
		v.len = cut_length(v, f->size - 1);
		return (get_text(member_of_row(d, f), f->size, v));
	case JSON_SHOWN:
		v.len = cut_length(v, b->max - b->len);
		return (buf_append(b, v));
	case JSON_BYTES:
		return (get_bytes(b, v));
	case JSON_NAMES:
	case JSON_MAP:
		if (top(d)->in == NULL)
			return (ERR_REPLY);
		e = add_name(b, v);
		/* a name more than there is room for is left out */
		return (f->kind == JSON_NAMES && e == ERR_TOO_BIG ? ERR_OK : e);
	default:
		return (ERR_REPLY);
	}
}

static int
on_string(void *ctx, const unsigned char *s, size_t len)
{
	struct decoder *d = ctx;
	const struct json_field *f = target(d);
	enum err e;

	if (f == NULL)
		return (top(d) != NULL ? 1 : fail(d, ERR_REPLY));
	if ((e = get_string(d, f, VIEW(s, len))) == ERR_MEMORY)
		return (fail(d, e));
	return (e == ERR_OK ? 1 : unreadable(d, f, e));
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
	if (f->kind != JSON_NUMBER || !(fabs(v) <= JSON_NUMBER_MAX))
		return (unreadable(d, f, ERR_REPLY));
	memcpy(member_of_row(d, f), &v, sizeof(v));
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
		return (unreadable(d, f, ERR_REPLY));
	memcpy(member_of_row(d, f), &b, sizeof(b));
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

/* In a function of its own, which changes no variable of its own after
 * setjmp(). */
static void
parse(struct decoder *d, struct view text)
{
	yajl_alloc_funcs alloc = {
	    wiped_malloc, wiped_realloc, wiped_free, &d->memory};
	yajl_handle h;

	if (setjmp(d->memory.exhausted) != 0) {
		while (d->memory.blocks != NULL)
			wiped_free(NULL, d->memory.blocks->bytes);
		d->err = ERR_MEMORY;
		return;
	}
	h = yajl_alloc(&callbacks, &alloc, d);
	if ((yajl_parse(h, text.ptr, text.len) != yajl_status_ok ||
		yajl_complete_parse(h) != yajl_status_ok) &&
	    d->err == ERR_OK)
		d->err = ERR_REPLY;
	yajl_free(h);
}

enum err
json_decode_beside(const struct json_field *fields, struct view text, void *out,
    const struct json_field *beside, void *beside_out, const char **member)
{
	struct decoder d = {.top_fields = fields,
	    .top = out,
	    .beside = beside,
	    .beside_out = beside_out};

	/* a byte order mark, which a reader may pass over: RFC 8259, 8.1 */
	if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
		text = VIEW(text.ptr + 3, text.len - 3);
	if (text.len != 0)
		parse(&d, text);
	*member = d.member;
	return (d.err);
}

enum err
json_decode(const struct json_field *fields, struct view text, void *out)
{
	const char *member;

	return (json_decode_beside(fields, text, out, NULL, NULL, &member));
}

void
json_rows_free(struct json_rows *r)
{
	free(r->ptr);
	*r = (struct json_rows){NULL, 0};
}
