#include "import-transfer.h"
#include "move-transfer.h"
#include "source-key.h"

enum source_key
source_key_add(struct plan *p, struct open_tokens *tokens, P11KitUri *uri)
{
	struct token *from = open_token(tokens, uri, false);
	const CK_ATTRIBUTE *selection;
	CK_ULONG count = 0, found = 0;
	size_t before = p->count;

	if (from == NULL)
		return (SOURCE_KEY_NO_TOKEN);
	selection = p11_kit_uri_get_attributes(uri, &count);
	if (!plan_add_keys(p, from, selection, count, &found))
		return (SOURCE_KEY_NO_TOKEN);
	if (found != 1)
		return (found == 0 ? SOURCE_KEY_NONE : SOURCE_KEY_SEVERAL);
	return (p->count > before ? SOURCE_KEY_ADDED : SOURCE_KEY_TWICE);
}

const char *
source_key_problem(enum source_key k)
{
	switch (k) {
	case SOURCE_KEY_NONE:
		return ("there is no such key");
	case SOURCE_KEY_SEVERAL:
		return ("several keys are selected");
	case SOURCE_KEY_TWICE:
		return ("another line has this key of the token");
	case SOURCE_KEY_ADDED:
	case SOURCE_KEY_NO_TOKEN:
		break;
	}
	return ("");
}

bool
source_key_bring(struct plan *p, struct key *k)
{
	return (k->from != NULL ? transfer_key(p, k) : import_key(p, k));
}
