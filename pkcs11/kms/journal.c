#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <openssl/evp.h>
#include "hex.h"
#include "journal.h"
#include "json.h"
#include "token/state.h"

#define FILE_MAX 2048

#define JOURNAL(member, name, kind) \
	JSON_FIELD(struct journal, member, name, kind)
static const struct json_field fields[] = {
    JOURNAL(nonce, "Nonce", TEXT),
    JOURNAL(key_id, "KeyId", TEXT),
    JOURNAL(unanswered, "Unanswered", NUMBER),
    JOURNAL(asked, "Asked", NUMBER),
    JSON_END,
};

/* The file's name says which key is being made: by its id, else by its label,
 * else, without a name, by its KeySpec. */
static enum err
set_name(struct call *c, struct journal *j, const struct key_request *r,
    const char *companion_of)
{
	unsigned char hash[32];
	struct buf text = BUF_INIT(64 * 1024);
	struct view name = view_str(r->spec->kms);
	const char *kind = "spec";
	char digits[2 * sizeof(hash) + 1];
	size_t n = 0;
	enum err e;

	if (companion_of != NULL) {
		kind = "companion";
		name = view_str(companion_of);
	} else if (r->id.len != 0) {
		kind = "id";
		name = r->id;
	} else if (r->label.len != 0) {
		kind = "label";
		name = r->label;
	}
	if ((e = buf_puts(&text, kind)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, name)) == ERR_OK &&
	    EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, text.ptr,
		text.len, hash, &n) != 1)
		e = ERR_INTERNAL;
	buf_free(&text);
	if (e != ERR_OK)
		return (e);
	hex_write(hash, sizeof(hash), digits);
	snprintf(j->name, sizeof(j->name), "%s-%s",
	    r->generated_by_kms ? "generate" : "create", digits);
	return (ERR_OK);
}

/* A file that is not there or not whole leads nowhere. */
static enum err
read_file(struct call *c, struct journal *j)
{
	struct buf text = BUF_INIT(FILE_MAX);
	enum err e = state_read(c, j->name, &text);

	if (e == ERR_OK)
		e = json_decode(fields, buf_view(&text), j);
	buf_free(&text);
	if (e == ERR_OK && j->unanswered < 0)
		j->unanswered = 0;
	if (e == ERR_OK)
		return (ERR_OK);
	j->nonce[0] = j->key_id[0] = '\0';
	j->unanswered = j->asked = 0;
	return (e == ERR_NOT_FOUND || e == ERR_TOO_BIG || e == ERR_REPLY
		    ? ERR_OK
		    : e);
}

/* A journal that leads nowhere is no file. */
static enum err
write_file(struct call *c, struct journal *j)
{
	struct buf text = BUF_INIT(FILE_MAX);
	enum err e;

	if (j->name[0] == '\0')
		return (ERR_OK);
	if (j->key_id[0] == '\0' && j->unanswered <= 0) {
		j->nonce[0] = '\0';
		return (state_remove(c, j->name));
	}
	if ((e = json_encode(fields, j, &text)) == ERR_OK)
		e = state_write(c, j->name, buf_view(&text));
	buf_free(&text);
	return (e);
}

enum err
journal_open(struct call *c, struct journal *j, const struct key_request *r,
    const char *companion_of)
{
	enum err e;

	if ((e = set_name(c, j, r, companion_of)) == ERR_OK &&
	    (e = state_lock(c, j->name, &j->lock)) == ERR_OK)
		e = read_file(c, j);
	return (e);
}

enum err
journal_begin(struct journal *j)
{
	uint8_t random[16];

	if (j->nonce[0] != '\0')
		return (ERR_OK);
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return (ERR_INTERNAL);
	hex_write(random, sizeof(random), j->nonce);
	return (ERR_OK);
}

enum err
journal_ask(struct call *c, struct journal *j)
{
	j->unanswered++;
	j->asked = call_wall_seconds(c);
	return (write_file(c, j));
}

enum err
journal_answer(struct call *c, struct journal *j, const char *key_id)
{
	if (key_id != NULL)
		snprintf(j->key_id, sizeof(j->key_id), "%s", key_id);
	return (journal_found(c, j, 1));
}

enum err
journal_found(struct call *c, struct journal *j, double count)
{
	/* more may be found than were asked for: descriptions can be copied */
	j->unanswered = count < j->unanswered ? j->unanswered - count : 0;
	return (write_file(c, j));
}

enum err
journal_finish(struct call *c, struct journal *j)
{
	j->key_id[0] = '\0';
	return (write_file(c, j));
}

void
journal_close(struct call *c, struct journal *j)
{
	state_unlock(c, j->name, j->lock);
	j->lock = -1;
}
