#include <stdlib.h>
#include <string.h>
#include "find-key.h"
#include "message.h"
#include "pin.h"
#include "uri.h"

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
is_perhaps_hidden(const struct token *t, const char *name)
{
	struct buf ids = BUF_INIT(0);
	bool names, hidden;

	hidden = key_list_tell_left_out(t, &ids, &names) != 0;
	buf_free(&ids);
	if (hidden)
		message("%s: which key this is, is not known", name);
	return (hidden);
}

/* *missing: the token has none. */
static bool
find_one(struct key_list *l, const struct token *t, const char *name,
    const CK_ATTRIBUTE *selection, CK_ULONG count, bool *missing)
{
	*missing = false;
	if (!key_list_find(l, t, selection, count) ||
	    is_perhaps_hidden(t, name))
		return (false);
	*missing = l->count == 0;
	return (is_one(l, name));
}

/* How a label, a key id or an ARN is looked for. False: it is empty. */
static bool
describe_name(char *name, CK_ATTRIBUTE *named)
{
	*named = (CK_ATTRIBUTE){
	    strncmp(name, "arn:", 4) == 0 ? CKA_UNIQUE_ID : CKA_LABEL, name,
	    strlen(name)};
	if (named->ulValueLen == 0)
		message("an empty text names no key");
	return (named->ulValueLen != 0);
}

bool
key_list_find_one(struct key_list *l, const struct token *t, char *name)
{
	struct key_list one = {NULL, 0, 0};
	CK_ATTRIBUTE named;
	bool missing, found;

	found = describe_name(name, &named) &&
		find_one(&one, t, name, &named, 1, &missing);
	if (found) {
		named = (CK_ATTRIBUTE){
		    CKA_UNIQUE_ID, one.rows[0].arn.ptr, one.rows[0].arn.len};
		found = key_list_find(l, t, &named, 1);
	}
	key_list_free(&one);
	return (found);
}

/* The token of the key: the URI that names the key may leave it to "to". */
static bool
open_token_of_key(struct found_key *f, char *to, char *name)
{
	char *copy;
	bool opened;

	if (!is_uri(name))
		return (keyferry_token_open(&f->open, to, true));
	if ((copy = strdup(name)) == NULL)
		return (false);
	f->uri = uri_parse(copy);
	free(copy);
	opened = f->uri != NULL &&
		 keyferry_token_open(&f->open,
		     to == NULL || uri_has_token(f->uri) ? name : to, true);
	pin_wipe_text(name);
	return (opened);
}

bool
found_key_open(struct found_key *f, char *to, char *name)
{
	CK_ATTRIBUTE named;
	const CK_ATTRIBUTE *selection = &named;
	CK_ULONG count = 1;

	if (!open_token_of_key(f, to, name))
		return (false);
	if (f->uri != NULL)
		selection = p11_kit_uri_get_attributes(f->uri, &count);
	else if (!describe_name(name, &named))
		return (false);
	if (count == 0) {
		message("%s: this names no key", name);
		return (false);
	}
	return (find_one(
	    &f->keys, f->open.token, name, selection, count, &f->is_missing));
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
	uri_free(f->uri);
	f->uri = NULL;
	key_list_free(&f->keys);
	keyferry_token_close(&f->open);
}
