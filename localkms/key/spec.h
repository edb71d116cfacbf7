#ifndef LOCALKMS_SPEC_H
#define LOCALKMS_SPEC_H
#include <stdbool.h>
#include <stddef.h>
#include "buf.h"

/* KeyUsage, as bits of a set. */
enum usage {
	USAGE_ENCRYPT = 1,
	USAGE_SIGN = 2,
	USAGE_MAC = 4,
	USAGE_AGREE = 8,
	USAGE_ENCAPSULATE = 16,
};

enum family {
	FAMILY_AES,
	FAMILY_HMAC,
	FAMILY_RSA,
	FAMILY_EC,
	FAMILY_ED25519,
	FAMILY_ML_DSA,
	FAMILY_ML_KEM,
};

/* A KeySpec. */
struct spec {
	const char *name;
	enum family family;
	unsigned usages; /* set of enum usage */
	unsigned bits; /* of the modulus, of the MAC's hash, of the AES key */
	const char *type; /* OpenSSL's key type; NULL: raw bytes */
	const char *group; /* OpenSSL's curve */
	const char *digest; /* the one hash that it goes with, else NULL */
	bool importable;
	bool recent; /* newer than CustomerMasterKeySpec, which lacks it */
};

/* EncryptionAlgorithm, SigningAlgorithm, MacAlgorithm ... */
struct algorithm {
	const char *name;
	enum usage usage;
	enum family family;
	const char *digest; /* OpenSSL's name */
	enum padding {
		PAD_NONE,
		PAD_OAEP,
		PAD_PKCS1,
		PAD_PSS,
		PAD_PREHASH, /* Ed25519ph */
	} padding;
};

/* NULL: no such name. */
const struct spec *spec_find(struct view name);
const struct algorithm *algorithm_find(struct view name);
const struct algorithm *algorithm_at(size_t i);
/* Whether keys of that spec do that algorithm. */
bool spec_does(const struct spec *, const struct algorithm *);
/* 0: no such name. */
enum usage usage_find(struct view name);
const char *usage_name(enum usage);
/* Bytes in a hash by OpenSSL's name; 0: unknown. */
size_t digest_length(const char *digest);
#endif
