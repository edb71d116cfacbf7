#include <string.h>
#include "message.h"
#include "renewal-report.h"
#include "renewal-run.h"
#include "renewal-source.h"
#include "run-plan.h"
#include "source-key.h"

/*
 * Bringing materials again, while another run may do the same, on another host
 * or on this one with the same state directory. What counts is what KMS shows:
 * before a material is brought, and after that, the key is looked at, and a
 * material that ends later than it did is renewed, by whomever. Two that bring
 * the same material do no harm: the key has the later of two ends that hardly
 * differ.
 */

#define LOOK_FAILED "the key could not be looked at"
#define TRIES 3 /* of one source, where another run takes its pair away */

/* KMS says so of material that is well wrapped, and not the key's. */
static bool
is_other_material(const struct key *k)
{
	return (k->status == STATUS_DIFFERENT ||
		strstr(k->reason, "IncorrectKeyMaterialException") != NULL);
}

/* True: KMS took it. */
static bool
bring(struct renewal *r, struct renewal_source *s, bool *go_on)
{
	struct plan *p = &r->plan;
	struct key *k = &p->keys[s->row];

	renewal_aim(r, s);
	*go_on = source_key_bring(p, k);
	return (k->status == STATUS_PRESENT || k->status == STATUS_RENEWED ||
		k->status == STATUS_MOVED);
}

/* Another run with the same state directory had the same pair, and is done with
 * it. */
static bool
is_pair_gone(const struct key *k)
{
	return (strstr(k->reason, "CKR_WRAPPED_KEY_INVALID") != NULL ||
		strstr(k->reason, "HANDLE_INVALID") != NULL);
}

static void
fail(struct due_material *due, enum key_status status, const char *reason)
{
	due->status = status;
	snprintf(due->reason, sizeof(due->reason), "%s", reason);
}

/* KMS tells of a refusal alone that it is other material. */
static void
tell_different(const struct renewal *r, struct due_material *due,
    const struct renewal_source *s)
{
	const struct key *k = &r->plan.keys[s->row];

	due->status = STATUS_DIFFERENT;
	snprintf(due->reason, sizeof(due->reason),
	    "KMS refuses what %.200s has: it is not the material%s%s",
	    k->from != NULL ? k->from->label : k->file,
	    due->id[0] == '\0' ? " of the key" : ": KeyMaterialId ", due->id);
}

/* Tries a source for a material. False: the run is to end. */
static bool
try_once(struct renewal *r, struct due_material *due, struct renewal_source *s)
{
	const struct key *k = &r->plan.keys[s->row];
	bool go_on = true, took = bring(r, s, &go_on);

	if (!renewal_refresh(r, due->key)) {
		fail(due, STATUS_FAILED, LOOK_FAILED);
		return (go_on && !r->plan.target_failed);
	}
	(void)renewal_find_renewed(
	    r, due->key, k, took ? STATUS_RENEWED : STATUS_PRESENT);
	s->used = took || is_other_material(k);
	if (due->status != STATUS_PLANNED) {
		r->plan.same_failures = 0;
		return (true);
	}
	if (is_other_material(k))
		tell_different(r, due, s);
	else if (took && r->keys.rows[due->key].materials == 1)
		fail(due, STATUS_FAILED,
		    "KMS has taken it, and the end is what it was");
	else if (!took)
		fail(due, STATUS_FAILED, k->reason);
	return (go_on);
}

static bool
try_source(
    struct renewal *r, struct due_material *due, struct renewal_source *s)
{
	bool go_on = true;

	for (int i = 0; i < TRIES; i++) {
		due->status = STATUS_PLANNED;
		go_on = try_once(r, due, s);
		if (due->status != STATUS_FAILED ||
		    !is_pair_gone(&r->plan.keys[s->row]))
			return (go_on);
		r->plan.same_failures = 0;
	}
	return (go_on);
}

/* The sources that could be used have other materials of the key. */
static void
tell_without_source(const struct renewal *r, struct due_material *due)
{
	fail(due, STATUS_DIFFERENT, "the sources have only others of the key");
	for (size_t i = 0; i < r->source_count; i++)
		if (renewal_source_fits(&r->sources[i], due) &&
		    r->sources[i].why[0] != '\0')
			fail(due, STATUS_FAILED, r->sources[i].why);
}

/* False: the run is to end. */
static bool
renew_material(struct renewal *r, struct due_material *due)
{
	bool go_on = true;

	if (!renewal_refresh(r, due->key)) {
		fail(due, STATUS_FAILED, LOOK_FAILED);
		return (!r->plan.target_failed);
	}
	(void)renewal_find_renewed(r, due->key, NULL, STATUS_PRESENT);
	for (size_t i = 0; i < r->source_count && go_on; i++) {
		struct renewal_source *s = &r->sources[i];

		if (due->status == STATUS_RENEWED ||
		    due->status == STATUS_PRESENT)
			break;
		if (s->used || s->why[0] != '\0' ||
		    !renewal_source_fits(s, due))
			continue;
		go_on = try_source(r, due, s);
	}
	if (due->status == STATUS_PLANNED)
		tell_without_source(r, due);
	return (go_on);
}

void
renewal_run(struct renewal *r, FILE *report)
{
	struct progress g = progress_begin(renewal_count(r, STATUS_PLANNED));
	bool go_on = true, interrupted = false;
	sigset_t waiting;

	interruptions_wait(&waiting);
	for (size_t i = 0; i < r->due_count; i++) {
		struct due_material *due = &r->due[i];

		if (due->status == STATUS_PLANNED) {
			interrupted = interrupted ||
				      interruption_came(&waiting);
			if (go_on && !interrupted)
				go_on = renew_material(r, due);
			else
				due->status = STATUS_NOT_TRIED;
			g.done++;
			renewal_progress(r, due, &g);
		}
		if (report != NULL) {
			renewal_json(r, due, report);
			fflush(report);
		}
	}
	renewal_progress(r, NULL, &g);
	if (!go_on && r->plan.same_failures != 0)
		message("%u keys in a row failed in the same way: the others "
			"are not tried",
		    r->plan.same_failures);
}
