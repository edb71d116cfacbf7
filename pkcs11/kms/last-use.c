#include <string.h>
#include "last-use.h"
#include "material-end.h"

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
