#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "call/metadata.h"
#include "call/multi-region.h"
#include "call/policy.h"
#include "call/tags.h"
#include "key/material.h"
#include "operations/handlers.h"

const struct json_field reply_replica[] = {
    JSON_SUB("ReplicaKeyMetadata", output_metadata_regions),
    OUT(policy, "ReplicaPolicy", STRING),
    JSON_ROW_FIELD(
	struct output, rows, "ReplicaTags", struct output_tag, output_tag_row),
    JSON_END};

static bool
check_region(struct call *c, const char *region)
{
	if (c->key->primary[0] == '\0' ||
	    strcmp(c->key->primary, c->key->region) != 0)
		return (REFUSE(c, UNSUPPORTED,
		    "%s is not a multi-region primary key.",
		    call_arn(c, c->key)));
	if (!text_is_region(region))
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
			goto out;
	}
	if (k->description != NULL)
		return (k);
out:
	key_unref(k);
	return (NULL);
}

bool
op_replicate_key(struct call *c)
{
	const char *region = call_text(c, IN_REPLICA_REGION, "");
	struct output_tag *tags;
	size_t n;
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
	tags = pool_alloc(&c->pool, TAGS_MAX * sizeof(*tags));
	if (!call_store_key(c, k) || !metadata_fill(c, k))
		return (false);
	if (tags == NULL)
		return (call_out_of_memory(c));
	/* recorded from AWS: the reply still says Creating */
	c->reply = reply_replica;
	c->out.key.state = key_state_name(STATE_CREATING);
	c->out.key.enabled = JSON_FALSE;
	c->out.policy = policy_text(c, k);
	/* without tags there is no such member */
	if ((n = tags_list(k, tags)) != 0)
		c->out.rows = (struct json_rows){tags, n};
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
