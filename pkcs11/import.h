#ifndef IMPORT_H
#define IMPORT_H
#include "call.h"
#include "key.h"

/*
 * The routine that every way in ends in: make or find the KMS key, name it,
 * get the import parameters, wrap or pass through, import; or leave nothing
 * behind. The steps are listed in import.c.
 */
struct import {
	/* what is wanted */
	const struct spec *spec;
	enum use use;
	struct view label, id; /* ptr NULL: not said */
	double valid_to; /* seconds since 1970; 0: does not expire */
	/* how far it came */
	struct key *key; /* held */
	bool made; /* by this call: ours to take back */
	char journal[80]; /* its name in the state directory, "" for none */
	char nonce[33]; /* in the new key's description */
	int lock;
};
#define IMPORT_INIT        \
	{                  \
		.lock = -1 \
	}

/*
 * The KMS key that the names mean, new if need be, with its names, ready for
 * material. A key that a killed call left behind is found and gone on with.
 */
CK_RV import_open(struct call *, struct import *);
/* Wraps the material here and imports it. */
CK_RV import_material(struct call *, struct import *, struct view material);
/* Imports what was wrapped elsewhere for the key's pair. */
CK_RV import_wrapped(
    struct call *, struct import *, const CK_MECHANISM *, struct view wrapped);
/* Ends it: rv is what came before. On failure takes back what was made. */
CK_RV import_close(struct call *, struct import *, CK_RV rv);
#endif
