#include <stdio.h>
#include <string.h>
#include "hex.h"
#include "names.h"

#define ALIAS_PREFIX "alias/"
#define LABEL_PREFIX "alias/keyferry/label/"
#define ID_PREFIX "alias/keyferry/id/"
#define COMPANION_PREFIX "alias/keyferry/also/"

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

/* Plain characters stay, every other byte becomes _HH: good to read. */
static enum err
escape(struct view name, const char *prefix, bool all_hex,
    char alias[KMS_ALIAS_SIZE])
{
	size_t n = strlen(prefix);

	memcpy(alias, prefix, n + 1);
	for (size_t i = 0; i < name.len; i++) {
		bool plain = !all_hex && is_plain(name.ptr[i]);
		char text[] = "_xx";
		const char *part = all_hex ? text + 1 : text;

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

enum err
name_to_alias(enum name_kind kind, struct view name, char alias[KMS_ALIAS_SIZE])
{
	if (name.len == 0)
		return (ERR_DATA);
	if (kind == NAME_ID)
		return (escape(name, ID_PREFIX, true, alias));
	if (!label_fits(name))
		return (escape(name, LABEL_PREFIX, false, alias));
	snprintf(alias, KMS_ALIAS_SIZE, ALIAS_PREFIX "%.*s", (int)name.len,
	    (const char *)name.ptr);
	return (ERR_OK);
}

/* Undoes escape(); only what escape() writes is read. */
static bool
unescape(const char *s, bool all_hex, struct buf *name)
{
	uint8_t byte;

	for (; *s != '\0'; s++) {
		if (!all_hex && *s != '_') {
			byte = (uint8_t)*s;
		} else {
			s += !all_hex;
			if (!hex_is_lower(s, 2) || !hex_read(s, &byte, 1))
				return (false);
			s++;
		}
		if (buf_append(name, VIEW(&byte, 1)) != ERR_OK)
			return (false);
	}
	return (true);
}

bool
name_is(enum name_kind kind, const char *alias)
{
	if (kind == NAME_ID)
		return (starts(alias, ID_PREFIX));
	return (starts(alias, LABEL_PREFIX) ||
		(starts(alias, ALIAS_PREFIX) && !is_reserved(alias)));
}

bool
name_from_alias(enum name_kind kind, const char *alias, struct buf *name)
{
	buf_reset(name);
	if (!name_is(kind, alias))
		return (false);
	if (kind == NAME_ID)
		return (unescape(alias + strlen(ID_PREFIX), true, name));
	if (starts(alias, LABEL_PREFIX))
		return (unescape(alias + strlen(LABEL_PREFIX), false, name));
	return (buf_puts(name, alias + strlen(ALIAS_PREFIX)) == ERR_OK);
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
