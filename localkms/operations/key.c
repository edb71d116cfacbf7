#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/rand.h>
#include "base/text.h"
#include "hex.h"
#include "call/metadata.h"
#include "call/policy.h"
#include "call/tags.h"
#include "key/material.h"
#include "operations/handlers.h"

#define KEYS_MAX 100000 /* of a Region: AWS's quota */

static const struct json_field key_row[] = {
    JSON_FIELD(struct output_key, id, "KeyId", STRING),
    JSON_FIELD(struct output_key, arn, "KeyArn", STRING), JSON_END};

const struct json_field reply_list_keys[] = {
    JSON_ROW_FIELD(struct output, rows, "Keys", struct output_key, key_row),
    OUT(next_marker, "NextMarker", STRING), OUT(truncated, "Truncated", BOOL),
    JSON_END};

const struct json_field reply_schedule[] = {OUT(key_id, "KeyId", STRING),
    OUT(deletion, "DeletionDate", NUMBER), OUT(state, "KeyState", STRING),
    OUT(window, "PendingWindowInDays", NUMBER), JSON_END};

static const struct json_field last_use[] = {
    OUT(use_operation, "Operation", STRING), OUT(used, "Timestamp", NUMBER),
    OUT(use_event, "CloudTrailEventId", STRING),
    OUT(use_request, "KmsRequestId", STRING), JSON_END};

const struct json_field reply_last_usage[] = {OUT(key_id, "KeyId", STRING),
    JSON_SUB("KeyLastUsage", last_use),
    OUT(tracked, "TrackingStartDate", NUMBER),
    OUT(key.created, "KeyCreationDate", NUMBER), JSON_END};

/* A UUID of version 4; for a multi-Region key, "mrk-" and its digits. */
static bool
new_id(char id[KEY_ID_SIZE], bool multi_region)
{
	uint8_t r[16];
	char h[33];

	if (RAND_bytes(r, sizeof(r)) != 1)
		return (false);
	r[6] = (uint8_t)((r[6] & 0x0f) | 0x40);
	r[8] = (uint8_t)((r[8] & 0x3f) | 0x80);
	hex_write(r, sizeof(r), h);
	if (multi_region)
		snprintf(id, KEY_ID_SIZE, "mrk-%s", h);
	else
		text_uuid(h, id);
	return (true);
}

/* KeySpec, or the deprecated CustomerMasterKeySpec, and a fitting KeyUsage. */
static bool
read_spec(struct call *c, const struct spec **spec, enum usage *usage)
{
	const char *master = call_text(c, IN_MASTER_KEY_SPEC, NULL);
	const char *name = call_text(
	    c, IN_KEY_SPEC, master ? master : "SYMMETRIC_DEFAULT");
	const char *use = call_text(c, IN_KEY_USAGE, NULL);

	if (master != NULL && call_has(c, IN_KEY_SPEC))
		return (REFUSE(c, VALIDATION,
		    "You cannot specify KeySpec and CustomerMasterKeySpec in "
		    "the same request. CustomerMasterKeySpec is deprecated."));
	*spec = spec_find(view_str(name));
	if (*spec == NULL)
		return (REFUSE(c, UNSUPPORTED,
		    "KeySpec %s is not supported in this Region.", name));
	if (use == NULL && (*spec)->family != FAMILY_AES)
		return (REFUSE(c, VALIDATION,
		    "You must specify a KeyUsage value for all KMS keys "
		    "except for symmetric encryption keys."));
	*usage = use == NULL ? USAGE_ENCRYPT : usage_find(view_str(use));
	if (((*spec)->usages & *usage) != 0)
		return (true);
	return (REFUSE(c, VALIDATION,
	    "KeyUsage %s is not compatible with KeySpec %s", use, name));
}

static bool
read_origin(struct call *c, const struct spec *spec, bool *external)
{
	const char *origin = call_text(c, IN_ORIGIN, "AWS_KMS");

	if (call_has(c, IN_KEY_STORE_ID) || call_has(c, IN_XKS_KEY_ID) ||
	    strcmp(origin, "AWS_CLOUDHSM") == 0 ||
	    strcmp(origin, "EXTERNAL_KEY_STORE") == 0)
		return (REFUSE(
		    c, UNSUPPORTED, "Custom key stores are not supported."));
	*external = strcmp(origin, "EXTERNAL") == 0;
	if (*external && !spec->importable)
		return (REFUSE(c, UNSUPPORTED,
		    "KeySpec %s is not supported for Origin EXTERNAL.",
		    spec->name));
	return (true);
}

static bool
fill_texts(struct call *c, struct key *k)
{
	k->description = strdup(call_text(c, IN_DESCRIPTION, ""));
	if (k->description == NULL)
		return (call_out_of_memory(c));
	return ((!call_has(c, IN_POLICY) || policy_set(c, k)) &&
		(!call_has(c, IN_TAGS) || tags_add(c, k)));
}

static bool
fill_material(struct call *c, struct key *k)
{
	struct material *m;

	if (k->external)
		return (true);
	if ((m = key_material_add(k)) == NULL)
		return (call_out_of_memory(c));
	if (!material_generate(m, k->spec, c->service->rsa_stock))
		return (REFUSE(c, UNSUPPORTED,
		    "KeySpec %s is not supported by this server's OpenSSL.",
		    k->spec->name));
	return (material_set_id(m, k->id) || call_out_of_memory(c));
}

bool
op_create_key(struct call *c)
{
	struct key *k = key_new();
	bool many = c->in[IN_MULTI_REGION].truth;

	if (k == NULL)
		return (call_out_of_memory(c));
	if (!read_spec(c, &k->spec, &k->usage) ||
	    !read_origin(c, k->spec, &k->external) || !fill_texts(c, k))
		goto out;
	snprintf(k->region, sizeof(k->region), "%s", c->caller.region);
	if (many)
		snprintf(k->primary, sizeof(k->primary), "%s", k->region);
	k->enabled = true;
	k->created_ms = c->now_ms;
	if (!new_id(k->id, many) || !fill_material(c, k))
		goto out;
	call_lock(c);
	if (store_key_count(c->service->store, k->region) >= KEYS_MAX) {
		REFUSE(c, LIMIT_EXCEEDED, "The limit of KMS keys is reached.");
		goto out;
	}
	c->keys[c->key_count++] = key_ref(k);
	return (call_store_key(c, k) && metadata_fill(c, k));
out:
	key_unref(k);
	if (c->exception.kind == EXCEPTION_NONE)
		return (call_out_of_memory(c));
	return (false);
}

bool
op_describe_key(struct call *c)
{
	return (metadata_fill(c, c->key));
}

bool
op_list_keys(struct call *c)
{
	struct output_key *rows;
	struct key **keys;
	const char *after, *last = "";
	size_t limit, n, given;

	if (!call_page(c, 1000, 100, &limit, &after))
		return (false);
	keys = pool_alloc(&c->pool, (limit + 1) * sizeof(struct key *));
	rows = pool_alloc(&c->pool, limit * sizeof(*rows));
	if (keys == NULL || rows == NULL)
		return (call_out_of_memory(c));
	n = store_keys(
	    c->service->store, c->caller.region, after, keys, limit + 1);
	given = n > limit ? limit : n;
	for (size_t i = 0; i < given; i++) {
		rows[i].arn = call_arn(c, keys[i]);
		rows[i].id = strrchr(rows[i].arn, '/') + 1;
		last = rows[i].id;
	}
	for (size_t i = 0; i < n; i++)
		key_unref(keys[i]);
	c->out.rows = (struct json_rows){rows, given};
	call_page_end(c, n > given, last);
	return (true);
}

/* There is no CloudTrail: the event's id is derived from the request's. */
static const char *
event_id(struct call *c, const char *request_id)
{
	char *id = pool_copy(&c->pool, view_str(request_id));

	for (size_t i = 0; id != NULL && id[i] != '\0'; i++)
		if (id[i] != '-')
			id[i] = "fedcba9876543210"[strtoul(
			    (char[]){id[i], '\0'}, NULL, 16)];
	return (id);
}

/* Tracked since the server was started. */
bool
op_get_key_last_usage(struct call *c)
{
	int64_t since;
	struct last_use u = store_last_use(c->service->store, c->key, &since);

	if (since < c->key->created_ms)
		since = c->key->created_ms;
	c->out.key_id = call_arn(c, c->key);
	c->out.tracked = (double)since / 1000;
	c->out.key.created = (double)c->key->created_ms / 1000;
	if (u.operation == NULL)
		return (true);
	c->out.use_operation = u.operation;
	c->out.used = (double)u.at_ms / 1000;
	c->out.use_event = event_id(c, u.request_id);
	c->out.use_request = pool_copy(&c->pool, view_str(u.request_id));
	return (true);
}

static bool
set_enabled(struct call *c, bool enabled)
{
	struct key *k;

	if (c->key->enabled == enabled)
		return (true);
	if ((k = key_copy(c->key)) == NULL)
		return (call_out_of_memory(c));
	k->enabled = false;
	if (!enabled || key_enable(k, c->now_ms))
		return (call_store_key(c, k));
	key_unref(k);
	return (call_out_of_memory(c));
}

bool
op_enable_key(struct call *c)
{
	return (set_enabled(c, true));
}

bool
op_disable_key(struct call *c)
{
	return (set_enabled(c, false));
}

bool
op_update_key_description(struct call *c)
{
	struct key *k = key_copy(c->key);
	char *s = strdup(call_text(c, IN_DESCRIPTION, ""));

	if (k == NULL || s == NULL) {
		key_unref(k);
		free(s);
		return (call_out_of_memory(c));
	}
	free(k->description);
	k->description = s;
	return (call_store_key(c, k));
}

/* A primary key is deleted only after its replicas. */
static bool
has_replicas(struct call *c, const struct key *k)
{
	struct key *related[RELATED_KEYS_MAX];
	size_t n;

	if (k->primary[0] == '\0' || strcmp(k->primary, k->region) != 0)
		return (false);
	n = store_related_keys(
	    c->service->store, k->id, related, RELATED_KEYS_MAX);
	for (size_t i = 0; i < n; i++)
		key_unref(related[i]);
	return (n > 1);
}

bool
op_schedule_key_deletion(struct call *c)
{
	struct key *k;
	int days = 30;

	if (call_has(c, IN_WINDOW))
		days = (int)c->in[IN_WINDOW].number;
	if (days < 7 || days > 30)
		return (REFUSE(c, VALIDATION,
		    "PendingWindowInDays must be between 7 and 30 days "
		    "(inclusive)."));
	if ((k = key_copy(c->key)) == NULL)
		return (call_out_of_memory(c));
	k->window_days = days;
	if (has_replicas(c, k))
		k->waits_for_replicas = true;
	else
		k->deletion_ms = c->now_ms + days * DAY_MS;
	c->out.key_id = call_arn(c, k);
	c->out.deletion = (double)k->deletion_ms / 1000;
	c->out.state = key_state_name(key_state(k));
	c->out.window = days;
	return (call_store_key(c, k));
}

bool
op_cancel_key_deletion(struct call *c)
{
	struct key *k = key_copy(c->key);

	if (k == NULL)
		return (call_out_of_memory(c));
	k->waits_for_replicas = false;
	k->deletion_ms = 0;
	k->window_days = 0;
	k->enabled = false;
	c->out.key_id = call_arn(c, k);
	return (call_store_key(c, k));
}
