#include <string.h>
#include "alias.h"
#include "settle.h"

/* Where the alias leads, settled. promised: see struct settled_alias. ERR_OK:
 * to the key; ERR_EXISTS: to another; ERR_NOT_FOUND: to none; else KMS does not
 * say. */
static enum err
alias_look(struct call *c, struct kms *kms, const char *alias,
    const char *key_id, bool promised)
{
	struct settled_alias a = {
	    .name = alias, .promised = promised ? key_id : NULL};
	enum err e = settle_aliases(c, kms, &a, 1);

	if (e == ERR_OK && a.key_id[0] == '\0')
		return (ERR_NOT_FOUND);
	return (e == ERR_OK && strcmp(a.key_id, key_id) != 0 ? ERR_EXISTS : e);
}

/* Whether an error leaves open that the alias was created. */
static bool
may_be_there(enum err e)
{
	return (e == ERR_EXISTS || e == ERR_UNKNOWN || e == ERR_NETWORK ||
		e == ERR_REPLY || e == ERR_SERVICE || e == ERR_DEADLINE);
}

enum err
alias_create(
    struct call *c, struct kms *kms, const char *alias, const struct key *k)
{
	struct error_info error;
	int tries = 0;
	enum err e, look;

	do {
		e = kms_create_alias(kms, alias, k->meta.id);
		error = kms->error;
		/* that it exists is a promise, which a look may not show yet */
		look = may_be_there(e)
			   ? alias_look(c, kms, alias, k->meta.id, true)
			   : e;
	} while ((e == ERR_EXISTS && look == ERR_NOT_FOUND &&
		     settle_pause(&kms->deadline, &tries, SETTLE_TRIES)) ||
		 settle_retry(c, &kms->deadline, k, e, &tries));
	if (e != ERR_OK && look == ERR_OK)
		return (ERR_OK);
	kms->error = error;
	return (e);
}

enum err
alias_delete(
    struct call *c, struct kms *kms, const char *alias, const char *key_id)
{
	enum err e = alias_look(c, kms, alias, key_id, false);

	if (e == ERR_OK)
		e = kms_delete_alias(kms, alias);
	return (e == ERR_EXISTS || e == ERR_NOT_FOUND ? ERR_OK : e);
}
