#ifndef PROVISION_H
#define PROVISION_H
#include "journal.h"
#include "key-request.h"
#include "token/call.h"
#include "token/key.h"

/*
 * The KMS key that a request means: found, or made with its names, or taken
 * back. The steps are listed in provision.c. import.h brings its material.
 */
struct provision {
	const struct key_request *request;
	/* the id of the key beside which this one is to be, for a second usage
	 * of the same material; NULL: by itself */
	const char *companion_of;
	struct key *key; /* held */
	bool made; /* by this call: ours to take back */
	bool
	    reply_lost; /* of a CreateKey: there may be a key that nobody has */
	struct journal journal;
};
#define PROVISION_INIT(r)                               \
	{                                               \
		.request = (r), .journal = JOURNAL_INIT \
	}

/*
 * The KMS key that the names mean, new if need be, with its names, ready for
 * material, or, if KMS generates it, for use. A key that a killed call left
 * behind is found and finished.
 */
CK_RV provision_open(struct call *, struct provision *);
/* Ends it: rv is what came before. On failure takes back what was made. */
CK_RV provision_close(struct call *, struct provision *, CK_RV rv);

/* Takes back a companion, with its material, where the key of that id beside
 * which it was made did not come to be. */
void provision_drop_companion(
    struct call *, const struct key *companion, const char *key_id);
#endif
