#ifndef PROVISION_H
#define PROVISION_H
#include "token/call.h"
#include "token/key.h"

/*
 * The KMS key that a template means: found, or made with its names, or taken
 * back. The steps are listed in provision.c. Material goes in by import.h.
 */
struct provision {
	/* what is wanted */
	const struct spec *spec;
	enum key_usage usage; /* of a new key */
	/* enum key_usage: of a key that is there; 0: any */
	unsigned accepted_usages;
	bool
	    generated_by_kms; /* KMS makes the key: new, and nothing comes in */
	struct view label, id; /* ptr NULL: not said */
	/* the id of a key beside which this one is to be; NULL: by itself */
	const char *companion_of;
	double valid_to; /* seconds since 1970; 0: does not expire */
	bool new_material; /* other than the key has: rotates it */
	/* how far it came */
	struct key *key; /* held */
	bool made; /* by this call: ours to take back */
	char journal[80]; /* its name in the state directory, "" for none */
	char nonce[33]; /* in the new key's description */
	int lock;
};
#define PROVISION_INIT     \
	{                  \
		.lock = -1 \
	}

/*
 * The KMS key that the names mean, new if need be, with its names, ready for
 * material, or, by KMS, for use. A key that a killed call left behind is found
 * and gone on with.
 */
CK_RV provision_open(struct call *, struct provision *);
/* Ends it: rv is what came before. On failure takes back what was made. */
CK_RV provision_close(struct call *, struct provision *, CK_RV rv);
/* Takes back a key beside one that did not come to be, material and all. */
void provision_drop_also(
    struct call *, const struct key *companion, const char *of);

/* KMS may take a moment to know what it just did: times to try again, and the
 * first pause, doubled each time (12 s in all). */
#define PROVISION_TRIES 8
#define PROVISION_MS 50
/* Whether to try a step again on a key that was made a moment ago, by this call
 * or another; pauses if so. */
bool provision_settle(struct call *, const struct key *, enum err, int *tries);
#endif
