#include <string.h>
#include "kms-call.h"

/* Key material: imported, deleted, rotated. */

#define PAGE_ROTATIONS 100

struct parameters_in {
	const char *key, *algorithm, *spec;
};
static const struct json_field parameters_in[] = {
    JSON_FIELD(struct parameters_in, key, "KeyId", STRING),
    JSON_FIELD(struct parameters_in, algorithm, "WrappingAlgorithm", STRING),
    JSON_FIELD(struct parameters_in, spec, "WrappingKeySpec", STRING),
    JSON_END};
#define PARAMETER(member, name, kind) \
	JSON_FIELD(struct kms_import_parameters, member, name, kind)
static const struct json_field parameters_out[] = {
    PARAMETER(key, "KeyId", TEXT), PARAMETER(token, "ImportToken", BYTES),
    PARAMETER(public_key, "PublicKey", BYTES),
    PARAMETER(valid_to, "ParametersValidTo", NUMBER), JSON_END};

void
kms_import_parameters_free(struct kms_import_parameters *p)
{
	buf_free(&p->token);
	buf_free(&p->public_key);
}

enum err
kms_get_parameters_for_import(struct kms *k, const char *key,
    const char *wrapping_algorithm, const char *wrapping_key_spec,
    struct kms_import_parameters *out)
{
	struct parameters_in in = {key, wrapping_algorithm, wrapping_key_spec};

	enum err e = kms_call(k, "GetParametersForImport", key, parameters_in,
	    &in, parameters_out, out);

	return (
	    kms_require(k, e, out->token.len != 0 && out->public_key.len != 0,
		"ImportToken or PublicKey"));
}

struct import_in {
	struct kms_import_in in;
	const char *expiration_model;
};
#define IMPORT(member, name, kind) \
	JSON_FIELD(struct import_in, member, name, kind)
static const struct json_field import_in[] = {IMPORT(in.key, "KeyId", STRING),
    IMPORT(in.token, "ImportToken", BYTES),
    IMPORT(in.material, "EncryptedKeyMaterial", BYTES),
    IMPORT(in.valid_to, "ValidTo", NUMBER),
    IMPORT(expiration_model, "ExpirationModel", STRING),
    IMPORT(in.type, "ImportType", STRING),
    IMPORT(in.description, "KeyMaterialDescription", STRING),
    IMPORT(in.material_id, "KeyMaterialId", STRING), JSON_END};
struct import_out {
	char material_id[KMS_MATERIAL_ID_SIZE];
};
static const struct json_field import_out[] = {
    JSON_FIELD(struct import_out, material_id, "KeyMaterialId", TEXT),
    JSON_END};

/* KMS's own default is to expire: the model is always said. */
enum err
kms_import_key_material_id(struct kms *k, const struct kms_import_in *in,
    char material_id[KMS_MATERIAL_ID_SIZE])
{
	struct import_in all = {
	    *in, kms_expiration_model_name(in->valid_to != 0
					       ? KMS_MATERIAL_EXPIRES
					       : KMS_MATERIAL_DOES_NOT_EXPIRE)};
	struct import_out out = {.material_id = ""};
	enum err e = kms_call(
	    k, "ImportKeyMaterial", in->key, import_in, &all, import_out, &out);

	memcpy(material_id, out.material_id, sizeof(out.material_id));
	return (e);
}

enum err
kms_import_key_material(struct kms *k, const struct kms_import_in *in)
{
	char material_id[KMS_MATERIAL_ID_SIZE];

	return (kms_import_key_material_id(k, in, material_id));
}

enum err
kms_delete_imported_key_material_id(
    struct kms *k, const char *key, const char *material_id)
{
	return (kms_call_names(k, "DeleteImportedKeyMaterial",
	    (struct kms_names){.key = key, .material = material_id}));
}

enum err
kms_delete_imported_key_material(struct kms *k, const char *key)
{
	return (kms_delete_imported_key_material_id(k, key, NULL));
}

enum err
kms_rotate_key_on_demand(struct kms *k, const char *key)
{
	return (kms_call_names(
	    k, "RotateKeyOnDemand", (struct kms_names){.key = key}));
}

#define ROTATION(member, name, kind) \
	JSON_FIELD(struct kms_rotation, member, name, kind)
static const struct json_field rotation_fields[] = {
    ROTATION(material_id, "KeyMaterialId", TEXT),
    ROTATION(description, "KeyMaterialDescription", TEXT),
    ROTATION(import_state, "ImportState", TEXT),
    ROTATION(state, "KeyMaterialState", TEXT),
    ROTATION(expiration_model, "ExpirationModel", TEXT),
    ROTATION(type, "RotationType", TEXT), ROTATION(valid_to, "ValidTo", NUMBER),
    ROTATION(rotated, "RotationDate", NUMBER), JSON_END};
static const struct json_field list_rotations_out[] = {
    KMS_LIST_OUT("Rotations", struct kms_rotation, rotation_fields)};

enum err
kms_list_key_rotations(struct kms *k, const char *key,
    const char *include_key_material, struct kms_page *page)
{
	struct kms_list_in in = {.key = key,
	    .include = include_key_material,
	    .limit = PAGE_ROTATIONS};

	return (kms_call_list(
	    k, "ListKeyRotations", &in, list_rotations_out, page));
}
