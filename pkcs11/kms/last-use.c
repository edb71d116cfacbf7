#include <string.h>
#include "last-use.h"
#include "material-end.h"
#include "token/attr-value.h"

#define LAST_USE_MAX 253402300799.0 /* the end of the year 9999 */
#define ASK_MS 5000 /* the destruction does not wait for it */

static bool
is_known(const struct kms_last_usage *u)
{
	return (u->operation[0] != '\0' && u->used != 0);
}

void
last_use_note(struct call *c, const struct kms *region_kms, const char *region,
    const char *key_id)
{
	struct kms kms = *region_kms;
	struct kms_last_usage u = {.used = 0};
	char when[MATERIAL_DATE_SIZE];
	enum err e;

	if (deadline_left(&kms.deadline) > ASK_MS)
		kms.deadline = deadline_in(kms.deadline.clock, ASK_MS);
	e = kms_get_key_last_usage(&kms, key_id, &u);
	material_end_write_date(is_known(&u) ? u.used : u.tracked, when);
	if (e != ERR_OK)
		call_note(c,
		    "when key %s was last used in %s is not known (%s): "
		    "allow kms:GetKeyLastUsage",
		    key_id, region, err_text(e));
	else if (is_known(&u))
		call_note(c, "key %s was last used in %s %s, by %s", key_id,
		    region, when, u.operation);
	else if (u.tracked == 0)
		call_note(c, "key %s was not used in %s", key_id, region);
	else
		call_note(c,
		    "key %s was not used in %s since KMS began to track that, "
		    "%s",
		    key_id, region, when);
}

static CK_RV
ask(struct call *c, const struct object *o, struct kms_last_usage *u)
{
	enum err e = kms_get_key_last_usage(&c->kms, o->key->meta.id, u);

	return (e == ERR_OK ? CKR_OK : call_fail(c, e));
}

CK_RV
last_use_read_date(struct call *c, const struct object *o, struct buf *out)
{
	struct kms_last_usage u = {.used = 0};
	CK_RV rv = ask(c, o, &u);

	if (rv != CKR_OK || !is_known(&u))
		return (rv);
	if (!(u.used >= 0 && u.used <= LAST_USE_MAX))
		return (call_fail(c, ERR_REPLY));
	return (attr_put_ulong(c, out, (CK_ULONG)u.used));
}

CK_RV
last_use_read_operation(struct call *c, const struct object *o, struct buf *out)
{
	struct kms_last_usage u = {.used = 0};
	CK_RV rv = ask(c, o, &u);

	return (rv != CKR_OK || !is_known(&u)
		    ? rv
		    : attr_put(c, out, view_str(u.operation)));
}
