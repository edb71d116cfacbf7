#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "fake-kms.h"
#include "fake-operations.h"

#define REPLY_MAX 65536

#define FIELD(member, name, kind) JSON_FIELD(struct request, member, name, kind)
static const struct json_field request_fields[] = {FIELD(key, "KeyId", TEXT),
    FIELD(alias, "AliasName", TEXT), FIELD(target, "TargetKeyId", TEXT),
    FIELD(spec, "KeySpec", TEXT), FIELD(usage, "KeyUsage", TEXT),
    FIELD(origin, "Origin", TEXT), FIELD(type, "ImportType", TEXT),
    FIELD(description, "Description", TEXT), FIELD(token, "ImportToken", BYTES),
    FIELD(material, "EncryptedKeyMaterial", BYTES), JSON_END};

void
fake_kms_reset(unsigned rules, enum late_kind late, unsigned late_answers)
{
	fake_store_reset(late, late_answers);
	fake_operations_reset(rules);
}

/* What a step uses */

static void
use_key(struct step *step, int value)
{
	if (value > 0)
		step_use(step, ITEM_KEY + value - 1, USE_READ);
}

/* That of a key, or of all keys that an alias may be said to lead to. */
static void
use_named(struct step *step, const char *name, enum use use)
{
	int place;

	if (is_alias(name)) {
		place = ITEM_NAME + fake_name_place(name);
		step_use(step, place, USE_READ);
		item_each(place, use_key, step);
	} else if ((place = fake_key_find(name)) >= 0) {
		step_use(step, ITEM_KEY + place, use);
	}
}

static void
use_aliases_of(struct step *step, int value)
{
	if (value > 0)
		step_use(step, ITEM_ALIASES_OF + value - 1, USE_ADD);
}

static void
use_alias(struct step *step, const struct request *r)
{
	int name = ITEM_NAME + fake_name_place(r->alias);
	int target = fake_key_find(r->target);

	step_use(step, name, USE_WRITE);
	step_use(step, ITEM_ALIASES, USE_ADD);
	use_aliases_of(step, item_now(name));
	use_aliases_of(step, target + 1);
	use_key(step, target + 1);
}

static void
describe_step(struct step *step, const void *request)
{
	const struct request *r = request;
	const struct operation *o = r->operation;
	int place = r->key[0] != '\0' ? fake_key_find(r->key) : -1;
	int self = caller_self();

	step->count = 0;
	snprintf(step->text, sizeof(step->text), "%s %.60s%s%.8s", o->name,
	    r->alias[0] != '\0' ? r->alias
	    : place >= 0	? fake.keys[place].id
				: r->key,
	    r->target[0] != '\0' ? " to " : "", r->target);
	switch (o->use) {
	case USES_NEW_KEY:
		step_use(step, ITEM_KEYS, USE_ADD);
		step_use(step,
		    ITEM_KEY + self * FAKE_KEYS_EACH + (int)fake.made[self],
		    USE_WRITE);
		break;
	case USES_KEY:
		use_named(step, r->key, USE_READ);
		break;
	case CHANGES_KEY:
		use_named(step, r->key, USE_WRITE);
		break;
	case CHANGES_ALIAS:
		use_alias(step, r);
		break;
	case USES_KEYS:
		step_use(step, ITEM_KEYS, USE_READ);
		break;
	case USES_ALIASES:
		step_use(step,
		    place >= 0 ? ITEM_ALIASES_OF + place : ITEM_ALIASES,
		    USE_READ);
		break;
	}
}

/* Whether the client never sends it again without knowing what it did. */
static bool
is_sent_once(const struct operation *o)
{
	return (o->use == USES_NEW_KEY || strcmp(o->name, "DeleteAlias") == 0);
}

/* A request whose reply never comes: the client sends most of them again. */
static enum err
perform(const struct request *r, struct buf *reply, struct error_info *error)
{
	const struct operation *o = r->operation;
	const struct step step = {
	    .lock = -1, .describe = describe_step, .request = r};
	enum trouble_kind trouble;
	enum err e;

	do {
		trouble = caller_step(&step);
		if (trouble == TROUBLE_KILL)
			return (ERR_NETWORK);
		if (trouble == TROUBLE_LOST_NOT_DONE && is_sent_once(o))
			return (ERR_UNKNOWN);
		buf_reset(reply);
		*error = (struct error_info){.status = 200};
		e = o->perform(r, reply, error);
		items_learn();
		if (trouble == TROUBLE_LOST_DONE && is_sent_once(o))
			return (ERR_UNKNOWN);
	} while (trouble != TROUBLE_NONE);
	return (e);
}

static enum err
answer(const char *operation, struct view body, struct buf *reply,
    struct error_info *error)
{
	struct request r = {
	    .token = BUF_INIT(8192), .material = BUF_INIT(8192)};
	enum err e;

	/* for the log alone: nothing depends on its answer */
	if (strcmp(operation, "GetKeyLastUsage") == 0)
		return (ERR_DENIED);
	r.operation = fake_operation(operation);
	e = json_decode(request_fields, body, &r);
	if (e != ERR_OK) {
		fprintf(stderr, "%s: %s\n", operation, err_text(e));
		abort();
	}
	e = perform(&r, reply, error);
	buf_free(&r.token);
	buf_free(&r.material);
	return (e);
}

static enum err
post(void *ctx, const char *operation, struct view body,
    const struct deadline *deadline, struct buf *reply,
    struct error_info *error)
{
	(void)ctx;
	if (deadline_left(deadline) == 0)
		return (ERR_DEADLINE);
	return (answer(operation, body, reply, error));
}

static enum err
post_many(void *ctx, const struct batch *b, const struct deadline *deadline,
    struct error_info *error)
{
	enum err e, end = ERR_OK;

	for (size_t i = 0; end == ERR_OK && i < b->count; i++) {
		struct buf body = BUF_INIT(b->body_max);
		struct buf reply = BUF_INIT(b->reply_max);

		e = b->encode(b->arg, i, &body);
		if (e == ERR_OK)
			e = post(ctx, b->operation, buf_view(&body), deadline,
			    &reply, error);
		end = b->on_reply(b->arg, i, e, buf_view(&reply), error);
		buf_free(&body);
		buf_free(&reply);
	}
	return (end);
}

const struct transport fake_transport = {post, post_many, NULL};

bool
fake_kms_ask(const char *operation, const char *key, const char *alias,
    const char *target)
{
	struct request r = {.operation = fake_operation(operation),
	    .origin = "EXTERNAL",
	    .spec = "SYMMETRIC_DEFAULT",
	    .usage = "ENCRYPT_DECRYPT"};
	struct buf reply = BUF_INIT(REPLY_MAX);
	struct error_info error;
	enum err e;

	snprintf(r.key, sizeof(r.key), "%s", key == NULL ? "" : key);
	snprintf(r.alias, sizeof(r.alias), "%s", alias == NULL ? "" : alias);
	snprintf(
	    r.target, sizeof(r.target), "%s", target == NULL ? "" : target);
	e = perform(&r, &reply, &error);
	buf_free(&reply);
	return (e == ERR_OK);
}
