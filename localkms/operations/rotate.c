#include <string.h>
#include "call/multi-region.h"
#include "call/state-table.h"
#include "operations/handlers.h"

#define ON_DEMAND_MAX 25 /* of a key: AWS's quota */
#define PERIOD_DEFAULT 365

static const struct json_field rotation_row[] = {
    JSON_FIELD(struct output_rotation, key_id, "KeyId", STRING),
    JSON_FIELD(struct output_rotation, material_id, "KeyMaterialId", STRING),
    JSON_FIELD(
	struct output_rotation, description, "KeyMaterialDescription", STRING),
    JSON_FIELD(struct output_rotation, import_state, "ImportState", STRING),
    JSON_FIELD(struct output_rotation, state, "KeyMaterialState", STRING),
    JSON_FIELD(struct output_rotation, expiration, "ExpirationModel", STRING),
    JSON_FIELD(struct output_rotation, valid_to, "ValidTo", NUMBER),
    JSON_FIELD(struct output_rotation, date, "RotationDate", NUMBER),
    JSON_FIELD(struct output_rotation, type, "RotationType", STRING), JSON_END};

const struct json_field reply_rotations[] = {
    JSON_ROW_FIELD(
	struct output, rows, "Rotations", struct output_rotation, rotation_row),
    OUT(next_marker, "NextMarker", STRING), OUT(truncated, "Truncated", BOOL),
    JSON_END};

const struct json_field reply_rotation_status[] = {
    OUT(rotation_enabled, "KeyRotationEnabled", BOOL),
    OUT(key_id, "KeyId", STRING), OUT(period, "RotationPeriodInDays", NUMBER),
    OUT(next_rotation, "NextRotationDate", NUMBER), JSON_END};

const struct json_field reply_key_id[] = {
    OUT(key_id, "KeyId", STRING), JSON_END};

/* Only symmetric encryption keys rotate, and EXTERNAL ones only on demand. */
static bool
check_kind(struct call *c, bool automatic)
{
	if (automatic && c->key->external)
		return (REFUSE(c, UNSUPPORTED,
		    "%s origin is EXTERNAL which is not valid for this "
		    "operation.",
		    call_arn(c, c->key)));
	if (c->key->spec->family != FAMILY_AES)
		return (REFUSE(c, UNSUPPORTED,
		    "%s key spec is %s which is not valid for this "
		    "operation.",
		    call_arn(c, c->key), c->key->spec->name));
	return (call_check_state(c, c->key, RULE_ROTATION));
}

/* A multi-Region key is rotated through its primary key. */
static bool
check_primary(struct call *c)
{
	if (!key_is_replica(c->key))
		return (true);
	return (REFUSE(c, UNSUPPORTED, "%s is not a multi-region primary key.",
	    call_arn(c, c->key)));
}

static bool
set_rotation(struct call *c, int days)
{
	struct key *related[RELATED_KEYS_MAX];
	size_t n;

	if (!check_kind(c, true) || !check_primary(c) ||
	    !related_keys_copy(c, related, &n))
		return (false);
	for (size_t i = 0; i < n; i++) {
		related[i]->rotation_days = days;
		related[i]->rotation_next_ms = days == 0
						   ? 0
						   : c->now_ms + days * DAY_MS;
	}
	return (related_keys_put(c, related, n));
}

bool
op_enable_key_rotation(struct call *c)
{
	return (set_rotation(c, call_has(c, IN_ROTATION_PERIOD)
				    ? (int)c->in[IN_ROTATION_PERIOD].number
				    : PERIOD_DEFAULT));
}

bool
op_disable_key_rotation(struct call *c)
{
	return (set_rotation(c, 0));
}

bool
op_get_key_rotation_status(struct call *c)
{
	const struct key *k = c->key;

	/* recorded from AWS: EXTERNAL keys are refused, others say false */
	if (k->external && !check_kind(c, true))
		return (false);
	c->out.key_id = call_arn(c, k);
	c->out.rotation_enabled = k->rotation_days != 0 ? JSON_TRUE
							: JSON_FALSE;
	c->out.period = k->rotation_days;
	c->out.next_rotation = (double)k->rotation_next_ms / 1000;
	return (true);
}

static bool
check_limit(struct call *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->key->material_count; i++)
		n += c->key->materials[i].on_demand;
	if (n < ON_DEMAND_MAX)
		return (true);
	return (REFUSE(c, LIMIT_EXCEEDED,
	    "The on-demand rotations limit has been reached for the given "
	    "keyId. No more on-demand rotations can be performed for this "
	    "key: %s",
	    call_arn(c, c->key)));
}

/* Rotates in every Region at once: replicas get the material that the primary
 * key generated; imported material is already there. */
static bool
rotate_related(struct call *c, struct key **related, size_t n)
{
	struct key *first = NULL;
	const struct material *m;

	for (size_t i = 0; i < n; i++)
		if (strcmp(related[i]->region, c->key->region) == 0)
			first = related[i];
	if (first == NULL || !key_rotate(first, c->now_ms, true))
		return (false);
	m = key_current(first);
	for (size_t i = 0; i < n; i++) {
		if (related[i] == first)
			continue;
		if (!related[i]->external && !material_add_copy(related[i], m,
						 MATERIAL_PENDING_ROTATION))
			return (false);
		if (!key_rotate(related[i], c->now_ms, true))
			return (false);
	}
	return (true);
}

bool
op_rotate_key_on_demand(struct call *c)
{
	struct key *related[RELATED_KEYS_MAX];
	size_t n;

	if (!check_kind(c, false) || !check_primary(c) || !check_limit(c) ||
	    !related_keys_copy(c, related, &n))
		return (false);
	c->out.key_id = call_arn(c, c->key);
	if (rotate_related(c, related, n))
		return (related_keys_put(c, related, n));
	for (size_t i = 0; i < n; i++)
		key_unref(related[i]);
	return (REFUSE(c, INVALID_STATE,
	    "No available key material pending rotation for the key: %s.",
	    call_arn(c, c->key)));
}

static void
fill_row(struct call *c, const struct material *m, struct output_rotation *r)
{
	static const char *const states[] = {
	    [MATERIAL_CURRENT] = "CURRENT",
	    [MATERIAL_NON_CURRENT] = "NON_CURRENT",
	    [MATERIAL_PENDING_ROTATION] = "PENDING_ROTATION",
	    [MATERIAL_PENDING_REGIONS] =
		"PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
	};
	bool here = material_is_present(m);

	r->key_id = call_arn(c, c->key);
	r->material_id = m->id;
	r->state = states[m->state];
	r->date = (double)m->rotated_ms / 1000;
	if (m->rotated_ms != 0)
		r->type = m->on_demand ? "ON_DEMAND" : "AUTOMATIC";
	if (!c->key->external)
		return;
	r->description = m->description;
	r->import_state = here ? "IMPORTED" : "PENDING_IMPORT";
	r->valid_to = (double)m->valid_to_ms / 1000;
	if (here)
		r->expiration = m->valid_to_ms != 0
				    ? "KEY_MATERIAL_EXPIRES"
				    : "KEY_MATERIAL_DOES_NOT_EXPIRE";
}

bool
op_list_key_rotations(struct call *c)
{
	const char *which = call_text(c, IN_INCLUDE_MATERIAL, "ROTATIONS_ONLY");
	bool all = strcmp(which, "ALL_KEY_MATERIAL") == 0;
	const struct material *m;
	struct output_rotation *rows;
	const char *after;
	size_t limit, n = 0, i = 0;

	if (c->key->spec->family != FAMILY_AES && !check_kind(c, false))
		return (false);
	if (!call_page(c, 1000, 100, &limit, &after))
		return (false);
	if ((rows = pool_alloc(&c->pool, limit * sizeof(*rows))) == NULL)
		return (call_out_of_memory(c));
	if (after[0] != '\0')
		while (i < c->key->material_count &&
		       strcmp(c->key->materials[i++].id, after) != 0)
			continue;
	for (; i < c->key->material_count; i++) {
		m = &c->key->materials[i];
		if (!all && m->rotated_ms == 0)
			continue;
		if (n == limit)
			break;
		fill_row(c, m, &rows[n++]);
	}
	c->out.rows = (struct json_rows){rows, n};
	call_page_end(c, i < c->key->material_count,
	    n == 0 ? "" : rows[n - 1].material_id);
	return (true);
}
