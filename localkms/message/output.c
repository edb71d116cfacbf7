#include "message/output.h"

#define METADATA                                                       \
	OUT(key.account, "AWSAccountId", STRING),                      \
	    OUT(key.id, "KeyId", STRING), OUT(key.arn, "Arn", STRING), \
	    OUT(key.created, "CreationDate", NUMBER),                  \
	    OUT(key.enabled, "Enabled", BOOL),                         \
	    OUT(key.description, "Description", STRING),               \
	    OUT(key.usage, "KeyUsage", STRING),                        \
	    OUT(key.state, "KeyState", STRING),                        \
	    OUT(key.deletion, "DeletionDate", NUMBER),                 \
	    OUT(key.valid_to, "ValidTo", NUMBER),                      \
	    OUT(key.origin, "Origin", STRING),                         \
	    OUT(key.expiration, "ExpirationModel", STRING),            \
	    OUT(key.manager, "KeyManager", STRING),                    \
	    OUT(key.master_spec, "CustomerMasterKeySpec", STRING),     \
	    OUT(key.spec, "KeySpec", STRING),                          \
	    OUT(key.encryption, "EncryptionAlgorithms", NAMES),        \
	    OUT(key.signing, "SigningAlgorithms", NAMES),              \
	    OUT(key.agreement, "KeyAgreementAlgorithms", NAMES),       \
	    OUT(key.encapsulation, "EncapsulationAlgorithms", NAMES),  \
	    OUT(key.mac, "MacAlgorithms", NAMES),                      \
	    OUT(key.multi_region, "MultiRegion", BOOL),                \
	    OUT(key.window, "PendingDeletionWindowInDays", NUMBER),    \
	    OUT(key.material_id, "CurrentKeyMaterialId", STRING)

const struct json_field output_metadata[] = {METADATA, JSON_END};

static const struct json_field primary[] = {OUT(key.primary_arn, "Arn", STRING),
    OUT(key.primary_region, "Region", STRING), JSON_END};

static const struct json_field replica[] = {
    JSON_FIELD(struct output_region, arn, "Arn", STRING),
    JSON_FIELD(struct output_region, region, "Region", STRING), JSON_END};

static const struct json_field regions[] = {
    OUT(key.region_type, "MultiRegionKeyType", STRING),
    JSON_SUB("PrimaryKey", primary),
    JSON_ROW_FIELD(struct output, key.replicas, "ReplicaKeys",
	struct output_region, replica),
    JSON_END};

const struct json_field output_metadata_regions[] = {
    METADATA, JSON_SUB("MultiRegionConfiguration", regions), JSON_END};

const struct json_field output_tag_row[] = {
    JSON_FIELD(struct output_tag, key, "TagKey", STRING),
    JSON_FIELD(struct output_tag, value, "TagValue", STRING), JSON_END};
