#include <stdio.h>
#include <string.h>
#include "account.h"
#include "child.h"
#include "judge.h"

static struct account account;
static struct kms_page aliases;

static bool
has_code(const struct walk_act *a, unsigned long rv)
{
	for (size_t i = 0; i < WALK_CODES_MAX && a->codes[i] != CKR_OK; i++)
		if (a->codes[i] == rv)
			return (true);
	return (rv == CKR_OK);
}

static bool
somebody_destroys(const struct walk_round *r)
{
	return (r->acts[0]->destroys || r->acts[1]->destroys);
}

/* A person takes the label from the key that has it. */
static bool
somebody_moves(const struct walk_round *r)
{
	return (strcmp(r->acts[0]->name, "update-alias") == 0 ||
		strcmp(r->acts[1]->name, "update-alias") == 0);
}

static void
judge_codes(const struct walk_round *r)
{
	for (unsigned i = 0; i < r->processes; i++) {
		const struct walk_act *a = r->acts[i % 2];
		unsigned long rv = walk_results[i].rv;

		if ((rv == CKR_DEVICE_ERROR || rv == CKR_FUNCTION_FAILED) &&
		    (r->faults || r->quotas))
			continue;
		/* what it had found was taken from under it */
		if (rv == CKR_FUNCTION_FAILED && !a->destroys &&
		    somebody_destroys(r))
			continue;
		if (!has_code(a, rv))
			walk_bad("process %u, %s: 0x%lx", i, a->name, rv);
		else if (a->needs_key && rv != CKR_OK && !somebody_destroys(r))
			walk_bad("process %u, %s: 0x%lx, nobody destroys", i,
			    a->name, rv);
		if (strcmp(walk_results[i].arn, "gone") == 0 &&
		    !somebody_destroys(r))
			walk_bad(
			    "process %u, %s: the object is gone", i, a->name);
	}
}

static const struct account_key *
key_of(const char *arn)
{
	const char *slash = strrchr(arn, '/');

	for (size_t i = 0; slash != NULL && i < account.count; i++)
		if (strcmp(account.keys[i].id, slash + 1) == 0)
			return (&account.keys[i]);
	return (NULL);
}

static bool
has_alias(const struct account_key *k)
{
	const struct kms_alias_entry *a = aliases.rows.ptr;

	for (size_t i = 0; i < aliases.rows.count; i++)
		if (strcmp(a[i].key_id, k->id) == 0)
			return (true);
	return (false);
}

static bool
is_doomed(const struct account_key *k)
{
	return (strcmp(k->state, "PendingDeletion") == 0 ||
		strcmp(k->state, "PendingReplicaDeletion") == 0);
}

static void
judge_keys(const struct walk_round *r, const struct account_key *prepared)
{
	bool several = r->acts[0]->several || r->acts[1]->several;
	size_t living = 0;

	for (size_t i = 0; i < account.count; i++) {
		const struct account_key *k = &account.keys[i];
		bool doomed = is_doomed(k);

		living += !doomed;
		if (!doomed && !has_alias(k) && !r->faults &&
		    !(k == prepared && somebody_moves(r)))
			walk_bad("key %s (%s) has no name", k->id, k->state);
		if (doomed && has_alias(k))
			walk_bad(
			    "key %s waits for its deletion with a name", k->id);
	}
	/* a destroyed key's name may be given to another */
	if (living > 1 && !r->faults && !somebody_destroys(r) && !several)
		walk_bad("%zu keys are there", living);
}

/* Those that somebody was told of are there, with that material. */
static void
judge_told(const struct walk_round *r)
{
	char argument[300];

	for (unsigned i = 0; i < r->processes; i++) {
		const struct account_key *k = key_of(walk_results[i].arn);
		int value = r->acts[i % 2]->value;

		if (k == NULL || value == 0 ||
		    ((r->before == BEFORE_KEY || r->before == BEFORE_LOST) &&
			somebody_destroys(r)))
			continue;
		if (value == WALK_OWN)
			value += (int)i;
		if (strcmp(k->state, "Enabled") != 0) {
			walk_bad("process %u was told of %s: %s", i, k->id,
			    k->state);
			continue;
		}
		snprintf(argument, sizeof(argument), "%d %s", value,
		    walk_results[i].arn);
		if (child_run("import-again", argument) != CKR_OK)
			walk_bad("key %s has not the material of process %u",
			    k->id, i);
	}
}

/* Keys with ids of their own are no two the same. */
static void
judge_own(const struct walk_round *r)
{
	for (unsigned i = 0; i < r->processes; i++)
		for (unsigned j = 0; j < i; j++)
			if (r->acts[i % 2]->value == WALK_OWN &&
			    r->acts[j % 2]->value == WALK_OWN &&
			    key_of(walk_results[i].arn) != NULL &&
			    strcmp(walk_results[i].arn, walk_results[j].arn) ==
				0)
				walk_bad(
				    "processes %u and %u have one key", i, j);
}

static void
look(void)
{
	struct kms k = account_kms();

	account_read(&account);
	if (kms_list_aliases(&k, NULL, &aliases) != ERR_OK)
		tap_bail();
}

void
judge(const struct walk_round *r, const char *prepared)
{
	look();
	judge_codes(r);
	judge_keys(r, key_of(prepared));
	judge_told(r);
	judge_own(r);
	json_rows_free(&aliases.rows);
	if (r->replicas && !r->faults && !somebody_moves(r) &&
	    child_run("judge-region", WALK_REGION) != CKR_OK)
		walk_bad("a key in " WALK_REGION " has no name");
}

CK_RV
judge_region(void)
{
	CK_RV rv = CKR_OK;

	look();
	for (size_t i = 0; i < account.count; i++)
		if (!is_doomed(&account.keys[i]) &&
		    !has_alias(&account.keys[i]))
			rv = CKR_FUNCTION_FAILED;
	json_rows_free(&aliases.rows);
	return (rv);
}

bool
judge_is_empty(void)
{
	account_read(&account);
	return (account.count == 0);
}
