#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "import-params.h"
#include "json.h"
#include "key-lock.h"
#include "key-names.h"
#include "removal.h"
#include "replica-deletion.h"
#include "settle.h"
#include "token/state.h"

#define FILE_MAX (64 * 1024)
#define NAME_SIZE (KMS_ID_SIZE + 16)
#define LIST_PAUSE_MS 1000

#define REMOVAL(member, name, kind) \
	JSON_FIELD(struct removal, member, name, kind)
static const struct json_field fields[] = {
    REMOVAL(material, "ThrowAwayMaterial", BYTES),
    REMOVAL(aliases, "Aliases", NAMES),
    REMOVAL(regions, "ReplicaRegions", NAMES),
    REMOVAL(give_back, "GiveBack", BOOL),
    REMOVAL(days, "PendingWindowInDays", NUMBER),
    REMOVAL(begun, "Begun", NUMBER),
    JSON_END,
};

const char *
removal_prefix(enum removal_kind kind)
{
	return (kind == REMOVAL_TAKE_BACK ? "back-" : "destroy-");
}

static void
file_name(const struct removal *r, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "%s%s", removal_prefix(r->kind), r->key_id);
}

/* A file that is not whole leads nowhere: it was never written so. */
static enum err
read_file(struct call *c, struct removal *r)
{
	struct buf text = BUF_INIT(FILE_MAX);
	char name[NAME_SIZE];
	enum err e;

	file_name(r, name);
	if ((e = state_read(c, name, &text)) == ERR_OK)
		e = json_decode(fields, buf_view(&text), r);
	r->exists = e == ERR_OK;
	buf_free(&text);
	return (e == ERR_NOT_FOUND || e == ERR_REPLY || e == ERR_TOO_BIG
		    ? ERR_OK
		    : e);
}

enum err
removal_open(struct call *c, struct removal *r, const char *key_id)
{
	enum err e;

	/* a key id is the name of a file here */
	if (key_id[0] == '\0' || strchr(key_id, '/') != NULL)
		return (ERR_REPLY);
	snprintf(r->key_id, sizeof(r->key_id), "%s", key_id);
	if ((e = key_lock(c, key_id, &r->lock)) == ERR_OK)
		e = read_file(c, r);
	return (e);
}

enum err
removal_write(struct call *c, struct removal *r)
{
	struct buf text = BUF_INIT(FILE_MAX);
	char name[NAME_SIZE];
	enum err e;

	if (!r->exists)
		r->begun = call_wall_seconds(c);
	file_name(r, name);
	if ((e = json_encode(fields, r, &text)) == ERR_OK)
		e = state_write(c, name, buf_view(&text));
	r->exists |= e == ERR_OK;
	buf_free(&text);
	return (e);
}

enum err
removal_finish(struct call *c, struct removal *r)
{
	char name[NAME_SIZE];
	enum err e;

	file_name(r, name);
	if ((e = state_remove(c, name)) == ERR_OK)
		r->exists = false;
	return (e);
}

void
removal_close(struct call *c, struct removal *r)
{
	key_unlock(c, r->key_id, r->lock);
	r->lock = -1;
	buf_free(&r->material);
	buf_free(&r->aliases);
	buf_free(&r->regions);
}

/* The names in the file become a list, or the other way round. */
static enum err
read_names(const struct removal *r, struct alias_list *l)
{
	struct view names = buf_view(&r->aliases);
	const char *name;
	enum err e = ERR_OK;

	while (e == ERR_OK && (name = view_take_string(&names)) != NULL)
		e = alias_list_add(l, name);
	return (e);
}

enum err
removal_add_names(struct call *c, struct removal *r, const struct alias_list *l)
{
	struct alias_list all = {.names = NULL};
	enum err e = read_names(r, &all);

	for (size_t i = 0; i < l->count && e == ERR_OK; i++)
		e = alias_list_add(&all, l->names[i]);
	buf_reset(&r->aliases);
	for (size_t i = 0; i < all.count && e == ERR_OK; i++)
		e = buf_append(
		    &r->aliases, VIEW(all.names[i], strlen(all.names[i]) + 1));
	alias_list_free(&all);
	return (e == ERR_OK ? removal_write(c, r) : e);
}

enum err
removal_free_names(struct call *c, struct removal *r, const struct key *k,
    const struct alias_list *known)
{
	struct alias_list l = {.promised = known->promised};
	enum err e = read_names(r, &l);

	for (size_t i = 0; i < known->count && e == ERR_OK; i++)
		e = alias_list_add(&l, known->names[i]);
	if (e == ERR_OK && (e = alias_list_read(c, &c->kms, k, &l)) == ERR_OK &&
	    (e = alias_list_settle(c, &c->kms, &l, k->meta.id)) == ERR_OK &&
	    l.count != 0 && (e = removal_add_names(c, r, &l)) == ERR_OK)
		e = alias_list_delete(c, &c->kms, &l, k->meta.id);
	alias_list_free(&l);
	return (e);
}

enum err
removal_has_name(
    struct call *c, const struct removal *r, const struct key *k, bool *yes)
{
	struct alias_list l = {.names = NULL};
	enum err e = read_names(r, &l);

	if (e == ERR_OK && (e = alias_list_read(c, &c->kms, k, &l)) == ERR_OK)
		e = alias_list_settle(c, &c->kms, &l, k->meta.id);
	*yes = l.count != 0;
	alias_list_free(&l);
	return (e);
}

/* Whether it leads to another key: one look, for a name that was so before. */
static bool
is_anothers(struct call *c, const char *alias, const struct key *k)
{
	struct kms_key meta = KMS_KEY_INIT;
	bool yes = describe_keeping_error(&c->kms, alias, &meta) == ERR_OK &&
		   strcmp(meta.id, k->meta.id) != 0;

	kms_key_free(&meta);
	return (yes);
}

static enum err
give_back_one(
    struct call *c, const char *alias, const struct key *k, bool again)
{
	enum err e;

	if (again && is_anothers(c, alias, k))
		return (ERR_EXISTS);
	e = alias_create(c, &c->kms, alias, k);
	if (e == ERR_EXISTS)
		log_line(c->module->log, LOG_ERROR,
		    "%s: %s was key %s's and leads to another key by now: give "
		    "%s another name with aws kms create-alias",
		    c->name, alias, k->meta.id, k->meta.id);
	return (e);
}

enum err
removal_give_back(struct call *c, struct removal *r, const struct key *k)
{
	struct view names = buf_view(&r->aliases);
	const char *name;
	bool again = r->give_back == JSON_TRUE, taken = false;
	enum err e = ERR_OK;

	r->give_back = JSON_TRUE;
	/* without it, the next call gives them back, too */
	if (r->aliases.len != 0 && !again)
		(void)removal_write(c, r);
	while (e == ERR_OK && (name = view_take_string(&names)) != NULL) {
		e = give_back_one(c, name, k, again);
		taken |= e == ERR_EXISTS;
		if (e == ERR_EXISTS)
			e = ERR_OK;
	}
	/* one that waits for its deletion takes no names; one that was taken is
	 * not asked for again, or it would come back when it is free */
	if (e == ERR_OK || e == ERR_KEY_STATE)
		e = removal_finish(c, r);
	return (e == ERR_OK && taken ? ERR_EXISTS : e);
}

enum err
removal_wait(struct call *c, const struct key *k, bool *had_material)
{
	struct kms_key meta;
	bool pending = false;
	int tries = 0;
	enum err e;

	do {
		meta = (struct kms_key)KMS_KEY_INIT;
		e = describe_keeping_error(&c->kms, k->meta.id, &meta);
		if (e == ERR_OK) {
			pending = kms_key_is_pending_deletion(&meta);
			*had_material = meta.expiration_model !=
					KMS_EXPIRATION_UNKNOWN;
		}
		kms_key_free(&meta);
	} while (!pending && (e == ERR_OK || e == ERR_NOT_FOUND) &&
		 settle_pause(&c->kms.deadline, &tries, SETTLE_TRIES));
	return (pending ? ERR_OK : ERR_KEY_STATE);
}

/* Frees the names that KMS lists now, if there are any. */
static enum err
free_listed_names(struct call *c, struct removal *r, const struct key *k)
{
	struct alias_list listed = {.names = NULL};
	struct key *nameless = key_copy(k);
	enum err e = ERR_MEMORY;

	if (nameless == NULL)
		return (e);
	nameless->names = (struct key_names){.known = true};
	e = alias_list_read(c, &c->kms, nameless, &listed);
	if (e == ERR_OK && listed.count != 0)
		e = removal_free_names(c, r, k, &alias_list_none);
	alias_list_free(&listed);
	key_unref(nameless);
	return (e);
}

/*
 * Names that came to the key until it was scheduled; none comes to it since. A
 * list may be late, so the last is asked for when what was done before has
 * settled. Of a key that nobody knew, one that shows no name is enough.
 */
static enum err
free_late_names(struct call *c, struct removal *r, const struct key *k)
{
	const struct clock *clock = c->module->clock;
	int64_t settled = clock->mono_ms(clock->ctx) +
			  c->token->config->settle * 1000;
	bool last = settled <= clock->mono_ms(clock->ctx);
	enum err e;

	if (r->just_made)
		return (free_listed_names(c, r, k));
	e = removal_free_names(c, r, k, &alias_list_none);
	while (e == ERR_OK && !last) {
		last = settled <= clock->mono_ms(clock->ctx);
		e = free_listed_names(c, r, k);
		if (e == ERR_OK && !last &&
		    !deadline_sleep(&c->kms.deadline, LIST_PAUSE_MS))
			e = ERR_DEADLINE;
	}
	return (e);
}

/* Labels that other keys have, too. A label that this call was the first to
 * give has no marker. */
static enum err
leave_labels(struct call *c, const struct removal *r, const struct key *k)
{
	struct alias_list lost = {.names = NULL};
	bool shared = !r->just_made;
	enum err e = read_names(r, &lost);

	for (size_t i = 0; i < lost.count; i++)
		shared |= name_is_numbered(lost.names[i]);
	if (e == ERR_OK && shared)
		e = key_names_leave_markers(c, &c->kms, &lost, k->meta.id);
	alias_list_free(&lost);
	return (e);
}

/* What the state directory has of the key, and of the replicas that went before
 * it; who destroys a replica leaves the others. */
static enum err
forget(struct call *c, const struct key *k)
{
	static const char *const files[] = {
	    "made-", "also-", "end-", "pair-", "renew-", "rotate-", NULL};
	enum err e = import_params_forget(c, k, false);

	if (e == ERR_OK)
		e = import_params_forget(c, k, true);
	return (e == ERR_OK ? state_forget(c, files, k->meta.id,
				  replicas_may_exist(c, k))
			    : e);
}

enum err
removal_clean_up(struct call *c, struct removal *r, const struct key *k)
{
	enum err e = free_late_names(c, r, k);

	if (e == ERR_OK &&
	    (e = store_drop(&c->token->store, k->meta.id)) == ERR_OK &&
	    (e = leave_labels(c, r, k)) == ERR_OK &&
	    (e = forget(c, k)) == ERR_OK)
		e = removal_finish(c, r);
	return (e);
}

/* KMS deletes a primary only after them. */
static enum err
schedule_replicas(struct call *c, struct removal *r, const struct key *k)
{
	size_t before = r->regions.len;
	enum err e = replica_deletion_list(c, k, &r->regions);

	if (e == ERR_OK && r->regions.len != before)
		e = removal_write(c, r);
	return (
	    e == ERR_OK ? replica_deletion_schedule(c, k, (int)r->days) : e);
}

enum err
removal_schedule(struct call *c, struct removal *r, const struct key *k)
{
	bool had_material;
	int tries = 0;
	enum err e = ERR_OK;

	/* a new key has none */
	if (!r->just_made)
		e = schedule_replicas(c, r, k);
	if (e != ERR_OK)
		return (e);
	do {
		e = kms_schedule_key_deletion(
		    &c->kms, k->meta.id, (int)r->days);
	} while (settle_retry_living(c, &c->kms, k, e, &tries));
	/* another call was quicker */
	if (e == ERR_KEY_STATE)
		e = removal_wait(c, k, &had_material);
	return (e == ERR_OK ? removal_clean_up(c, r, k) : e);
}
