#include <stdio.h>
#include <string.h>
#include "control/quota.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
/* Operations with a quota of their own. */
static const struct row {
	const char *operation;
	unsigned a_second;
} rows[] = {
	{ "CancelKeyDeletion",		5 },
	{ "CreateAlias",		5 },
	{ "CreateKey",			5 },
	{ "DeleteAlias",		15 },
	{ "DeleteImportedKeyMaterial",	15 },
	{ "DescribeKey",		2000 },
	{ "DisableKey",			5 },
	{ "DisableKeyRotation",		5 },
	{ "EnableKey",			5 },
	{ "EnableKeyRotation",		15 },
	{ "GetKeyLastUsage",		5 },
	{ "GetKeyPolicy",		1000 },
	{ "GetKeyRotationStatus",	1000 },
	{ "GetParametersForImport",	1 },
	{ "GetPublicKey",		2000 },
	{ "ImportKeyMaterial",		15 },
	{ "ListAliases",		500 },
	{ "ListKeyPolicies",		100 },
	{ "ListKeyRotations",		100 },
	{ "ListKeys",			500 },
	{ "ListResourceTags",		2000 },
	{ "PutKeyPolicy",		15 },
	{ "ReplicateKey",		5 },
	{ "RotateKeyOnDemand",		5 },
	{ "ScheduleKeyDeletion",	15 },
	{ "TagResource",		10 },
	{ "UntagResource",		5 },
	{ "UpdateAlias",		5 },
	{ "UpdateKeyDescription",	5 },
	{ "UpdatePrimaryRegion",	5 },
};

/* Data key pairs cost KMS more; the beginning of their KeyPairSpec. */
static const struct pair_row {
	const char *spec;
	unsigned a_second;
} pair_rows[] = {
	{ "RSA_2048",	20 },
	{ "RSA_3072",	4 },
	{ "RSA_4096",	1 },
	{ "ECC_",	100 },
};

/* The rest is cryptography, counted together by the family of the key. */
static const unsigned families[] = {
	[FAMILY_AES] = 10000,
	[FAMILY_HMAC] = 10000,
	[FAMILY_RSA] = 1000,
	[FAMILY_EC] = 1000,
	[FAMILY_ED25519] = 1000,
	[FAMILY_ML_DSA] = 1000,
	[FAMILY_ML_KEM] = 1000,
};
/* clang-format on */

static struct quota_bucket *
bucket(struct quotas *q, const char *region, const void *row)
{
	struct quota_bucket *b;

	for (b = q->buckets; b < q->buckets + QUOTA_BUCKETS; b++) {
		if (b->region[0] == '\0') {
			snprintf(b->region, sizeof(b->region), "%s", region);
			b->row = row;
			return (b);
		}
		if (b->row == row && strcmp(b->region, region) == 0)
			return (b);
	}
	return (NULL);
}

bool
quota_over(struct quotas *q, const char *operation, const struct key *k,
    const char *pair_spec, const char *region, int64_t mono_ms)
{
	enum family family = k == NULL ? FAMILY_AES : k->spec->family;
	const void *row;
	struct quota_bucket *b;
	unsigned most;

	if (family == FAMILY_HMAC)
		family = FAMILY_AES; /* one quota for both */
	row = &families[family];
	most = families[family];
	for (size_t i = 0; i < ELEMS(rows); i++)
		if (strcmp(rows[i].operation, operation) == 0) {
			row = &rows[i];
			most = rows[i].a_second;
		}
	for (size_t i = 0; pair_spec != NULL && i < ELEMS(pair_rows); i++)
		if (strncmp(pair_rows[i].spec, pair_spec,
			strlen(pair_rows[i].spec)) == 0) {
			row = &pair_rows[i];
			most = pair_rows[i].a_second;
		}
	if ((b = bucket(q, region, row)) == NULL)
		return (false);
	if (b->second != mono_ms / 1000) {
		b->second = mono_ms / 1000;
		b->used = 0;
	}
	return (++b->used > most);
}
