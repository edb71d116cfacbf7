#ifndef LOCALKMS_QUOTA_H
#define LOCALKMS_QUOTA_H
#include "key/key.h"

/* AWS's request quotas, a second, of an account in a Region. The caller
 * serialises. */
#define QUOTA_BUCKETS 256

struct quotas {
	struct quota_bucket {
		char region[KEY_REGION_SIZE]; /* "": free */
		const void *row;
		int64_t second; /* on the monotonic clock */
		unsigned used; /* within it */
	} buckets[QUOTA_BUCKETS];
};

/* Counts a request; true: it is one too many. key NULL: of none; pair_spec:
 * its KeyPairSpec, NULL where it has none. */
bool quota_over(struct quotas *, const char *operation, const struct key *,
    const char *pair_spec, const char *region, int64_t mono_ms);
#endif
