#ifndef LOCALKMS_QUOTA_H
#define LOCALKMS_QUOTA_H
#include "key/key.h"

/* AWS's quotas of requests per second, for an account in a Region. The caller
 * holds a lock. */
#define QUOTA_BUCKETS 256

struct quotas {
	struct quota_bucket {
		char region[KEY_REGION_SIZE]; /* "": free */
		const void *row;
		int64_t second; /* on the monotonic clock */
		unsigned used; /* within it */
	} buckets[QUOTA_BUCKETS];
};

/* Counts a request; true: the quota is exceeded. Key and pair_spec (its
 * KeyPairSpec) are NULL where the request has none. */
bool quota_over(struct quotas *, const char *operation, const struct key *,
    const char *pair_spec, const char *region, int64_t mono_ms);
#endif
