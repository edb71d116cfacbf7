#ifndef EXTERNAL_KEY_H
#define EXTERNAL_KEY_H
#include <openssl/evp.h>
#include "p11.h"

/*
 * Keys that OpenSSL makes, outside of the module and of KMS, of every kind
 * that KMS imports: as attributes, as material, wrapped as an HSM wraps; and
 * whether the key in KMS is the very same. All end the program when OpenSSL
 * fails.
 */
struct external_key_kind {
	const char *spec; /* KMS's KeySpec */
	CK_OBJECT_CLASS class;
	CK_KEY_TYPE type; /* in templates */
	const char *group; /* a curve, or NULL */
	unsigned bits; /* of an RSA key, of a secret's value */
	const char *algorithm; /* of KMS, that tells the key */
	const char *hash; /* of that algorithm, for OpenSSL */
};
extern const struct external_key_kind external_key_aes, external_key_rsa_2048;
extern const struct external_key_kind external_key_hmacs[4],
    external_key_rsas[3], external_key_ecs[4];

/* The parts of a private RSA key, the public ones first, and OpenSSL's names of
 * them. */
extern const struct rsa_part {
	CK_ATTRIBUTE_TYPE type;
	const char *name;
} rsa_parts[8];

#define EXTERNAL_KEY_VALUE_MAX 1024
#define EXTERNAL_KEY_MATERIAL_MAX 4096
struct external_key {
	const struct external_key_kind *kind;
	EVP_PKEY *pkey; /* NULL: a secret */
	CK_BYTE value[EXTERNAL_KEY_VALUE_MAX]; /* of a secret */
	size_t len;
	/* the attributes of the key and, from secret_parts, of its material */
	struct key_template t;
	CK_ULONG material_at;
	CK_BYTE parts[8][EXTERNAL_KEY_VALUE_MAX];
};
/* len: of a secret's value in bytes; 0: as long as the kind says. The template
 * has class, type, CKA_TOKEN, the label (borrowed), then the material. */
void external_key_make(struct external_key *, const struct external_key_kind *,
    size_t len, const char *label);
/* The same of an RSA or EC key that is there; takes it. */
void external_key_take(struct external_key *, const struct external_key_kind *,
    EVP_PKEY *, const char *label);
/* What stands in CKA_UNWRAP_TEMPLATE for it, and what C_UnwrapKey wants:
 * class, type, and what says the length or the curve. */
void external_key_describe(const struct external_key *, struct key_template *);
/* As ImportKeyMaterial has it before it is wrapped. Its length. */
size_t external_key_material(const struct external_key *, CK_BYTE *out);
void external_key_free(struct external_key *);

/* Wraps with a public key (SubjectPublicKeyInfo) by a WrappingAlgorithm of
 * KMS. Its length; 0: too long for it. */
size_t external_key_wrap(const char *algorithm, const CK_BYTE *spki, size_t len,
    const CK_BYTE *material, size_t material_len, CK_BYTE *out);

/*
 * Whether the KMS key of that label is this one: KMS signs, MACs, decrypts or
 * agrees with it, as its KeyUsage says, and OpenSSL holds that against the
 * original. AES: what KMS encrypts, it decrypts; only a second import tells
 * its value.
 */
bool external_key_is(const struct external_key *, const char *label);
#endif
