#ifndef DESCRIBE_H
#define DESCRIBE_H
#include "kms.h"

/* Whether the metadata is of the key that the name means: of that key id or
 * ARN; an alias may mean any. */
bool is_described(const char *name, const struct kms_key *);

/* DescribeKey that leaves the error in kms->error as it is, for a caller that
 * is about to report that one. ERR_REPLY if another key was described. */
enum err describe_keeping_error(
    const struct kms *, const char *key, struct kms_key *meta);
#endif
