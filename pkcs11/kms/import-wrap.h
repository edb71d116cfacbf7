#ifndef IMPORT_WRAP_H
#define IMPORT_WRAP_H
#include "crypto.h"
#include "import-params.h"

/*
 * Wraps key material for ImportKeyMaterial, as an HSM would: with the public
 * key of the parameters, by their algorithm (RSAES_OAEP_SHA_*,
 * RSA_AES_KEY_WRAP_ SHA_*). material is a secret key's bytes or a private key's
 * PKCS#8; *out, which the caller owns, gets the wrapped bytes: as many as the
 * RSA modulus has, and with RSA_AES_KEY_WRAP 8 more than the material, rounded
 * up to 8, behind them. The arena holds the AES key of RSA_AES_KEY_WRAP, which
 * is wiped.
 *
 * ERR_UNSUPPORTED: the algorithm is not known here; ERR_DATA: the material is
 * too long for it; ERR_REPLY: the wrapping key is no RSA key; ERR_MEMORY.
 */
enum err import_wrap_material(const struct crypto *, struct arena *,
    const struct import_params *, struct view material, struct buf *out);
#endif
