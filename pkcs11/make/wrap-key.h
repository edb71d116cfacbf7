#ifndef WRAP_KEY_H
#define WRAP_KEY_H
#include "object/object.h"
#include "token/mechanism.h"
#include "token/operation.h"

/* C_WrapKey, and C_UnwrapKey with a key that is no import pair's. associated:
 * the data of C_WrapKeyAuthenticated, or NULL. */
CK_RV wrap_key(struct call *, const CK_MECHANISM *,
    const struct view *associated, CK_OBJECT_HANDLE wrapping_key,
    CK_OBJECT_HANDLE key, struct out);
CK_RV unwrap_key_locally(struct call *, const CK_MECHANISM *,
    const struct view *associated, const struct object *wrapping_key,
    struct view wrapped, struct template, CK_OBJECT_HANDLE *);

/* What differs between mechanisms that wrap keys. */
struct wrap_ops {
	/* Whether the key does it with such a parameter. */
	CK_RV(*check)
	(struct call *, const CK_MECHANISM *, const struct object *wrapping_key,
	    bool wraps);
	/* key: what travels of it. *len: how long it will be, at most. */
	CK_RV(*wrap_len)
	(struct call *, const CK_MECHANISM *, const struct object *wrapping_key,
	    size_t key_len, size_t *len);
	/* *out gets the wrapped key. */
	CK_RV(*wrap)
	(struct call *, const CK_MECHANISM *, const struct object *wrapping_key,
	    struct view key, struct buf *out);
	/* *out, which is secret, gets the key's bytes: a secret key's value or
	 * a private key's PKCS#8. */
	CK_RV(*unwrap)
	(struct call *, const CK_MECHANISM *, const struct object *wrapping_key,
	    struct view wrapped, struct buf *out);
	bool secret_keys_only;
	size_t zero_fills; /* to a multiple of so many bytes; 0: no zeros */
	size_t truncates; /* at most so many bytes, when it unwraps */
};
/* Those of a row that wraps. */
const struct wrap_ops *wrap_ops_of(const struct mech *);

/*
 * What travels: a secret key's value, a private key's PKCS#8. out is of the
 * arena. CKR_KEY_NOT_WRAPPABLE.
 */
#define WRAPPED_KEY_MAX (16 * 1024) /* bytes of a key, wrapped or not */
CK_RV wrapped_key_encode(
    struct call *, const struct attrset *, struct buf *out);
/*
 * The attributes that a private key's PKCS#8 has, for a builder that borrows
 * from it. CKR_WRAPPED_KEY_INVALID, also when it is no key of that type.
 */
struct template_builder;
CK_RV wrapped_key_decode(
    struct view pkcs8, CK_KEY_TYPE, struct template_builder *);
#endif
