#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "keydata/names.h"
#include "key-names.h"
#include "key-trust.h"
#include "make-key.h"
#include "new-key.h"

#define CREATE_TRIES 2 /* for a CreateKey whose reply is lost */

/* Whether a CreateKey that failed so may have made a key. */
static bool
may_be_made(enum err e)
{
	return (e == ERR_UNKNOWN || e == ERR_REPLY || e == ERR_MEMORY);
}

/* Replicas are of multi-Region keys alone. */
static bool
is_multi_region(const struct config_token *config, const struct key_request *r)
{
	return (
	    config->replicas != NULL ||
	    (r->multi_region_is_said ? r->multi_region : config->multi_region));
}

/* One CreateKey. Of its reply, and of nothing else, comes the record that the
 * key was made here. ERR_UNKNOWN, ERR_REPLY: it may have made a key. */
static enum err
create_once(struct call *c, struct provision *p)
{
	const struct config_token *config = c->token->config;
	struct new_key new = NEW_KEY_INIT;
	struct kms_create_key_in in = {
	    .spec = p->request->spec->kms,
	    .usage = key_usage_name(p->request->usage),
	    .origin = kms_origin_name(p->request->generated_by_kms
					  ? KMS_ORIGIN_AWS_KMS
					  : KMS_ORIGIN_EXTERNAL),
	    .multi_region = is_multi_region(config, p->request) ? JSON_TRUE
								: JSON_UNSET,
	};
	struct kms_key meta = KMS_KEY_INIT;
	struct kms failed;
	enum err e;

	if ((e = journal_begin(&p->journal)) != ERR_OK ||
	    (e = new_key_read(c, p->request, p, &new)) != ERR_OK)
		return (e);
	in.tags = new.tags;
	in.policy = new.policy;
	in.description = new.description;
	if ((e = journal_ask(c, &p->journal)) != ERR_OK)
		goto out;
	e = kms_create_key(&c->kms, &in, &meta);
	failed = c->kms;
	/* a reply to another request tells nothing of this one */
	if (e == ERR_OK && (!view_equal(buf_view(&meta.description),
				view_str(in.description)) ||
			       strcmp(meta.spec, in.spec) != 0))
		e = error_info_set(&c->kms.error, ERR_REPLY,
		    "KMS's reply to CreateKey describes a different key, %s",
		    meta.id);
	p->reply_lost |= may_be_made(e);
	if (e == ERR_OK) {
		/* the journal first: from it the record can be made anew */
		e = journal_answer(c, &p->journal, meta.id);
		p->key = key_new(&meta);
		if (p->key == NULL)
			e = ERR_MEMORY;
		p->made = p->key != NULL;
	} else if (!may_be_made(e)) {
		(void)journal_answer(c, &p->journal, NULL);
		c->kms = failed;
	}
	if (e == ERR_OK)
		e = key_trust_record(c, p->key, p->companion_of);
out:
	new_key_free(&new);
	kms_key_free(&meta);
	return (e);
}

enum err
make_key_create(struct call *c, struct provision *p)
{
	enum err e = create_once(c, p);

	for (int i = 1;
	     i < CREATE_TRIES && (e == ERR_UNKNOWN || e == ERR_REPLY); i++)
		e = create_once(c, p);
	return (e);
}

enum err
make_key_aliases(const struct provision *p, struct alias_list *l)
{
	const struct key_request *r = p->request;
	char alias[KMS_ALIAS_SIZE];
	enum err e = ERR_OK;

	if (p->companion_of != NULL) {
		name_companion_alias(p->companion_of, alias);
		e = alias_list_add(l, alias);
	}
	if (e == ERR_OK && r->id.len != 0 &&
	    (e = name_to_alias(NAME_ID, r->id, alias)) == ERR_OK)
		e = alias_list_add(l, alias);
	if (e == ERR_OK && r->label.len != 0 &&
	    (name_meant_alias(r->label, alias) ||
		(e = name_to_alias(NAME_LABEL, r->label, alias)) == ERR_OK))
		e = alias_list_add(l, alias);
	return (e);
}

/* To which key a name leads that CreateAlias found taken. */
static void
read_promise(struct call *c, struct provision *p, const char *alias)
{
	struct kms_key meta = KMS_KEY_INIT;

	if (describe_keeping_error(&c->kms, alias, &meta) == ERR_OK)
		snprintf(p->promised, sizeof(p->promised), "%s", meta.id);
	kms_key_free(&meta);
}

/* One name. A label may belong to several keys that have ids of their own. */
static enum err
give_name(struct call *c, struct provision *p, char alias[KMS_ALIAS_SIZE])
{
	const struct key_request *r = p->request;
	struct key_names *names = &p->key->names;
	bool made;
	enum err e;

	if (!name_is(NAME_LABEL, alias)) {
		e = alias_create(c, &c->kms, alias, p->key);
		if (e == ERR_OK && name_is(NAME_ID, alias))
			memcpy(names->id, alias, KMS_ALIAS_SIZE);
		return (e);
	}
	e = key_names_claim_label(
	    c, &c->kms, p->key, r->label, r->id.len != 0, alias, &made);
	if (e == ERR_OK)
		memcpy(names->label, alias, KMS_ALIAS_SIZE);
	return (e);
}

enum err
make_key_name(struct call *c, struct provision *p)
{
	struct alias_list l = {.names = NULL};
	struct key *named = key_copy(p->key);
	struct key_names *names;
	enum err e;

	if (named == NULL)
		return (ERR_MEMORY);
	/* others may see the one that was there */
	key_unref(p->key);
	p->key = named;
	names = &named->names;
	e = make_key_aliases(p, &l);
	for (size_t i = 0; i < l.count && e == ERR_OK; i++) {
		e = give_name(c, p, l.names[i]);
		/* without a reply it may be there */
		p->named = e == ERR_EXISTS ? i : i + 1;
		if (e == ERR_EXISTS && i == 0)
			read_promise(c, p, l.names[i]);
	}
	names->labels = names->label[0] != '\0';
	names->known = e == ERR_OK;
	p->label_given = e == ERR_OK;
	alias_list_free(&l);
	return (e == ERR_OK ? store_put(&c->token->store, p->key) : e);
}
