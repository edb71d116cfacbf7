#ifndef TAKE_BACK_H
#define TAKE_BACK_H
#include "removal.h"

/*
 * Takes back a key that waits for its material: one that was made for an import
 * that failed, or an import pair that is destroyed. What goes is empty, which
 * the fence proves (fence.h):
 *
 *   1 lock; a key that KMS shows filled stays as it is
 *   2 back-KEYID, with the throw-away material and the names
 *   3 the names are freed
 *   4 the fence: whoever filled the key meanwhile gets the names back
 *   5 ScheduleKeyDeletion
 *   6 the names once more: they may have come until then
 *   7 back-KEYID removed
 *
 * A key that KMS generated never waits. It is taken back only by the call that
 * made it, before anybody has its handle, without a fence. What a killed call
 * left of that is gone on with only where no name leads to the key any more.
 * A key that lost its material takes no other, so it has no fence, either: it
 * is looked at, scheduled, and looked at again.
 */

/*
 * known: names that KMS may not list yet. days: until the deletion. emptied: a
 * key whose material is gone goes, too. ERR_OK: the key is scheduled, or was
 * already. ERR_WRONG_MATERIAL: it has or had material and stays. Others: it
 * could not be finished; *recorded then tells that the next call finishes it.
 */
enum err take_back(struct call *, const struct key *,
    const struct alias_list *known, long days, bool emptied, bool *recorded);
/* Goes on with what back-KEYID says; it is open. */
enum err take_back_resume(struct call *, struct removal *, const struct key *);
#endif
