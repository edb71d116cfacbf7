#ifndef LOCALKMS_MATERIAL_H
#define LOCALKMS_MATERIAL_H
#include "key.h"
#include "rsa-stock.h"

/* Makes and reads key material; never sees who asks for it. */

/* A fresh key of that spec, as bytes and, of an asymmetric one, as pkey, into
 * an empty m. False: this OpenSSL does not know the type, or memory. */
bool material_generate(
    struct material *m, const struct spec *, struct rsa_stock *);
/*
 * Material as a person brings it, unwrapped: raw bytes, or PKCS#8 whose key
 * must be consistent and of that spec.
 */
bool material_read(struct material *m, const struct spec *, struct view clear);
/* Fills m->id from the bytes and the key's id: the same material in another
 * key has another, the same in a replica has the same. */
bool material_set_id(struct material *m, const char *key_id);
/* The same bytes in another key. */
bool material_copy_bytes(struct material *to, const struct material *from);
/* SubjectPublicKeyInfo, DER; appended. */
bool material_public(const struct material *m, struct buf *out);
/* PKCS#8, DER; appended. */
bool material_pkcs8(EVP_PKEY *, struct buf *out);
#endif
