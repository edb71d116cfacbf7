#include <string.h>
#include "describe.h"

#define NO_KEY "alias/keyferry/no-key" /* nobody has that name */

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

enum err
describe_key(const struct kms *kms, const char *key, struct key **out)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = describe_keeping_error(kms, key, &meta);

	*out = NULL;
	if (e == ERR_OK && (*out = key_new(&meta)) == NULL)
		e = ERR_MEMORY;
	kms_key_free(&meta);
	return (e);
}

bool
is_pending_deletion_now(const struct kms *kms, const struct key *k)
{
	struct kms_key meta = KMS_KEY_INIT;
	bool yes = describe_keeping_error(kms, k->meta.id, &meta) == ERR_OK &&
		   kms_key_is_pending_deletion(&meta);

	kms_key_free(&meta);
	return (yes);
}

double
service_time(const struct call *c)
{
	struct kms_key meta = KMS_KEY_INIT;

	/* whatever the answer is, it has a date */
	if (!client_has_service_time(c->token->client))
		(void)describe_keeping_error(&c->kms, NO_KEY, &meta);
	kms_key_free(&meta);
	return ((double)client_service_ms(c->token->client) / 1000);
}
