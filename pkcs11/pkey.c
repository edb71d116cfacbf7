#include "pkey.h"
#include "publics.h"

CK_RV
pkey_of(struct call *c, const struct object *o, EVP_PKEY **out)
{
	const struct public_key *p;
	CK_RV rv;

	if (o->key == NULL)
		return (CKR_KEY_HANDLE_INVALID);
	if ((rv = public_get(c, o->key, &p)) != CKR_OK)
		return (rv);
	if (p->pkey == NULL || EVP_PKEY_up_ref(p->pkey) != 1)
		return (call_refuse(c, CKR_DEVICE_ERROR,
		    "OpenSSL here does not know the public key"));
	*out = p->pkey;
	return (CKR_OK);
}

size_t
pkey_bits(const struct object *o)
{
	return (o->key != NULL ? o->key->spec->bits : 0);
}
