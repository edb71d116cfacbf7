#ifndef MATERIAL_H
#define MATERIAL_H
#include "object/attr.h"
#include "token/key.h"

/* Key material out of a template, as ImportKeyMaterial wants it. */
struct material {
	const struct spec *spec; /* the KeySpec that it is for */
	struct view bytes; /* a secret key's value, or PKCS#8 */
	struct buf encoded; /* secret: the PKCS#8; empty for secret keys */
};
#define MATERIAL_INIT        \
	{                    \
		.spec = NULL \
	}
/*
 * Refuses, before anything is asked of KMS, what KMS cannot import. bytes
 * borrow from the template.
 */
CK_RV material_read(struct call *, struct template, struct material *);
void material_free(struct material *);

/* Whether that is a key type of HMACs with the hash of so many bits. */
bool material_is_hmac(CK_KEY_TYPE, CK_ULONG bits);

/* The KeySpec of a key that a template describes without its material: by
 * CKA_KEY_TYPE and CKA_VALUE_LEN, CKA_MODULUS_BITS or CKA_EC_PARAMS. */
CK_RV material_spec(struct call *, struct template, const struct spec **);
#endif
