#ifndef KMS_H
#define KMS_H
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "fault.h"
#include "json.h"

/*
 * AWS KMS, typed: one struct for what goes out, one for what comes back, one
 * function an operation. All that the layers above see of AWS.
 */

/* Sizes of text members, NUL included: KMS's limits, or what it sends. */
#define KMS_ID_SIZE 256 /* a key id, ARN or alias ARN */
#define KMS_ALIAS_SIZE 257
#define KMS_WORD_SIZE 64 /* any value of an enumeration */
#define KMS_MARKER_SIZE 1025
#define KMS_DESCRIPTION_SIZE 8193
#define KMS_BLOB_MAX 6144 /* ciphertexts, tokens, wrapped keys */
#define KMS_PLAINTEXT_MAX 4096 /* what Encrypt takes */

/*
 * The one impure edge: one operation, answered or failed for good within the
 * deadline. body is the request's JSON; *reply gets the JSON of a success. On
 * failure *fault says why. Tests put a fake here.
 */
struct transport {
	enum err (*post)(void *ctx, const char *operation, struct view body,
	    const struct deadline *, struct buf *reply, struct fault *fault);
	void *ctx;
};

/* One caller's use of the service: made where a call begins, not shared. */
struct kms {
	const struct transport *transport;
	struct deadline deadline;
	struct fault fault;
};

/* KeyMetadata: CreateKey and DescribeKey. */
struct kms_key {
	char id[KMS_ID_SIZE];
	char arn[KMS_ID_SIZE];
	char spec[KMS_WORD_SIZE]; /* KeySpec */
	char usage[KMS_WORD_SIZE]; /* KeyUsage */
	char state[KMS_WORD_SIZE]; /* KeyState */
	char origin[KMS_WORD_SIZE];
	char manager[KMS_WORD_SIZE]; /* KeyManager: AWS or CUSTOMER */
	char expiration_model[KMS_WORD_SIZE];
	char material_id[65 + 1]; /* CurrentKeyMaterialId, hex */
	double created, deletion, valid_to; /* seconds since 1970; 0: none */
	enum json_bool multi_region;
	struct buf description;
	struct buf algorithms; /* of whatever kind, each ended by a NUL */
};

/* Ceilings of the bufs; kms_key_free() frees them. */
#define KMS_KEY_INIT                                           \
	{                                                      \
		.description = BUF_INIT(KMS_DESCRIPTION_SIZE), \
		.algorithms = BUF_INIT(1024)                   \
	}
void kms_key_free(struct kms_key *);

struct kms_tag {
	char key[129], value[257];
};

struct kms_create_key_in {
	const char *spec, *usage, *origin, *description;
	struct json_rows tags; /* of struct kms_tag */
	enum json_bool multi_region;
};
enum err kms_create_key(
    struct kms *, const struct kms_create_key_in *, struct kms_key *);

/* key: key id, ARN, alias name ("alias/x") or alias ARN. */
enum err kms_describe_key(struct kms *, const char *key, struct kms_key *);

/* ListKeys, ListAliases and ListResourceTags give a page; marker "" is the
 * first and, when it comes back "", there is no next. rows are freed with
 * json_rows_free(). */
struct kms_page {
	char marker[KMS_MARKER_SIZE];
	struct json_rows rows;
};
struct kms_key_entry {
	char id[KMS_ID_SIZE];
};
struct kms_alias_entry {
	char name[KMS_ALIAS_SIZE]; /* with "alias/" */
	char key_id[KMS_ID_SIZE]; /* "" for an alias without a key */
	double created; /* seconds since 1970 */
};
enum err kms_list_keys(struct kms *, struct kms_page *);
/* key: only that key's aliases (id or ARN); NULL: all. */
enum err kms_list_aliases(struct kms *, const char *key, struct kms_page *);
enum err kms_list_resource_tags(
    struct kms *, const char *key, struct kms_page *);

enum err kms_create_alias(struct kms *, const char *alias, const char *key);
enum err kms_update_alias(struct kms *, const char *alias, const char *key);
enum err kms_delete_alias(struct kms *, const char *alias);
enum err kms_tag_resource(
    struct kms *, const char *key, const struct json_rows *tags);

struct kms_import_parameters {
	struct buf token; /* opaque; goes back with the material */
	struct buf public_key; /* SubjectPublicKeyInfo, DER */
	double valid_to; /* seconds since 1970 */
};
#define KMS_IMPORT_PARAMETERS_INIT                                            \
	{                                                                     \
		.token = BUF_INIT(KMS_BLOB_MAX), .public_key = BUF_INIT(4096) \
	}
void kms_import_parameters_free(struct kms_import_parameters *);
/* key: id or ARN, no alias. */
enum err kms_get_parameters_for_import(struct kms *, const char *key,
    const char *wrapping_algorithm, const char *wrapping_key_spec,
    struct kms_import_parameters *);

struct kms_import_in {
	const char *key; /* id or ARN, no alias */
	struct view token, material; /* material as wrapped */
	double valid_to; /* seconds since 1970; 0: does not expire */
};
enum err kms_import_key_material(struct kms *, const struct kms_import_in *);
enum err kms_delete_imported_key_material(struct kms *, const char *key);
enum err kms_schedule_key_deletion(struct kms *, const char *key, int days);

/* Encrypt and Decrypt. */
struct kms_crypt_in {
	const char *key;
	struct view data;
	const char *algorithm; /* NULL: SYMMETRIC_DEFAULT */
	struct view context; /* key NUL value NUL ...; NULL ptr: none */
};
/* *out gets the ciphertext (at most KMS_BLOB_MAX bytes). */
enum err kms_encrypt(
    struct kms *, const struct kms_crypt_in *, struct buf *out);
/* *out gets the plaintext (at most KMS_PLAINTEXT_MAX bytes). */
enum err kms_decrypt(
    struct kms *, const struct kms_crypt_in *, struct buf *out);
/* n: 1 to 1024 bytes. */
enum err kms_generate_random(struct kms *, size_t n, struct buf *out);
#endif
