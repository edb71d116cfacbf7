#ifndef KMS_CALL_H
#define KMS_CALL_H
#include "kms.h"

/* What the files kms*.c share: how a request is made of tables. */

/*
 * One operation: the JSON of in goes out, the reply's JSON comes into out. key
 * (NULL: none) is the key asked for: a reply that names another, or none where
 * KMS always names one, is ERR_REPLY. So is one that names another algorithm
 * than the request.
 */
enum err kms_call(struct kms *, const char *operation, const char *key,
    const struct json_field *in_fields, const void *in,
    const struct json_field *out_fields, void *out);
/* No member of the reply is looked at. */
extern const struct json_field kms_no_fields[];

/*
 * One operation for many keys; a request holds only the key's id. on_reply is
 * called with the result for the i-th key, which kms_decode() reads; what is
 * told of it is in the kms's error meanwhile. Anything
 * but ERR_OK that it returns ends the whole.
 */
typedef enum err kms_reply_fn(void *arg, size_t i, enum err, struct view reply);
enum err kms_call_keys(struct kms *, const char *operation,
    const struct kms_key_entry *keys, size_t count, kms_reply_fn *on_reply,
    void *arg);
/* The JSON of a reply that came (e is ERR_OK) into out. *member is the name of
 * a member that cannot be read, or NULL. */
enum err kms_decode(enum err e, const struct json_field *out_fields,
    struct view, void *out, const char **member);
/* Says which member of a reply cannot be read (NULL: none) and returns the
 * error for it. */
enum err kms_unreadable(struct error_info *, enum err, const char *member);
/* Whether a reply's id or ARN is that of the key asked for. */
bool kms_is_key(const char *asked, const char *answered);

/* A success that lacks what was asked for is none: the message names the
 * member. */
enum err kms_require(struct kms *, enum err, bool there, const char *member);
/* The same of an operation that makes a key: there may be one now, but not one
 * whose name we know. */
enum err kms_require_key(
    struct kms *, enum err, bool there, const char *member);

/* Many requests name a key, an alias or a material, and nothing else. */
struct kms_names {
	const char *key, *alias, *target, *material;
};
enum err kms_call_names(struct kms *, const char *operation, struct kms_names);

/* A page of a list: what its request may hold. */
struct kms_list_in {
	const char *key, *include;
	char marker[KMS_MARKER_SIZE]; /* set by kms_call_list() */
	double limit;
};
enum err kms_call_list(struct kms *, const char *operation,
    struct kms_list_in *, const struct json_field *out_fields,
    struct kms_page *);
#define KMS_LIST_OUT(name, row_type, fields)                             \
	JSON_ROW_FIELD(struct kms_page, rows, (name), row_type, fields), \
	    JSON_FIELD(struct kms_page, marker, "NextMarker", TEXT),     \
	    JSON_FIELD(struct kms_page, truncated, "Truncated", BOOL),   \
	    JSON_END

extern const struct json_field kms_tag_fields[]; /* of struct kms_tag */
#endif
