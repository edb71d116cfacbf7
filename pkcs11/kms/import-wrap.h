#ifndef IMPORT_WRAP_H
#define IMPORT_WRAP_H
#include "cryptoki/cryptoki.h"
#include "crypto.h"
#include "import-params.h"

/* Wraps key material for ImportKeyMaterial, as a premises HSM would: with the
 * pair's public key, by the pair's algorithm. ERR_UNSUPPORTED for an algorithm
 * that is unknown here, ERR_DATA when the material is too long for it. The
 * arena is for the AES key between. */
enum err import_wrap_material(const struct crypto *, struct arena *,
    const struct import_params *, struct view material, struct buf *out);

/* The mechanism of C_UnwrapKey that goes with the algorithm. */
CK_MECHANISM_TYPE import_wrap_mechanism(const char *algorithm);

/* Whether a wrapped key has a length that the pair's algorithm makes. */
bool import_wrap_fits(const struct import_params *, struct view wrapped);

/*
 * Whether material of that length for a key of that KeySpec can be imported by
 * the algorithm with a wrapping key of bits: KMS takes it so, and it fits.
 * len 0: of the longest material that the KeySpec has.
 */
bool import_wrap_can_carry(
    const char *algorithm, CK_ULONG bits, const char *key_spec, size_t len);
/*
 * The first algorithm that can carry any key of the KeySpec with a wrapping
 * key of bits: the preferred one (may be NULL), the KeySpec's own, others. The
 * mechanism must be among those allowed (CK_MECHANISM_TYPE after another; none:
 * any), and so must OAEP's hash if hashes are among them: no mechanism tells
 * it. NULL: there is none.
 */
const char *import_wrap_choose(const char *preferred, const struct spec *,
    CK_ULONG bits, struct view allowed);

/*
 * Whether the mechanism of C_UnwrapKey says how the pair's algorithm wraps.
 * None or 0 where parameters could be is fine (pkcs11-tool passes no OAEP
 * parameters, OpenSSL's provider hash or MGF 0): what is left open is what the
 * pair says. The AES key of CKM_RSA_AES_KEY_WRAP may have any of its lengths,
 * which the wrapped key itself shows to KMS.
 */
CK_RV import_wrap_check_mechanism(
    const struct import_params *, const CK_MECHANISM *);
#endif
