#include <string.h>
#include "alias.h"
#include "describe.h"
#include "settle.h"

/* ERR_OK: it leads to the key; ERR_EXISTS: to another; ERR_NOT_FOUND: to none;
 * ERR_UNKNOWN: KMS does not say. */
static enum err
alias_look(const struct kms *kms, const char *alias, const char *key_id)
{
	struct kms_key meta = KMS_KEY_INIT;
	enum err e = describe_keeping_error(kms, alias, &meta);

	if (e == ERR_OK && strcmp(meta.id, key_id) != 0)
		e = ERR_EXISTS;
	kms_key_free(&meta);
	return (e == ERR_OK || e == ERR_EXISTS || e == ERR_NOT_FOUND
		    ? e
		    : ERR_UNKNOWN);
}

enum err
alias_create(
    struct call *c, struct kms *kms, const char *alias, const struct key *k)
{
	int tries = 0;
	enum err e;

	do {
		e = kms_create_alias(kms, alias, k->meta.id);
	} while (settle_retry(c, &kms->deadline, k, e, &tries));
	if (e != ERR_OK && alias_look(kms, alias, k->meta.id) == ERR_OK)
		e = ERR_OK;
	return (e);
}

enum err
alias_delete(struct kms *kms, const char *alias, const char *key_id)
{
	enum err e = alias_look(kms, alias, key_id);

	if (e == ERR_OK)
		e = kms_delete_alias(kms, alias);
	return (e == ERR_EXISTS || e == ERR_NOT_FOUND ? ERR_OK : e);
}
