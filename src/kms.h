#ifndef KMS_H
#define KMS_H
#include "buf.h"
#include "clock.h"
#include "err.h"
#include "error-info.h"
#include "json.h"
#include "kms-words.h"

/*
 * AWS KMS, typed: one struct for what goes out, one for what comes back, one
 * function an operation. All that the layers above see of AWS.
 */

/* Sizes of text members, NUL included: KMS's limits, or what it sends. */
#define KMS_ID_SIZE 256 /* a key id, ARN or alias ARN */
#define KMS_ALIAS_SIZE 257
#define KMS_WORD_SIZE 64 /* any value of an enumeration */
#define KMS_MARKER_SIZE 4097 /* 1,024 characters of UTF-8 */
#define KMS_DESCRIPTION_SIZE 32768 /* 8,192 characters of UTF-8 */
#define KMS_ALGORITHMS_SIZE 4096
#define KMS_BLOB_MAX 6144 /* ciphertexts, tokens, wrapped keys */
#define KMS_PLAINTEXT_MAX 4096 /* what Encrypt takes */
#define KMS_MESSAGE_MAX 4096 /* what Sign and GenerateMac take */
#define KMS_PUBLIC_KEY_MAX 8192
#define KMS_DATA_KEY_MAX 1024
#define KMS_SECRET_MAX 66 /* the longest shared secret: of P-521 */
#define KMS_MATERIAL_ID_SIZE 65 /* hex */
#define KMS_MATERIAL_DESCRIPTION_SIZE 257

/* Many requests of one operation, as post_many() takes them. */
struct batch {
	const char *operation;
	size_t count;
	size_t body_max, reply_max; /* ceilings of one request's */
	/* Appends the JSON of the i-th request. */
	enum err (*encode)(void *arg, size_t i, struct buf *body);
	/* The result of the i-th request: called once for each, in any order.
	 * The error_info tells why it failed. Anything but ERR_OK that this
	 * returns ends the batch. */
	enum err (*on_reply)(void *arg, size_t i, enum err, struct view reply,
	    const struct error_info *);
	void *arg;
};

/*
 * How requests reach KMS; tests put a fake here.
 * post: sends one request, and retries it, until it is answered, fails for good
 * or the deadline passes. body is the request's JSON; *reply receives the JSON
 * of a success. On failure *error says why.
 * post_many: the same for many requests, some of them at once, all within one
 * deadline and in the calling thread. A request that fails does not end the
 * batch; an on_reply() that returns an error does: requests not yet answered
 * are given up, that error is returned, and *error is that request's.
 */
struct transport {
	enum err (*post)(void *ctx, const char *operation, struct view body,
	    const struct deadline *, struct buf *reply,
	    struct error_info *error);
	enum err (*post_many)(void *ctx, const struct batch *,
	    const struct deadline *, struct error_info *error);
	void *ctx;
};

/* One caller's use of the service: made where a call begins, not shared. */
struct kms {
	const struct transport *transport;
	struct deadline deadline;
	struct error_info error;
};

/* One of the keys that a multi-Region key consists of. */
struct kms_region_key {
	char arn[KMS_ID_SIZE];
	char region[KMS_WORD_SIZE];
};

/* The words of KeyMetadata that have an enum, for logs and attributes. */
struct kms_key_words {
	char usage[KMS_WORD_SIZE], state[KMS_WORD_SIZE], origin[KMS_WORD_SIZE];
	char manager[KMS_WORD_SIZE], expiration_model[KMS_WORD_SIZE];
	char multi_region_type[KMS_WORD_SIZE];
};

/* KeyMetadata: CreateKey and DescribeKey. */
struct kms_key {
	char id[KMS_ID_SIZE];
	char arn[KMS_ID_SIZE];
	char spec[KMS_WORD_SIZE]; /* KeySpec */
	enum key_usage usage;
	enum kms_key_state state;
	enum kms_origin origin;
	enum kms_manager manager;
	enum kms_expiration_model expiration_model;
	struct kms_key_words words; /* the same as KMS sent them */
	char material_id[KMS_MATERIAL_ID_SIZE]; /* CurrentKeyMaterialId */
	double created, deletion, valid_to; /* seconds since 1970; 0: none */
	enum json_bool multi_region;
	enum kms_multi_region_type multi_region_type;
	struct kms_region_key primary; /* of a multi-Region key */
	struct buf description;
	struct buf algorithms; /* of whatever kind, each ended by a NUL */
	/* of a reply that is ERR_REPLY: the member that cannot be read, or that
	 * belongs to another key; NULL: none */
	const char *unreadable;
};

/* Ceilings of the bufs; kms_key_free() frees them. */
#define KMS_KEY_INIT                                           \
	{                                                      \
		.description = BUF_INIT(KMS_DESCRIPTION_SIZE), \
		.algorithms = BUF_INIT(KMS_ALGORITHMS_SIZE)    \
	}
void kms_key_free(struct kms_key *);
/* See kms_state_is_usable() and kms_state_has_material(). */
bool kms_key_is_usable(const struct kms_key *);
bool kms_key_has_material(const struct kms_key *);
/* Also of a primary whose replicas go first. */
bool kms_key_is_pending_deletion(const struct kms_key *);

struct kms_tag {
	char key[129], value[257];
};

struct kms_create_key_in {
	const char *spec, *usage, *origin, *description;
	const char *policy; /* NULL: the default key policy */
	struct json_rows tags; /* of struct kms_tag */
	enum json_bool multi_region;
};
/* ERR_UNKNOWN: there may be a key now, whose id did not come back. */
enum err kms_create_key(
    struct kms *, const struct kms_create_key_in *, struct kms_key *);

/* key: key id, ARN, alias name ("alias/x") or alias ARN. */
enum err kms_describe_key(struct kms *, const char *key, struct kms_key *);
/* The replicas of a multi-Region key: rows of struct kms_region_key, freed with
 * json_rows_free(); none for another key. */
enum err kms_describe_replicas(
    struct kms *, const char *key, struct json_rows *);

struct kms_replicate_in {
	const char *key; /* a primary's id or ARN */
	const char *region; /* where to */
	const char *description; /* NULL: none; nothing is copied */
	const char *policy; /* NULL: the default key policy */
	struct json_rows tags; /* of struct kms_tag */
};
/* arn gets that of the replica. ERR_UNKNOWN as from kms_create_key(). */
enum err kms_replicate_key(
    struct kms *, const struct kms_replicate_in *, char arn[KMS_ID_SIZE]);
/* text: "" empties it. */
enum err kms_update_key_description(
    struct kms *, const char *key, const char *text);
enum err kms_enable_key(struct kms *, const char *key);
enum err kms_disable_key(struct kms *, const char *key);
enum err kms_schedule_key_deletion(struct kms *, const char *key, int days);
/* Leaves the key disabled. */
enum err kms_cancel_key_deletion(struct kms *, const char *key);
/* What a key was last used for: GetKeyLastUsage. */
struct kms_last_usage {
	char operation[KMS_WORD_SIZE]; /* "": for nothing since tracked */
	double used, tracked; /* seconds since 1970; 0: not said */
};
enum err kms_get_key_last_usage(
    struct kms *, const char *key, struct kms_last_usage *);
/* What GetPublicKey tells of a pair, where DescribeKey is not allowed: its
 * state is taken for Enabled, its origin is not known. ERR_UNSUPPORTED: it is a
 * symmetric key. */
enum err kms_describe_pair(struct kms *, const char *key, struct kms_key *);

struct kms_key_entry;
/*
 * DescribeKey for many keys at once. on_key() is called once for each, in any
 * order, with an error or with the i-th key's metadata, which it may move out.
 * Anything but ERR_OK that it returns ends the batch.
 */
typedef enum err kms_key_fn(void *arg, size_t i, enum err, struct kms_key *key);
enum err kms_describe_keys(struct kms *, const struct kms_key_entry *keys,
    size_t count, kms_key_fn *on_key, void *arg);

/* ListKeys, ListAliases and ListResourceTags give a page; marker "" is the
 * first and, when it comes back "", there is no next. rows are freed with
 * json_rows_free(). */
struct kms_page {
	char marker[KMS_MARKER_SIZE];
	struct json_rows rows;
	/* kms_call_list()'s own */
	enum json_bool truncated;
	unsigned pages; /* so far */
	char seen[KMS_MARKER_SIZE]; /* a marker among those so far */
};
struct kms_key_entry {
	char id[KMS_ALIAS_SIZE]; /* what is asked for may be an alias */
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

/*
 * ListResourceTags for many keys at once. One page holds all tags that a key
 * can have: rows of struct kms_tag. on_tags() is called once for each key, in
 * any order, with an error or with its tags, which are freed after it. Anything
 * but ERR_OK that it returns ends the batch.
 */
typedef enum err kms_tags_fn(
    void *arg, size_t i, enum err, const struct json_rows *tags);
enum err kms_list_tags_of_keys(struct kms *, const struct kms_key_entry *keys,
    size_t count, kms_tags_fn *on_tags, void *arg);

enum err kms_create_alias(struct kms *, const char *alias, const char *key);
/* Moves it to another key, of the same kind and usage. */
enum err kms_update_alias(struct kms *, const char *alias, const char *key);
/* ERR_UNKNOWN: it may be gone, and made anew by another since. */
enum err kms_delete_alias(struct kms *, const char *alias);
enum err kms_tag_resource(
    struct kms *, const char *key, const struct json_rows *tags);
/* tag_keys: each ended by a NUL. */
enum err kms_untag_resource(
    struct kms *, const char *key, struct view tag_keys);

struct kms_import_parameters {
	char key[KMS_ID_SIZE]; /* whose they are: its ARN, or key id */
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
	/* of symmetric encryption keys only; NULL: not said */
	const char *type; /* NEW_KEY_MATERIAL, EXISTING_KEY_MATERIAL */
	const char *description;
	const char *material_id; /* that is expected; not with the type NEW */
};
enum err kms_import_key_material(struct kms *, const struct kms_import_in *);
/* The same; material_id gets that of the reply, "" where there is none. */
enum err kms_import_key_material_id(struct kms *, const struct kms_import_in *,
    char material_id[KMS_MATERIAL_ID_SIZE]);
/* Of the current material. */
enum err kms_delete_imported_key_material(struct kms *, const char *key);
/* Of any; material_id: its KeyMaterialId, or NULL: the current one. */
enum err kms_delete_imported_key_material_id(
    struct kms *, const char *key, const char *material_id);
/* To the material that was imported as new. */
enum err kms_rotate_key_on_demand(struct kms *, const char *key);

/* One material of a symmetric key. */
struct kms_rotation {
	char material_id[KMS_MATERIAL_ID_SIZE];
	char description[KMS_MATERIAL_DESCRIPTION_SIZE];
	char import_state[KMS_WORD_SIZE]; /* IMPORTED, PENDING_IMPORT */
	char state[KMS_WORD_SIZE]; /* KeyMaterialState: CURRENT ... */
	char expiration_model[KMS_WORD_SIZE];
	char type[KMS_WORD_SIZE]; /* RotationType: AUTOMATIC, ON_DEMAND */
	double valid_to, rotated; /* seconds since 1970; 0: none */
};
/* include_key_material: ALL_KEY_MATERIAL, or NULL for past rotations only.
 * Rows of struct kms_rotation. */
enum err kms_list_key_rotations(struct kms *, const char *key,
    const char *include_key_material, struct kms_page *);

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

struct kms_data_key_in {
	const char *key; /* a symmetric encryption key */
	const char *spec; /* AES_128, AES_256, or NULL: */
	double n; /* bytes, 1 to KMS_DATA_KEY_MAX; 0 with a spec */
	struct view context; /* as that of struct kms_crypt_in */
};
struct kms_data_key {
	char arn[KMS_ID_SIZE]; /* of the key that encrypted it */
	struct buf ciphertext, plaintext;
};
/* plaintext goes into the arena. */
#define KMS_DATA_KEY_INIT(from)                                   \
	{                                                         \
		.ciphertext = BUF_INIT(KMS_BLOB_MAX),             \
		.plaintext = BUF_SECRET(KMS_DATA_KEY_MAX, (from)) \
	}
void kms_data_key_free(struct kms_data_key *);
enum err kms_generate_data_key(
    struct kms *, const struct kms_data_key_in *, struct kms_data_key *);

struct kms_sign_in {
	const char *key;
	/* at most KMS_MESSAGE_MAX bytes, or the digest, or ML-DSA's mu; ptr is
	 * not NULL, not even of an empty message */
	struct view message;
	const char *message_type; /* RAW, DIGEST, EXTERNAL_MU; NULL: RAW */
	const char *algorithm; /* SigningAlgorithm */
};
/* *out gets the signature (at most KMS_BLOB_MAX bytes): DER for ECDSA. */
enum err kms_sign(struct kms *, const struct kms_sign_in *, struct buf *out);
/* *out gets a SubjectPublicKeyInfo (DER, at most KMS_PUBLIC_KEY_MAX bytes). */
enum err kms_get_public_key(struct kms *, const char *key, struct buf *out);

struct kms_mac_in {
	const char *key;
	struct view message; /* 1 to KMS_MESSAGE_MAX bytes */
	const char *algorithm; /* MacAlgorithm */
	struct view mac; /* VerifyMac only */
};
enum err kms_generate_mac(
    struct kms *, const struct kms_mac_in *, struct buf *out);
/* ERR_BAD_MAC when it does not verify. */
enum err kms_verify_mac(struct kms *, const struct kms_mac_in *);

/* ECDH. peer: its SubjectPublicKeyInfo. *secret gets the x coordinate, as long
 * as the field (at most KMS_SECRET_MAX bytes). */
enum err kms_derive_shared_secret(
    struct kms *, const char *key, struct view peer, struct buf *secret);

struct kms_encapsulated { /* ML-KEM */
	struct buf secret, ciphertext;
};
/* secret goes into the arena. */
#define KMS_ENCAPSULATED_INIT(from)                           \
	{                                                     \
		.secret = BUF_SECRET(KMS_SECRET_MAX, (from)), \
		.ciphertext = BUF_INIT(KMS_BLOB_MAX)          \
	}
void kms_encapsulated_free(struct kms_encapsulated *);
enum err kms_encapsulate(
    struct kms *, const char *key, struct kms_encapsulated *);
/* A wrong ciphertext of the right length gives a random secret, no error. */
enum err kms_decapsulate(
    struct kms *, const char *key, struct view ciphertext, struct buf *secret);
#endif
