#include <string.h>
#include "kms.h"

/* A page of 1,000 aliases with ARNs and dates stays well below it. */
#define REPLY_MAX (2 * 1024 * 1024)
#define REQUEST_MAX (64 * 1024)
#define PAGE_ALIASES 100 /* KMS gives no more in a call */
#define PAGE_KEYS 1000
#define PAGE_TAGS 50

static const struct json_field nothing[] = {JSON_END};

static enum err
call(struct kms *k, const char *operation, const struct json_field *in_fields,
    const void *in, const struct json_field *out_fields, void *out)
{
	struct buf body = BUF_INIT(REQUEST_MAX);
	struct buf reply = BUF_INIT(REPLY_MAX);
	enum err e;

	memset(&k->fault, 0, sizeof(k->fault));
	if ((e = json_encode(in_fields, in, &body)) != ERR_OK ||
	    (e = k->transport->post(k->transport->ctx, operation,
		 buf_view(&body), &k->deadline, &reply, &k->fault)) != ERR_OK)
		goto out;
	e = json_decode(out_fields, buf_view(&reply), out);
out:
	/* too long an answer is nothing that the caller sent too much of */
	if (e == ERR_TOO_BIG && k->fault.status == 200)
		e = ERR_REPLY;
	buf_free(&reply);
	buf_free(&body);
	return (e);
}

/* A success that lacks what was asked for is none. */
static enum err
complete(enum err e, bool there)
{
	return (e == ERR_OK && !there ? ERR_REPLY : e);
}

/* CreateKey, DescribeKey */
static const struct json_field tag_fields[] = {
    JSON_FIELD(struct kms_tag, key, "TagKey", TEXT),
    JSON_FIELD(struct kms_tag, value, "TagValue", TEXT), JSON_END};

#define META(member, name, kind) JSON_FIELD(struct kms_key, member, name, kind)
static const struct json_field key_fields[] = {META(id, "KeyId", TEXT),
    META(arn, "Arn", TEXT), META(spec, "KeySpec", TEXT),
    META(usage, "KeyUsage", TEXT), META(state, "KeyState", TEXT),
    META(origin, "Origin", TEXT), META(manager, "KeyManager", TEXT),
    META(expiration_model, "ExpirationModel", TEXT),
    META(material_id, "CurrentKeyMaterialId", TEXT),
    META(created, "CreationDate", NUMBER),
    META(deletion, "DeletionDate", NUMBER), META(valid_to, "ValidTo", NUMBER),
    META(multi_region, "MultiRegion", BOOL),
    META(description, "Description", CHARS),
    META(algorithms, "EncryptionAlgorithms", NAMES),
    META(algorithms, "SigningAlgorithms", NAMES),
    META(algorithms, "MacAlgorithms", NAMES),
    META(algorithms, "KeyAgreementAlgorithms", NAMES),
    META(algorithms, "EncapsulationAlgorithms", NAMES), JSON_END};

void
kms_key_free(struct kms_key *k)
{
	buf_free(&k->description);
	buf_free(&k->algorithms);
}

static const struct json_field metadata_out[] = {
    JSON_SUB("KeyMetadata", key_fields), JSON_END};

#define CREATE(member, name, kind) \
	JSON_FIELD(struct kms_create_key_in, member, name, kind)
static const struct json_field create_key_in[] = {
    CREATE(spec, "KeySpec", STRING), CREATE(usage, "KeyUsage", STRING),
    CREATE(origin, "Origin", STRING),
    CREATE(description, "Description", STRING),
    JSON_ROW_FIELD(
	struct kms_create_key_in, tags, "Tags", struct kms_tag, tag_fields),
    CREATE(multi_region, "MultiRegion", BOOL), JSON_END};

enum err
kms_create_key(
    struct kms *k, const struct kms_create_key_in *in, struct kms_key *out)
{
	enum err e = call(k, "CreateKey", create_key_in, in, metadata_out, out);

	e = complete(e, out->id[0] != '\0');

	/* there may be a key, but not one whose id we know */
	return (e == ERR_REPLY ? ERR_UNKNOWN : e);
}

/* Many requests name a key, an alias, or both, and nothing else. */
struct names {
	const char *key, *alias, *target;
};
static const struct json_field names_in[] = {
    JSON_FIELD(struct names, key, "KeyId", STRING),
    JSON_FIELD(struct names, alias, "AliasName", STRING),
    JSON_FIELD(struct names, target, "TargetKeyId", STRING), JSON_END};

static enum err
call_names(struct kms *k, const char *operation, struct names in)
{
	return (call(k, operation, names_in, &in, nothing, NULL));
}

enum err
kms_describe_key(struct kms *k, const char *key, struct kms_key *out)
{
	struct names in = {.key = key};

	enum err e = call(k, "DescribeKey", names_in, &in, metadata_out, out);

	return (complete(e, out->id[0] != '\0'));
}

enum err
kms_create_alias(struct kms *k, const char *alias, const char *key)
{
	return (call_names(
	    k, "CreateAlias", (struct names){.alias = alias, .target = key}));
}

enum err
kms_update_alias(struct kms *k, const char *alias, const char *key)
{
	return (call_names(
	    k, "UpdateAlias", (struct names){.alias = alias, .target = key}));
}

enum err
kms_delete_alias(struct kms *k, const char *alias)
{
	return (call_names(k, "DeleteAlias", (struct names){.alias = alias}));
}

enum err
kms_delete_imported_key_material(struct kms *k, const char *key)
{
	return (call_names(
	    k, "DeleteImportedKeyMaterial", (struct names){.key = key}));
}

/* Lists, a page at a time */
struct list_in {
	const char *key;
	char marker[KMS_MARKER_SIZE];
	double limit;
};
static const struct json_field list_in[] = {
    JSON_FIELD(struct list_in, key, "KeyId", STRING),
    JSON_FIELD(struct list_in, marker, "Marker", TEXT),
    JSON_FIELD(struct list_in, limit, "Limit", NUMBER), JSON_END};

static enum err
call_list(struct kms *k, const char *operation, const char *key, double limit,
    const struct json_field *out_fields, struct kms_page *page)
{
	struct list_in in = {.key = key, .limit = limit};

	memcpy(in.marker, page->marker, sizeof(in.marker));
	page->marker[0] = '\0';
	page->rows = (struct json_rows){NULL, 0};
	return (call(k, operation, list_in, &in, out_fields, page));
}

#define NEXT_MARKER JSON_FIELD(struct kms_page, marker, "NextMarker", TEXT)

static const struct json_field key_entry[] = {
    JSON_FIELD(struct kms_key_entry, id, "KeyId", TEXT), JSON_END};
static const struct json_field list_keys_out[] = {
    JSON_ROW_FIELD(
	struct kms_page, rows, "Keys", struct kms_key_entry, key_entry),
    NEXT_MARKER, JSON_END};

enum err
kms_list_keys(struct kms *k, struct kms_page *page)
{
	return (call_list(k, "ListKeys", NULL, PAGE_KEYS, list_keys_out, page));
}

static const struct json_field alias_entry[] = {
    JSON_FIELD(struct kms_alias_entry, name, "AliasName", TEXT),
    JSON_FIELD(struct kms_alias_entry, key_id, "TargetKeyId", TEXT), JSON_END};
static const struct json_field list_aliases_out[] = {
    JSON_ROW_FIELD(
	struct kms_page, rows, "Aliases", struct kms_alias_entry, alias_entry),
    NEXT_MARKER, JSON_END};

enum err
kms_list_aliases(struct kms *k, const char *key, struct kms_page *page)
{
	return (call_list(
	    k, "ListAliases", key, PAGE_ALIASES, list_aliases_out, page));
}

static const struct json_field list_resource_tags_out[] = {
    JSON_ROW_FIELD(struct kms_page, rows, "Tags", struct kms_tag, tag_fields),
    NEXT_MARKER, JSON_END};

enum err
kms_list_resource_tags(struct kms *k, const char *key, struct kms_page *page)
{
	return (call_list(k, "ListResourceTags", key, PAGE_TAGS,
	    list_resource_tags_out, page));
}

struct tag_in {
	const char *key;
	struct json_rows tags;
};
static const struct json_field tag_in[] = {
    JSON_FIELD(struct tag_in, key, "KeyId", STRING),
    JSON_ROW_FIELD(struct tag_in, tags, "Tags", struct kms_tag, tag_fields),
    JSON_END};

enum err
kms_tag_resource(struct kms *k, const char *key, const struct json_rows *tags)
{
	struct tag_in in = {key, *tags};

	return (call(k, "TagResource", tag_in, &in, nothing, NULL));
}

/* Import */
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
    PARAMETER(token, "ImportToken", BYTES),
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

	enum err e = call(k, "GetParametersForImport", parameters_in, &in,
	    parameters_out, out);

	return (complete(e, out->token.len != 0 && out->public_key.len != 0));
}

struct import_in {
	struct kms_import_in in;
	const char *expiration_model;
};
static const struct json_field import_in[] = {
    JSON_FIELD(struct import_in, in.key, "KeyId", STRING),
    JSON_FIELD(struct import_in, in.token, "ImportToken", BYTES),
    JSON_FIELD(struct import_in, in.material, "EncryptedKeyMaterial", BYTES),
    JSON_FIELD(struct import_in, in.valid_to, "ValidTo", NUMBER),
    JSON_FIELD(struct import_in, expiration_model, "ExpirationModel", STRING),
    JSON_END};

/* KMS's own default is to expire: the model is always said. */
enum err
kms_import_key_material(struct kms *k, const struct kms_import_in *in)
{
	struct import_in all = {*in, in->valid_to != 0
					 ? "KEY_MATERIAL_EXPIRES"
					 : "KEY_MATERIAL_DOES_NOT_EXPIRE"};

	return (call(k, "ImportKeyMaterial", import_in, &all, nothing, NULL));
}

struct schedule_in {
	const char *key;
	double days;
};
static const struct json_field schedule_in[] = {
    JSON_FIELD(struct schedule_in, key, "KeyId", STRING),
    JSON_FIELD(struct schedule_in, days, "PendingWindowInDays", NUMBER),
    JSON_END};

enum err
kms_schedule_key_deletion(struct kms *k, const char *key, int days)
{
	struct schedule_in in = {key, days};

	return (
	    call(k, "ScheduleKeyDeletion", schedule_in, &in, nothing, NULL));
}

/* Use */
#define CRYPT(member, name, kind) \
	JSON_FIELD(struct kms_crypt_in, member, name, kind)
#define CRYPT_COMMON                                         \
	CRYPT(key, "KeyId", STRING),                         \
	    CRYPT(algorithm, "EncryptionAlgorithm", STRING), \
	    CRYPT(context, "EncryptionContext", MAP)
static const struct json_field encrypt_in[] = {
    CRYPT_COMMON, CRYPT(data, "Plaintext", BYTES), JSON_END};
static const struct json_field decrypt_in[] = {
    CRYPT_COMMON, CRYPT(data, "CiphertextBlob", BYTES), JSON_END};
/* A blob alone is decoded straight into the caller's buffer. */
static const struct json_field ciphertext_out[] = {
    {"CiphertextBlob", JSON_BYTES, 0, 0, NULL}, JSON_END};
static const struct json_field plaintext_out[] = {
    {"Plaintext", JSON_BYTES, 0, 0, NULL}, JSON_END};

enum err
kms_encrypt(struct kms *k, const struct kms_crypt_in *in, struct buf *out)
{
	enum err e = call(k, "Encrypt", encrypt_in, in, ciphertext_out, out);

	return (complete(e, out->len != 0));
}

enum err
kms_decrypt(struct kms *k, const struct kms_crypt_in *in, struct buf *out)
{
	enum err e = call(k, "Decrypt", decrypt_in, in, plaintext_out, out);

	return (complete(e, out->len != 0));
}

struct random_in {
	double n;
};
static const struct json_field random_in[] = {
    JSON_FIELD(struct random_in, n, "NumberOfBytes", NUMBER), JSON_END};

enum err
kms_generate_random(struct kms *k, size_t n, struct buf *out)
{
	struct random_in in = {(double)n};

	enum err e = call(
	    k, "GenerateRandom", random_in, &in, plaintext_out, out);

	return (complete(e, out->len == n));
}
