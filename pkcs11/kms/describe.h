#ifndef DESCRIBE_H
#define DESCRIBE_H
#include "token/call.h"
#include "token/key.h"

/* Whether the metadata is of the key that the name means: of that key id or
 * ARN; an alias may mean any. */
bool is_described(const char *name, const struct kms_key *);

/* DescribeKey that leaves the error in kms->error as it is, for a caller that
 * is about to report that one. ERR_REPLY if another key was described. */
enum err describe_keeping_error(
    const struct kms *, const char *key, struct kms_key *meta);
/* The same, as a key that is held for the caller; NULL after a failure. */
enum err describe_key(const struct kms *, const char *key, struct key **out);
/* Whether DescribeKey says that the key waits for its deletion; it keeps the
 * error, too. */
bool is_pending_deletion_now(const struct kms *, const struct key *);
/* The time by AWS's clock, in seconds since 1970; asks KMS when no reply has
 * shown it yet. Where KMS cannot be reached it is this machine's. */
double service_time(const struct call *);
#endif
