#ifndef LOCALKMS_STATE_TABLE_H
#define LOCALKMS_STATE_TABLE_H
#include "call/call.h"

/* A row of the state table: what a key's state lets an operation do. */
enum state_rule {
	RULE_ANY, /* DescribeKey and what else looks only */
	RULE_USE, /* cryptography and GetPublicKey */
	RULE_PARAMETERS, /* GetParametersForImport */
	RULE_IMPORT,
	RULE_DELETE_MATERIAL,
	RULE_DESCRIBE, /* aliases, tags, description */
	RULE_ENABLE,
	RULE_SCHEDULE,
	RULE_CANCEL,
	RULE_ROTATION,
	RULE_REPLICATE,
	STATE_RULE_COUNT,
};

/* Whether the key's state lets the operation go on; else the call's exception
 * says why not. */
bool call_check_state(struct call *, const struct key *, enum state_rule);
#endif
