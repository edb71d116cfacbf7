#ifndef FIND_KEY_H
#define FIND_KEY_H
#include "provision-state.h"

/* The key that is there already: step 2 of a create, before one is made. */

/*
 * p->key is the key that the names lead to, if it can take the material and
 * may; NULL if there is none. One that another machine is just making is waited
 * for until it has its material, or is gone.
 */
CK_RV find_key_existing(struct call *, struct provision *);
/* The names of a key that KMS generates must be free: only the key that a
 * killed call left may have them. */
CK_RV find_key_check_free(struct call *, const struct provision *);

/* Whether the request says by key id or ARN which key is meant. */
bool find_key_is_named_by_id(const struct provision *, const struct key *);
/* Whether the identity's name leads elsewhere than to the key by now, as a
 * settled look says; p->promised is then the key to which it does. */
enum err find_key_check_moved(
    struct call *, struct provision *, const struct key *, bool *moved);
/* p->key is none of ours any more. */
void find_key_let_go(struct provision *);
#endif
