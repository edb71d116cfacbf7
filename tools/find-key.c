#include <string.h>
#include "find-key.h"
#include "message.h"

static bool
is_uri(const char *name)
{
	return (strncmp(name, "pkcs11:", strlen("pkcs11:")) == 0);
}

static bool
is_one(const struct key_list *l, const char *name)
{
	if (l->count == 1)
		return (true);
	message("%s: %s", name,
	    l->count == 0 ? "there is no such key"
			  : "several keys have this name: give one's ARN");
	for (size_t i = 0; i < l->count; i++)
		message_more("  %.*s", SHOWN(l->rows[i].arn));
	return (false);
}

/* Whether the search left out keys of which it may be one, and said so. One by
 * a name leaves out none. */
static bool
is_perhaps_hidden(const struct found_key *f, const char *name)
{
	struct buf ids = BUF_INIT(0);
	bool names, hidden;

	hidden = key_list_tell_left_out(f->open.token, &ids, &names) != 0;
	buf_free(&ids);
	if (hidden)
		message("%s: which key this is, is not known", name);
	return (hidden);
}

bool
found_key_open(struct found_key *f, char *to, char *name)
{
	CK_ATTRIBUTE named = {CKA_LABEL, name, strlen(name)};
	const CK_ATTRIBUTE *selection = &named;
	CK_ULONG count = 1;

	if (!keyferry_token_open(&f->open, is_uri(name) ? name : to, true))
		return (false);
	if (is_uri(name)) {
		selection = f->open.selection;
		count = f->open.selection_count;
	} else if (strncmp(name, "arn:", 4) == 0)
		named.type = CKA_UNIQUE_ID;
	if (named.ulValueLen == 0 || count == 0) {
		message("%s: this names no key", name);
		return (false);
	}
	if (!key_list_find(&f->keys, f->open.token, selection, count))
		return (false);
	if (is_perhaps_hidden(f, name))
		return (false);
	f->is_missing = f->keys.count == 0;
	return (is_one(&f->keys, name));
}

bool
found_key_refresh(struct found_key *f)
{
	struct key_list now = {NULL, 0, 0};
	const struct buf *arn = &f->keys.rows[0].arn;
	const CK_ATTRIBUTE same = {CKA_UNIQUE_ID, arn->ptr, arn->len};

	if (!key_list_find(&now, f->open.token, &same, 1) || now.count != 1) {
		key_list_free(&now);
		return (false);
	}
	key_list_free(&f->keys);
	f->keys = now;
	return (true);
}

void
found_key_close(struct found_key *f)
{
	key_list_free(&f->keys);
	keyferry_token_close(&f->open);
}
