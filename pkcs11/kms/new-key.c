#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "json.h"
#include "key-tags.h"
#include "new-key.h"
#include "settle.h"
#include "trusted-path.h"

#define NOTE_SIZE 128
#define NOTE "Keyferry %s %s" /* import or key, and the nonce */
#define COMPANION_NOTE "Keyferry also %.64s %s" /* the other key's id, and it */

static void
write_note(const struct provision *p, char note[NOTE_SIZE])
{
	if (p->companion_of != NULL)
		snprintf(note, NOTE_SIZE, COMPANION_NOTE, p->companion_of,
		    p->journal.nonce);
	else
		snprintf(note, NOTE_SIZE, NOTE,
		    p->request->generated_by_kms ? "key" : "import",
		    p->journal.nonce);
}

/* Whoever can write the file decides who may use the keys. It is read for each
 * key, so that a change counts at once. */
static enum err
read_policy(struct call *c, const char *path, struct buf *text)
{
	static const struct json_field nothing[] = {JSON_END};
	struct error_info *error = &c->kms.error;
	int fd = -1;
	enum err e = trusted_open(path, TRUSTED_FILE, O_RDONLY, &fd, error);

	if (e == ERR_OK)
		e = buf_read(text, fd);
	if (e == ERR_FILE)
		(void)error_info_set(
		    error, e, "policy: %s: %s", path, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	if (e == ERR_TOO_BIG)
		return (error_info_set(error, ERR_CONFIG,
		    "policy: %s is longer than %d bytes", path,
		    NEW_KEY_POLICY_MAX - 1));
	if (e == ERR_OK &&
	    (text->len == 0 || memchr(text->ptr, '\0', text->len) != NULL ||
		json_decode(nothing, buf_view(text), NULL) != ERR_OK))
		return (error_info_set(
		    error, ERR_CONFIG, "policy: %s is no JSON object", path));
	if (e == ERR_FILE || e == ERR_UNTRUSTED)
		return (ERR_CONFIG);
	return (e == ERR_OK ? buf_append(text, VIEW("", 1)) : e);
}

static enum err
write_description(
    const char *configured, const struct provision *p, struct buf *out)
{
	char note[NOTE_SIZE];
	enum err e = ERR_OK;

	if (configured != NULL)
		e = buf_puts(out, configured);
	if (e == ERR_OK && p != NULL) {
		write_note(p, note);
		if (out->len != 0)
			e = buf_puts(out, " ");
		if (e == ERR_OK)
			e = buf_puts(out, note);
	}
	return (e == ERR_OK ? buf_append(out, VIEW("", 1)) : e);
}

enum err
new_key_read(struct call *c, const struct key_request *r,
    const struct provision *p, struct new_key *new)
{
	const struct config_token *config = c->token->config;
	enum err e = key_tags_choose(config->tags, r->tags, &new->tags);

	if (e == ERR_OK && config->policy != NULL)
		e = read_policy(c, config->policy, &new->policy_text);
	if (e == ERR_OK && config->policy != NULL)
		new->policy = (const char *)new->policy_text.ptr;
	if (e == ERR_OK)
		e = write_description(
		    config->description, p, &new->description_text);
	if (e == ERR_OK && new->description_text.len > 1)
		new->description = (const char *)new->description_text.ptr;
	if (e != ERR_OK)
		new_key_free(new);
	return (e);
}

void
new_key_free(struct new_key *new)
{
	json_rows_free(&new->tags);
	buf_free(&new->policy_text);
	buf_free(&new->description_text);
	new->policy = new->description = NULL;
}

bool
new_key_has_note(const struct provision *p, const struct key *k)
{
	struct view text = buf_view(&k->meta.description);
	char note[NOTE_SIZE];
	size_t len, before;

	if (p->journal.nonce[0] == '\0')
		return (false);
	write_note(p, note);
	if (text.len < (len = strlen(note)))
		return (false);
	before = text.len - len;
	/* whatever the configuration said when the key was made */
	return (memcmp(text.ptr + before, note, len) == 0 &&
		(before == 0 || text.ptr[before - 1] == ' '));
}

/* The store knows the key by its new description. */
static enum err
take_description(struct call *c, struct provision *p, const char *text)
{
	struct key *k = key_copy(p->key);
	enum err e = ERR_MEMORY;

	if (k == NULL)
		return (e);
	buf_reset(&k->meta.description);
	if ((e = buf_puts(&k->meta.description, text)) == ERR_OK)
		e = store_put(&c->token->store, k);
	key_unref(p->key);
	p->key = k;
	return (e);
}

void
new_key_remove_note(struct call *c, struct provision *p)
{
	const char *text = c->token->config->description;
	struct error_info before = c->kms.error;
	int tries = 0;
	enum err e;

	if (text == NULL || !new_key_has_note(p, p->key))
		return;
	do {
		e = kms_update_key_description(&c->kms, p->key->meta.id, text);
	} while (settle_retry_living(c, &c->kms, p->key, e, &tries));
	if (e == ERR_OK)
		e = take_description(c, p, text);
	if (e != ERR_OK)
		call_note(c,
		    "the description of key %s keeps a note that is no longer "
		    "needed: %s [%s]",
		    p->key->meta.id, err_text(e), c->kms.error.exception);
	c->kms.error = before;
}
