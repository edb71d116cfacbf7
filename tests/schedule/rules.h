#ifndef RULES_H
#define RULES_H
#include <stdbool.h>

/*
 * Rules of the module that are left out, to see that a scene goes wrong without
 * them: the linker puts a function of rules.c in the place of the module's own
 * (see fragment.am), which does the same until a rule is left out.
 */
enum rule {
	RULE_NONE,
	RULE_FENCE, /* a key that is to go is said to be empty */
	RULE_SETTLED_LOOK, /* one look tells where an alias leads */
	RULE_LOOK_BEFORE_DELETION, /* names are deleted as they are known */
	RULE_LOOK_AFTER_LOSS, /* a name is not looked at again */
	RULE_LOOK_AFTER_SCHEDULE, /* what is scheduled without a fence is empty */
	RULE_WAIT_FOR_YOUNG, /* what KMS does not know yet is not there */
	RULE_TRUST, /* a name says whose a key is */
	RULE_JOURNAL, /* create-, generate- */
	RULE_RECORD, /* made-KEYID */
	RULE_REMOVAL_JOURNAL, /* back-, destroy- */
	RULE_LOCK, /* of the journal */
};
void rules_leave_out(enum rule);
bool rule_is_left_out(enum rule);
/* Whether the file or lock of that name in a state directory is left out. */
bool rules_leave_out_file(const char *name);
bool rules_leave_out_lock(const char *name);
#endif
