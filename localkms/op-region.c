#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "material.h"
#include "ops.h"
#include "text.h"

static const struct json_field tag_row[] = {
    JSON_FIELD(struct output_tag, key, "TagKey", STRING),
    JSON_FIELD(struct output_tag, value, "TagValue", STRING), JSON_END};

const struct json_field reply_replica[] = {
    JSON_SUB("ReplicaKeyMetadata", output_metadata_regions),
    OUT(policy, "ReplicaPolicy", STRING),
    JSON_ROW_FIELD(
	struct output, rows, "ReplicaTags", struct output_tag, tag_row),
    JSON_END};

/* The keys of one multi-Region key, or a key by itself, as copies. */
bool
related_keys_copy(struct call *c, struct key **out, size_t *count)
{
	struct key *found[RELATED_KEYS_MAX];
	size_t n = 1;
	bool ok = true;

	if (c->key->primary[0] == '\0') {
		*count = 1;
		out[0] = key_copy(c->key);
		return (out[0] != NULL || call_out_of_memory(c));
	}
	n = store_related_keys(
	    c->service->store, c->key->id, found, RELATED_KEYS_MAX);
	for (size_t i = 0; i < n; i++) {
		out[i] = key_copy(found[i]);
		ok &= out[i] != NULL;
		key_unref(found[i]);
	}
	*count = n;
	if (ok)
		return (true);
	for (size_t i = 0; i < n; i++)
		key_unref(out[i]);
	return (call_out_of_memory(c));
}

bool
related_keys_put(struct call *c, struct key **keys, size_t count)
{
	if (store_put_keys(c->service->store, keys, count))
		return (true);
	return (REFUSE(c, INTERNAL, "the store cannot be written"));
}

/* MultiRegionConfiguration of c->out.key. */
bool
related_keys_fill(struct call *c, const struct key *k)
{
	struct output_metadata *m = &c->out.key;
	struct key *found[RELATED_KEYS_MAX];
	struct output_region *rows;
	size_t n, count = 0;

	n = store_related_keys(
	    c->service->store, k->id, found, RELATED_KEYS_MAX);
	rows = arena_alloc(&c->arena, (n + 1) * sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		if (rows != NULL &&
		    strcmp(found[i]->region, found[i]->primary) != 0) {
			rows[count].arn = call_arn(c, found[i]);
			rows[count].region = arena_copy(
			    &c->arena, view_str(found[i]->region));
			count++;
		}
		key_unref(found[i]);
	}
	if (rows == NULL)
		return (call_out_of_memory(c));
	m->replicas = (struct json_rows){rows, count};
	m->region_type = strcmp(k->region, k->primary) == 0 ? "PRIMARY"
							    : "REPLICA";
	m->primary_region = k->primary;
	m->primary_arn = call_key_arn(c, k->primary, k->id);
	return (true);
}

static bool
check_region(struct call *c, const char *region)
{
	if (c->key->primary[0] == '\0' ||
	    strcmp(c->key->primary, c->key->region) != 0)
		return (REFUSE(c, UNSUPPORTED,
		    "%s is not a multi-region primary key.",
		    call_arn(c, c->key)));
	if (!text_region(region))
		return (REFUSE(c, VALIDATION,
		    "1 validation error detected: Value '%s' at "
		    "'replicaRegion' failed to satisfy constraint: Member "
		    "must satisfy regular expression pattern: "
		    "^([a-z]+-){2,3}\\d+$",
		    region));
	if (strcmp(region, c->key->region) == 0)
		return (REFUSE(c, VALIDATION,
		    "The Region must be another than that of the primary "
		    "key."));
	return (true);
}

/* The material without its bytes, or with them where KMS made it. */
bool
material_add_copy(
    struct key *to, const struct material *m, enum material_state state)
{
	struct material *n = key_material_add(to);

	if (n == NULL)
		return (false);
	memcpy(n->id, m->id, sizeof(n->id));
	n->state = state;
	n->rotated_ms = m->rotated_ms;
	n->on_demand = m->on_demand;
	if (to->external)
		return (true);
	return (material_copy_bytes(n, m));
}

static struct key *
make_replica(struct call *c, const char *region)
{
	struct key *k = key_new();
	const struct key *from = c->key;
	const struct material *m;

	if (k == NULL)
		return (NULL);
	snprintf(k->region, sizeof(k->region), "%s", region);
	memcpy(k->id, from->id, sizeof(k->id));
	memcpy(k->primary, from->primary, sizeof(k->primary));
	k->spec = from->spec;
	k->usage = from->usage;
	k->external = from->external;
	k->enabled = true;
	k->created_ms = c->now_ms;
	k->rotation_days = from->rotation_days;
	k->rotation_next_ms = from->rotation_next_ms;
	k->description = strdup(call_text(c, IN_DESCRIPTION, ""));
	for (size_t i = 0; k->description != NULL && i < from->material_count;
	     i++) {
		m = &from->materials[i];
		if (!material_add_copy(k, m, m->state))
			goto bad;
	}
	if (k->description != NULL)
		return (k);
bad:
	key_unref(k);
	return (NULL);
}

bool
op_replicate_key(struct call *c)
{
	const char *region = call_text(c, IN_REPLICA_REGION, "");
	struct key *k;

	if (!check_region(c, region))
		return (false);
	k = store_current_key(c->service->store, region, c->key->id);
	if (k != NULL) {
		key_unref(k);
		return (REFUSE(c, ALREADY_EXISTS, "Key '%s' already exists",
		    call_key_arn(c, region, c->key->id)));
	}
	if ((k = make_replica(c, region)) == NULL)
		return (call_out_of_memory(c));
	if ((call_has(c, IN_POLICY) && !policy_set(c, k)) ||
	    (call_has(c, IN_TAGS) && !tags_add(c, k))) {
		key_unref(k);
		return (false);
	}
	c->keys[c->key_count++] = key_ref(k);
	store_settle(c->service->store, k, STATE_CREATING);
	if (!call_store_key(c, k) || !metadata_fill(c, k) || !tags_fill(c, k))
		return (false);
	/* recorded: the reply shows it before it is ready */
	c->reply = reply_replica;
	c->out.key.state = key_state_name(STATE_CREATING);
	c->out.key.enabled = JSON_FALSE;
	c->out.policy = policy_text(c, k);
	if (c->out.rows.count == 0)
		c->out.rows.ptr = NULL; /* then there is no such member */
	return (true);
}

bool
op_update_primary_region(struct call *c)
{
	const char *region = call_text(c, IN_PRIMARY_REGION, "");
	struct key *related[RELATED_KEYS_MAX], *k;
	size_t n;

	if (!check_region(c, region))
		return (false);
	k = store_current_key(c->service->store, region, c->key->id);
	if (k == NULL)
		return (REFUSE(c, NOT_FOUND, "Key '%s' does not exist",
		    call_key_arn(c, region, c->key->id)));
	key_unref(k);
	if (!related_keys_copy(c, related, &n))
		return (false);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(related[i]->region, region) == 0 ||
		    strcmp(related[i]->region, c->key->region) == 0)
			store_settle(
			    c->service->store, related[i], STATE_UPDATING);
		snprintf(related[i]->primary, sizeof(related[i]->primary), "%s",
		    region);
	}
	return (related_keys_put(c, related, n));
}
