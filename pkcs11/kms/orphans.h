#ifndef ORPHANS_H
#define ORPHANS_H
#include "provision-state.h"

/*
 * Keys that CreateKeys without a reply have made: a nonce in their descriptions
 * is all that leads to them. Descriptions can be copied, so they are never
 * filled; they are taken back as far as KMS shows them, which the fence allows
 * only where they are empty. One that KMS generated has no fence: it stays, and
 * the log says which it is. What a listing names
 * and DescribeKey does not know is not known yet: then, and for a while after
 * the request, the journal stays.
 */
void orphans_remove(struct call *, struct provision *);
#endif
