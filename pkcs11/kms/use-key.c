#include "explain-import.h"
#include "listing.h"
#include "settle.h"
#include "use-key.h"

#define LATE_TRIES 5 /* 1.5 seconds in all */

/* Whether KMS works with the key, as it says when asked. The failure of the use
 * stays the call's. */
static bool
look_at_key(struct call *c, const struct key *k)
{
	struct error_info error = c->kms.error;
	struct store *store = &c->token->store;
	uint64_t asked = store_ask(store);
	struct key *now = NULL;
	enum err e = c->err;
	bool usable;
	CK_RV rv = listing_describe(c, k->meta.arn, &now);

	if (rv == CKR_OK && now == NULL && !settle_is_young(c, k))
		(void)store_lose(store, k->meta.id, asked);
	store_answered(store);
	usable = now != NULL && key_is_usable(now);
	if (now != NULL && key_is_pending_import(now) && !explain_expired(c, k))
		(void)explain_expired(c, now);
	key_unref(now);
	c->err = e;
	c->kms.error = error;
	return (usable);
}

bool
use_key_again(struct call *c, const struct key *k, enum err e, int *tries)
{
	if (e == ERR_NOT_FOUND)
		return (settle_retry(c, &c->kms.deadline, k, e, tries));
	if (e != ERR_DISABLED && e != ERR_KEY_STATE)
		return (false);
	c->looked_at_key = !look_at_key(c, k);
	return (!c->looked_at_key &&
		settle_pause(&c->kms.deadline, tries, LATE_TRIES));
}

void
use_key_failed(struct call *c, const struct key *k)
{
	if (!c->looked_at_key &&
	    (c->err == ERR_DISABLED || c->err == ERR_KEY_STATE ||
		c->err == ERR_NOT_FOUND))
		(void)look_at_key(c, k);
}
