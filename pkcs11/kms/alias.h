#ifndef ALIAS_H
#define ALIAS_H
#include "settle.h"
#include "token/call.h"
#include "token/key.h"

/*
 * The names of keys: aliases, made and deleted by steps that may be repeated
 * after a lost reply or a killed process. kms: the Region that is meant.
 *
 * A read of KMS may be late, so one look at an alias never permits its
 * deletion: a settled look does (settle.h).
 */

/* CreateAlias. ERR_OK also when the alias leads to the key already: an earlier
 * call made it, or this one did and its reply was lost. ERR_EXISTS: it leads to
 * another, as a settled look says. */
enum err alias_create(
    struct call *, struct kms *, const char *alias, const struct key *);
/* The same. *made: KMS has confirmed that this call created it; else it may be
 * a name that somebody else gave the key. */
enum err alias_create_noting(struct call *, struct kms *, const char *alias,
    const struct key *, bool *made);

/* CreateAlias without a look. ERR_EXISTS: it exists, and may lead here. */
enum err alias_create_new(
    struct call *, struct kms *, const char *alias, const struct key *);

/* Deletes the alias, if a settled look says that it leads to the key; any other
 * stays and is ERR_OK. */
enum err alias_delete(
    struct call *, struct kms *, const char *alias, const char *key_id);

/* The one place where an alias is deleted: the same, where settle_aliases() has
 * just looked at it. */
enum err alias_delete_settled(struct call *, struct kms *,
    const struct settled_alias *, const char *key_id);

/* Aliases of one key. */
struct alias_list {
	char (*names)[KMS_ALIAS_SIZE];
	size_t count, cap;
	/* this call has led them to the key, and a look need only show that */
	bool promised;
};
extern const struct alias_list alias_list_none;
/* "", a marker, or one that is there already, is fine and not added again. */
enum err alias_list_add(struct alias_list *, const char *alias);
/* Adds all names that KMS lists for the key, and those that it is known by:
 * either may be late. Freed with alias_list_free(), also after a failure. */
enum err alias_list_read(
    struct call *, struct kms *, const struct key *, struct alias_list *);
void alias_list_free(struct alias_list *);
/* Leaves those that lead to the key, as one settled look at all says. */
enum err alias_list_settle(
    struct call *, struct kms *, struct alias_list *, const char *key_id);
/* DeleteAlias for each, right after that look. */
enum err alias_list_delete(
    struct call *, struct kms *, const struct alias_list *, const char *key_id);
#endif
