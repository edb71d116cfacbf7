#include <string.h>
#include "describe.h"
#include "key-deletion.h"
#include "take-back.h"
#include "token/settle-pause.h"
#include "token/state.h"
#include "unfinished.h"

#define LIST_MAX (64 * 1024)

static enum err
resume(struct call *c, struct removal *r)
{
	struct key *k = NULL;
	enum err e = describe_key(&c->kms, r->key_id, &k);

	if (e == ERR_OK)
		e = r->kind == REMOVAL_TAKE_BACK ? take_back_resume(c, r, k)
						 : key_deletion_resume(c, r, k);
	else if (e == ERR_NOT_FOUND &&
		 call_wall_seconds(c) - r->begun > UNSEEN_SECONDS)
		e = removal_finish(c, r);
	key_unref(k);
	return (e);
}

/* False: KMS cannot be reached, or the time is over. */
static bool
finish_one(struct call *c, enum removal_kind kind, const char *key_id,
    struct deadline deadline)
{
	struct removal r = REMOVAL_INIT(kind);
	enum err e;

	/* who has the lock is at it */
	call_set_deadline(c, 0);
	if (removal_open(c, &r, key_id) != ERR_OK || !r.exists) {
		removal_close(c, &r);
		return (true);
	}
	c->kms.deadline = deadline;
	e = resume(c, &r);
	call_note(c, "key %s, whose removal an earlier call left: %s", key_id,
	    e == ERR_WRONG_MATERIAL ? "it is in use and stays" : err_text(e));
	removal_close(c, &r);
	return (e != ERR_NETWORK && e != ERR_DEADLINE && e != ERR_SERVICE);
}

/* Those among the names that are of that kind. */
static bool
finish_all(struct call *c, enum removal_kind kind, struct view names,
    struct deadline deadline)
{
	const char *prefix = removal_prefix(kind);
	const char *name;
	bool reached = true;

	while (reached && (name = view_take_string(&names)) != NULL)
		if (strncmp(name, prefix, strlen(prefix)) == 0)
			reached = finish_one(
			    c, kind, name + strlen(prefix), deadline);
	return (reached);
}

void
unfinished_removals(struct call *c)
{
	const char *const prefixes[] = {removal_prefix(REMOVAL_TAKE_BACK),
	    removal_prefix(REMOVAL_DESTROY), NULL};
	struct buf names = BUF_INIT(LIST_MAX);
	struct kms before = c->kms;
	struct deadline deadline;
	enum err err = c->err;

	/* for all of them together */
	call_set_deadline(c, REMOVAL_SECONDS);
	deadline = c->kms.deadline;
	(void)state_list(c, prefixes, &names);
	if (finish_all(c, REMOVAL_TAKE_BACK, buf_view(&names), deadline))
		(void)finish_all(
		    c, REMOVAL_DESTROY, buf_view(&names), deadline);
	buf_free(&names);
	c->kms = before;
	c->err = err;
}
