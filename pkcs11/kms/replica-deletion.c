#include <string.h>
#include "alias.h"
#include "describe.h"
#include "last-use.h"
#include "replica-deletion.h"
#include "settle.h"

static bool
is_primary(const struct key *k)
{
	return (k->meta.multi_region == JSON_TRUE &&
		k->meta.multi_region_type != KMS_REPLICA);
}

bool
replicas_may_exist(const struct call *c, const struct key *k)
{
	return (is_primary(k) && c->token->regions.count != 0);
}

struct kms
replica_kms(const struct call *c, size_t i)
{
	return ((struct kms){
	    .transport = client_transport(c->token->regions.clients[i]),
	    .deadline = c->kms.deadline});
}

static enum err
free_names(struct call *c, struct kms *kms, const struct key *k)
{
	struct alias_list l = {.names = NULL};
	enum err e = alias_list_read(c, kms, k, &l);

	if (e == ERR_OK &&
	    (e = alias_list_settle(c, kms, &l, k->meta.id)) == ERR_OK)
		e = alias_list_delete(c, kms, &l, k->meta.id);
	alias_list_free(&l);
	return (e);
}

static enum err
schedule(struct call *c, struct kms *kms, const struct key *k, int days)
{
	int tries = 0;
	enum err e = free_names(c, kms, k);

	if (e != ERR_OK)
		return (e);
	do {
		e = kms_schedule_key_deletion(kms, k->meta.id, days);
	} while (settle_retry_living(c, kms, k, e, &tries));
	/* another call was quicker */
	if (e == ERR_KEY_STATE && is_pending_deletion_now(kms, k))
		e = ERR_OK;
	return (e);
}

static enum err
schedule_in(struct call *c, struct kms *kms, const char *region,
    const struct key *k, int days)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(kms, k->meta.id, &meta);

	if (e == ERR_OK && !kms_key_is_pending_deletion(&meta)) {
		last_use_note(c, kms, region, k->meta.id);
		e = schedule(c, kms, k, days);
		if (e == ERR_OK)
			call_note(c,
			    "the replica of key %s in %s is deleted in %d days",
			    k->meta.id, region, days);
	}
	kms_key_free(&meta);
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}

static void
log_left(struct call *c, const struct kms *kms, const char *region,
    const struct key *k, enum err e)
{
	log_line(c->module->log, LOG_ERROR,
	    "%s: the replica of key %s remains in %s: %s [%s: %s]; destroy the "
	    "key again",
	    c->name, k->meta.id, region, err_text(e), kms->error.exception,
	    kms->error.message);
}

static bool
is_named(const struct call *c, const char *region)
{
	const struct regions *rs = &c->token->regions;

	for (size_t i = 0; i < rs->count; i++)
		if (strcmp(client_region(rs->clients[i]), region) == 0)
			return (true);
	return (false);
}

void
replicas_log_unnamed(struct call *c, const struct key *k, const char *what)
{
	struct json_rows rows = {NULL, 0};
	const struct kms_region_key *replicas;
	struct kms kms = c->kms;

	if (!is_primary(k) ||
	    kms_describe_replicas(&kms, k->meta.id, &rows) != ERR_OK)
		goto out;
	replicas = rows.ptr;
	for (size_t i = 0; i < rows.count; i++)
		if (!is_named(c, replicas[i].region))
			log_line(c->module->log, LOG_ERROR,
			    "%s: %s of key %s in %s, a Region that replicas in "
			    "keyferry.conf does not name",
			    c->name, what, k->meta.id, replicas[i].region);
out:
	json_rows_free(&rows);
}

enum err
replica_deletion_schedule(struct call *c, const struct key *k, int days)
{
	const struct regions *rs = &c->token->regions;
	enum err e = ERR_OK, one;
	const char *region;
	struct kms kms;

	for (size_t i = 0; replicas_may_exist(c, k) && i < rs->count; i++) {
		kms = replica_kms(c, i);
		region = client_region(rs->clients[i]);
		one = schedule_in(c, &kms, region, k, days);
		if (one == ERR_OK)
			continue;
		log_left(c, &kms, region, k, one);
		if (e == ERR_OK)
			c->kms.error = kms.error;
		if (e == ERR_OK)
			e = one;
	}
	if (e == ERR_OK)
		replicas_log_unnamed(
		    c, k, "KMS deletes the primary only after the replica");
	return (e);
}

static bool
is_listed(const struct buf *names, const char *name)
{
	struct view rest = buf_view(names);
	const char *one;

	while ((one = view_take_string(&rest)) != NULL)
		if (strcmp(one, name) == 0)
			return (true);
	return (false);
}

enum err
replica_deletion_list(struct call *c, const struct key *k, struct buf *regions)
{
	const struct regions *rs = &c->token->regions;
	struct kms_key meta;
	enum err e = ERR_OK;
	const char *region;
	struct kms kms;

	for (size_t i = 0;
	     replicas_may_exist(c, k) && i < rs->count && e == ERR_OK; i++) {
		kms = replica_kms(c, i);
		region = client_region(rs->clients[i]);
		meta = (struct kms_key)KMS_KEY_INIT;
		if (!is_listed(regions, region) &&
		    kms_describe_key(&kms, k->meta.id, &meta) == ERR_OK &&
		    !kms_key_is_pending_deletion(&meta))
			e = buf_append(
			    regions, VIEW(region, strlen(region) + 1));
		kms_key_free(&meta);
	}
	return (e);
}

static enum err
cancel_in(struct kms *kms, const struct key *k, bool enable)
{
	enum err e;

	if (!is_pending_deletion_now(kms, k))
		return (ERR_OK);
	e = kms_cancel_key_deletion(kms, k->meta.id);
	return (e == ERR_OK && enable ? kms_enable_key(kms, k->meta.id) : e);
}

enum err
replica_deletion_cancel(struct call *c, const struct key *k, bool enable)
{
	const struct regions *rs = &c->token->regions;
	enum err e = ERR_OK, one;
	struct kms kms;

	for (size_t i = 0; replicas_may_exist(c, k) && i < rs->count; i++) {
		kms = replica_kms(c, i);
		one = cancel_in(&kms, k, enable);
		if (e == ERR_OK)
			e = one;
	}
	return (e);
}

static enum err
give_names(
    struct call *c, struct kms *kms, const struct key *k, struct view aliases)
{
	const char *alias;
	enum err e = ERR_OK;

	while (e == ERR_OK && (alias = view_take_string(&aliases)) != NULL)
		e = alias_create(c, kms, alias, k);
	return (e);
}

enum err
replica_deletion_give_up(struct call *c, const struct key *k,
    const struct buf *regions, struct view aliases, bool enable)
{
	const struct regions *rs = &c->token->regions;
	enum err e = ERR_OK, one;
	const char *region;
	struct kms kms;

	for (size_t i = 0; replicas_may_exist(c, k) && i < rs->count; i++) {
		kms = replica_kms(c, i);
		region = client_region(rs->clients[i]);
		if (!is_listed(regions, region))
			continue;
		if ((one = cancel_in(&kms, k, enable)) == ERR_OK)
			one = give_names(c, &kms, k, aliases);
		if (one == ERR_OK)
			continue;
		e = one;
		c->kms.error = kms.error;
		log_line(c->module->log, LOG_ERROR,
		    "%s: key %s stays, but for its replica in %s: %s [%s: %s]; "
		    "bring that back with aws kms cancel-key-deletion, "
		    "enable-key and create-alias",
		    c->name, k->meta.id, region, err_text(one),
		    kms.error.exception, kms.error.message);
	}
	return (e);
}
