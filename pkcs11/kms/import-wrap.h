#ifndef IMPORT_WRAP_H
#define IMPORT_WRAP_H
#include "crypto.h"
#include "import-params.h"

/*
 * Wraps key material for ImportKeyMaterial, as an HSM would: with the public
 * key of the parameters, by their algorithm. The arena is for the AES key that
 * CKM_RSA_AES_KEY_WRAP has between. ERR_UNSUPPORTED: the algorithm is not known
 * here; ERR_DATA: the material is too long for it; ERR_REPLY: the wrapping key
 * is no RSA key.
 */
enum err import_wrap_material(const struct crypto *, struct arena *,
    const struct import_params *, struct view material, struct buf *out);
#endif
