#include "service/perform.h"

/* The key of KeyId: found, allowed, in a state and of a usage that fit. */
static bool
check_key(struct call *c, const struct operation *op)
{
	if (!c->in[IN_KEY_ID].set)
		return (true);
	if (!call_find_key(c, c->in[IN_KEY_ID].bytes,
		(op->flags & OP_ALIAS) != 0, &c->key))
		return (false);
	if ((op->flags & OP_EXTERNAL) != 0 && !c->key->external)
		return (REFUSE(c, UNSUPPORTED,
		    "%s origin is AWS_KMS which is not valid for this "
		    "operation.",
		    call_arn(c, c->key)));
	return (call_check_state(c, c->key, op->state_rule) &&
		call_check_usage(c, c->key, op->usage));
}

bool
perform(struct call *c, const struct operation *op, struct view body)
{
	const struct json_node *root;

	c->operation = op->name;
	c->reply = op->reply;
	if (body.len == 0)
		body = VIEW_STR("{}");
	root = json_tree_parse(body, &c->pool);
	if (root == NULL || root->kind != NODE_OBJECT)
		return (REFUSE(c, SERIALIZATION, "%s", ""));
	if (!input_read(root, op->required, op->optional, c->in, &c->pool,
		&c->exception))
		return (false);
	/* there are no grants, so no grant token is valid */
	if (call_has(c, IN_GRANT_TOKENS) && c->in[IN_GRANT_TOKENS].node->count)
		return (REFUSE(c, INVALID_GRANT_TOKEN, "%s", ""));
	store_advance(c->service->store, c->now_ms);
	if ((op->flags & OP_WRITES) != 0)
		call_lock(c);
	if (!check_key(c, op) ||
	    (c->key_count == 0 && !call_check_allowed(c, NULL)))
		return (false);
	if (controls_over_quota(c->service->controls, op->name, c->key,
		call_text(c, IN_KEY_PAIR_SPEC, NULL), c->caller.region))
		return (REFUSE(c, THROTTLING, "Rate exceeded"));
	if (!op->run(c))
		return (false);
	/* operations with DryRun change nothing, so this one could run */
	if (c->in[IN_DRY_RUN].truth)
		return (REFUSE(c, DRY_RUN,
		    "The request would have succeeded, but the DryRun option "
		    "is set."));
	for (size_t i = 0; (op->flags & OP_USES) != 0 && i < c->key_count; i++)
		store_used(c->service->store, c->keys[i], op->name, c->now_ms,
		    c->request_id);
	return (true);
}
