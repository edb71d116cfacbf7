#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/crypto.h>
#include "program.h"
#include "creds-json.h"

#define COMMAND_MAX 8192
#define WORDS_MAX 256
#define OUTPUT_MAX 65536
#define SAID_MAX 160 /* of what it writes to standard error */
#define WAIT_MS (60 * 1000)

struct output {
	struct creds_json creds;
	double version;
};

#define TEXT(member, name) JSON_FIELD(struct output, creds.member, name, TEXT)
static const struct json_field output_fields[] = {
    JSON_FIELD(struct output, version, "Version", NUMBER),
    TEXT(access_key, "AccessKeyId"),
    TEXT(secret, "SecretAccessKey"),
    TEXT(token, "SessionToken"),
    TEXT(expiration, "Expiration"),
    JSON_END,
};

/* A command cut into words as a shell does, which is not asked: quotes and
 * backslashes count, nothing else does. */
struct words {
	char *argv[WORDS_MAX + 1];
	size_t count;
	char text[COMMAND_MAX + 1];
};

/* One word, from *s on; *to is where its text goes. */
static bool
word_take(const char **s, char **to)
{
	char quote = '\0';

	for (; **s != '\0' && (quote != '\0' || !isspace((unsigned char)**s));
	     (*s)++) {
		if (quote == '\0' && (**s == '"' || **s == '\'')) {
			quote = **s;
			continue;
		}
		if (**s == quote) {
			quote = '\0';
			continue;
		}
		/* within "", a backslash is one but before " and itself */
		if (**s == '\\' && quote != '\'' &&
		    (quote == '\0' || (*s)[1] == '"' || (*s)[1] == '\\') &&
		    *++*s == '\0')
			return (false);
		*(*to)++ = **s;
	}
	*(*to)++ = '\0';
	return (quote == '\0');
}

static bool
words_read(const char *command, struct words *w)
{
	char *to = w->text;

	if (strlen(command) > COMMAND_MAX / 2)
		return (false);
	for (;;) {
		while (isspace((unsigned char)*command))
			command++;
		if (*command == '\0' || w->count == WORDS_MAX)
			break;
		w->argv[w->count++] = to;
		if (!word_take(&command, &to))
			return (false);
	}
	return (*command == '\0' && w->count != 0);
}

/* What it said, on one line. */
static void
said(struct buf *b, char out[SAID_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		if (n != 0 || !isspace(b->ptr[i]))
			out[n++] = (char)(isprint(b->ptr[i]) ? b->ptr[i] : ' ');
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static enum err
output_take(struct creds_search *s, struct buf *text, struct creds *out,
    struct error_info *error)
{
	struct output *o;
	enum err e;

	if ((o = calloc(1, sizeof(*o))) == NULL)
		return (ERR_MEMORY);
	e = json_decode(output_fields, buf_view(text), o);
	if (e != ERR_OK && e != ERR_MEMORY)
		e = error_info_set(error, ERR_CREDS,
		    "what credential_process of profile \"%s\" wrote is not "
		    "the JSON that AWS describes",
		    s->profile->name);
	else if (e == ERR_OK && o->version != 1)
		e = error_info_set(error, ERR_CREDS,
		    "credential_process of profile \"%s\" wrote no "
		    "\"Version\": 1",
		    s->profile->name);
	else if (e == ERR_OK)
		e = creds_json_take(
		    s, &o->creds, "credential_process", out, error);
	OPENSSL_cleanse(o, sizeof(*o));
	free(o);
	return (e);
}

/* Why it gave nothing, as it or the system tells. */
static enum err
failure(struct creds_search *s, const struct program *c, enum err e,
    struct error_info *error)
{
	const char *name = s->profile->name;
	char text[SAID_MAX + 1];

	said(c->err, text);
	if (e == ERR_DEADLINE)
		return (error_info_set(error, ERR_CREDS_SERVICE,
		    "credential_process of profile \"%s\" did not end in time",
		    name));
	if (e == ERR_TOO_BIG)
		return (error_info_set(error, ERR_CREDS,
		    "credential_process of profile \"%s\" wrote too much",
		    name));
	if (e == ERR_CREDS && error != NULL) {
		(void)snprintf(
		    text, sizeof(text), "%.*s", SAID_MAX, error->message);
		return (error_info_set(error, e,
		    "credential_process of profile \"%s\" cannot be run: %s",
		    name, text));
	}
	if (e != ERR_OK)
		return (e);
	return (error_info_set(error, ERR_CREDS,
	    "credential_process of profile \"%s\" ended with status %d%s%s",
	    name, c->status, text[0] != '\0' ? ": " : "", text));
}

/* As long as it runs, other threads may fork(). */
static enum err
run(const struct creds_search *s, struct program *c, const struct deadline *d,
    struct error_info *error)
{
	enum err e;

	crypto_pause(s->conf->crypto);
	e = program_run(c, d, error);
	crypto_resume(s->conf->crypto);
	return (e);
}

enum err
creds_process_load(
    struct creds_search *s, struct creds *out, struct error_info *error)
{
	const char *command = profile_get(s->profile, "credential_process");
	struct deadline d = deadline_in(s->deadline->clock, WAIT_MS);
	struct buf text = BUF_INIT(OUTPUT_MAX), complaint = BUF_INIT(SAID_MAX);
	struct program c = {.out = &text, .err = &complaint};
	struct words *w = NULL;
	enum err e = ERR_MEMORY;

	if (command == NULL)
		return (ERR_NO_CREDS);
	if (s->deadline->at_ms < d.at_ms)
		d = *s->deadline;
	if ((w = calloc(1, sizeof(*w))) == NULL)
		goto out;
	if (!words_read(command, w)) {
		e = error_info_set(error, ERR_CONFIG,
		    "credential_process of profile \"%s\" is not a command: "
		    "a quote or a backslash has no end, or it is too long",
		    s->profile->name);
		goto out;
	}
	c.argv = w->argv;
	/* one whose status the host has taken is judged by what it wrote */
	if ((e = run(s, &c, &d, error)) != ERR_OK || c.status > 0 ||
	    (c.status == -1 && text.len == 0))
		e = failure(s, &c, e, error);
	else
		e = output_take(s, &text, out, error);
out:
	buf_free(&complaint);
	buf_free(&text);
	free(w);
	return (e);
}
