#ifndef BUF_H
#define BUF_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "err.h"

struct arena;

/* Borrowed bytes: never freed, never written. */
struct view {
	const uint8_t *ptr;
	size_t len;
};

/*
 * Owned bytes: capped at birth, wiped when grown and when freed.
 * With an arena the bytes are secret: locked, guarded, never dumped.
 */
struct buf {
	uint8_t *ptr;
	size_t len; /* bytes in use */
	size_t cap; /* bytes allocated */
	size_t max; /* ceiling of len, set at birth */
	struct arena *arena; /* NULL: ordinary heap */
};

#define BUF_INIT(most)        \
	{                     \
		.max = (most) \
	}
#define BUF_SECRET(most, from)                 \
	{                                      \
		.max = (most), .arena = (from) \
	}
#define VIEW(p, n) ((struct view){(const uint8_t *)(p), (n)})
/* A string literal without its NUL. */
#define VIEW_STR(s) VIEW(s, sizeof(s) - 1)

/* Appends a copy. ERR_TOO_BIG above the ceiling, ERR_MEMORY; b is unchanged on
 * error. */
enum err buf_append(struct buf *b, struct view v);
/* Appends the bytes of a C string, without its NUL. */
enum err buf_puts(struct buf *b, const char *s);
/* Appends two lower-case hexadecimal digits a byte. */
enum err buf_put_hex(struct buf *b, struct view v);
/* Appends all that a file still has. ERR_FILE when the system refuses: errno
 * says why. ERR_TOO_BIG, ERR_MEMORY. Some may have been appended. */
enum err buf_read(struct buf *b, int fd);
/* Makes room for len bytes in all (contents kept), so that b->ptr[0..len) may
 * be written. */
enum err buf_reserve(struct buf *b, size_t len);
/* Wipes the bytes after the first len, which stay. */
void buf_cut(struct buf *b, size_t len);
/* Wipes the bytes in use and empties the buffer; the memory stays for the next
 * use. */
void buf_reset(struct buf *b);
/* Wipes and frees; the buffer is empty and may be used again. */
void buf_free(struct buf *b);

static inline struct view
buf_view(const struct buf *b)
{
	return ((struct view){b->ptr, b->len});
}

/* Same length, same bytes. Not constant-time: not for secrets. */
bool view_equal(struct view a, struct view b);
/* The bytes of a C string, without its NUL. */
struct view view_str(const char *s);
/* Takes the first of strings that each end in a NUL off them; NULL: there is
 * none any more. The text is that of the view. */
const char *view_take_string(struct view *strings);
#endif
