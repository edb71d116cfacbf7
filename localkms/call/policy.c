#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "call/policy.h"

#define POLICY_MAX 32768

const char *
policy_text(struct call *c, const struct key *k)
{
	const char *s;

	if (k->policy != NULL)
		return (k->policy);
	s = pool_printf(&c->pool,
	    "{\n  \"Version\" : \"2012-10-17\",\n"
	    "  \"Id\" : \"key-default-1\",\n"
	    "  \"Statement\" : [ {\n"
	    "    \"Sid\" : \"Enable IAM User Permissions\",\n"
	    "    \"Effect\" : \"Allow\",\n"
	    "    \"Principal\" : {\n"
	    "      \"AWS\" : \"arn:%s:iam::%s:root\"\n"
	    "    },\n"
	    "    \"Action\" : \"kms:*\",\n"
	    "    \"Resource\" : \"*\"\n"
	    "  } ]\n}",
	    text_partition(k->region), c->service->account);
	return (s != NULL ? s : "");
}

bool
policy_set(struct call *c, struct key *k)
{
	const struct json_node *policy;
	char *s;

	if (c->in[IN_POLICY].bytes.len > POLICY_MAX)
		return (REFUSE(c, LIMIT_EXCEEDED,
		    "The key policy is longer than %d bytes.", POLICY_MAX));
	policy = json_tree_parse(c->in[IN_POLICY].bytes, &c->pool);
	if (policy == NULL || policy->kind != NODE_OBJECT)
		return (REFUSE(c, MALFORMED_POLICY, "%s",
		    "The new key policy is not valid JSON."));
	if ((s = strdup(call_text(c, IN_POLICY, ""))) == NULL)
		return (call_out_of_memory(c));
	free(k->policy);
	k->policy = s;
	return (true);
}
