#include <string.h>
#include "key-deletion.h"
#include "take-back.h"
#include "token/state.h"
#include "unfinished.h"

#define LIST_MAX (64 * 1024)
/* a key that was made longer ago and that KMS does not know is gone */
#define UNSEEN_SECONDS 900

/* The key as KMS shows it, *out held; NULL: it does not. */
static enum err
look(struct call *c, const char *key_id, struct key **out)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = kms_describe_key(&c->kms, key_id, &meta);

	*out = NULL;
	if (e == ERR_OK && (*out = key_new(&meta)) == NULL)
		e = ERR_MEMORY;
	kms_key_free(&meta);
	return (e == ERR_NOT_FOUND ? ERR_OK : e);
}

static enum err
resume(struct call *c, struct removal *r)
{
	const struct clock *clock = c->module->clock;
	double now = (double)(clock->wall_ms(clock->ctx) / 1000);
	struct key *k = NULL;
	enum err e = look(c, r->key_id, &k);

	if (e == ERR_OK && k == NULL)
		e = now - r->begun > UNSEEN_SECONDS ? removal_finish(c, r)
						    : ERR_NOT_FOUND;
	else if (e == ERR_OK)
		e = r->kind == REMOVAL_TAKE_BACK ? take_back_resume(c, r, k)
						 : key_deletion_resume(c, r, k);
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

static bool
finish_all(struct call *c, enum removal_kind kind, const char *prefix,
    struct deadline deadline)
{
	struct buf names = BUF_INIT(LIST_MAX);
	const char *at, *end;
	bool reached = true;

	(void)state_list(c, prefix, &names);
	at = (const char *)names.ptr;
	end = at + names.len;
	for (; at < end && reached; at += strlen(at) + 1)
		reached = finish_one(c, kind, at + strlen(prefix), deadline);
	buf_free(&names);
	return (reached);
}

void
unfinished_removals(struct call *c)
{
	struct kms before = c->kms;
	struct deadline deadline;
	enum err err = c->err;

	/* for all of them together */
	call_set_deadline(c, REMOVAL_SECONDS);
	deadline = c->kms.deadline;
	if (finish_all(c, REMOVAL_TAKE_BACK, "back-", deadline))
		(void)finish_all(c, REMOVAL_DESTROY, "destroy-", deadline);
	c->kms = before;
	c->err = err;
}
