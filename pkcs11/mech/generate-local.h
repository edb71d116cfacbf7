#ifndef GENERATE_LOCAL_H
#define GENERATE_LOCAL_H
#include "mech.h"

/* Session keys made in this process, by OpenSSL. */
extern const struct key_ops generate_secret_key_ops; /* AES, generic secrets */
extern const struct key_ops generate_rsa_ops;
extern const struct key_ops
    generate_ec_ops; /* Weierstrass, Edwards, Montgomery */
extern const struct key_ops generate_of_set_ops; /* ML-DSA, ML-KEM */
extern const struct key_ops generate_ffc_ops; /* DSA, DH */
extern const struct key_ops
    generate_parameters_ops; /* of these: generate-parameters.c */

/* What writes a value of so many bytes, the secret of a key, to a buffer of the
 * arena. */
typedef CK_RV secret_maker(
    struct call *, const CK_MECHANISM *, size_t len, struct buf *);
/* C_GenerateKey: a secret session key of that type. */
CK_RV generate_secret_of(struct call *, const CK_MECHANISM *, struct template,
    CK_KEY_TYPE, secret_maker *, CK_OBJECT_HANDLE *);
/* From a password: generate-from-password.c */
extern const struct key_ops generate_from_password_ops;

struct curve;
/* A new pair on the curve: its private value, into the arena, and the public
 * one. */
CK_RV generate_curve_parts(
    struct call *, const struct curve *, struct buf parts[2]);

/* The key type of what a row makes: a mechanism for generic secrets may make
 * a key that is meant for an HMAC. */
CK_KEY_TYPE generate_type(const struct mech *, struct template);
/* CKA_VALUE_LEN, if keys of that type have such lengths. */
CK_RV generate_len(struct call *, struct template, CK_KEY_TYPE, size_t *len);
#endif
