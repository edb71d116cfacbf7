#include <string.h>
#include "describe.h"

bool
is_described(const char *name, const struct kms_key *meta)
{
	return (strncmp(name, "alias/", 6) == 0 ||
		strstr(name, ":alias/") != NULL ||
		strcmp(name, meta->id) == 0 || strcmp(name, meta->arn) == 0);
}

enum err
describe_keeping_error(
    const struct kms *kms, const char *key, struct kms_key *meta)
{
	struct kms aside = *kms;
	enum err e = kms_describe_key(&aside, key, meta);

	return (e == ERR_OK && !is_described(key, meta) ? ERR_REPLY : e);
}
