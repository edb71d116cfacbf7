#ifndef KEY_DELETION_H
#define KEY_DELETION_H
#include "removal.h"

/*
 * ScheduleKeyDeletion of a key that is to go with its material and its names:
 *
 *   1 lock
 *   2 destroy-KEYID
 *   3 the names are freed; where one stays, all are given back, and nothing has
 *     happened
 *   4 ScheduleKeyDeletion
 *   5 the names once more: they may have come until then
 *   6 destroy-KEYID removed
 *
 * known: names that KMS may not list yet.
 */
enum err key_deletion_schedule(
    struct call *, const struct key *, const struct alias_list *known);
/* Whether its failure leaves open that KMS did it, or will when asked again. */
bool key_deletion_may_pass(enum err);
/* Whether the next call goes on with the deletion of the key, which this one
 * could not finish. It keeps the error. */
bool key_deletion_is_left(struct call *, const char *key_id);
/* Undoes ScheduleKeyDeletion, and, if asked to, enables the key: KMS disables
 * it. Both are repeated until they are answered. */
enum err key_deletion_cancel(struct call *, const struct key *, bool enable);
/* Goes on with what destroy-KEYID says; it is open. A key that can still be
 * found by a name stays, for whoever has used it since. */
enum err key_deletion_resume(
    struct call *, struct removal *, const struct key *);
#endif
