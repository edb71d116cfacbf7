#ifndef BASE64_H
#define BASE64_H
#include "buf.h"

/* Base64 of RFC 4648, section 4, with padding. */

/* Appends the text of the bytes. ERR_TOO_BIG, ERR_MEMORY. */
enum err base64_write(struct view bytes, struct buf *out);
/*
 * Appends the bytes of a text. ERR_DATA when it has a character outside the
 * alphabet (a blank or a line's end, too), a length that is no multiple of 4,
 * padding elsewhere than at the end, or bits left over that are not zero.
 * ERR_TOO_BIG, ERR_MEMORY. out->len is unchanged on error.
 */
enum err base64_read(struct view text, struct buf *out);
#endif
