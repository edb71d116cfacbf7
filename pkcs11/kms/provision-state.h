#ifndef PROVISION_STATE_H
#define PROVISION_STATE_H
#include "journal.h"
#include "key-request.h"
#include "material-end.h"
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
	bool made; /* by this call, or an unfinished one: ours to take back */
	bool was_made; /* the same of a key that has its material since */
	bool label_given; /* by this call, with the key's other names */
	bool imported; /* KMS took the material: nothing is taken back */
	/* KeyMaterialId of the material that came in; "": KMS did not say */
	char material_id[KMS_MATERIAL_ID_SIZE];
	/* what comes in was wrapped for the key's renewal pair */
	bool for_renewal_pair;
	struct material_end end; /* of the material, as it is brought in */
	/* it was found by its name, and waited for its material then */
	bool found_waiting;
	/* what failed is the key beside it */
	bool companion_failed;
	bool
	    reply_lost; /* of a CreateKey: there may be a key that nobody has */
	/* the key that has the identity's name, as CreateAlias and a settled
	 * look say, though KMS may not show it yet; "": none */
	char promised[KMS_ID_SIZE];
	size_t named; /* so many of its aliases may lead to it by now */
	struct journal journal;
};
#define PROVISION_INIT(r)                                \
	{                                                \
		.request = (r), .journal = JOURNAL_INIT, \
		.end = MATERIAL_END_INIT                 \
	}

/* What is to be done with the key: brings its material, or nothing. */
typedef CK_RV provision_use(struct call *, struct provision *);
#endif
