#ifndef DERIVE_H
#define DERIVE_H
#include "cryptoki/derive-params.h"
#include "object/template-builder.h"
#include "mech.h"

/* The mechanisms of C_DeriveKey, which make/derive-key.c runs: each reads its
 * parameter and computes the value of every key that the call yields. */
extern const struct key_ops derive_ecdh; /* ECDH, X25519 */
extern const struct key_ops derive_dh;
extern const struct key_ops derive_hkdf, derive_hkdf_data;
extern const struct key_ops derive_encrypt; /* data, by AES */
extern const struct key_ops derive_public; /* of a private key */
extern const struct key_ops derive_hash; /* the key itself, hashed */
extern const struct key_ops derive_sp800_108; /* its three modes */
/* TLS 1.2: master secrets, the keys of a connection, exported keys */
extern const struct key_ops derive_tls_master, derive_tls_keys,
    derive_tls_exported;
extern const struct key_ops derive_base_and_key, derive_base_and_data,
    derive_data_and_base, derive_xor, derive_extract;

/* One object that a derivation yields. */
#define DERIVED_MAX 16320 /* bytes: 255 hashes, what HKDF gives (RFC 5869) */
struct derived {
	struct attr_target target;
	struct template_builder builder;
	struct provenance provenance;
	size_t len; /* CKA_VALUE_LEN; 0: not said */
	struct buf value; /* secret: what CKA_VALUE is a part of */
	CK_OBJECT_HANDLE *handle; /* where its handle goes */
};

/* All that one call yields. */
#define DERIVED_KEYS_MAX 16
#define DERIVED_OUTPUT_MAX (DERIVED_MAX / 8)
struct derivation {
	struct derived keys[DERIVED_KEYS_MAX];
	size_t count;
	/* what goes into the program's buffers when all keys are there */
	struct derived_output {
		void *to;
		uint8_t bytes[DERIVED_OUTPUT_MAX];
		size_t len;
	} outputs[2];
};

/*
 * Reads the template for an object of that class: CKO_SECRET_KEY, of type
 * generic where nothing is said, CKO_PUBLIC_KEY, of the base's type, or
 * CKO_DATA, into the next row of the derivation: *out.
 */
CK_RV derived_begin(struct call *, struct derivation *, struct template,
    CK_OBJECT_CLASS, const struct object *base, struct derived **out);
/* What a derived key takes over of CKA_SENSITIVE and CKA_EXTRACTABLE. */
enum inheritance {
	INHERITS_NOTHING, /* it is as its template says, or by default */
	/* as the base key, where the template is silent: PKCS#11 3.2, section
	 * 6.42.7 */
	INHERITS_DEFAULTS,
	INHERITS_SECRECY, /* it hides no less than the base key: section 6.43 */
	INHERITS_SECRECY_AND_DEFAULTS, /* section 6.40.8 */
	INHERITS_ALL, /* it is as the base key: section 6.40.6 */
};
/* One more key that it comes from. CKR_TEMPLATE_INCONSISTENT: the template asks
 * for less secrecy than is inherited. */
CK_RV derived_from(
    struct call *, struct derived *, const struct object *, enum inheritance);
/*
 * *len: the length of its value in bytes. CKA_VALUE_LEN where the template has
 * it; else the one of the key's type, where that has one; else natural, the
 * mechanism's own (0: it has none). At most max_len.
 * CKR_TEMPLATE_INCOMPLETE: neither tells. CKR_ATTRIBUTE_VALUE_INVALID.
 */
CK_RV derived_len(struct call *, const struct derived *, size_t natural,
    size_t max_len, size_t *len);
/*
 * Another key that goes into a derivation, of the caller's handle: a session
 * object with CKA_DERIVE. *value is borrowed from *o, which object_put() gives
 * back, whatever this returns. CKR_KEY_HANDLE_INVALID,
 * CKR_KEY_TYPE_INCONSISTENT, CKR_KEY_FUNCTION_NOT_PERMITTED;
 * CKR_MECHANISM_INVALID: its CKA_ALLOWED_MECHANISMS lack the mechanism.
 */
CK_RV derived_read_key(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE,
    struct object *o, struct view *value);
/* CKA_VALUE: len bytes of value from at on. Takes the buffer over. */
void derived_set_value(
    struct derived *, struct buf *value, size_t at, size_t len);
/* All keys are there: the outputs go where they belong. */
void derivation_show(const struct derivation *);
void derivation_free(struct derivation *);
#endif
