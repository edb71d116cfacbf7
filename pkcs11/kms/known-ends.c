#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "known-ends.h"
#include "token/state.h"

#define FILE_MAX (64 * 1024)
#define LINE_SIZE (KMS_MATERIAL_ID_SIZE + 32)
#define NAME_SIZE (KMS_ID_SIZE + 8)

static void
file_name(const char *key_id, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "end-%s", key_id);
}

/* How a line begins: the material's id, or a hyphen, and a blank. */
static size_t
line_head(const char *material_id, char head[LINE_SIZE])
{
	return ((size_t)snprintf(head, LINE_SIZE, "%s ",
	    material_id[0] != '\0' ? material_id : "-"));
}

/* The text of the file, ended by a NUL; "" without one. */
static enum err
read_file(struct call *c, const char *key_id, struct buf *text)
{
	char name[NAME_SIZE];
	enum err e;

	if (key_id[0] == '\0' || strchr(key_id, '/') != NULL)
		return (ERR_REPLY);
	file_name(key_id, name);
	e = state_read(c, name, text);
	if (e == ERR_NOT_FOUND)
		e = ERR_OK;
	return (e == ERR_OK ? buf_append(text, VIEW("", 1)) : e);
}

/* The line of that material, or NULL. */
static const char *
find_line(const struct buf *text, const char *material_id)
{
	const char *at = (const char *)text->ptr;
	char head[LINE_SIZE];
	size_t len = line_head(material_id, head);

	while (at != NULL && strncmp(at, head, len) != 0)
		if ((at = strchr(at, '\n')) != NULL)
			at++;
	return (at);
}

bool
known_end_read(
    struct call *c, const char *key_id, const char *material_id, double *end)
{
	struct kms before = c->kms;
	struct buf text = BUF_INIT(FILE_MAX);
	const char *line = NULL;
	long seconds = -1;

	if (read_file(c, key_id, &text) == ERR_OK)
		line = find_line(&text, material_id);
	if (line != NULL)
		seconds = strtol(strchr(line, ' '), NULL, 10);
	buf_free(&text);
	c->kms = before;
	if (seconds >= 0)
		*end = (double)seconds;
	return (seconds >= 0);
}

/* The file's text without the material's line, and with a new one. */
static enum err
replace(const struct buf *text, const char *material_id, double end,
    struct buf *out)
{
	const char *old = find_line(text, material_id);
	const char *all = (const char *)text->ptr;
	const char *rest = old == NULL ? NULL : strchr(old, '\n');
	size_t before = old == NULL ? strlen(all) : (size_t)(old - all);
	char line[LINE_SIZE];
	size_t len = line_head(material_id, line);
	enum err e = buf_append(out, VIEW(all, before));

	snprintf(line + len, sizeof(line) - len, "%.0f\n", end);
	if (e == ERR_OK && rest != NULL)
		e = buf_append(out, view_str(rest + 1));
	return (e == ERR_OK ? buf_append(out, view_str(line)) : e);
}

void
known_end_write(
    struct call *c, const char *key_id, const char *material_id, double end)
{
	struct kms before = c->kms;
	struct buf text = BUF_INIT(FILE_MAX), changed = BUF_INIT(FILE_MAX);
	char name[NAME_SIZE];
	enum err e = read_file(c, key_id, &text);

	file_name(key_id, name);
	if (e == ERR_OK)
		e = replace(&text, material_id, end, &changed);
	if (e == ERR_OK &&
	    !view_equal(buf_view(&changed), VIEW(text.ptr, text.len - 1)))
		e = state_write(c, name, buf_view(&changed));
	if (e != ERR_OK)
		call_note(c,
		    "the end of key %s's material is not in the state "
		    "directory: once it is over, it cannot be told",
		    key_id);
	buf_free(&text);
	buf_free(&changed);
	c->kms = before;
}
