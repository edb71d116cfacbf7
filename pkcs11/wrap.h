#ifndef WRAP_H
#define WRAP_H
#include "cryptoki.h"
#include "crypto.h"
#include "pair.h"

/* Wraps key material for ImportKeyMaterial, as a premises HSM would: with the
 * pair's public key, by the pair's algorithm. ERR_UNSUPPORTED for an algorithm
 * that is unknown here, ERR_DATA when the material is too long for it. */
enum err wrap_material(const struct crypto *, const struct pair *,
    struct view material, struct buf *out);

/* Whether a wrapped key has the length that the pair's algorithm makes. */
bool wrap_fits(const struct pair *, struct view wrapped);

/*
 * Whether the mechanism of C_UnwrapKey says how the pair's algorithm wraps.
 * OAEP without parameters does (pkcs11-tool passes none), and so do hash or
 * MGF 0 (OpenSSL's provider): what is left open is what the pair says.
 */
CK_RV wrap_check_mechanism(const struct pair *, const CK_MECHANISM *);
#endif
