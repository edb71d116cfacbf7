#include <string.h>
#include "cryptoki/der.h"
#include "der-read.h"
#include "parameter-set.h"

/* clang-format off */
static const struct parameter_set sets[] = {
	/* FIPS 204, table 2 */
	{ CKK_ML_DSA, CKP_ML_DSA_44, { 3, 17 }, "ML-DSA-44",
	    32, 2560, 1312, 2420 },
	{ CKK_ML_DSA, CKP_ML_DSA_65, { 3, 18 }, "ML-DSA-65",
	    32, 4032, 1952, 3309 },
	{ CKK_ML_DSA, CKP_ML_DSA_87, { 3, 19 }, "ML-DSA-87",
	    32, 4896, 2592, 4627 },
	/* FIPS 203, table 3 */
	{ CKK_ML_KEM, CKP_ML_KEM_512, { 4, 1 }, "ML-KEM-512",
	    64, 1632, 800, 768 },
	{ CKK_ML_KEM, CKP_ML_KEM_768, { 4, 2 }, "ML-KEM-768",
	    64, 2400, 1184, 1088 },
	{ CKK_ML_KEM, CKP_ML_KEM_1024, { 4, 3 }, "ML-KEM-1024",
	    64, 3168, 1568, 1568 },
};
/* clang-format on */
#define SETS (sizeof(sets) / sizeof(sets[0]))

bool
parameter_set_has(CK_KEY_TYPE type)
{
	return (type == CKK_ML_DSA || type == CKK_ML_KEM);
}

const struct parameter_set *
parameter_set_find(CK_KEY_TYPE type, CK_ULONG number)
{
	for (size_t i = 0; i < SETS; i++)
		if (sets[i].type == type && sets[i].number == number)
			return (&sets[i]);
	return (NULL);
}

const struct parameter_set *
parameter_set_of_oid(struct view oid)
{
	if (!der_take_bytes(&oid, DER_NIST))
		return (NULL);
	for (size_t i = 0; i < SETS; i++)
		if (view_equal(oid, VIEW(sets[i].oid, sizeof(sets[i].oid))))
			return (&sets[i]);
	return (NULL);
}

void
parameter_set_put_oid(
    const struct parameter_set *set, uint8_t oid[PARAMETER_SET_OID_LEN])
{
	struct view start = DER_NIST;

	memcpy(oid, start.ptr, start.len);
	memcpy(oid + start.len, set->oid, sizeof(set->oid));
}

bool
key_type_is_in_openssl(const struct crypto *crypto, CK_KEY_TYPE type)
{
	return ((type != CKK_ML_DSA || crypto->ml_dsa) &&
		(type != CKK_ML_KEM || crypto->ml_kem) &&
		(type != CKK_DSA || crypto->dsa) &&
		(type != CKK_DH || crypto->dh));
}
