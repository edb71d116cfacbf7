#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "creds-cache.h"
#include "creds-json.h"
#include "creds-mfa.h"

#define FOLDER "~/.aws/cli/cache"
#define ARGUMENTS_MAX 8192
#define FILE_MAX 65536

static const struct json_field credentials_fields[] = {
    CREDS_JSON_FIELD(access_key, "AccessKeyId"),
    CREDS_JSON_FIELD(secret, "SecretAccessKey"),
    CREDS_JSON_FIELD(token, "SessionToken"),
    CREDS_JSON_FIELD(expiration, "Expiration"),
    JSON_END,
};
static const struct json_field file_fields[] = {
    JSON_SUB("Credentials", credentials_fields),
    JSON_END,
};

/* The character of UTF-8 at *s, which moves behind it. */
static uint32_t
character(const char **s)
{
	const uint8_t *u = (const uint8_t *)*s;
	size_t more = u[0] >= 0xf0 ? 3 : u[0] >= 0xe0 ? 2 : u[0] >= 0xc0;
	uint32_t c = more == 0 ? u[0] : u[0] & (0x3fU >> more);
	size_t n = 1;

	for (; n <= more && (u[n] & 0xc0) == 0x80; n++)
		c = c << 6 | (u[n] & 0x3fU);
	*s += n;
	return (c);
}

/* In ASCII: any other character is its UTF-16 code units. */
static enum err
character_put(struct buf *b, uint32_t c)
{
	char text[16];

	if (c == '"' || c == '\\')
		(void)snprintf(text, sizeof(text), "\\%c", (int)c);
	else if (c >= ' ' && c <= '~')
		(void)snprintf(text, sizeof(text), "%c", (int)c);
	else if (c == '\t')
		(void)snprintf(text, sizeof(text), "\\t");
	else if (c < 0x10000)
		(void)snprintf(text, sizeof(text), "\\u%04x", (unsigned)c);
	else
		(void)snprintf(text, sizeof(text), "\\u%04x\\u%04x",
		    (unsigned)(0xd7c0 + (c >> 10)),
		    (unsigned)(0xdc00 + (c & 0x3ff)));
	return (buf_puts(b, text));
}

static enum err
text_put(struct buf *b, const char *s, bool quoted)
{
	enum err e = quoted ? buf_puts(b, "\"") : ERR_OK;

	while (*s != '\0' && e == ERR_OK)
		e = character_put(b, character(&s));
	return (e == ERR_OK && quoted ? buf_puts(b, "\"") : e);
}

/* The file's name is the digest of AssumeRole's arguments, as Python writes
 * them: in the order of their names, with a blank behind "," and ":". */
static enum err
arguments_put(const struct profile *p, struct buf *b)
{
	static const struct {
		const char *name, *setting;
		bool quoted;
	} rows[] = {{"DurationSeconds", "duration_seconds", false},
	    {"ExternalId", "external_id", true}, {"RoleArn", "role_arn", true},
	    {"RoleSessionName", "role_session_name", true},
	    {"SerialNumber", "mfa_serial", true}};
	const char *value, *comma = "{";
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if ((value = profile_get(p, rows[i].setting)) == NULL)
			continue;
		if ((e = buf_puts(b, comma)) != ERR_OK ||
		    (e = text_put(b, rows[i].name, true)) != ERR_OK ||
		    (e = buf_puts(b, ": ")) != ERR_OK ||
		    (e = text_put(b, value, rows[i].quoted)) != ERR_OK)
			return (e);
		comma = ", ";
	}
	return (buf_append(b, VIEW("}", 2)));
}

enum err
creds_mfa_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	struct buf arguments = BUF_INIT(ARGUMENTS_MAX);
	struct buf text = BUF_INIT(FILE_MAX);
	struct creds_cache cache = {FOLDER, "SHA1", NULL};
	struct creds_json *j = NULL;
	bool found = false;
	enum err e;

	if ((e = arguments_put(s->profile, &arguments)) != ERR_OK)
		goto out;
	cache.text = (const char *)arguments.ptr;
	if ((e = creds_cache_read(s, &cache, &found, &text, error)) != ERR_OK)
		goto out;
	e = ERR_MEMORY;
	if ((j = creds_json_new()) == NULL)
		goto out;
	/* one that is broken or has ended is as none: another will replace it
	 */
	e = ERR_NO_CREDS;
	if (found && json_decode(file_fields, buf_view(&text), j) == ERR_OK &&
	    j->expiration[0] != '\0' &&
	    creds_json_take(s, j, FOLDER, out, NULL) == ERR_OK)
		e = ERR_OK;
out:
	creds_json_free(j);
	buf_free(&text);
	buf_free(&arguments);
	return (e);
}

static bool
copy(char *to, size_t size, const struct buf *b)
{
	if (b->len >= size)
		return (false);
	if (b->len != 0)
		memcpy(to, b->ptr, b->len);
	to[b->len] = '\0';
	return (true);
}

enum err
creds_mfa_keep(const struct creds_search *s, const struct creds *c,
    struct error_info *error)
{
	struct buf arguments = BUF_INIT(ARGUMENTS_MAX);
	struct buf text = BUF_INIT(FILE_MAX);
	struct creds_cache cache = {FOLDER, "SHA1", NULL};
	struct creds_json *j;
	enum err e = ERR_TOO_BIG;

	if ((j = creds_json_new()) == NULL)
		return (ERR_MEMORY);
	strcpy(j->access_key, c->access_key);
	creds_write_date(c->expires_ms, j->expiration);
	if (!copy(j->secret, sizeof(j->secret), &c->secret) ||
	    !copy(j->token, sizeof(j->token), &c->token) ||
	    (e = arguments_put(s->profile, &arguments)) != ERR_OK ||
	    (e = json_encode(file_fields, j, &text)) != ERR_OK)
		goto out;
	cache.text = (const char *)arguments.ptr;
	e = creds_cache_write(s, &cache, buf_view(&text), error);
out:
	creds_json_free(j);
	buf_free(&text);
	buf_free(&arguments);
	return (e);
}
