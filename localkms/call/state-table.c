#include "call/state-table.h"

/* Whether an operation may go on, and the exception if not. */
enum verdict { OK, DIS, DEL, REP, IMP, CRE, UPD, NOT, VERDICTS };

static const struct {
	enum exception_kind kind;
	const char *message; /* behind the key's ARN */
} verdicts[VERDICTS] = {
    [DIS] = {EXCEPTION_DISABLED, "is disabled."},
    [DEL] = {EXCEPTION_INVALID_STATE, "is pending deletion."},
    [REP] = {EXCEPTION_INVALID_STATE, "is pending replica deletion."},
    [IMP] = {EXCEPTION_INVALID_STATE, "is pending import."},
    [CRE] = {EXCEPTION_INVALID_STATE, "is creating."},
    [UPD] = {EXCEPTION_INVALID_STATE, "is updating."},
    [NOT] = {EXCEPTION_INVALID_STATE, "is not pending deletion."},
};

/* clang-format off */
/*
 * The key state table of the developer guide. Columns: Enabled, Disabled,
 * PendingDeletion, PendingReplicaDeletion, PendingImport, Creating, Updating.
 */
static const enum verdict state_rules[STATE_RULE_COUNT][STATE_COUNT] = {
	[RULE_ANY] =		 { OK,  OK,  OK,  OK,  OK,  OK,  OK  },
	[RULE_USE] =		 { OK,  DIS, DEL, REP, IMP, CRE, OK  },
	[RULE_PARAMETERS] =	 { OK,  OK,  DEL, REP, OK,  CRE, UPD },
	[RULE_IMPORT] =		 { OK,  OK,  DEL, REP, OK,  CRE, OK  },
	[RULE_DELETE_MATERIAL] = { OK,  OK,  OK,  OK,  OK,  CRE, UPD },
	[RULE_DESCRIBE] =	 { OK,  OK,  DEL, REP, OK,  OK,  OK  },
	[RULE_ENABLE] =		 { OK,  OK,  DEL, REP, IMP, CRE, UPD },
	[RULE_SCHEDULE] =	 { OK,  OK,  DEL, REP, OK,  OK,  UPD },
	[RULE_CANCEL] =		 { NOT, NOT, OK,  OK,  NOT, NOT, NOT },
	[RULE_ROTATION] =	 { OK,  DIS, DEL, REP, IMP, CRE, UPD },
	[RULE_REPLICATE] =	 { OK,  DIS, DEL, REP, IMP, CRE, UPD },
};
/* clang-format on */

bool
call_check_state(struct call *c, const struct key *k, enum state_rule g)
{
	enum verdict v = state_rules[g][key_state(k)];

	if (v == OK)
		return (true);
	return (exception_set(&c->exception, verdicts[v].kind, "%s %s",
	    call_arn(c, k), verdicts[v].message));
}
