#ifndef STANDARD_OBJECTS_H
#define STANDARD_OBJECTS_H
#include "tables.h"
#include "p11.h"

/* One kind of objects, and how to come by one. */
struct kind {
	const char *class, *key_type; /* as attributes.tsv calls them */
	CK_OBJECT_CLASS c;
	CK_KEY_TYPE t;
	CK_MECHANISM_TYPE generate; /* NOT_GENERATED: it is no key */
	CK_ATTRIBUTE size[3]; /* of the template that generates */
	bool is_slow; /* to generate: only what its own rows say is tried */
	unsigned places; /* where such objects are: IN_... and so on */
	CK_OBJECT_HANDLE model; /* a session object that shows its values */
};
#define NOT_GENERATED CK_UNAVAILABLE_INFORMATION
#define IN_SESSION 1U
#define GENERATED_IN_KMS 2U
#define IMPORTED_INTO_KMS 4U
#define ON_TOKEN 8U /* beside the keys: certificates */
bool kind_is_key(const struct kind *);
/* Whether they are generated: keys and domain parameters. */
bool kind_is_generated(const struct kind *);
/* Whether OpenSSL has such keys, and with it the KMS of this machine. */
bool kind_is_in_openssl(const struct kind *);
extern struct kind kinds[];
extern const size_t kind_count;
/* Makes the models. */
void kinds_begin(void);
void kinds_end(void);
/* Whether templates are of objects on the token. */
extern bool on_token;

/* Whether the table's row is one of such objects, and of no others. */
bool row_is_of(const struct attribute_row *, const struct kind *);
bool row_is_of_type(const struct attribute_row *, const struct kind *);

bool follows_from_key(CK_ATTRIBUTE_TYPE);

/* A value of an attribute. */
#define VALUE_ROOM 8192
struct value {
	CK_BYTE bytes[VALUE_ROOM];
	CK_ATTRIBUTE inner; /* of a template */
	CK_ATTRIBUTE a; /* points there */
};
/* That of an object; false: it has none, or does not show it. */
bool value_read(CK_OBJECT_HANDLE, CK_ATTRIBUTE_TYPE, struct value *);
/* One that an object may have: its own boolean turned round, its own value where
 * that follows from the key, else the model's, or any. */
void value_other(const struct kind *, const struct attribute_row *,
    CK_OBJECT_HANDLE, struct value *);

/* Templates. */
struct object_template {
	CK_ATTRIBUTE rows[24];
	CK_ULONG count;
	struct value values[12];
	size_t used;
};
void object_template_set(struct object_template *, const CK_ATTRIBUTE *);
void object_template_drop(struct object_template *, CK_ATTRIBUTE_TYPE);
/* What C_CreateObject needs for such an object, with the values that another of
 * its kind shows. Those of session objects are to be seen. */
void create_template(
    const struct kind *, CK_OBJECT_HANDLE from, struct object_template *);
/* What C_UnwrapKey needs. */
void unwrap_template(const struct kind *, struct object_template *);
/* What those need that make a secret key from another. */
void derive_template(const struct kind *, struct object_template *);

/* Makes an object of such a kind with what the row adds (or NULL). */
CK_RV create(const struct object_template *, CK_OBJECT_HANDLE *);
CK_RV generate(const struct kind *, const CK_ATTRIBUTE *more,
    CK_ATTRIBUTE_TYPE without, CK_OBJECT_HANDLE *);
CK_RV unwrap(
    const struct kind *, const struct object_template *, CK_OBJECT_HANDLE *);
/* By C_DeriveKey, C_EncapsulateKey or C_DecapsulateKey; false: OpenSSL has no keys
 * for it. */
#define DERIVING_WAYS 3
bool derive(
    size_t way, const struct object_template *, CK_OBJECT_HANDLE *, CK_RV *);
#endif
