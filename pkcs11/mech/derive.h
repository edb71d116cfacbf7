#ifndef DERIVE_H
#define DERIVE_H
#include "object/template-builder.h"
#include "mech.h"

/* What C_DeriveKey means. */
CK_RV derive_key(struct call *, const CK_MECHANISM *, CK_OBJECT_HANDLE base,
    struct template, CK_OBJECT_HANDLE *);

/* The mechanisms. */
extern const struct maker derive_ecdh; /* ECDH, X25519 */
extern const struct maker derive_hkdf, derive_hkdf_data;
extern const struct maker derive_counter; /* SP 800-108, counter mode */
extern const struct maker derive_base_and_key, derive_base_and_data,
    derive_data_and_base, derive_xor, derive_extract;

/* For the mechanisms: one object that a derivation yields. */
#define DERIVED_MAX 16320 /* bytes: 255 hashes, what HKDF gives (RFC 5869) */
struct derived {
	struct attr_target target;
	struct template_builder builder;
	struct provenance origin;
	size_t len; /* CKA_VALUE_LEN; 0: not said */
};

/*
 * Reads the template for an object of that class: CKO_SECRET_KEY, of type
 * generic where nothing is said, or CKO_DATA. d is not to be moved from here
 * on; derived_free() it in any case.
 */
CK_RV derived_begin(struct call *, struct derived *, struct template,
    CK_OBJECT_CLASS, const struct object *base);
/* One more key that it comes from. strict: it hides no less than that one
 * (PKCS#11 3.0, CKM_CONCATENATE_BASE_AND_KEY), else what its template says. */
void derived_from(
    struct call *, struct derived *, const struct object *, bool strict);
/*
 * How many bytes it has: those asked for, at most most; where nothing is said,
 * natural ones (0: there is no such length).
 */
CK_RV derived_len(struct call *, const struct derived *, size_t natural,
    size_t most, size_t *len);
CK_RV derived_make(
    struct call *, struct derived *, struct view value, CK_OBJECT_HANDLE *);
void derived_free(struct derived *);
#endif
