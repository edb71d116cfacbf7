#include <string.h>
#include <strings.h>
#include "hex.h"
#include "import-transfer.h"
#include "move-transfer.h"
#include "source-key.h"

enum source_key
source_key_select(struct plan *p, struct token *from,
    const CK_ATTRIBUTE *selection, CK_ULONG count)
{
	size_t before = p->count;
	CK_ULONG found = 0;

	if (!plan_add_keys(p, from, selection, count, &found))
		return (SOURCE_KEY_NO_TOKEN);
	if (found != 1)
		return (found == 0 ? SOURCE_KEY_NONE : SOURCE_KEY_SEVERAL);
	return (p->count > before ? SOURCE_KEY_ADDED : SOURCE_KEY_TWICE);
}

enum source_key
source_key_add(struct plan *p, struct open_tokens *tokens, P11KitUri *uri)
{
	struct token *from = open_token(tokens, uri, false);
	const CK_ATTRIBUTE *selection;
	CK_ULONG count = 0;

	if (from == NULL)
		return (SOURCE_KEY_NO_TOKEN);
	selection = p11_kit_uri_get_attributes(uri, &count);
	return (source_key_select(p, from, selection, count));
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

/* What a token's key shows, as of a file's key is known already. */
static void
read_identity(struct key *k)
{
	struct buf value = BUF_INIT(0);

	if (k->class == CKO_SECRET_KEY) {
		(void)token_get_attribute(
		    k->from, k->handle, CKA_CHECK_VALUE, &value);
		if (value.len == CHECK_VALUE_LEN)
			hex_write(value.ptr, value.len, k->check_value);
	} else if (k->type == CKK_RSA && k->public.len != 0) {
		(void)token_get_attribute(
		    k->from, k->handle, CKA_PUBLIC_EXPONENT, &value);
		if (value.len != 0)
			(void)rsa_fingerprint(buf_view(&k->public),
			    buf_view(&value), k->fingerprint);
	} else if (k->type == CKK_EC && k->public.len != 0)
		(void)ec_fingerprint(
		    buf_view(&k->params), buf_view(&k->public), k->fingerprint);
	buf_free(&value);
}

/* A key of a token must have the usage itself; that of a file is given it. */
static void
compare_kind(struct key *k, const struct wanted_key *w)
{
	const char *spec, *why = NULL;

	if (k->from != NULL && k->wish.usage != USAGE_ANY &&
	    key_choose_usage(k, k->wish.usage) != k->wish.usage)
		key_refuse(k, "it cannot %s, as is wanted of it",
		    usage_name(k->wish.usage));
	/* the plan says why there is none */
	if (w->spec == NULL || !key_choose_hmac(k, k->wish.hmac, &why))
		return;
	spec = key_kms_spec(k);
	if (spec[0] != '\0' && strcmp(spec, w->spec) != 0)
		key_refuse(
		    k, "its spec is %s, not the manifest's %s", spec, w->spec);
}

void
source_key_compare(struct key *k, const struct wanted_key *w)
{
	if (!key_is_open(k))
		return;
	if (k->from != NULL)
		read_identity(k);
	compare_kind(k, w);
	if (w->check_value != NULL && k->check_value[0] != '\0' &&
	    strcasecmp(w->check_value, k->check_value) != 0)
		key_refuse(k, "its check value is %s, not the manifest's %s",
		    k->check_value, w->check_value);
	else if (w->public_key != NULL && k->fingerprint[0] != '\0' &&
		 strcasecmp(w->public_key, k->fingerprint) != 0)
		key_refuse(k, "its public key is %s, not the manifest's %s",
		    k->fingerprint, w->public_key);
}

bool
source_key_bring(struct plan *p, struct key *k)
{
	return (k->from != NULL ? transfer_key(p, k) : import_key(p, k));
}
