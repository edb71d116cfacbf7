#ifndef RENAME_H
#define RENAME_H
#include "token/call.h"
#include "keydata/names.h"

/* Whether the key could be given that name: an alias can hold it, and no other
 * key has it. An empty name is none, and fine. */
CK_RV rename_check(
    struct call *, const struct key *, enum name_kind, struct view name);

/*
 * Gives the key another label or id in place of the one shown. The new alias
 * is there before the old one goes: the key is never without a name. The
 * store knows the key by its new name afterwards.
 */
CK_RV rename_key(struct call *, struct key *, enum name_kind, struct view name);
#endif
