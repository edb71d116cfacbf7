#include "call.h"

/* What a state does to an operation, once. */
enum verdict { OK, DIS, DEL, REP, IMP, CRE, UPD, NOT, VERDICTS };

static const struct {
	enum fail kind;
	const char *message; /* behind the key's ARN */
} verdicts[VERDICTS] = {
    [DIS] = {FAIL_DISABLED, "is disabled."},
    [DEL] = {FAIL_INVALID_STATE, "is pending deletion."},
    [REP] = {FAIL_INVALID_STATE, "is pending replica deletion."},
    [IMP] = {FAIL_INVALID_STATE, "is pending import."},
    [CRE] = {FAIL_INVALID_STATE, "is creating."},
    [UPD] = {FAIL_INVALID_STATE, "is updating."},
    [NOT] = {FAIL_INVALID_STATE, "is not pending deletion."},
};

/* clang-format off */
/*
 * The key state table of the developer guide. Columns: Enabled, Disabled,
 * PendingDeletion, PendingReplicaDeletion, PendingImport, Creating, Updating.
 */
static const enum verdict gates[GATE_COUNT][STATE_COUNT] = {
	[GATE_ANY] =		 { OK,  OK,  OK,  OK,  OK,  OK,  OK  },
	[GATE_USE] =		 { OK,  DIS, DEL, REP, IMP, CRE, OK  },
	[GATE_PARAMETERS] =	 { OK,  OK,  DEL, REP, OK,  CRE, UPD },
	[GATE_IMPORT] =		 { OK,  OK,  DEL, REP, OK,  CRE, OK  },
	[GATE_DELETE_MATERIAL] = { OK,  OK,  OK,  OK,  OK,  CRE, UPD },
	[GATE_DESCRIBE] =	 { OK,  OK,  DEL, REP, OK,  OK,  OK  },
	[GATE_ENABLE] =		 { OK,  OK,  DEL, REP, IMP, CRE, UPD },
	[GATE_SCHEDULE] =	 { OK,  OK,  DEL, REP, OK,  OK,  UPD },
	[GATE_CANCEL] =		 { NOT, NOT, OK,  OK,  NOT, NOT, NOT },
	[GATE_ROTATION] =	 { OK,  DIS, DEL, REP, IMP, CRE, UPD },
	[GATE_REPLICATE] =	 { OK,  DIS, DEL, REP, IMP, CRE, UPD },
};
/* clang-format on */

bool
call_gate(struct call *c, const struct key *k, enum gate g)
{
	enum verdict v = gates[g][key_state(k)];

	if (v == OK)
		return (true);
	return (fail(&c->failure, verdicts[v].kind, "%s %s", call_arn(c, k),
	    verdicts[v].message));
}

bool
call_usage(struct call *c, const struct key *k, enum usage usage)
{
	if (usage == 0 || k->usage == usage)
		return (true);
	return (REFUSE(c, INVALID_KEY_USAGE,
	    "%s key usage is %s which is not valid for %s.", call_arn(c, k),
	    usage_name(k->usage), c->op->name));
}

bool
call_algorithm(struct call *c, const struct key *k, struct view name,
    const struct algorithm **out)
{
	*out = algorithm_find(name);
	if (*out != NULL && spec_does(k->spec, *out) &&
	    (*out)->usage == k->usage)
		return (true);
	return (REFUSE(c, INVALID_KEY_USAGE,
	    "Algorithm %.*s is incompatible with key spec %s.", (int)name.len,
	    (const char *)name.ptr, k->spec->name));
}
