#ifndef LIST_MATERIALS_H
#define LIST_MATERIALS_H
#include "token/call.h"

/* Whether there can be several: of a symmetric encryption key. */
bool materials_may_be_several(const struct kms_key *);
/*
 * Those of the key, in the Region that kms means, as DescribeKey has just shown
 * it there; one ListKeyRotations for a key that may have several. Where that is
 * denied or unknown to the service, it is what DescribeKey says, and the log
 * says so.
 */
enum err materials_list(
    struct call *, struct kms *, const struct kms_key *, struct materials *);

/* Readers of attributes. What KMS lists is asked for once in a call. */
CK_RV materials_read_count(struct call *, const struct object *, struct buf *);
CK_RV materials_read_missing(
    struct call *, const struct object *, struct buf *);
CK_RV materials_read_ids(struct call *, const struct object *, struct buf *);
CK_RV materials_read_states(struct call *, const struct object *, struct buf *);
CK_RV materials_read_ends(struct call *, const struct object *, struct buf *);
#endif
