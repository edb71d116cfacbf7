#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <openssl/crypto.h>
#include "buf.h"
#include "arena.h"
#include "hex.h"

#define FIRST_SIZE 64
#define READ_SIZE 4096

static uint8_t *
mem_get(const struct buf *b, size_t n)
{
	return (b->arena != NULL ? arena_alloc(b->arena, n) : malloc(n));
}

static void
mem_put(const struct buf *b)
{
	if (b->ptr == NULL)
		return;
	OPENSSL_cleanse(b->ptr, b->cap);
	if (b->arena != NULL)
		arena_free(b->arena, b->ptr);
	else
		free(b->ptr);
}

enum err
buf_reserve(struct buf *b, size_t len)
{
	uint8_t *p;
	size_t cap;

	if (len > b->max)
		return (ERR_TOO_BIG);
	if (len <= b->cap)
		return (ERR_OK);
	cap = b->cap == 0	      ? FIRST_SIZE
	      : b->cap > SIZE_MAX / 2 ? len
				      : b->cap * 2;
	if (cap < len)
		cap = len;
	if (cap > b->max)
		cap = b->max;
	if ((p = mem_get(b, cap)) == NULL)
		return (ERR_MEMORY);
	if (b->len != 0)
		memcpy(p, b->ptr, b->len);
	mem_put(b);
	b->ptr = p;
	b->cap = cap;
	return (ERR_OK);
}

enum err
buf_append(struct buf *b, struct view v)
{
	enum err e;

	if (v.len == 0)
		return (ERR_OK);
	if (v.len > b->max - b->len)
		return (ERR_TOO_BIG);
	if ((e = buf_reserve(b, b->len + v.len)) != ERR_OK)
		return (e);
	memcpy(b->ptr + b->len, v.ptr, v.len);
	b->len += v.len;
	return (ERR_OK);
}

enum err
buf_put_hex(struct buf *b, struct view v)
{
	char digits[3];
	enum err e;

	if (v.len > (b->max - b->len) / 2)
		return (ERR_TOO_BIG);
	if ((e = buf_reserve(b, b->len + 2 * v.len)) != ERR_OK)
		return (e);
	for (size_t i = 0; i < v.len; i++) {
		hex_write(v.ptr + i, 1, digits);
		memcpy(b->ptr + b->len, digits, 2);
		b->len += 2;
	}
	return (ERR_OK);
}

enum err
buf_puts(struct buf *b, const char *s)
{
	return (buf_append(b, view_str(s)));
}

enum err
buf_read(struct buf *b, int fd)
{
	uint8_t more; /* than there may be */
	size_t room;
	ssize_t n;
	enum err e;

	for (;;) {
		room = b->max - b->len < READ_SIZE ? b->max - b->len
						   : READ_SIZE;
		if ((e = buf_reserve(b, b->len + room)) != ERR_OK)
			return (e);
		n = room != 0 ? read(fd, b->ptr + b->len, room)
			      : read(fd, &more, 1);
		if (n == 0)
			return (ERR_OK);
		if (n == -1 && errno != EINTR)
			return (ERR_FILE);
		if (n == -1)
			continue;
		if (room == 0)
			return (ERR_TOO_BIG);
		b->len += (size_t)n;
	}
}

void
buf_cut(struct buf *b, size_t len)
{
	if (b->len > len) {
		OPENSSL_cleanse(b->ptr + len, b->len - len);
		b->len = len;
	}
}

void
buf_reset(struct buf *b)
{
	buf_cut(b, 0);
}

void
buf_free(struct buf *b)
{
	mem_put(b);
	b->ptr = NULL;
	b->len = b->cap = 0;
}

bool
view_equal(struct view a, struct view b)
{
	return (
	    a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0));
}

struct view
view_str(const char *s)
{
	return (VIEW(s, strlen(s)));
}

const char *
view_take_string(struct view *strings)
{
	const char *s = (const char *)strings->ptr;
	size_t size;

	if (strings->len == 0)
		return (NULL);
	size = strlen(s) + 1;
	*strings = VIEW(strings->ptr + size, strings->len - size);
	return (s);
}
