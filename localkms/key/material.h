#ifndef LOCALKMS_MATERIAL_H
#define LOCALKMS_MATERIAL_H
#include <stdbool.h>
#include <stdint.h>
#include <openssl/types.h>
#include "buf.h"
#include "key/rsa-stock.h"
#include "key/spec.h"

#define KEY_MATERIAL_ID_SIZE 65 /* 32 bytes in hex */
#define KEY_MATERIAL_MAX 8192 /* PKCS#8 of the largest key, with room */

enum material_state {
	MATERIAL_CURRENT,
	MATERIAL_NON_CURRENT, /* decrypts what it once encrypted */
	MATERIAL_PENDING_ROTATION,
	MATERIAL_PENDING_REGIONS, /* ... once every replica has it, too */
};

/* One set of key material: what RotateKeyOnDemand changes. */
struct material {
	char id[KEY_MATERIAL_ID_SIZE]; /* stays when the bytes are deleted */
	enum material_state state;
	struct buf bytes; /* raw, or PKCS#8; empty: not here */
	EVP_PKEY *pkey; /* of PKCS#8 bytes */
	int64_t valid_to_ms; /* 0: does not expire */
	int64_t rotated_ms; /* when it became current by rotation; 0: first */
	bool on_demand; /* that rotation was asked for */
	char *description; /* NULL: none */
};

/* Generates a key of that spec into an empty m: bytes, and pkey if the spec is
 * asymmetric. False: this OpenSSL does not know the type, or out of memory. */
bool material_generate(
    struct material *m, const struct spec *, struct rsa_stock *);
/*
 * Reads unwrapped key material that is being imported: raw bytes, or PKCS#8
 * whose key must be consistent and of that spec.
 */
bool material_read(struct material *m, const struct spec *, struct view clear);
/* Derives m->id from the bytes and the key's id: the same material has another
 * id in another key, but the same id in a replica. */
bool material_set_id(struct material *m, const char *key_id);
/* Copies the bytes, and shares pkey. */
bool material_copy_bytes(struct material *to, const struct material *from);
/* Appends the public key: SubjectPublicKeyInfo in DER. */
bool material_public(const struct material *m, struct buf *out);
/* Appends the private key: PKCS#8 in DER. */
bool material_pkcs8(EVP_PKEY *, struct buf *out);
/* Deletes the bytes and the expiry; id, state and description stay. */
void material_forget(struct material *);
bool material_is_present(const struct material *);
#endif
