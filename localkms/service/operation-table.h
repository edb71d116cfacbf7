#ifndef LOCALKMS_OPERATION_TABLE_H
#define LOCALKMS_OPERATION_TABLE_H
#include "call/state-table.h"

enum operation_flag {
	OP_WRITES = 1, /* under the store's lock from the start */
	OP_ALIAS = 2, /* takes an alias for a key */
	OP_EXTERNAL = 4, /* of keys with Origin EXTERNAL only */
	OP_USES = 8, /* what GetKeyLastUsage tells */
};

/* A row of the table of operations: what perform() does for all of them. */
struct operation {
	const char *name;
	bool (*run)(struct call *);
	const struct json_field *reply; /* of struct output; NULL: empty */
	uint64_t required, optional; /* sets of IN_BIT() */
	enum state_rule state_rule;
	enum usage usage; /* that the key must have; 0: any */
	unsigned flags;
};

/* NULL: no such operation. */
const struct operation *operation_find(struct view name);
const struct operation *operation_at(size_t number);
#define OPERATION_UNKNOWN (CONTROLS_COUNTERS - 1)
/* Its place in the table; NULL: OPERATION_UNKNOWN. */
size_t operation_number(const struct operation *);
#endif
