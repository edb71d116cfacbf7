#ifndef WRAPPING_H
#define WRAPPING_H
#include "mech.h"

/* What C_WrapKey means. */
CK_RV wrapping_wrap(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE with,
    CK_OBJECT_HANDLE key, struct out);
/* What C_UnwrapKey means with a key that works on keys of any sort. */
CK_RV wrapping_unwrap(struct call *, const CK_MECHANISM *,
    const struct object *with, struct view wrapped, struct template,
    CK_OBJECT_HANDLE *);

/* Mechanisms that encrypt what they wrap, and the one of two keys. */
extern const struct maker wrapping_any; /* secret and private keys */
extern const struct maker wrapping_secrets; /* secret keys alone */
extern const struct maker wrapping_blocks; /* the same, zeros fill a block */
extern const struct maker wrapping_rsa_aes; /* CKM_RSA_AES_KEY_WRAP */

/*
 * What travels: a secret key's value, a private key's PKCS#8. out is of the
 * arena. CKR_KEY_NOT_WRAPPABLE.
 */
#define WRAPPING_KEY_MAX (16 * 1024) /* bytes of a key, wrapped or not */
CK_RV carrier_write(struct call *, const struct bag *, struct buf *out);
/*
 * The attributes that a private key's PKCS#8 has, for a draft that borrows
 * from it. CKR_WRAPPED_KEY_INVALID, also when it is no key of that type.
 */
struct draft;
CK_RV carrier_read(struct view pkcs8, CK_KEY_TYPE, struct draft *);
#endif
