#include <stdlib.h>
#include <string.h>
#include "call/policy.h"
#include "operations/handlers.h"

/* Policies are stored and returned but not enforced: there is one user. */

const struct json_field reply_policy[] = {OUT(policy, "Policy", STRING),
    OUT(policy_name, "PolicyName", STRING), JSON_END};

const struct json_field reply_policies[] = {OUT(names, "PolicyNames", NAMES),
    OUT(next_marker, "NextMarker", STRING), OUT(truncated, "Truncated", BOOL),
    JSON_END};

static bool
check_name(struct call *c)
{
	if (strcmp(call_text(c, IN_POLICY_NAME, "default"), "default") == 0)
		return (true);
	return (REFUSE(c, NOT_FOUND, "No such policy exists"));
}

bool
op_get_key_policy(struct call *c)
{
	if (!check_name(c))
		return (false);
	c->out.policy = policy_text(c, c->key);
	c->out.policy_name = "default";
	return (true);
}

bool
op_put_key_policy(struct call *c)
{
	struct key *k;

	if (!check_name(c))
		return (false);
	if ((k = key_copy(c->key)) == NULL)
		return (call_out_of_memory(c));
	if (!policy_set(c, k)) {
		key_unref(k);
		return (false);
	}
	return (call_store_key(c, k));
}

bool
op_list_key_policies(struct call *c)
{
	static const char names[] = "default";

	c->out.names = VIEW(names, sizeof(names));
	c->out.truncated = JSON_FALSE;
	return (true);
}

bool
op_unsupported(struct call *c)
{
	return (REFUSE(c, UNSUPPORTED, "%s is not supported by this server.",
	    c->operation));
}
