#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base64.h"
#include "hex.h"
#include "names.h"

#define ALIAS_PREFIX "alias/"
#define LABEL_PREFIX "alias/keyferry/label/"
#define ID_PREFIX "alias/keyferry/id/"
#define NUMBER_PREFIX "alias/keyferry/more/"
#define MARKER_PREFIX NUMBER_PREFIX "2/"
#define COMPANION_PREFIX "alias/keyferry/also/"

/* Before base64url; what escape_bytes() writes has two digits behind each _. */
#define BASE64_MARK "__"

static const char *const reserved[] = {"alias/aws/", "alias/keyferry/"};

static bool
starts(const char *s, const char *prefix)
{
	return (strncmp(s, prefix, strlen(prefix)) == 0);
}

static bool
is_reserved(const char *alias)
{
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (starts(alias, reserved[i]))
			return (true);
	return (false);
}

/* Letters and digits by hand: the host's locale has no say in it. */
static bool
is_plain(uint8_t c)
{
	return ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		(c >= '0' && c <= '9') || c == '/' || c == '-');
}

/* Whether the label can be the alias as it is. */
static bool
label_fits(struct view label)
{
	char alias[KMS_ALIAS_SIZE];

	if (label.len + sizeof(ALIAS_PREFIX) > sizeof(alias))
		return (false);
	for (size_t i = 0; i < label.len; i++)
		if (!is_plain(label.ptr[i]) && label.ptr[i] != '_')
			return (false);
	snprintf(alias, sizeof(alias), ALIAS_PREFIX "%.*s", (int)label.len,
	    (const char *)label.ptr);
	return (!is_reserved(alias));
}

/* Plain characters stay, every other byte becomes _HH: good to read. Of an id
 * all bytes become HH. */
static enum err
escape_bytes(struct view name, bool is_id, char alias[KMS_ALIAS_SIZE])
{
	size_t n = strlen(alias);

	for (size_t i = 0; i < name.len; i++) {
		bool plain = !is_id && is_plain(name.ptr[i]);
		char text[] = "_xx";
		const char *part = is_id ? text + 1 : text;

		hex_write(name.ptr + i, 1, text + 1);
		if (plain) {
			text[0] = (char)name.ptr[i];
			text[1] = '\0';
		}
		if (n + strlen(part) >= KMS_ALIAS_SIZE)
			return (ERR_DATA);
		strcpy(alias + n, part);
		n += strlen(part);
	}
	return (ERR_OK);
}

/* Replaces one character by another. */
static void
replace(struct buf *text, char from, char to)
{
	for (size_t i = 0; i < text->len; i++)
		if (text->ptr[i] == (uint8_t)from)
			text->ptr[i] = (uint8_t)to;
}

/* What is too long for that takes base64url, without padding. */
static enum err
escape_base64(struct view name, char alias[KMS_ALIAS_SIZE])
{
	struct buf text = BUF_INIT(KMS_ALIAS_SIZE);
	size_t n = strlen(alias);
	enum err e = base64_write(name, &text);

	while (text.len > 0 && text.ptr[text.len - 1] == '=')
		text.len--;
	replace(&text, '+', '-');
	replace(&text, '/', '_');
	if (e == ERR_OK && n + strlen(BASE64_MARK) + text.len >= KMS_ALIAS_SIZE)
		e = ERR_DATA;
	if (e == ERR_OK)
		snprintf(alias + n, KMS_ALIAS_SIZE - n, BASE64_MARK "%.*s",
		    (int)text.len, (const char *)text.ptr);
	buf_free(&text);
	return (e == ERR_TOO_BIG ? ERR_DATA : e);
}

static enum err
escape_label(struct view label, const char *prefix, char alias[KMS_ALIAS_SIZE])
{
	if (label.len == 0)
		return (ERR_DATA);
	snprintf(alias, KMS_ALIAS_SIZE, "%s", prefix);
	if (escape_bytes(label, false, alias) == ERR_OK)
		return (ERR_OK);
	snprintf(alias, KMS_ALIAS_SIZE, "%s", prefix);
	return (escape_base64(label, alias));
}

enum err
name_to_alias(enum name_kind kind, struct view name, char alias[KMS_ALIAS_SIZE])
{
	struct view own;

	if (name.len == 0 || name_of_renewed(name, &own))
		return (ERR_DATA);
	if (kind == NAME_MARKER)
		return (escape_label(name, MARKER_PREFIX, alias));
	if (kind == NAME_ID) {
		snprintf(alias, KMS_ALIAS_SIZE, ID_PREFIX);
		return (escape_bytes(name, true, alias));
	}
	if (!label_fits(name))
		return (escape_label(name, LABEL_PREFIX, alias));
	snprintf(alias, KMS_ALIAS_SIZE, ALIAS_PREFIX "%.*s", (int)name.len,
	    (const char *)name.ptr);
	return (ERR_OK);
}

enum err
name_to_numbered_alias(
    struct view label, unsigned number, char alias[KMS_ALIAS_SIZE])
{
	char prefix[sizeof(NUMBER_PREFIX) + 12];

	snprintf(prefix, sizeof(prefix), NUMBER_PREFIX "%u/", number);
	return (escape_label(label, prefix, alias));
}

/* Undoes escape_bytes(); only what that writes is read. */
static bool
unescape_bytes(const char *s, bool is_id, struct buf *name)
{
	uint8_t byte;

	for (; *s != '\0'; s++) {
		if (!is_id && *s != '_') {
			byte = (uint8_t)*s;
		} else {
			s += !is_id;
			if (!hex_is_lower(s, 2) || !hex_read(s, &byte, 1))
				return (false);
			s++;
		}
		if (buf_append(name, VIEW(&byte, 1)) != ERR_OK)
			return (false);
	}
	return (true);
}

/* Undoes escape_base64(); only what that writes is read. */
static bool
unescape_base64(const char *s, struct buf *name)
{
	struct buf text = BUF_INIT(KMS_ALIAS_SIZE + 4);
	bool yes = strpbrk(s, "+/=") == NULL && buf_puts(&text, s) == ERR_OK;

	while (yes && text.len % 4 != 0)
		yes = buf_puts(&text, "=") == ERR_OK;
	replace(&text, '-', '+');
	replace(&text, '_', '/');
	yes = yes && base64_read(buf_view(&text), name) == ERR_OK;
	buf_free(&text);
	return (yes);
}

/* The part behind the number, from NAME_FIRST_NUMBER up; NULL: not such an
 * alias. */
static const char *
numbered_part(const char *alias)
{
	char *end = NULL;
	unsigned long n;

	if (!starts(alias, NUMBER_PREFIX))
		return (NULL);
	alias += strlen(NUMBER_PREFIX);
	if (*alias < '1' || *alias > '9')
		return (NULL);
	n = strtoul(alias, &end, 10);
	return (n >= NAME_FIRST_NUMBER && *end == '/' ? end + 1 : NULL);
}

/* The part of the alias that is escaped; NULL: none of it is. */
static const char *
escaped_part(enum name_kind kind, const char *alias)
{
	const char *prefix = kind == NAME_ID	   ? ID_PREFIX
			     : kind == NAME_MARKER ? MARKER_PREFIX
						   : LABEL_PREFIX;

	if (kind == NAME_LABEL && numbered_part(alias) != NULL)
		return (numbered_part(alias));
	return (starts(alias, prefix) ? alias + strlen(prefix) : NULL);
}

bool
name_is(enum name_kind kind, const char *alias)
{
	return (escaped_part(kind, alias) != NULL ||
		(kind == NAME_LABEL && starts(alias, ALIAS_PREFIX) &&
		    !is_reserved(alias)));
}

bool
name_is_numbered(const char *alias)
{
	return (numbered_part(alias) != NULL);
}

bool
name_from_alias(enum name_kind kind, const char *alias, struct buf *name)
{
	const char *part = escaped_part(kind, alias);

	buf_reset(name);
	if (!name_is(kind, alias))
		return (false);
	if (part == NULL)
		return (buf_puts(name, alias + strlen(ALIAS_PREFIX)) == ERR_OK);
	if (kind != NAME_ID && starts(part, BASE64_MARK))
		return (unescape_base64(part + strlen(BASE64_MARK), name));
	return (unescape_bytes(part, kind == NAME_ID, name));
}

bool
name_marker(const char *alias, char marker[KMS_ALIAS_SIZE])
{
	struct buf label = BUF_INIT(KMS_ALIAS_SIZE);
	bool yes = name_from_alias(NAME_LABEL, alias, &label) &&
		   name_to_alias(NAME_MARKER, buf_view(&label), marker) ==
		       ERR_OK;

	buf_free(&label);
	return (yes);
}

static bool
has_part(struct view text, const char *part)
{
	return (memmem(text.ptr, text.len, part, strlen(part)) != NULL);
}

static bool
is_arn(struct view name, const char *resource)
{
	return (name.len > 4 && memcmp(name.ptr, "arn:", 4) == 0 &&
		has_part(name, ":kms:") && has_part(name, resource));
}

bool
name_is_key_id(struct view name)
{
	const char *s = (const char *)name.ptr;

	if (name.len != 36)
		return (false);
	if (memcmp(s, "mrk-", 4) == 0)
		return (hex_is_lower(s + 4, 32));
	for (size_t i = 0; i < 36; i++)
		if (i == 8 || i == 13 || i == 18 || i == 23
			? s[i] != '-'
			: !hex_is_lower(s + i, 1))
			return (false);
	return (true);
}

bool
name_means_key(struct view name)
{
	return (name_is_key_id(name) || is_arn(name, ":key/"));
}

bool
name_means_alias(struct view name)
{
	return (
	    (name.len >= strlen(ALIAS_PREFIX) &&
		memcmp(name.ptr, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) == 0) ||
	    is_arn(name, ":" ALIAS_PREFIX));
}

bool
name_meant_alias(struct view name, char alias[KMS_ALIAS_SIZE])
{
	const uint8_t *at = name.ptr;
	size_t len;

	if (!name_means_alias(name))
		return (false);
	if (memcmp(at, "arn:", 4) == 0)
		at = memmem(at, name.len, ALIAS_PREFIX, strlen(ALIAS_PREFIX));
	len = name.len - (size_t)(at - name.ptr);
	if (len >= KMS_ALIAS_SIZE)
		return (false);
	snprintf(alias, KMS_ALIAS_SIZE, "%.*s", (int)len, (const char *)at);
	return (true);
}

bool
name_default_id(const char *key_id, uint8_t id[16])
{
	size_t n = 0;

	if (starts(key_id, "mrk-"))
		key_id += strlen("mrk-");
	for (; *key_id != '\0'; key_id++) {
		if (*key_id == '-')
			continue;
		if (n == 32 || !hex_is_lower(key_id, 1))
			return (false);
		id[n / 2] = (uint8_t)((n % 2 == 0 ? 0 : id[n / 2] << 4) |
				      hex_value(*key_id));
		n++;
	}
	return (n == 32);
}

bool
name_key_of_id(struct view id, char key_id[37])
{
	const uint8_t *b = id.ptr;
	size_t n = 0;

	/* version 4, variant 1 of RFC 4122 */
	if (id.len != 16 || b[6] >> 4 != 4 || b[8] >> 6 != 2)
		return (false);
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			key_id[n++] = '-';
		hex_write(b + i, 1, key_id + n);
		n += 2;
	}
	return (true);
}

bool
name_multi_region_key_of_id(struct view id, char key_id[37])
{
	if (id.len != 16)
		return (false);
	memcpy(key_id, "mrk-", 4);
	hex_write(id.ptr, 16, key_id + 4);
	return (true);
}

void
name_companion_alias(const char *key_id, char alias[KMS_ALIAS_SIZE])
{
	snprintf(alias, KMS_ALIAS_SIZE, COMPANION_PREFIX "%.64s", key_id);
}

const char *
name_companion_of(const char *alias)
{
	return (starts(alias, COMPANION_PREFIX)
		    ? alias + strlen(COMPANION_PREFIX)
		    : NULL);
}

static bool
is_behind(const char *prefix, struct view name, struct view *own)
{
	size_t len = strlen(prefix);

	if (name.len <= len || memcmp(name.ptr, prefix, len) != 0)
		return (false);
	*own = VIEW(name.ptr + len, name.len - len);
	return (true);
}

bool
name_of_renewed(struct view name, struct view *own)
{
	return (is_behind(NAME_RENEWAL, name, own));
}

bool
name_of_public(struct view name, struct view *own)
{
	return (is_behind(NAME_PUBLIC, name, own));
}
