#ifndef ALIAS_H
#define ALIAS_H
#include "token/call.h"
#include "token/key.h"

/*
 * The names of keys: aliases, made and deleted by steps that may be repeated
 * after a lost reply or a killed process. kms: the Region that is meant.
 */

/* CreateAlias. ERR_OK also when the alias leads to the key already: an earlier
 * call made it, or this one did and its reply was lost. ERR_EXISTS: it leads to
 * another, as a settled look says. */
enum err alias_create(
    struct call *, struct kms *, const char *alias, const struct key *);
/* DeleteAlias, if a settled look says that the alias leads to the key; any
 * other stays and is ERR_OK. */
enum err alias_delete(
    struct call *, struct kms *, const char *alias, const char *key_id);
#endif
