#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <openssl/evp.h>
#include "journal.h"
#include "token/state.h"

/* The file's name says what is being made. */
static enum err
set_name(struct call *c, struct journal *j, const struct key_request *r,
    const char *companion_of)
{
	unsigned char hash[32];
	struct buf text = BUF_INIT(64 * 1024);
	size_t n = 0, at;
	enum err e;

	if ((e = buf_puts(&text, r->spec->kms)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, r->id)) == ERR_OK &&
	    (e = buf_append(&text, VIEW("", 1))) == ERR_OK &&
	    (e = buf_append(&text, r->label)) == ERR_OK &&
	    (e = buf_puts(&text, companion_of != NULL ? companion_of : "")) ==
		ERR_OK &&
	    EVP_Q_digest(c->module->crypto->lib, "SHA256", NULL, text.ptr,
		text.len, hash, &n) != 1)
		e = ERR_INTERNAL;
	buf_free(&text);
	if (e != ERR_OK)
		return (e);
	at = (size_t)snprintf(j->name, sizeof(j->name),
	    r->generated_by_kms ? "generate-" : "create-");
	for (size_t i = 0; i < sizeof(hash); i++)
		at += (size_t)snprintf(
		    j->name + at, sizeof(j->name) - at, "%02x", hash[i]);
	return (ERR_OK);
}

/* A file that is not there or not whole leads nowhere. */
static enum err
read_nonce(struct call *c, struct journal *j)
{
	struct buf text = BUF_INIT(sizeof(j->nonce));
	enum err e = state_read(c, j->name, &text);

	j->nonce[0] = '\0';
	if (e == ERR_OK && text.len == sizeof(j->nonce) - 1) {
		memcpy(j->nonce, text.ptr, text.len);
		j->nonce[text.len] = '\0';
	}
	buf_free(&text);
	return (e == ERR_NOT_FOUND || e == ERR_TOO_BIG ? ERR_OK : e);
}

enum err
journal_open(struct call *c, struct journal *j, const struct key_request *r,
    const char *companion_of)
{
	enum err e;

	if ((e = set_name(c, j, r, companion_of)) == ERR_OK &&
	    (e = state_lock(c, j->name, &j->lock)) == ERR_OK)
		e = read_nonce(c, j);
	return (e);
}

enum err
journal_begin(struct call *c, struct journal *j)
{
	uint8_t random[16];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return (ERR_INTERNAL);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(j->nonce + 2 * i, 3, "%02x", random[i]);
	return (state_write(c, j->name, view_str(j->nonce)));
}

enum err
journal_remove(struct call *c, struct journal *j)
{
	j->nonce[0] = '\0';
	return (j->name[0] == '\0' ? ERR_OK : state_remove(c, j->name));
}

void
journal_close(struct call *c, struct journal *j)
{
	state_unlock(c, j->name, j->lock);
	j->lock = -1;
}
