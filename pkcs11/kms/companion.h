#ifndef COMPANION_H
#define COMPANION_H
#include "token/call.h"
#include "token/key.h"

/*
 * Two usages of one private key are two keys in KMS: the second is the first's
 * companion. They are one object only where two-usages = both, both keys have
 * imported material and one KeySpec, their public halves are equal, and the
 * alias alias/keyferry/also/KEYID leads from the first to the second. Nothing
 * that others could write alone (a description, an alias) makes two keys one.
 */

/* Asks KMS for the key's companion, by its alias, and sets it. asked: the
 * number of the question to which the key is the answer. */
enum err companion_describe(struct call *, struct key *, uint64_t asked);
/* The key with that id, which an alias calls k's companion, becomes that. */
void companion_link(struct call *, struct key *k, struct key *companion);
#endif
