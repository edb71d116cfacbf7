#include <stdio.h>
#include <string.h>
#include "kms/alias.h"
#include "kms/fence.h"
#include "kms/find-key.h"
#include "kms/key-trust.h"
#include "kms/removal.h"
#include "kms/settle.h"
#include "rules.h"

/* Interposed by the linker. */
enum err __wrap_fence_import(
    struct call *, const struct key *, struct view material);
enum err __real_fence_import(
    struct call *, const struct key *, struct view material);
enum err __wrap_settle_aliases(
    struct call *, struct kms *, struct settled_alias *, size_t);
enum err __real_settle_aliases(
    struct call *, struct kms *, struct settled_alias *, size_t);
enum err __wrap_alias_list_settle(
    struct call *, struct kms *, struct alias_list *, const char *);
enum err __real_alias_list_settle(
    struct call *, struct kms *, struct alias_list *, const char *);
enum err __wrap_alias_delete_settled(
    struct call *, struct kms *, const struct settled_alias *, const char *);
enum err __real_alias_delete_settled(
    struct call *, struct kms *, const struct settled_alias *, const char *);
enum err __wrap_find_key_check_moved(
    struct call *, struct provision *, const struct key *, bool *);
enum err __real_find_key_check_moved(
    struct call *, struct provision *, const struct key *, bool *);
enum err __wrap_removal_wait(struct call *, const struct key *, bool *);
enum err __real_removal_wait(struct call *, const struct key *, bool *);
bool __wrap_settle_retry_living(
    struct call *, struct kms *, const struct key *, enum err, int *);
bool __real_settle_retry_living(
    struct call *, struct kms *, const struct key *, enum err, int *);
bool __wrap_key_trust_for_request(
    struct call *, const struct key_request *, const struct key *);
bool __real_key_trust_for_request(
    struct call *, const struct key_request *, const struct key *);

static enum rule left_out;

void
rules_leave_out(enum rule rule)
{
	left_out = rule;
}

bool
rule_is_left_out(enum rule rule)
{
	return (left_out == rule);
}

static bool
begins(const char *name, const char *with)
{
	return (strncmp(name, with, strlen(with)) == 0);
}

bool
rules_leave_out_file(const char *name)
{
	switch (left_out) {
	case RULE_JOURNAL:
		return (begins(name, "create-") || begins(name, "generate-"));
	case RULE_RECORD:
		return (begins(name, "made-"));
	case RULE_REMOVAL_JOURNAL:
		return (begins(name, "back-") || begins(name, "destroy-"));
	default:
		return (false);
	}
}

bool
rules_leave_out_lock(const char *name)
{
	return (left_out == RULE_LOCK && begins(name, "create-"));
}

enum err
__wrap_fence_import(struct call *c, const struct key *k, struct view material)
{
	if (rule_is_left_out(RULE_FENCE))
		return (ERR_OK);
	return (__real_fence_import(c, k, material));
}

/* One look at each. */
enum err
__wrap_settle_aliases(struct call *c, struct kms *kms,
    struct settled_alias *aliases, size_t count)
{
	struct kms_key meta;
	enum err e;

	if (!rule_is_left_out(RULE_SETTLED_LOOK))
		return (__real_settle_aliases(c, kms, aliases, count));
	for (size_t i = 0; i < count; i++) {
		meta = (struct kms_key)KMS_KEY_INIT;
		e = kms_describe_key(kms, aliases[i].name, &meta);
		snprintf(aliases[i].key_id, sizeof(aliases[i].key_id), "%s",
		    e == ERR_OK ? meta.id : "");
		kms_key_free(&meta);
		if (e != ERR_OK && e != ERR_NOT_FOUND)
			return (e);
	}
	return (ERR_OK);
}

enum err
__wrap_alias_list_settle(
    struct call *c, struct kms *kms, struct alias_list *l, const char *key_id)
{
	if (rule_is_left_out(RULE_LOOK_BEFORE_DELETION))
		return (ERR_OK);
	return (__real_alias_list_settle(c, kms, l, key_id));
}

enum err
__wrap_alias_delete_settled(struct call *c, struct kms *kms,
    const struct settled_alias *a, const char *key_id)
{
	struct settled_alias believed = *a;

	if (rule_is_left_out(RULE_LOOK_BEFORE_DELETION))
		snprintf(
		    believed.key_id, sizeof(believed.key_id), "%s", key_id);
	return (__real_alias_delete_settled(c, kms, &believed, key_id));
}

enum err
__wrap_find_key_check_moved(
    struct call *c, struct provision *p, const struct key *k, bool *moved)
{
	*moved = false;
	if (rule_is_left_out(RULE_LOOK_AFTER_LOSS))
		return (ERR_OK);
	return (__real_find_key_check_moved(c, p, k, moved));
}

enum err
__wrap_removal_wait(struct call *c, const struct key *k, bool *had_material)
{
	enum err e = __real_removal_wait(c, k, had_material);

	if (rule_is_left_out(RULE_LOOK_AFTER_SCHEDULE))
		*had_material = false;
	return (e);
}

bool
__wrap_settle_retry_living(struct call *c, struct kms *kms, const struct key *k,
    enum err e, int *tries)
{
	return (!rule_is_left_out(RULE_WAIT_FOR_YOUNG) &&
		__real_settle_retry_living(c, kms, k, e, tries));
}

bool
__wrap_key_trust_for_request(
    struct call *c, const struct key_request *r, const struct key *k)
{
	return (rule_is_left_out(RULE_TRUST) ||
		__real_key_trust_for_request(c, r, k));
}
