#ifndef KEY_TRUST_H
#define KEY_TRUST_H
#include "key-request.h"
#include "token/call.h"

/*
 * Which key material may go into. Whoever may create keys and aliases in the
 * account can give a key of his own any alias and any description. So a key
 * may be found by these, but is not filled because of them. It is filled if it
 * is one of these:
 *
 *   made here       CreateKey's or ReplicateKey's reply to this state
 *                   directory named the key, which the file made-KEYID records
 *   named           the caller gives its key id or key ARN as CKA_ID or
 *                   CKA_LABEL, or `keys` in the configuration lists it
 *   a set           import-sets has a set of its import parameters, or the
 *                   program gave one
 *   adopted         `adopt = yes` in the configuration
 *   bound by KMS    it shows the material that it had: KMS takes no other
 */

/* Records that CreateKey's reply named the key, and the id of the key beside
 * which it was made, or NULL. */
enum err key_trust_record(
    struct call *, const struct key *, const char *companion_of);
/* Records, for tokens of one of token->regions, that ReplicateKey's reply named
 * the replica there. Where that fails, the key's ARN has to be given. */
void key_trust_record_replica(
    struct call *, size_t region, const char *key_id, const char *arn);
bool key_trust_is_recorded(struct call *, const struct key *);
/* The id of the key that was made here beside that one for its second usage,
 * which the file also-KEYID has. ERR_NOT_FOUND: none was. */
enum err key_trust_companion(
    struct call *, const char *key_id, char companion_id[KMS_ID_SIZE]);

/* Whether a key that waits for material may be filled whoever asks: if not, it
 * is shown with its own id and without a label. */
bool key_trust_for_any_request(struct call *, const struct key *);
/* Whether the request's material may go into the key. */
bool key_trust_for_request(
    struct call *, const struct key_request *, const struct key *);
/* Refuses it, and tells the log how to go on; returns rv. */
CK_RV key_trust_refuse(struct call *, const struct key *, CK_RV rv);

/* Whether the name (CKA_ID or CKA_LABEL) is the key's id or ARN. */
bool key_trust_is_named(struct view name, const struct key *);
#endif
