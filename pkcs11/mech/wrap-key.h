#ifndef WRAP_KEY_H
#define WRAP_KEY_H
#include "mech.h"

/* What C_WrapKey means. */
CK_RV wrap_key(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE with,
    CK_OBJECT_HANDLE key, struct out);
/* What C_UnwrapKey means with a key that works on keys of any sort. */
CK_RV unwrap_key(struct call *, const CK_MECHANISM *, const struct object *with,
    struct view wrapped, struct template, CK_OBJECT_HANDLE *);

/* Mechanisms that encrypt what they wrap, and the one of two keys. */
extern const struct maker wrap_any_key; /* secret and private keys */
extern const struct maker wrap_secret_keys; /* secret keys alone */
extern const struct maker wrap_whole_blocks; /* the same, zeros fill a block */
extern const struct maker wrap_rsa_aes; /* CKM_RSA_AES_KEY_WRAP */

/*
 * What travels: a secret key's value, a private key's PKCS#8. out is of the
 * arena. CKR_KEY_NOT_WRAPPABLE.
 */
#define WRAPPED_KEY_MAX (16 * 1024) /* bytes of a key, wrapped or not */
CK_RV wrapped_key_encode(struct call *, const struct bag *, struct buf *out);
/*
 * The attributes that a private key's PKCS#8 has, for a builder that borrows
 * from it. CKR_WRAPPED_KEY_INVALID, also when it is no key of that type.
 */
struct template_builder;
CK_RV wrapped_key_decode(
    struct view pkcs8, CK_KEY_TYPE, struct template_builder *);
#endif
