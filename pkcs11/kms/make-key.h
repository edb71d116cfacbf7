#ifndef MAKE_KEY_H
#define MAKE_KEY_H
#include "alias.h"
#include "provision-state.h"

/* A new key in KMS, and its names: steps 3 to 5 of provision.c. */

/* The aliases that its key is to have, the identity's first. */
enum err make_key_aliases(const struct provision *, struct alias_list *);

/* CreateKey; p->key is the key, ours to take back. Once again where the reply
 * is lost, which p->reply_lost remembers. */
enum err make_key_create(struct call *, struct provision *);
/*
 * Names the key; the store learns them with it. ERR_EXISTS: a name is another
 * key's; p->promised is that key where the name is the identity's own.
 */
enum err make_key_name(struct call *, struct provision *);
#endif
