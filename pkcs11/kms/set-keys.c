#include <stdio.h>
#include <string.h>
#include "import-set.h"
#include "key-trust.h"
#include "set-keys.h"

#define LIST_MAX (256 * 1024)

/* The usage that the set tells, or the first that the KeySpec has. */
static enum key_usage
usage_of(const struct import_set *s, const struct key_spec *spec)
{
	enum key_usage told = key_usage_find(s->usage);

	if (told != 0 && (spec->usages & told) != 0)
		return (told);
	return ((enum key_usage)(spec->usages & (~spec->usages + 1)));
}

static void
take_names(struct key *k, const struct buf *aliases)
{
	struct view names = buf_view(aliases);
	const char *at;

	while ((at = view_take_string(&names)) != NULL)
		if (strlen(at) >= KMS_ALIAS_SIZE)
			continue;
		else if (name_is(NAME_ID, at))
			snprintf(k->names.id, KMS_ALIAS_SIZE, "%s", at);
		else if (name_is(NAME_LABEL, at)) {
			snprintf(k->names.label, KMS_ALIAS_SIZE, "%s", at);
			k->names.labels = 1;
		}
	k->names.known = true;
}

/* A key that waits, or, with a renewal pair, one in use, as the set tells of
 * it; NULL: it tells too little. */
static struct key *
make_key(struct call *c, const char *key_id, bool renewal,
    const struct import_set *s)
{
	const struct key_spec *spec = key_spec_find(
	    s->spec[0] != '\0' ? s->spec : c->token->config->import);
	struct kms_key meta = KMS_KEY_INIT;
	struct key *k;

	if (s->arn[0] == '\0' || spec == NULL || spec->wrapping == NULL) {
		call_note(c, "the import set of key %s shows no key: %s",
		    key_id,
		    s->arn[0] == '\0' ? "write its ARN into KeyArn.txt"
				      : "its KeySpec cannot be imported");
		return (NULL);
	}
	snprintf(meta.id, sizeof(meta.id), "%s", key_id);
	snprintf(meta.arn, sizeof(meta.arn), "%s", s->arn);
	snprintf(meta.spec, sizeof(meta.spec), "%s", spec->kms);
	meta.usage = usage_of(s, spec);
	memcpy(meta.material_id, s->material_id, sizeof(meta.material_id));
	meta.state = renewal ? KMS_STATE_ENABLED : KMS_STATE_PENDING_IMPORT;
	meta.origin = KMS_ORIGIN_EXTERNAL;
	snprintf(
	    meta.words.usage, KMS_WORD_SIZE, "%s", key_usage_name(meta.usage));
	snprintf(meta.words.state, KMS_WORD_SIZE, "%s",
	    renewal ? "Enabled" : "PendingImport");
	snprintf(meta.words.origin, KMS_WORD_SIZE, "%s",
	    kms_origin_name(meta.origin));
	if ((k = key_new(&meta)) != NULL) {
		take_names(k, &s->aliases);
		k->by_set = true;
		k->has_renewal_pair = renewal;
	}
	kms_key_free(&meta);
	return (k);
}

enum err
set_keys_learn(struct call *c, const char *key_id, bool renewal)
{
	struct key *k = store_key(&c->token->store, key_id);
	struct import_set s = IMPORT_SET_INIT;
	enum err e = ERR_OK;

	if (k == NULL && import_set_read(c, key_id, renewal, &s) == ERR_OK &&
	    (k = make_key(c, key_id, renewal, &s)) != NULL)
		e = store_put(&c->token->store, k);
	import_set_free(&s);
	key_unref(k);
	return (e);
}

static enum err
refresh(struct call *c, bool renewal)
{
	struct buf ids = BUF_INIT(LIST_MAX);
	struct error_info before = c->kms.error;
	enum err e = import_set_list(c, renewal, &ids);
	struct view rest = buf_view(&ids);
	const char *id;

	if (e != ERR_OK && e != ERR_MEMORY) {
		call_note(c, "the import sets are not read: %s",
		    c->kms.error.message);
		e = ERR_OK;
	}
	while (e == ERR_OK && (id = view_take_string(&rest)) != NULL)
		e = set_keys_learn(c, id, renewal);
	buf_free(&ids);
	c->kms.error = before;
	return (e);
}

enum err
set_keys_refresh(struct call *c)
{
	enum err e = refresh(c, false);

	return (e == ERR_OK ? refresh(c, true) : e);
}

/* Both kinds. */
static enum err
list_all(struct call *c, struct buf *ids)
{
	enum err e = import_set_list(c, false, ids);

	return (e == ERR_OK ? import_set_list(c, true, ids) : e);
}

bool
set_keys_are_there(struct call *c)
{
	struct buf ids = BUF_INIT(LIST_MAX);
	bool yes = list_all(c, &ids) == ERR_OK && ids.len != 0;

	buf_free(&ids);
	return (yes);
}

static bool
has_name(const struct key *k, CK_ATTRIBUTE_TYPE type, struct view name)
{
	enum name_kind kind = type == CKA_ID ? NAME_ID : NAME_LABEL;
	char alias[KMS_ALIAS_SIZE];

	if (type == CKA_UNIQUE_ID)
		return (view_equal(name, view_str(k->meta.arn)));
	if (key_trust_is_named(name, k))
		return (true);
	return (
	    name_to_alias(kind, name, alias) == ERR_OK &&
	    strcmp(alias, kind == NAME_ID ? k->names.id : k->names.label) == 0);
}

bool
set_keys_find(struct call *c, CK_ATTRIBUTE_TYPE type, struct view name,
    struct found_keys *f)
{
	struct buf ids = BUF_INIT(LIST_MAX);
	struct view rest;
	const char *id;
	struct key *k;

	(void)list_all(c, &ids);
	rest = buf_view(&ids);
	while (f->count < LISTING_NAMES_MAX &&
	       (id = view_take_string(&rest)) != NULL) {
		k = store_key(&c->token->store, id);
		if (k != NULL && has_name(k, type, name))
			f->keys[f->count++] = k;
		else
			key_unref(k);
	}
	buf_free(&ids);
	return (f->count != 0);
}
