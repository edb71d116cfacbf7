#include "delete-material.h"
#include "last-use.h"
#include "list-materials.h"
#include "replica-deletion.h"
#include "token/settle-pause.h"

#define TRIES 4 /* a list may be late */

static enum err
delete_one(struct kms *kms, const struct kms_key *meta,
    const struct material *m, struct material_deletion *done)
{
	const char *id = m->id[0] == '\0' ? NULL : m->id;
	enum err e;

	if (!m->is_here)
		return (ERR_OK);
	e = kms_delete_imported_key_material_id(kms, meta->id, id);
	done->any |= e == ERR_OK;
	return (e);
}

/* The current one last: a key without it may ignore the rest. */
static enum err
delete_listed(struct kms *kms, const struct kms_key *meta,
    const struct materials *m, struct material_deletion *done)
{
	static const enum kms_material_state last[] = {
	    KMS_MATERIAL_NON_CURRENT, KMS_MATERIAL_CURRENT};
	enum err e = ERR_OK;

	for (size_t i = 0; i < m->count && e == ERR_OK; i++)
		if (m->rows[i].state != last[0] && m->rows[i].state != last[1])
			e = delete_one(kms, meta, &m->rows[i], done);
	for (size_t n = 0; n < 2; n++)
		for (size_t i = 0; i < m->count && e == ERR_OK; i++)
			if (m->rows[i].state == last[n])
				e = delete_one(kms, meta, &m->rows[i], done);
	return (e);
}

static bool
is_any_here(const struct materials *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].is_here)
			return (true);
	return (false);
}

static void
log_unlisted(struct call *c, const struct kms_key *meta, const char *region)
{
	log_line(c->module->log, LOG_ERROR,
	    "%s: the current material of key %s is deleted in %s; other "
	    "materials may remain there, for they cannot be listed: allow "
	    "kms:ListKeyRotations",
	    c->name, meta->id, region);
}

/* Until KMS lists none. *m is what remains. */
static enum err
delete_several(struct call *c, struct kms *kms, const struct kms_key *meta,
    const char *region, struct materials *m, struct material_deletion *done)
{
	int tries = 0;
	enum err e;

	for (;;) {
		e = delete_listed(kms, meta, m, done);
		if (e != ERR_OK || !m->is_complete)
			break;
		materials_free(m);
		if ((e = materials_list(c, kms, meta, m)) != ERR_OK ||
		    !m->is_complete || !is_any_here(m))
			break;
		if (!settle_pause(&kms->deadline, &tries, TRIES))
			return (ERR_KEY_STATE);
	}
	if (e == ERR_OK && !m->is_complete) {
		done->more_may_remain = true;
		log_unlisted(c, meta, region);
	}
	return (e);
}

static void
log_left(struct call *c, const struct kms *kms, const struct kms_key *meta,
    const char *region, const struct materials *m, enum err e)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].is_here)
			log_line(c->module->log, LOG_ERROR,
			    "%s: material %s of key %s may remain in %s: %s "
			    "[%s: %s]; destroy the key again",
			    c->name, m->rows[i].id, meta->id, region,
			    err_text(e), kms->error.exception,
			    kms->error.message);
	if (m->count == 0)
		log_line(c->module->log, LOG_ERROR,
		    "%s: materials of key %s may remain in %s: %s [%s: %s]; "
		    "destroy the key again",
		    c->name, meta->id, region, err_text(e),
		    kms->error.exception, kms->error.message);
}

static enum err
delete_in(struct call *c, struct kms *kms, const struct key *k,
    const char *region, struct material_deletion *done)
{
	struct kms_key meta = KMS_KEY_INIT;
	struct materials m = MATERIALS_INIT, now = MATERIALS_INIT;
	struct error_info error;
	enum err e = kms_describe_key(kms, k->meta.id, &meta);

	if (e == ERR_NOT_FOUND && kms != &c->kms)
		goto out; /* there is no replica */
	if (e == ERR_OK && kms_key_has_material(&meta))
		last_use_note(c, kms, region, k->meta.id);
	if (e == ERR_OK && (e = materials_list(c, kms, &meta, &m)) == ERR_OK)
		e = materials_may_be_several(&meta)
			? delete_several(c, kms, &meta, region, &m, done)
			: delete_listed(kms, &meta, &m, done);
	if (e != ERR_OK) {
		error = kms->error;
		if (materials_may_be_several(&meta) && m.count != 0 &&
		    materials_list(c, kms, &meta, &now) == ERR_OK) {
			materials_free(&m);
			m = now;
		}
		kms->error = error;
		/* where nothing was done, the call's own line says all */
		if (kms != &c->kms || done->any || m.count != 0)
			log_left(c, kms, &k->meta, region, &m, e);
	}
out:
	materials_free(&m);
	kms_key_free(&meta);
	return (e == ERR_NOT_FOUND && kms != &c->kms ? ERR_OK : e);
}

enum err
delete_material(
    struct call *c, const struct key *k, struct material_deletion *done)
{
	const struct regions *rs = &c->token->regions;
	struct kms region_kms;
	enum err e = ERR_OK, one;

	*done = (struct material_deletion){false, false};
	for (size_t i = 0; replicas_may_exist(c, k) && i < rs->count; i++) {
		region_kms = replica_kms(c, i);
		one = delete_in(
		    c, &region_kms, k, client_region(rs->clients[i]), done);
		if (one != ERR_OK && e == ERR_OK) {
			c->kms.error = region_kms.error;
			e = one;
		}
	}
	if (e == ERR_OK) {
		replicas_log_unnamed(c, k, "nothing is deleted in the replica");
		return (delete_in(
		    c, &c->kms, k, client_region(c->token->client), done));
	}
	log_line(c->module->log, LOG_ERROR,
	    key_is_pending_import(k)
		? "%s: key %s keeps what it has in its own Region: destroy it "
		  "again"
		: "%s: key %s keeps its material in its own Region, and is "
		  "still in use",
	    c->name, k->meta.id);
	return (e);
}

static bool
is_left_in(struct call *c, struct kms *kms, const struct key *k)
{
	struct kms_key meta = KMS_KEY_INIT;
	struct materials m = MATERIALS_INIT;
	bool left = false;

	if (kms_describe_key(kms, k->meta.id, &meta) == ERR_OK)
		left = kms_key_has_material(&meta) ||
		       (materials_may_be_several(&meta) &&
			   materials_list(c, kms, &meta, &m) == ERR_OK &&
			   is_any_here(&m));
	materials_free(&m);
	kms_key_free(&meta);
	return (left);
}

bool
delete_material_is_left(struct call *c, const struct key *k)
{
	const struct regions *rs = &c->token->regions;
	struct kms kms = c->kms;
	bool left = materials_may_be_several(&k->meta) &&
		    is_left_in(c, &kms, k);

	for (size_t i = 0; !left && replicas_may_exist(c, k) && i < rs->count;
	     i++) {
		kms = replica_kms(c, i);
		left = is_left_in(c, &kms, k);
	}
	return (left);
}
