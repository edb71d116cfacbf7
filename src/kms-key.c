#include <stdio.h>
#include <string.h>
#include "kms-call.h"

/* Keys: made, described, changed, taken away. */

#define META(member, name, kind) JSON_FIELD(struct kms_key, member, name, kind)
static const struct json_field primary_fields[] = {
    META(primary.arn, "Arn", TEXT), META(primary.region, "Region", TEXT),
    JSON_END};
static const struct json_field multi_region_fields[] = {
    META(words.multi_region_type, "MultiRegionKeyType", WORD),
    JSON_SUB("PrimaryKey", primary_fields), JSON_END};
static const struct json_field key_fields[] = {META(id, "KeyId", TEXT),
    META(arn, "Arn", TEXT), META(spec, "KeySpec", WORD),
    META(words.usage, "KeyUsage", WORD), META(words.state, "KeyState", WORD),
    META(words.origin, "Origin", WORD), META(words.manager, "KeyManager", WORD),
    META(words.expiration_model, "ExpirationModel", WORD),
    META(material_id, "CurrentKeyMaterialId", TEXT),
    META(created, "CreationDate", NUMBER),
    META(deletion, "DeletionDate", NUMBER), META(valid_to, "ValidTo", NUMBER),
    META(multi_region, "MultiRegion", BOOL),
    JSON_SUB("MultiRegionConfiguration", multi_region_fields),
    META(description, "Description", SHOWN),
    META(algorithms, "EncryptionAlgorithms", NAMES),
    META(algorithms, "SigningAlgorithms", NAMES),
    META(algorithms, "MacAlgorithms", NAMES),
    META(algorithms, "KeyAgreementAlgorithms", NAMES),
    META(algorithms, "EncapsulationAlgorithms", NAMES), JSON_END};

bool
kms_key_is_usable(const struct kms_key *k)
{
	return (kms_state_is_usable(k->state));
}

bool
kms_key_has_material(const struct kms_key *k)
{
	return (kms_state_has_material(k->state));
}

bool
kms_key_is_pending_deletion(const struct kms_key *k)
{
	return (k->state == KMS_STATE_PENDING_DELETION ||
		k->state == KMS_STATE_PENDING_REPLICA_DELETION);
}

void
kms_key_free(struct kms_key *k)
{
	buf_free(&k->description);
	buf_free(&k->algorithms);
}

static void
read_words(struct kms_key *k)
{
	k->usage = key_usage_find(k->words.usage);
	k->state = kms_key_state_find(k->words.state);
	k->origin = kms_origin_find(k->words.origin);
	k->manager = kms_manager_find(k->words.manager);
	k->expiration_model = kms_expiration_model_find(
	    k->words.expiration_model);
	k->multi_region_type = kms_multi_region_type_find(
	    k->words.multi_region_type);
}

/* The metadata of the key asked for (NULL: one that was just made). */
static enum err
check_metadata(enum err e, const char *asked, struct kms_key *k)
{
	read_words(k);
	if (e != ERR_OK)
		return (e);
	if (k->id[0] == '\0')
		k->unreadable = "KeyId";
	else if (asked != NULL &&
		 !kms_is_key(
		     asked, strncmp(asked, "arn:", 4) == 0 && k->arn[0] != '\0'
				? k->arn
				: k->id))
		k->unreadable = "KeyId";
	else if (k->arn[0] != '\0' && !kms_is_key(k->id, k->arn))
		k->unreadable = "Arn";
	return (k->unreadable == NULL ? ERR_OK : ERR_REPLY);
}

static const struct json_field metadata_out[] = {
    JSON_SUB("KeyMetadata", key_fields), JSON_END};

#define CREATE(member, name, kind) \
	JSON_FIELD(struct kms_create_key_in, member, name, kind)
static const struct json_field create_key_in[] = {
    CREATE(spec, "KeySpec", STRING), CREATE(usage, "KeyUsage", STRING),
    CREATE(origin, "Origin", STRING),
    CREATE(description, "Description", STRING),
    CREATE(policy, "Policy", STRING),
    JSON_ROW_FIELD(
	struct kms_create_key_in, tags, "Tags", struct kms_tag, kms_tag_fields),
    CREATE(multi_region, "MultiRegion", BOOL), JSON_END};

enum err
kms_create_key(
    struct kms *k, const struct kms_create_key_in *in, struct kms_key *out)
{
	enum err e = kms_call(
	    k, "CreateKey", NULL, create_key_in, in, metadata_out, out);

	e = check_metadata(e, NULL, out);
	e = kms_unreadable(&k->error, e, out->unreadable);
	return (kms_require_key(k, e, e == ERR_OK, "KeyMetadata"));
}

struct key_in {
	const char *key, *description;
	double days;
};
static const struct json_field key_in[] = {
    JSON_FIELD(struct key_in, key, "KeyId", STRING),
    JSON_FIELD(struct key_in, description, "Description", STRING),
    JSON_FIELD(struct key_in, days, "PendingWindowInDays", NUMBER), JSON_END};

enum err
kms_describe_key(struct kms *k, const char *key, struct kms_key *out)
{
	struct key_in in = {.key = key};
	enum err e = kms_call(
	    k, "DescribeKey", NULL, key_in, &in, metadata_out, out);

	e = check_metadata(e, key, out);
	return (kms_unreadable(&k->error, e, out->unreadable));
}

static const struct json_field pair_out[] = {META(arn, "KeyId", TEXT),
    META(spec, "KeySpec", WORD), META(words.usage, "KeyUsage", WORD),
    META(algorithms, "EncryptionAlgorithms", NAMES),
    META(algorithms, "SigningAlgorithms", NAMES),
    META(algorithms, "KeyAgreementAlgorithms", NAMES),
    META(algorithms, "EncapsulationAlgorithms", NAMES), JSON_END};

enum err
kms_describe_pair(struct kms *k, const char *key, struct kms_key *out)
{
	struct key_in in = {.key = key};
	enum err e = kms_call(
	    k, "GetPublicKey", key, key_in, &in, pair_out, out);
	const char *slash = strrchr(out->arn, '/');

	(void)snprintf(out->id, sizeof(out->id), "%s",
	    slash != NULL ? slash + 1 : out->arn);
	(void)snprintf(out->words.state, sizeof(out->words.state), "Enabled");
	e = check_metadata(e, key, out);
	return (kms_unreadable(&k->error, e, out->unreadable));
}

struct describing {
	const struct kms_key_entry *keys;
	kms_key_fn *on_key;
	void *arg;
};

static enum err
take_described(void *arg, size_t i, enum err e, struct view reply)
{
	const struct describing *d = arg;
	struct kms_key key = KMS_KEY_INIT;

	e = kms_decode(e, metadata_out, reply, &key, &key.unreadable);
	e = check_metadata(e, d->keys[i].id, &key);
	e = d->on_key(d->arg, i, e, &key);
	kms_key_free(&key);
	return (e);
}

enum err
kms_describe_keys(struct kms *k, const struct kms_key_entry *keys, size_t count,
    kms_key_fn *on_key, void *arg)
{
	struct describing d = {keys, on_key, arg};

	return (
	    kms_call_keys(k, "DescribeKey", keys, count, take_described, &d));
}

/* DescribeKey, for what only multi-Region keys have many of */
struct replicas_out {
	char id[KMS_ID_SIZE];
	struct json_rows rows;
};
static const struct json_field replica_fields[] = {
    JSON_FIELD(struct kms_region_key, arn, "Arn", TEXT),
    JSON_FIELD(struct kms_region_key, region, "Region", TEXT), JSON_END};
static const struct json_field replicas_fields[] = {
    JSON_ROW_FIELD(struct replicas_out, rows, "ReplicaKeys",
	struct kms_region_key, replica_fields),
    JSON_END};
static const struct json_field replicas_metadata[] = {
    JSON_FIELD(struct replicas_out, id, "KeyId", TEXT),
    JSON_SUB("MultiRegionConfiguration", replicas_fields), JSON_END};
static const struct json_field replicas_out[] = {
    JSON_SUB("KeyMetadata", replicas_metadata), JSON_END};

enum err
kms_describe_replicas(struct kms *k, const char *key, struct json_rows *rows)
{
	struct key_in in = {.key = key};
	struct replicas_out out = {.id = ""};
	enum err e = kms_call(
	    k, "DescribeKey", NULL, key_in, &in, replicas_out, &out);

	*rows = out.rows;
	return (kms_require(
	    k, e, out.id[0] != '\0' && kms_is_key(key, out.id), "KeyId"));
}

#define REPLICATE(member, name, kind) \
	JSON_FIELD(struct kms_replicate_in, member, name, kind)
static const struct json_field replicate_in[] = {
    REPLICATE(key, "KeyId", STRING), REPLICATE(region, "ReplicaRegion", STRING),
    REPLICATE(description, "Description", STRING),
    REPLICATE(policy, "Policy", STRING),
    JSON_ROW_FIELD(
	struct kms_replicate_in, tags, "Tags", struct kms_tag, kms_tag_fields),
    JSON_END};
struct replica_out {
	char arn[KMS_ID_SIZE];
};
static const struct json_field replica_metadata[] = {
    JSON_FIELD(struct replica_out, arn, "Arn", TEXT), JSON_END};
static const struct json_field replicate_out[] = {
    JSON_SUB("ReplicaKeyMetadata", replica_metadata), JSON_END};

/* A replica has the id of its primary, in the other Region. */
static bool
is_replica(const struct kms_replicate_in *in, const char *arn)
{
	const char *region = strstr(arn, in->region);

	return (
	    kms_is_key(strrchr(in->key, '/') != NULL ? strrchr(in->key, '/') + 1
						     : in->key,
		arn) &&
	    region != NULL);
}

enum err
kms_replicate_key(
    struct kms *k, const struct kms_replicate_in *in, char arn[KMS_ID_SIZE])
{
	struct replica_out out = {.arn = ""};
	enum err e = kms_call(
	    k, "ReplicateKey", NULL, replicate_in, in, replicate_out, &out);

	memcpy(arn, out.arn, sizeof(out.arn));
	return (kms_require_key(
	    k, e, arn[0] != '\0' && is_replica(in, arn), "Arn"));
}

enum err
kms_update_key_description(struct kms *k, const char *key, const char *text)
{
	struct key_in in = {.key = key, .description = text};

	return (kms_call(
	    k, "UpdateKeyDescription", key, key_in, &in, kms_no_fields, NULL));
}

enum err
kms_enable_key(struct kms *k, const char *key)
{
	return (kms_call_names(k, "EnableKey", (struct kms_names){.key = key}));
}

enum err
kms_disable_key(struct kms *k, const char *key)
{
	return (
	    kms_call_names(k, "DisableKey", (struct kms_names){.key = key}));
}

enum err
kms_schedule_key_deletion(struct kms *k, const char *key, int days)
{
	struct key_in in = {.key = key, .days = days};

	return (kms_call(
	    k, "ScheduleKeyDeletion", key, key_in, &in, kms_no_fields, NULL));
}

enum err
kms_cancel_key_deletion(struct kms *k, const char *key)
{
	return (kms_call_names(
	    k, "CancelKeyDeletion", (struct kms_names){.key = key}));
}

#define USAGE(member, name, kind) \
	JSON_FIELD(struct kms_last_usage, member, name, kind)
static const struct json_field last_usage[] = {
    USAGE(operation, "Operation", TEXT), USAGE(used, "Timestamp", NUMBER),
    JSON_END};
static const struct json_field last_usage_out[] = {
    JSON_SUB("KeyLastUsage", last_usage),
    USAGE(tracked, "TrackingStartDate", NUMBER), JSON_END};

enum err
kms_get_key_last_usage(
    struct kms *k, const char *key, struct kms_last_usage *out)
{
	struct key_in in = {.key = key};

	return (kms_call(
	    k, "GetKeyLastUsage", key, key_in, &in, last_usage_out, out));
}
