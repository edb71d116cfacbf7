#ifndef PUBKEY_H
#define PUBKEY_H
#include "call.h"

/* Public halves of pairs in KMS, and what their attributes are. */

/* The key's public half; asks KMS for it the first time. */
CK_RV pubkey_get(struct call *, const struct key *, const struct pubkey **);

/* The id of the key whose public half that is (SubjectPublicKeyInfo, DER),
 * among those that were got. False: none of them. */
bool pubkey_find(struct call *, struct view info, char key_id[KMS_ID_SIZE]);

/* Whether the attribute of a key in KMS can have a value of that length, and
 * KMS would say: for a modulus or a point of another size, or of a key that is
 * disabled, nobody need be asked. */
bool pubkey_fits(struct call *, const struct object *, const CK_ATTRIBUTE *);

/* Readers of attributes of either half. */
CK_RV pubkey_read_modulus(struct call *, const struct object *, struct buf *);
CK_RV pubkey_read_exponent(struct call *, const struct object *, struct buf *);
CK_RV pubkey_read_bits(struct call *, const struct object *, struct buf *);
CK_RV pubkey_read_params(struct call *, const struct object *, struct buf *);
CK_RV pubkey_read_point(struct call *, const struct object *, struct buf *);
CK_RV pubkey_read_info(struct call *, const struct object *, struct buf *);
/* CKA_VALUE of ML-DSA's and ML-KEM's public half, and CKA_PARAMETER_SET. */
CK_RV pubkey_read_value(struct call *, const struct object *, struct buf *);
CK_RV pubkey_read_set(struct call *, const struct object *, struct buf *);
#endif
