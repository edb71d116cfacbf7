#include "key-name.h"
#include "kms/listing.h"
#include "token/attr-value.h"

CK_RV
key_name_read(
    struct call *c, struct key *key, enum name_kind kind, struct buf *out)
{
	struct key *k = NULL;
	uint8_t id[16];
	CK_RV rv;

	if ((rv = listing_name(c, key, kind, &k)) != CKR_OK)
		return (rv);
	if (!name_from_alias(
		kind, kind == NAME_ID ? k->names.id : k->names.label, out) &&
	    kind == NAME_ID && name_default_id(k->meta.id, id))
		rv = attr_put(c, out, VIEW(id, sizeof(id)));
	key_unref(k);
	return (rv);
}
