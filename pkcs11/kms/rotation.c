#include <stdio.h>
#include <string.h>
#include "describe.h"
#include "import-params.h"
#include "list-materials.h"
#include "rotation.h"
#include "settle.h"
#include "token/state.h"

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

/* No material waits for its rotation. */
static enum err
import_new(struct call *c, struct provision *p, struct kms_import_in *in,
    const struct materials *m)
{
	bool was_under_way = is_recorded(c, p);
	enum err e;

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
		return (import_existing(c, p, in,
		    with_state(m, KMS_MATERIAL_CURRENT, KMS_MATERIAL_CURRENT)));
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

enum err
rotation_import(struct call *c, struct provision *p, struct kms_import_in *in)
{
	struct materials m = MATERIALS_INIT;
	enum err e = materials_list(c, &c->kms, &p->key->meta, &m);

	if (e != ERR_OK)
		return (e);
	if (!m.is_complete)
		e = import_unlisted(c, p, in);
	else if (pending(&m) != NULL)
		e = import_existing(c, p, in, pending(&m));
	else
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

/* Unless it is current already. KMS may not yet know that it is there. */
enum err
rotation_end(struct call *c, const struct provision *p)
{
	int tries = 0;
	enum err e;

	do {
		e = kms_rotate_key_on_demand(&c->kms, p->key->meta.id);
		if (e != ERR_OK && is_current(c, p))
			e = ERR_OK;
	} while (e == ERR_KEY_STATE &&
		 settle_pause(&c->kms.deadline, &tries, SETTLE_TRIES));
	if (e == ERR_OK)
		record(c, p, false);
	return (e);
}
