#include <stdio.h>
#include <string.h>
#include "call/state-table.h"
#include "operations/handlers.h"

#define ALIASES_MAX 50 /* of a key: AWS's quota */
#define PREFIX "alias/"

static const struct json_field alias_row[] = {
    JSON_FIELD(struct output_alias, name, "AliasName", STRING),
    JSON_FIELD(struct output_alias, arn, "AliasArn", STRING),
    JSON_FIELD(struct output_alias, target, "TargetKeyId", STRING),
    JSON_FIELD(struct output_alias, created, "CreationDate", NUMBER),
    JSON_FIELD(struct output_alias, updated, "LastUpdatedDate", NUMBER),
    JSON_END};

const struct json_field reply_list_aliases[] = {
    JSON_ROW_FIELD(
	struct output, rows, "Aliases", struct output_alias, alias_row),
    OUT(next_marker, "NextMarker", STRING), OUT(truncated, "Truncated", BOOL),
    JSON_END};

/* The name of the request, checked. */
static bool
read_name(struct call *c, const char **out)
{
	const char *name = call_text(c, IN_ALIAS_NAME, "");

	*out = name;
	if (strncmp(name, PREFIX, sizeof(PREFIX) - 1) != 0)
		return (REFUSE(c, VALIDATION,
		    "Alias must start with the prefix \"alias/\". Please see "
		    "https://docs.aws.amazon.com/kms/latest/developerguide/"
		    "kms-alias.html"));
	/* reserved for AWS */
	if (strncmp(name, "alias/aws/", 10) == 0)
		return (REFUSE(c, NOT_AUTHORIZED, "%s", ""));
	/* which the pattern allows */
	if (strchr(name, ':') != NULL)
		return (REFUSE(c, VALIDATION,
		    "%s contains invalid characters for an alias", name));
	if (name[sizeof(PREFIX) - 1] == '\0')
		return (REFUSE(c, INVALID_ALIAS_NAME, "%s", ""));
	return (true);
}

/* The key that the alias shall point to; it must not be pending deletion. */
static bool
read_target(struct call *c, const struct key **out)
{
	const char *id = call_text(c, IN_TARGET_KEY_ID, "");

	if (strncmp(id, PREFIX, sizeof(PREFIX) - 1) == 0)
		return (REFUSE(
		    c, VALIDATION, "Aliases must refer to keys. Not aliases"));
	return (call_find_key(c, c->in[IN_TARGET_KEY_ID].bytes, false, out) &&
		call_check_state(c, *out, RULE_DESCRIBE));
}

static bool
save_alias(struct call *c, struct alias *a, const struct key *target)
{
	struct alias few[ALIASES_MAX];
	size_t n = store_aliases(c->service->store, target->region, target->id,
	    "", few, ALIASES_MAX);

	if (n == ALIASES_MAX)
		return (REFUSE(c, LIMIT_EXCEEDED,
		    "The limit of aliases of a KMS key is reached."));
	snprintf(a->region, sizeof(a->region), "%s", target->region);
	snprintf(a->key_id, sizeof(a->key_id), "%s", target->id);
	a->updated_ms = c->now_ms;
	if (store_put_alias(c->service->store, a))
		return (true);
	return (call_store_failed(c));
}

/* The alias as it is, without the delay of eventual consistency. */
static bool
find_alias(struct call *c, const char *name, struct alias *out)
{
	return (store_current_alias(
	    c->service->store, c->caller.region, name, out));
}

bool
op_create_alias(struct call *c)
{
	struct alias a = {0};
	const struct key *target;
	const char *name;

	if (!read_name(c, &name) || !read_target(c, &target))
		return (false);
	if (find_alias(c, name, &a))
		return (REFUSE(c, ALREADY_EXISTS,
		    "An alias with the name %s already exists",
		    call_alias_arn(c, name)));
	snprintf(a.name, sizeof(a.name), "%s", name);
	a.created_ms = c->now_ms;
	return (save_alias(c, &a, target));
}

bool
op_update_alias(struct call *c)
{
	struct alias a = {0};
	const struct key *target, *old;
	const char *name;

	if (!read_name(c, &name))
		return (false);
	if (!find_alias(c, name, &a))
		return (REFUSE(c, NOT_FOUND, "Alias %s is not found.",
		    call_alias_arn(c, name)));
	if (!read_target(c, &target) ||
	    !call_find_key(c, view_str(a.key_id), false, &old))
		return (false);
	if (old->usage != target->usage ||
	    (old->spec->type == NULL) != (target->spec->type == NULL))
		return (REFUSE(c, VALIDATION,
		    "The current and the new KMS key of an alias must be of "
		    "the same type and have the same key usage."));
	if (strcmp(a.key_id, target->id) == 0) {
		a.updated_ms = c->now_ms;
		return (store_put_alias(c->service->store, &a) ||
			call_out_of_memory(c));
	}
	return (save_alias(c, &a, target));
}

bool
op_delete_alias(struct call *c)
{
	struct alias a;
	const char *name;

	if (!read_name(c, &name))
		return (false);
	if (!find_alias(c, name, &a))
		return (REFUSE(c, NOT_FOUND, "Alias %s is not found.",
		    call_alias_arn(c, name)));
	if (store_remove_alias(c->service->store, &a))
		return (true);
	return (call_store_failed(c));
}

bool
op_list_aliases(struct call *c)
{
	struct output_alias *rows;
	struct alias *found;
	const char *after;
	size_t limit, n, given;

	if (!call_page(c, 100, 50, &limit, &after))
		return (false);
	found = pool_alloc(&c->pool, (limit + 1) * sizeof(*found));
	rows = pool_alloc(&c->pool, limit * sizeof(*rows));
	if (found == NULL || rows == NULL)
		return (call_out_of_memory(c));
	n = store_aliases(c->service->store, c->caller.region,
	    c->key == NULL ? NULL : c->key->id, after, found, limit + 1);
	given = n > limit ? limit : n;
	for (size_t i = 0; i < given; i++) {
		rows[i].name = found[i].name;
		rows[i].arn = call_alias_arn(c, found[i].name);
		rows[i].target = found[i].key_id;
		rows[i].created = (double)found[i].created_ms / 1000;
		rows[i].updated = (double)found[i].updated_ms / 1000;
	}
	c->out.rows = (struct json_rows){rows, given};
	call_page_end(c, n > given, given == 0 ? "" : rows[given - 1].name);
	return (true);
}
