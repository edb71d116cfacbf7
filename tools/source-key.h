#ifndef SOURCE_KEY_H
#define SOURCE_KEY_H
#include <p11-kit/uri.h>
#include "import-manifest.h"
#include "move-plan.h"
#include "open-token.h"

/* Why a URI gives no key. */
enum source_key {
	SOURCE_KEY_ADDED, /* it is the plan's last */
	SOURCE_KEY_NONE, /* the token has none */
	SOURCE_KEY_SEVERAL,
	SOURCE_KEY_TWICE, /* the plan has it already */
	SOURCE_KEY_NO_TOKEN, /* it cannot be used; standard error says why */
};
/* Adds the one key of a token that the URI selects; of an open token, that the
 * attributes select. */
enum source_key source_key_add(
    struct plan *, struct open_tokens *, P11KitUri *);
enum source_key source_key_select(struct plan *, struct token *,
    const CK_ATTRIBUTE *selection, CK_ULONG count);
/* What is wrong, or "": standard error says it already. */
const char *source_key_problem(enum source_key);

/* Refuses a key of the plan that is not what its line of a manifest says of it:
 * before it goes to KMS, for it may be another key. What the source does not
 * show is not compared. */
void source_key_compare(struct key *, const struct wanted_key *);

/* plan->transfer: by its value, from a file; or wrapped, from a token. */
bool source_key_bring(struct plan *, struct key *);
#endif
