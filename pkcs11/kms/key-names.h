#ifndef KEY_NAMES_H
#define KEY_NAMES_H
#include "alias.h"
#include "keydata/names.h"

/*
 * All names of a key together, and labels that belong to several keys: names.h
 * says which aliases those are. Every step may be repeated.
 */

/*
 * Gives the key the label. shared: if it belongs to another key, this one gets
 * the next number of it. alias gets what it is now. *made: KMS has confirmed
 * that this call created that alias, also where the call fails afterwards.
 * ERR_EXISTS: it belongs to another key, or to as many as may have it.
 */
enum err key_names_claim_label(struct call *, struct kms *, const struct key *,
    struct view label, bool shared, char alias[KMS_ALIAS_SIZE], bool *made);

/* The key has lost the label of that marker, at which settle_aliases() has just
 * looked: if it leads to the key, it goes on to another key of the label, or
 * goes. */
enum err key_names_leave_marker(struct call *, struct kms *,
    const struct settled_alias *marker, const char *key_id);
/* The same, with the look, for all aliases that the key has just lost. */
enum err key_names_leave_markers(
    struct call *, struct kms *, const struct alias_list *, const char *key_id);

/* A search finds the numbers of a label by its marker. One that is not among
 * all of the account's aliases is set again, as far as that is allowed. */
void key_names_mend_markers(
    struct call *, const struct kms_alias_entry *aliases, size_t count);
#endif
