#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "import-params.h"
#include "list-materials.h"
#include "rotation.h"
#include "settle.h"
#include "token/state.h"

#define LATE_TRIES 5 /* 1.5 seconds in all */
#define RECORD_SIZE (KMS_ID_SIZE + 16)

/* A rotation that is under way: whoever is killed after RotateKeyOnDemand and
 * brings the same material again is told that it is done. */
static void
record_name(const struct provision *p, char name[RECORD_SIZE])
{
	snprintf(name, RECORD_SIZE, "rotate-%s", p->key->meta.id);
}

static bool
is_recorded(struct call *c, const struct provision *p)
{
	struct kms before = c->kms;
	struct buf text = BUF_INIT(KMS_ID_SIZE);
	char name[RECORD_SIZE];
	bool yes;

	record_name(p, name);
	yes = state_read(c, name, &text) == ERR_OK;
	buf_free(&text);
	c->kms = before;
	return (yes);
}

static void
record(struct call *c, const struct provision *p, bool under_way)
{
	struct kms before = c->kms;
	char name[RECORD_SIZE];

	record_name(p, name);
	if (under_way)
		(void)state_write(c, name, view_str(p->key->meta.arn));
	else
		(void)state_remove(c, name);
	c->kms = before;
}

static const struct material *
with_state(const struct materials *m, enum kms_material_state a,
    enum kms_material_state b)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].state == a || m->rows[i].state == b)
			return (&m->rows[i]);
	return (NULL);
}

/* What KMS shows to be waiting for its rotation. */
static const struct material *
pending(const struct materials *m)
{
	return (with_state(
	    m, KMS_MATERIAL_PENDING_ROTATION, KMS_MATERIAL_PENDING_REGIONS));
}

/* As material that the key has: only that one, where its id is known. */
static enum err
import_existing(struct call *c, struct provision *p, struct kms_import_in *in,
    const struct material *m)
{
	in->type = "EXISTING_KEY_MATERIAL";
	in->material_id = m != NULL ? m->id : NULL;
	return (kms_import_key_material_id(&c->kms, in, p->material_id));
}

/* Whether what was asked for as new has come in after all: its reply was
 * lost, and the same request refused when it was repeated. */
static bool
has_come_in(struct call *c, struct provision *p)
{
	struct kms aside = c->kms;
	struct materials m = MATERIALS_INIT;
	const struct material *it = NULL;

	if (materials_list(c, &aside, &p->key->meta, &m) == ERR_OK)
		it = pending(&m);
	if (it != NULL)
		memcpy(p->material_id, it->id, sizeof(p->material_id));
	materials_free(&m);
	return (it != NULL);
}

static bool
is_replica(const struct provision *p)
{
	return (p->key->meta.multi_region_type == KMS_REPLICA);
}

/* No material waits for its rotation. */
static enum err
import_new(struct call *c, struct provision *p, struct kms_import_in *in,
    const struct materials *m)
{
	const struct material *current = with_state(
	    m, KMS_MATERIAL_CURRENT, KMS_MATERIAL_CURRENT);
	bool was_under_way = is_recorded(c, p);
	enum err e;

	if (is_replica(p) && was_under_way)
		return (import_existing(c, p, in, current));
	if (is_replica(p))
		return (error_info_set(&c->kms.error, ERR_UNSUPPORTED,
		    "key %s is a replica: bring new material to its primary in "
		    "%s first; none waits here",
		    p->key->meta.id, p->key->meta.primary.region));
	record(c, p, true);
	in->type = "NEW_KEY_MATERIAL";
	in->material_id = NULL;
	e = kms_import_key_material_id(&c->kms, in, p->material_id);
	if (e == ERR_OK)
		return (e);
	if ((e == ERR_WRONG_MATERIAL || e == ERR_KEY_STATE ||
		e == ERR_UNKNOWN) &&
	    has_come_in(c, p))
		return (ERR_OK);
	if (e == ERR_WRONG_MATERIAL && was_under_way)
		return (import_existing(c, p, in, current));
	/* the key has it, or KMS did not take it: nothing is under way */
	if (e == ERR_WRONG_MATERIAL ||
	    (import_params_are_refused(e) && !was_under_way))
		record(c, p, false);
	return (e);
}

/* Where KMS does not list the materials, its errors tell what there is. */
static enum err
import_unlisted(struct call *c, struct provision *p, struct kms_import_in *in)
{
	enum err e;

	in->type = "NEW_KEY_MATERIAL";
	in->material_id = NULL;
	e = kms_import_key_material_id(&c->kms, in, p->material_id);
	if (e != ERR_KEY_STATE && e != ERR_WRONG_MATERIAL && e != ERR_UNKNOWN)
		return (e);
	return (import_existing(c, p, in, NULL));
}

/* Where none is said, material that waits for its rotation keeps the end that
 * it came in with. */
static void
keep_end(
    struct provision *p, struct kms_import_in *in, const struct material *waits)
{
	if (!p->request->end_is_said && waits->is_here)
		in->valid_to = p->end.at = waits->valid_to;
}

enum err
rotation_import(struct call *c, struct provision *p, struct kms_import_in *in)
{
	struct materials m = MATERIALS_INIT;
	enum err e = materials_list(c, &c->kms, &p->key->meta, &m);

	if (e != ERR_OK)
		return (e);
	if (!m.is_complete)
		e = import_unlisted(c, p, in);
	else if (pending(&m) != NULL) {
		/* the last Region to get it rotates the key */
		if (is_replica(p))
			record(c, p, true);
		keep_end(p, in, pending(&m));
		e = import_existing(c, p, in, pending(&m));
		if (is_replica(p) && e == ERR_WRONG_MATERIAL)
			record(c, p, false);
	} else
		e = import_new(c, p, in, &m);
	materials_free(&m);
	return (e);
}

CK_RV
rotation_fail(struct call *c, const struct provision *p, enum err e)
{
	struct kms aside = c->kms;
	struct materials m = MATERIALS_INIT;
	const struct material *waits = NULL;
	CK_RV rv = call_fail(c, e);

	if (e != ERR_WRONG_MATERIAL)
		return (rv);
	if (materials_list(c, &aside, &p->key->meta, &m) == ERR_OK)
		waits = pending(&m);
	(void)call_error(c, rv,
	    waits != NULL
		? "other material waits for its rotation in key %s (%s): "
		  "bring that first"
		: "that is no new material: key %s has it already, and stays "
		  "as it is; without CKA_KEYFERRY_NEW_MATERIAL it is renewed%s",
	    p->key->meta.id, waits != NULL ? waits->id : "");
	materials_free(&m);
	return (rv);
}

/* Whether the material that came in is current, as KMS says now. */
static bool
is_current(struct call *c, const struct provision *p)
{
	struct kms_key meta = KMS_KEY_INIT;
	bool yes = p->material_id[0] != '\0' &&
		   describe_keeping_error(&c->kms, p->key->meta.id, &meta) ==
		       ERR_OK &&
		   strcmp(meta.material_id, p->material_id) == 0;

	kms_key_free(&meta);
	return (yes);
}

/*
 * Whether other Regions have yet to get the material, which came wrapped and so
 * into this Region alone. KMS may be late in showing what the last of them got.
 */
static bool
waits_for_regions(struct call *c, const struct provision *p)
{
	struct kms aside = c->kms;
	struct materials m;
	const struct material *it;
	bool waits, late;
	int tries = 0;

	if (p->request->material.ptr != NULL ||
	    p->key->meta.multi_region != JSON_TRUE)
		return (false);
	do {
		m = (struct materials)MATERIALS_INIT;
		late = materials_list(c, &aside, &p->key->meta, &m) == ERR_OK &&
		       m.is_complete;
		it = materials_find(&m, p->material_id);
		late &= it == NULL;
		waits = it != NULL && it->state == KMS_MATERIAL_PENDING_REGIONS;
		materials_free(&m);
	} while ((waits || late) &&
		 settle_pause(&aside.deadline, &tries, LATE_TRIES));
	return (waits);
}

/* Unless it is current already. KMS may not yet know that it is there. */
static enum err
rotate(struct call *c, struct kms *kms, const struct provision *p)
{
	int tries = 0;
	enum err e;

	do {
		e = kms_rotate_key_on_demand(kms, p->key->meta.id);
		if (e != ERR_OK && is_current(c, p))
			e = ERR_OK;
	} while (e == ERR_KEY_STATE &&
		 settle_pause(&kms->deadline, &tries, SETTLE_TRIES));
	return (e);
}

/* KMS rotates a multi-Region key in its primary's Region alone. */
static enum err
rotate_primary(struct call *c, const struct provision *p)
{
	const char *region = p->key->meta.primary.region;
	struct kms kms = {.deadline = c->kms.deadline};
	struct client *client = NULL;
	enum err e = token_open_region(c->token, region, &client, &kms.error);

	if (e == ERR_OK) {
		kms.transport = client_transport(client);
		e = rotate(c, &kms, p);
		client_close(client);
	}
	c->kms.error = kms.error;
	call_note(c,
	    e == ERR_OK ? "key %s has its new material in each Region, and is "
			  "rotated to it in %s"
			: "key %s has its new material in each Region, but is "
			  "not rotated to it: do so in %s, with aws kms "
			  "rotate-key-on-demand",
	    p->key->meta.id, region);
	return (e);
}

enum err
rotation_end(struct call *c, const struct provision *p)
{
	bool waits = waits_for_regions(c, p);
	enum err e = waits	     ? ERR_OK
		     : is_replica(p) ? rotate_primary(c, p)
				     : rotate(c, &c->kms, p);

	/* KMS was later in showing it than that */
	if (e == ERR_KEY_STATE && waits_for_regions(c, p)) {
		waits = true;
		e = ERR_OK;
	}
	if (waits)
		call_note(c,
		    "the new material of key %s is in, but KMS rotates to it "
		    "only when each Region of the key has it: unwrap it there, "
		    "too; the last one rotates the key",
		    p->key->meta.id);
	if (e == ERR_OK)
		record(c, p, false);
	return (e);
}
