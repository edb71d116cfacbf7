#ifndef INI_H
#define INI_H
#include "buf.h"
#include "error-info.h"

/*
 * INI files: AWS's config and credentials, and keyferry.conf.
 *
 *   # a comment, also with ; and at a line's end after a space
 *   [section]
 *   key = value
 *   key =
 *     nested = value
 *
 * A line indented deeper than the key above it belongs to that key.
 */
struct ini_item {
	/* as written between the brackets, trimmed; "" before the first */
	const char *section;
	const char *parent; /* the key that a nested line belongs to, or "" */
	const char *key; /* NULL: the section's own line */
	const char *value;
	int line; /* from 1 */
};

/* Everything in it points into text, which is wiped. */
struct ini {
	struct buf text;
	struct ini_item *items; /* in the file's order */
	size_t count, cap;
};

#define INI_MAX (1024 * 1024)
#define INI_INIT                          \
	{                                 \
		.text = BUF_INIT(INI_MAX) \
	}

/* Reads all of fd, which stays open. name: the file's, for the message in
 * *error. ERR_FILE, ERR_CONFIG with the line, ERR_TOO_BIG, ERR_MEMORY. */
enum err ini_read(struct ini *, int fd, const char *name, struct error_info *);
/* The value of the last such line, or NULL. parent "": not nested. */
const char *ini_get(const struct ini *, const char *section, const char *parent,
    const char *key);
bool ini_has_section(const struct ini *, const char *section);
void ini_free(struct ini *);
#endif
