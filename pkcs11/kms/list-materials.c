#include <string.h>
#include "array.h"
#include "list-materials.h"
#include "token/attr-value.h"

#define PAGES_MAX 100 /* of 100 each; KMS allows 25 rotations on demand */

bool
materials_may_be_several(const struct kms_key *meta)
{
	return (strcmp(meta->spec, "SYMMETRIC_DEFAULT") == 0);
}

static enum err
add(struct materials *m, const struct material *row, size_t *cap)
{
	struct material *rows = array_grow(
	    m->rows, cap, m->count + 1, sizeof(*rows));

	if (rows == NULL)
		return (ERR_MEMORY);
	m->rows = rows;
	rows[m->count++] = *row;
	return (ERR_OK);
}

/* KMS generates a key's material when it makes the key. */
static bool
has_material(const struct kms_key *meta)
{
	if (meta->origin != KMS_ORIGIN_EXTERNAL)
		return (true);
	return (kms_key_has_material(meta) ||
		(meta->state != KMS_STATE_PENDING_IMPORT &&
		    meta->expiration_model != KMS_EXPIRATION_UNKNOWN));
}

/* The current material as DescribeKey shows it. */
static struct material
described(const struct kms_key *meta)
{
	struct material m = {.state = KMS_MATERIAL_CURRENT};

	memcpy(m.id, meta->material_id, sizeof(m.id));
	m.is_here = has_material(meta);
	m.valid_to = m.is_here ? meta->valid_to : 0;
	return (m);
}

/* ImportState is of imported material; what KMS generated is there. */
static struct material
listed(const struct kms_rotation *r)
{
	struct material m = {.state = kms_material_state_find(r->state)};

	memcpy(m.id, r->material_id, sizeof(m.id));
	m.is_here = strcmp(r->import_state, "PENDING_IMPORT") != 0;
	m.valid_to = m.is_here ? r->valid_to : 0;
	return (m);
}

static enum err
add_page(struct materials *m, const struct json_rows *page, size_t *cap)
{
	const struct kms_rotation *r = page->ptr;
	struct material row;
	enum err e = ERR_OK;

	for (size_t i = 0; i < page->count && e == ERR_OK; i++) {
		row = listed(&r[i]);
		if (row.id[0] != '\0' && materials_find(m, row.id) == NULL)
			e = add(m, &row, cap);
	}
	return (e);
}

static enum err
list(struct kms *kms, const char *key_id, struct materials *m, size_t *cap)
{
	struct kms_page page = {.marker = ""};
	enum err e;

	for (int n = 0; n < PAGES_MAX; n++) {
		e = kms_list_key_rotations(
		    kms, key_id, "ALL_KEY_MATERIAL", &page);
		if (e == ERR_OK)
			e = add_page(m, &page.rows, cap);
		json_rows_free(&page.rows);
		if (e != ERR_OK || page.marker[0] == '\0')
			return (e);
	}
	return (ERR_REPLY);
}

static bool
has_current(const struct materials *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->rows[i].state == KMS_MATERIAL_CURRENT)
			return (true);
	return (false);
}

/* Of a key that never had material KMS lists none; another service may list
 * the past rotations alone. */
static enum err
add_current(struct materials *m, const struct kms_key *meta, size_t *cap)
{
	struct material row = described(meta);

	if (has_current(m))
		return (ERR_OK);
	if (row.id[0] != '\0' && materials_may_be_several(meta))
		m->is_complete = false;
	for (size_t i = 0; i < m->count; i++)
		if (strcmp(m->rows[i].id, row.id) == 0) {
			m->rows[i].state = KMS_MATERIAL_CURRENT;
			return (ERR_OK);
		}
	return (add(m, &row, cap));
}

enum err
materials_list(struct call *c, struct kms *kms, const struct kms_key *meta,
    struct materials *m)
{
	size_t cap = 0;
	enum err e = ERR_OK;

	*m = (struct materials){.is_complete = true};
	if (materials_may_be_several(meta))
		e = list(kms, meta->id, m, &cap);
	if (e == ERR_NOT_FOUND) {
		/* a young key: whoever asks has seen it */
		call_note(c,
		    "KMS does not list the materials of key %s yet: only the "
		    "current one is known",
		    meta->id);
		m->count = 0;
		m->is_complete = false;
		e = ERR_OK;
	} else if (e == ERR_DENIED || e == ERR_UNSUPPORTED) {
		call_note(c,
		    "the materials of key %s cannot be listed (%s): only the "
		    "current one is known, and its end is taken to be the "
		    "first; allow kms:ListKeyRotations",
		    meta->id, err_text(e));
		m->count = 0;
		m->is_complete = false;
		e = ERR_OK;
	}
	if (e == ERR_OK)
		e = add_current(m, meta, &cap);
	if (e != ERR_OK)
		materials_free(m);
	return (e);
}

/* The materials of an object's key, asked for once in a call. */
static enum err
get(struct call *c, const struct object *o, const struct materials **out)
{
	const struct kms_key *meta = &o->key->meta;
	enum err e;

	*out = &c->materials;
	if (strcmp(c->materials_of, meta->arn) == 0)
		return (ERR_OK);
	materials_free(&c->materials);
	e = materials_list(c, &c->kms, meta, &c->materials);
	if (e == ERR_OK)
		memcpy(c->materials_of, meta->arn, sizeof(meta->arn));
	return (e);
}

static enum err
put_number(CK_ULONG n, struct buf *out)
{
	return (buf_append(out, VIEW(&n, sizeof(n))));
}

static enum err
put_count(const struct materials *m, struct buf *out)
{
	return (put_number(m->count, out));
}

static enum err
put_missing(const struct materials *m, struct buf *out)
{
	return (put_number(materials_missing(m), out));
}

/* Words with a blank between. */
static enum err
put_word(const char *word, bool first, struct buf *out)
{
	enum err e = first ? ERR_OK : buf_append(out, view_str(" "));

	return (e == ERR_OK ? buf_append(out, view_str(word)) : e);
}

static enum err
put_ids(const struct materials *m, struct buf *out)
{
	enum err e = ERR_OK;

	for (size_t i = 0; i < m->count && e == ERR_OK; i++)
		e = put_word(m->rows[i].id, i == 0, out);
	return (e);
}

static enum err
put_states(const struct materials *m, struct buf *out)
{
	const char *state;
	enum err e = ERR_OK;

	for (size_t i = 0; i < m->count && e == ERR_OK; i++) {
		state = kms_material_state_name(m->rows[i].state);
		e = put_word(state != NULL ? state : "UNKNOWN", i == 0, out);
	}
	return (e);
}

static enum err
put_ends(const struct materials *m, struct buf *out)
{
	const struct material *row;
	enum err e = ERR_OK;

	for (size_t i = 0; i < m->count && e == ERR_OK; i++) {
		row = &m->rows[i];
		e = put_number(row->is_here ? (CK_ULONG)row->valid_to
					    : CK_UNAVAILABLE_INFORMATION,
		    out);
	}
	return (e);
}

/* One attribute of a key in KMS, out of its materials. */
static CK_RV
read_with(struct call *c, const struct object *o,
    enum err (*put)(const struct materials *, struct buf *), struct buf *out)
{
	const struct materials *m;
	enum err e;

	if ((e = get(c, o, &m)) == ERR_OK)
		e = put(m, out);
	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
materials_read_count(struct call *c, const struct object *o, struct buf *out)
{
	return (read_with(c, o, put_count, out));
}

CK_RV
materials_read_missing(struct call *c, const struct object *o, struct buf *out)
{
	return (read_with(c, o, put_missing, out));
}

CK_RV
materials_read_ids(struct call *c, const struct object *o, struct buf *out)
{
	return (read_with(c, o, put_ids, out));
}

CK_RV
materials_read_states(struct call *c, const struct object *o, struct buf *out)
{
	return (read_with(c, o, put_states, out));
}

CK_RV
materials_read_ends(struct call *c, const struct object *o, struct buf *out)
{
	return (read_with(c, o, put_ends, out));
}
