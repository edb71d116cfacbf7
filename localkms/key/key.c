#include <stdlib.h>
#include <string.h>
#include <openssl/evp.h>
#include "array.h"
#include "clock.h"
#include "key/key.h"

struct key *
key_new(void)
{
	struct key *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return (NULL);
	atomic_init(&k->refs, 1);
	k->tags.max = KEY_TAGS_MAX;
	return (k);
}

static char *
text_copy(const char *s, bool *ok)
{
	char *copy;

	if (s == NULL)
		return (NULL);
	if ((copy = strdup(s)) == NULL)
		*ok = false;
	return (copy);
}

static void
material_copy(struct material *to, const struct material *from, bool *ok)
{
	*to = *from;
	to->bytes = (struct buf)BUF_INIT(KEY_MATERIAL_MAX);
	if (buf_append(&to->bytes, buf_view(&from->bytes)) != ERR_OK)
		*ok = false;
	if (to->pkey != NULL)
		EVP_PKEY_up_ref(to->pkey);
	to->description = text_copy(from->description, ok);
}

struct key *
key_copy(const struct key *k)
{
	struct key *c = key_new();
	struct material *m;
	bool ok = true;

	if (c == NULL)
		return (NULL);
	memcpy(c->region, k->region, sizeof(c->region));
	memcpy(c->id, k->id, sizeof(c->id));
	memcpy(c->primary, k->primary, sizeof(c->primary));
	c->spec = k->spec;
	c->usage = k->usage;
	c->external = k->external;
	c->enabled = k->enabled;
	c->waits_for_replicas = k->waits_for_replicas;
	c->created_ms = k->created_ms;
	c->deletion_ms = k->deletion_ms;
	c->window_days = k->window_days;
	c->rotation_days = k->rotation_days;
	c->rotation_next_ms = k->rotation_next_ms;
	c->settling = k->settling;
	c->settled_ms = k->settled_ms;
	c->description = text_copy(k->description, &ok);
	c->policy = text_copy(k->policy, &ok);
	if (buf_append(&c->tags, buf_view(&k->tags)) != ERR_OK)
		ok = false;
	for (size_t i = 0; ok && i < k->material_count; i++) {
		if ((m = key_material_add(c)) == NULL)
			ok = false;
		else
			material_copy(m, &k->materials[i], &ok);
	}
	if (!ok) {
		key_unref(c);
		return (NULL);
	}
	return (c);
}

struct key *
key_ref(struct key *k)
{
	atomic_fetch_add_explicit(&k->refs, 1, memory_order_relaxed);
	return (k);
}

void
key_unref(struct key *k)
{
	if (k == NULL ||
	    atomic_fetch_sub_explicit(&k->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < k->material_count; i++) {
		material_forget(&k->materials[i]);
		free(k->materials[i].description);
	}
	free(k->materials);
	free(k->description);
	free(k->policy);
	buf_free(&k->tags);
	key_unref(k->before);
	free(k);
}

struct material *
key_material_add(struct key *k)
{
	struct material *p = array_grow(
	    k->materials, &k->material_cap, k->material_count + 1, sizeof(*p));

	if (p == NULL)
		return (NULL);
	k->materials = p;
	p += k->material_count++;
	memset(p, 0, sizeof(*p));
	p->bytes.max = KEY_MATERIAL_MAX;
	return (p);
}

bool
material_is_pending(const struct material *m)
{
	return (m->state >= MATERIAL_PENDING_ROTATION);
}

bool
key_is_replica(const struct key *k)
{
	return (k->primary[0] != '\0' && strcmp(k->primary, k->region) != 0);
}

void
key_material_remove(struct key *k, struct material *m)
{
	size_t behind = k->material_count - (size_t)(m - k->materials) - 1;

	material_forget(m);
	free(m->description);
	memmove(m, m + 1, behind * sizeof(*m));
	k->material_count--;
}

void
key_material_delete(struct key *k, struct material *m)
{
	if (material_is_pending(m) && !key_is_replica(k))
		key_material_remove(k, m);
	else
		material_forget(m);
}

const struct material *
key_current(const struct key *k)
{
	for (size_t i = 0; i < k->material_count; i++)
		if (k->materials[i].state == MATERIAL_CURRENT)
			return (&k->materials[i]);
	return (NULL);
}

struct material *
key_material(const struct key *k, const char *id)
{
	for (size_t i = 0; i < k->material_count; i++)
		if (strcmp(k->materials[i].id, id) == 0)
			return (&k->materials[i]);
	return (NULL);
}

/* Whether the bytes of every material that ever encrypted are there. */
static bool
key_complete(const struct key *k)
{
	const struct material *m;

	if (k->material_count == 0)
		return (false);
	for (size_t i = 0; i < k->material_count; i++) {
		m = &k->materials[i];
		if (!material_is_pending(m) && !material_is_present(m))
			return (false);
	}
	return (true);
}

enum key_state
key_state(const struct key *k)
{
	if (k->settled_ms != 0 &&
	    clock_system.mono_ms(clock_system.ctx) < k->settled_ms)
		return (k->settling);
	if (k->waits_for_replicas)
		return (STATE_PENDING_REPLICA_DELETION);
	if (k->deletion_ms != 0)
		return (STATE_PENDING_DELETION);
	if (!key_complete(k))
		return (STATE_PENDING_IMPORT);
	return (k->enabled ? STATE_ENABLED : STATE_DISABLED);
}

const char *
key_state_name(enum key_state s)
{
	static const char *const names[STATE_COUNT] = {
	    [STATE_ENABLED] = "Enabled",
	    [STATE_DISABLED] = "Disabled",
	    [STATE_PENDING_DELETION] = "PendingDeletion",
	    [STATE_PENDING_REPLICA_DELETION] = "PendingReplicaDeletion",
	    [STATE_PENDING_IMPORT] = "PendingImport",
	    [STATE_CREATING] = "Creating",
	    [STATE_UPDATING] = "Updating",
	};

	return (names[s]);
}

bool
key_rotate(struct key *k, int64_t now_ms, bool on_demand)
{
	struct material *next = NULL;

	for (size_t i = 0; i < k->material_count; i++)
		if (k->materials[i].state == MATERIAL_PENDING_ROTATION)
			next = &k->materials[i];
	if (next == NULL && !k->external) {
		if ((next = key_material_add(k)) == NULL ||
		    !material_generate(next, k->spec, NULL) ||
		    !material_set_id(next, k->id))
			return (false);
		next->state = MATERIAL_PENDING_ROTATION;
	}
	if (next == NULL)
		return (false);
	for (size_t i = 0; i < k->material_count; i++)
		if (k->materials[i].state == MATERIAL_CURRENT)
			k->materials[i].state = MATERIAL_NON_CURRENT;
	next->state = MATERIAL_CURRENT;
	next->rotated_ms = now_ms;
	next->on_demand = on_demand;
	return (true);
}

/* Keys that are disabled or wait for their deletion do not rotate. */
static bool
rotates_by_itself(const struct key *k)
{
	return (k->rotation_days != 0 && k->enabled && k->deletion_ms == 0 &&
		!k->waits_for_replicas);
}

int64_t
key_next_change_ms(const struct key *k)
{
	int64_t due = INT64_MAX, t;

	if (k->deletion_ms != 0)
		due = k->deletion_ms;
	if (rotates_by_itself(k) && k->rotation_next_ms < due)
		due = k->rotation_next_ms;
	for (size_t i = 0; i < k->material_count; i++) {
		t = k->materials[i].valid_to_ms;
		if (t != 0 && t < due)
			due = t;
	}
	return (due);
}

enum key_change
key_advance(struct key *k, int64_t now_ms)
{
	enum key_change change = KEY_UNCHANGED;
	struct material *m;

	if (k->deletion_ms != 0 && now_ms >= k->deletion_ms)
		return (KEY_GONE);
	for (size_t i = k->material_count; i-- > 0;) {
		m = &k->materials[i];
		if (m->valid_to_ms == 0 || now_ms < m->valid_to_ms)
			continue;
		key_material_delete(k, m);
		change = KEY_CHANGED;
	}
	/* however many periods went by, one rotation is enough */
	if (rotates_by_itself(k) && now_ms >= k->rotation_next_ms) {
		if (!key_rotate(k, k->rotation_next_ms, false))
			return (KEY_UNCHANGED);
		while (k->rotation_next_ms <= now_ms)
			k->rotation_next_ms += k->rotation_days * DAY_MS;
		change = KEY_CHANGED;
	}
	return (change);
}

bool
key_enable(struct key *k, int64_t now_ms)
{
	k->enabled = true;
	if (!rotates_by_itself(k) || now_ms < k->rotation_next_ms)
		return (true);
	k->rotation_next_ms = now_ms + k->rotation_days * DAY_MS;
	return (key_rotate(k, now_ms, false));
}
