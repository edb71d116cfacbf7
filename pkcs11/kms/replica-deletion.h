#ifndef REPLICA_DELETION_H
#define REPLICA_DELETION_H
#include "token/call.h"
#include "token/key.h"

/*
 * The replicas of a multi-Region key that is to be deleted, in the Regions that
 * the token names. KMS deletes a primary only after the last of its replicas:
 * until then it is in PendingReplicaDeletion. Other keys have none.
 */
bool replicas_may_exist(const struct call *, const struct key *);
/* KMS in the i-th Region of the token's replicas. */
struct kms replica_kms(const struct call *, size_t i);
/*
 * Frees the names of each replica and schedules its deletion; one that waits
 * for it already, and a Region without one, is ERR_OK. All Regions are tried;
 * the first failure is returned, and the log names each Region in which a
 * replica remains, also one that the token does not name.
 */
enum err replica_deletion_schedule(struct call *, const struct key *, int days);
/* Adds to the names the Regions in which that will schedule a replica, each
 * ended by a NUL; one that is there already is not added again. */
enum err replica_deletion_list(
    struct call *, const struct key *, struct buf *regions);
/* Undoes that, and, if asked to, enables the replicas. */
enum err replica_deletion_cancel(
    struct call *, const struct key *, bool enable);
/* The same in those of the Regions, where the aliases lead to the replicas
 * again; both are names, each ended by a NUL. All are tried; the last failure
 * is returned, and the log has each. */
enum err replica_deletion_give_up(struct call *, const struct key *,
    const struct buf *regions, struct view aliases, bool enable);
/* Names in the log the Regions with a replica that the token does not name;
 * what: what is still there, and what follows. */
void replicas_log_unnamed(struct call *, const struct key *, const char *what);
#endif
