#include <string.h>
#include "call/metadata.h"
#include "call/multi-region.h"

#define NAMES_MAX 512

const struct json_field reply_metadata[] = {
    JSON_SUB("KeyMetadata", output_metadata), JSON_END};

static const struct json_field reply_metadata_regions[] = {
    JSON_SUB("KeyMetadata", output_metadata_regions), JSON_END};

/* The algorithms of a key, each ended by a NUL. */
static struct view
algorithms(struct call *c, const struct key *k)
{
	const struct algorithm *a;
	char *list = pool_alloc(&c->pool, NAMES_MAX);
	size_t used = 0, len;

	if (list == NULL)
		return (VIEW(NULL, 0));
	for (size_t i = 0; (a = algorithm_at(i)) != NULL; i++) {
		len = strlen(a->name) + 1;
		if (a->usage != k->usage || !spec_does(k->spec, a) ||
		    used + len > NAMES_MAX)
			continue;
		memcpy(list + used, a->name, len);
		used += len;
	}
	return (VIEW(list, used));
}

static void
fill_algorithms(struct call *c, const struct key *k)
{
	struct output_metadata *m = &c->out.key;
	struct view list = algorithms(c, k);

	switch (k->usage) {
	case USAGE_ENCRYPT:
		m->encryption = list;
		break;
	case USAGE_SIGN:
		m->signing = list;
		break;
	case USAGE_MAC:
		m->mac = list;
		break;
	case USAGE_AGREE:
		m->agreement = list;
		break;
	case USAGE_ENCAPSULATE:
		m->encapsulation = list;
		break;
	}
}

/* When the first material expires of those that the key has for good; 0: none
 * does. */
static int64_t
first_end_ms(const struct key *k)
{
	int64_t first = 0, t;

	for (size_t i = 0; i < k->material_count; i++) {
		t = k->materials[i].valid_to_ms;
		if (!material_is_pending(&k->materials[i]) && t != 0 &&
		    (first == 0 || t < first))
			first = t;
	}
	return (first);
}

/* For EXTERNAL keys with material: when the first of it expires. */
static void
fill_expiration(struct call *c, const struct key *k)
{
	struct output_metadata *m = &c->out.key;
	const struct material *current = key_current(k);
	int64_t first;

	if (k->spec->family == FAMILY_AES && current != NULL)
		m->material_id = current->id;
	if (!k->external || current == NULL || !material_is_present(current))
		return;
	first = first_end_ms(k);
	m->expiration = first != 0 ? "KEY_MATERIAL_EXPIRES"
				   : "KEY_MATERIAL_DOES_NOT_EXPIRE";
	m->valid_to = (double)first / 1000;
}

bool
metadata_fill(struct call *c, const struct key *k)
{
	struct output_metadata *m = &c->out.key;
	enum key_state state = key_state(k);

	m->account = c->service->account;
	m->id = k->id;
	m->arn = call_arn(c, k);
	m->created = (double)k->created_ms / 1000;
	m->enabled = state == STATE_ENABLED ? JSON_TRUE : JSON_FALSE;
	m->description = k->description;
	m->usage = usage_name(k->usage);
	m->state = key_state_name(state);
	m->deletion = (double)k->deletion_ms / 1000;
	m->window = k->waits_for_replicas ? k->window_days : 0;
	m->origin = k->external ? "EXTERNAL" : "AWS_KMS";
	m->manager = "CUSTOMER";
	m->spec = k->spec->name;
	m->master_spec = k->spec->recent ? NULL : k->spec->name;
	m->multi_region = k->primary[0] != '\0' ? JSON_TRUE : JSON_FALSE;
	fill_algorithms(c, k);
	fill_expiration(c, k);
	if (k->primary[0] == '\0')
		return (true);
	if (c->reply == reply_metadata)
		c->reply = reply_metadata_regions;
	return (multi_region_fill(c, k));
}
