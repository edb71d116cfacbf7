#include <string.h>
#include "call/multi-region.h"
#include "key/material.h"

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
	return (call_store_failed(c));
}

/* MultiRegionConfiguration of c->out.key. */
bool
multi_region_fill(struct call *c, const struct key *k)
{
	struct output_metadata *m = &c->out.key;
	struct key *found[RELATED_KEYS_MAX];
	struct output_region *rows;
	size_t n, count = 0;

	n = store_related_keys(
	    c->service->store, k->id, found, RELATED_KEYS_MAX);
	rows = pool_alloc(&c->pool, (n + 1) * sizeof(*rows));
	for (size_t i = 0; i < n; i++) {
		if (rows != NULL &&
		    strcmp(found[i]->region, found[i]->primary) != 0) {
			rows[count].arn = call_arn(c, found[i]);
			rows[count].region = pool_copy(
			    &c->pool, view_str(found[i]->region));
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
