#ifndef SET_KEYS_H
#define SET_KEYS_H
#include "lookup.h"

/*
 * Keys that this token knows by import sets of its directory: an import pair
 * each, as if KMS had described it, also where KMS does not let the caller list
 * or describe keys. What KMS says of a key replaces it.
 */

/* Reads the directory; the store learns the keys that it does not know. */
enum err set_keys_refresh(struct call *);
/* The same of the one set. */
enum err set_keys_learn(struct call *, const char *key_id, bool renewal);
bool set_keys_are_there(struct call *);
/* Adds those keys, as the store has them, that have the name. True: there is
 * one. */
bool set_keys_find(
    struct call *, CK_ATTRIBUTE_TYPE, struct view name, struct found_keys *);
#endif
