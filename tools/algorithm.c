#include <string.h>
#include "algorithm.h"

static const struct algorithm algorithms[] = {
    {"RSAES_OAEP_SHA_256", "SHA256", CKM_RSA_PKCS_OAEP, CKM_SHA256, false},
    {"RSA_AES_KEY_WRAP_SHA_256", "SHA256", CKM_RSA_AES_KEY_WRAP, CKM_SHA256,
	true},
    {"RSAES_OAEP_SHA_1", "SHA1", CKM_RSA_PKCS_OAEP, CKM_SHA_1, false},
    {"RSA_AES_KEY_WRAP_SHA_1", "SHA1", CKM_RSA_AES_KEY_WRAP, CKM_SHA_1, true},
};

const struct algorithm *
algorithm_find(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(*algorithms); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return (&algorithms[i]);
	return (NULL);
}

const struct algorithm *
algorithm_for(bool is_private)
{
	return (&algorithms[is_private ? 1 : 0]);
}

bool
algorithm_option(char *s, void *to)
{
	const struct algorithm **a = to;

	return ((*a = algorithm_find(s)) != NULL);
}
