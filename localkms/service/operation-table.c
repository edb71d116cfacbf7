#include <string.h>
#include "call/metadata.h"
#include "operations/handlers.h"
#include "service/operation-table.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define KEY IN_BIT(KEY_ID)
#define PAGE (IN_BIT(LIMIT) | IN_BIT(MARKER))
#define USE (IN_BIT(GRANT_TOKENS) | IN_BIT(DRY_RUN))
#define SIGN (KEY | IN_BIT(MESSAGE) | IN_BIT(SIGNING_ALGORITHM))
#define MAC (KEY | IN_BIT(MESSAGE) | IN_BIT(MAC_ALGORITHM))
#define DATA (IN_BIT(CONTEXT) | IN_BIT(RECIPIENT) | USE)
#define NEVER(name)                                              \
	{                                                        \
		name, op_unsupported, NULL, 0, 0, RULE_ANY, 0, 0 \
	}

/* clang-format off */
/*
 * Every operation: name, handler, reply, required members, optional members,
 * row of the state table, KeyUsage that the key must have, flags.
 * In the order of their names.
 */
static const struct operation operations[] = {
	{ "CancelKeyDeletion", op_cancel_key_deletion, reply_schedule,
	    KEY, 0, RULE_CANCEL, 0, OP_WRITES },
	NEVER("ConnectCustomKeyStore"),
	{ "CreateAlias", op_create_alias, NULL,
	    IN_BIT(ALIAS_NAME) | IN_BIT(TARGET_KEY_ID), 0,
	    RULE_ANY, 0, OP_WRITES },
	NEVER("CreateCustomKeyStore"),
	NEVER("CreateGrant"),
	{ "CreateKey", op_create_key, reply_metadata,
	    0, IN_BIT(POLICY) | IN_BIT(DESCRIPTION) | IN_BIT(KEY_USAGE) |
	    IN_BIT(MASTER_KEY_SPEC) | IN_BIT(KEY_SPEC) | IN_BIT(ORIGIN) |
	    IN_BIT(KEY_STORE_ID) | IN_BIT(BYPASS) | IN_BIT(TAGS) |
	    IN_BIT(MULTI_REGION) | IN_BIT(XKS_KEY_ID), RULE_ANY, 0, 0 },
	{ "Decapsulate", op_decapsulate, reply_encapsulate,
	    KEY | IN_BIT(ENCAPSULATION_ALGORITHM) | IN_BIT(SHARED_SECRET),
	    IN_BIT(RECIPIENT) | USE, RULE_USE, USAGE_ENCAPSULATE, OP_ALIAS | OP_USES },
	{ "Decrypt", op_decrypt, reply_decrypt,
	    0, KEY | IN_BIT(CIPHERTEXT) | IN_BIT(CONTEXT) |
	    IN_BIT(ENCRYPTION_ALGORITHM) | IN_BIT(RECIPIENT) |
	    IN_BIT(DRY_RUN_MODIFIERS) | USE, RULE_ANY, 0, OP_ALIAS | OP_USES },
	{ "DeleteAlias", op_delete_alias, NULL,
	    IN_BIT(ALIAS_NAME), 0, RULE_ANY, 0, OP_WRITES },
	NEVER("DeleteCustomKeyStore"),
	{ "DeleteImportedKeyMaterial", op_delete_imported_key_material,
	    reply_material, KEY, IN_BIT(MATERIAL_ID),
	    RULE_DELETE_MATERIAL, 0, OP_WRITES | OP_EXTERNAL },
	{ "DeriveSharedSecret", op_derive_shared_secret, reply_derive,
	    KEY | IN_BIT(AGREEMENT_ALGORITHM) | IN_BIT(PUBLIC_KEY),
	    IN_BIT(RECIPIENT) | USE, RULE_USE, USAGE_AGREE, OP_ALIAS | OP_USES },
	NEVER("DescribeCustomKeyStores"),
	{ "DescribeKey", op_describe_key, reply_metadata,
	    KEY, IN_BIT(GRANT_TOKENS), RULE_ANY, 0, OP_ALIAS },
	{ "DisableKey", op_disable_key, NULL,
	    KEY, 0, RULE_ENABLE, 0, OP_WRITES },
	{ "DisableKeyRotation", op_disable_key_rotation, NULL,
	    KEY, 0, RULE_ANY, 0, OP_WRITES },
	NEVER("DisconnectCustomKeyStore"),
	{ "EnableKey", op_enable_key, NULL,
	    KEY, 0, RULE_ENABLE, 0, OP_WRITES },
	{ "EnableKeyRotation", op_enable_key_rotation, NULL,
	    KEY, IN_BIT(ROTATION_PERIOD), RULE_ANY, 0, OP_WRITES },
	{ "Encapsulate", op_encapsulate, reply_encapsulate,
	    KEY | IN_BIT(ENCAPSULATION_ALGORITHM), IN_BIT(RECIPIENT) | USE,
	    RULE_USE, USAGE_ENCAPSULATE, OP_ALIAS | OP_USES },
	{ "Encrypt", op_encrypt, reply_encrypt,
	    KEY | IN_BIT(PLAINTEXT), IN_BIT(CONTEXT) |
	    IN_BIT(ENCRYPTION_ALGORITHM) | USE,
	    RULE_USE, USAGE_ENCRYPT, OP_ALIAS | OP_USES },
	{ "GenerateDataKey", op_generate_data_key, reply_data_key,
	    KEY, IN_BIT(NUMBER_OF_BYTES) | IN_BIT(DATA_KEY_SPEC) | DATA,
	    RULE_USE, USAGE_ENCRYPT, OP_ALIAS | OP_USES },
	{ "GenerateDataKeyPair", op_generate_data_key_pair, reply_data_pair,
	    KEY | IN_BIT(KEY_PAIR_SPEC), DATA,
	    RULE_USE, USAGE_ENCRYPT, OP_ALIAS | OP_USES },
	{ "GenerateDataKeyPairWithoutPlaintext",
	    op_generate_data_key_pair_without_plaintext, reply_data_pair,
	    KEY | IN_BIT(KEY_PAIR_SPEC), DATA,
	    RULE_USE, USAGE_ENCRYPT, OP_ALIAS | OP_USES },
	{ "GenerateDataKeyWithoutPlaintext",
	    op_generate_data_key_without_plaintext, reply_data_key,
	    KEY, IN_BIT(NUMBER_OF_BYTES) | IN_BIT(DATA_KEY_SPEC) | DATA,
	    RULE_USE, USAGE_ENCRYPT, OP_ALIAS | OP_USES },
	{ "GenerateMac", op_generate_mac, reply_mac,
	    MAC, USE, RULE_USE, USAGE_MAC, OP_ALIAS | OP_USES },
	{ "GenerateRandom", op_generate_random, reply_random,
	    0, IN_BIT(NUMBER_OF_BYTES) | IN_BIT(KEY_STORE_ID) |
	    IN_BIT(RECIPIENT), RULE_ANY, 0, 0 },
	{ "GetKeyLastUsage", op_get_key_last_usage, reply_last_usage,
	    KEY, 0, RULE_ANY, 0, 0 },
	{ "GetKeyPolicy", op_get_key_policy, reply_policy,
	    KEY, IN_BIT(POLICY_NAME), RULE_ANY, 0, 0 },
	{ "GetKeyRotationStatus", op_get_key_rotation_status,
	    reply_rotation_status, KEY, 0, RULE_ANY, 0, 0 },
	{ "GetParametersForImport", op_get_parameters_for_import,
	    reply_parameters, KEY | IN_BIT(WRAPPING_ALGORITHM) |
	    IN_BIT(WRAPPING_KEY_SPEC), 0, RULE_PARAMETERS, 0, OP_EXTERNAL },
	{ "GetPublicKey", op_get_public_key, reply_public_key,
	    KEY, IN_BIT(GRANT_TOKENS), RULE_ANY, 0, OP_ALIAS },
	{ "ImportKeyMaterial", op_import_key_material, reply_material,
	    KEY | IN_BIT(IMPORT_TOKEN) | IN_BIT(MATERIAL), IN_BIT(VALID_TO) |
	    IN_BIT(EXPIRATION_MODEL) | IN_BIT(IMPORT_TYPE) |
	    IN_BIT(MATERIAL_DESCRIPTION) | IN_BIT(MATERIAL_ID),
	    RULE_IMPORT, 0, OP_WRITES | OP_EXTERNAL },
	{ "ListAliases", op_list_aliases, reply_list_aliases,
	    0, KEY | PAGE, RULE_ANY, 0, 0 },
	NEVER("ListGrants"),
	{ "ListKeyPolicies", op_list_key_policies, reply_policies,
	    KEY, PAGE, RULE_ANY, 0, 0 },
	{ "ListKeyRotations", op_list_key_rotations, reply_rotations,
	    KEY, IN_BIT(INCLUDE_MATERIAL) | PAGE, RULE_ANY, 0, 0 },
	{ "ListKeys", op_list_keys, reply_list_keys,
	    0, PAGE, RULE_ANY, 0, 0 },
	{ "ListResourceTags", op_list_resource_tags, reply_list_tags,
	    KEY, PAGE, RULE_ANY, 0, 0 },
	NEVER("ListRetirableGrants"),
	{ "PutKeyPolicy", op_put_key_policy, NULL,
	    KEY | IN_BIT(POLICY), IN_BIT(POLICY_NAME) | IN_BIT(BYPASS),
	    RULE_ANY, 0, OP_WRITES },
	{ "ReEncrypt", op_re_encrypt, reply_reencrypt,
	    IN_BIT(DESTINATION_KEY_ID), IN_BIT(CIPHERTEXT) |
	    IN_BIT(SOURCE_CONTEXT) | IN_BIT(SOURCE_KEY_ID) |
	    IN_BIT(DESTINATION_CONTEXT) | IN_BIT(SOURCE_ALGORITHM) |
	    IN_BIT(DESTINATION_ALGORITHM) | IN_BIT(DRY_RUN_MODIFIERS) | USE,
	    RULE_ANY, 0, OP_USES },
	{ "ReplicateKey", op_replicate_key, reply_replica,
	    KEY | IN_BIT(REPLICA_REGION), IN_BIT(POLICY) | IN_BIT(BYPASS) |
	    IN_BIT(DESCRIPTION) | IN_BIT(TAGS), RULE_REPLICATE, 0, OP_WRITES },
	NEVER("RetireGrant"),
	NEVER("RevokeGrant"),
	{ "RotateKeyOnDemand", op_rotate_key_on_demand, reply_key_id,
	    KEY, 0, RULE_ANY, 0, OP_WRITES },
	{ "ScheduleKeyDeletion", op_schedule_key_deletion, reply_schedule,
	    KEY, IN_BIT(WINDOW), RULE_SCHEDULE, 0, OP_WRITES },
	{ "Sign", op_sign, reply_sign,
	    SIGN, IN_BIT(MESSAGE_TYPE) | USE,
	    RULE_USE, USAGE_SIGN, OP_ALIAS | OP_USES },
	{ "TagResource", op_tag_resource, NULL,
	    KEY | IN_BIT(TAGS), 0, RULE_DESCRIBE, 0, OP_WRITES },
	{ "UntagResource", op_untag_resource, NULL,
	    KEY | IN_BIT(TAG_KEYS), 0, RULE_DESCRIBE, 0, OP_WRITES },
	{ "UpdateAlias", op_update_alias, NULL,
	    IN_BIT(ALIAS_NAME) | IN_BIT(TARGET_KEY_ID), 0,
	    RULE_ANY, 0, OP_WRITES },
	NEVER("UpdateCustomKeyStore"),
	{ "UpdateKeyDescription", op_update_key_description, NULL,
	    KEY | IN_BIT(DESCRIPTION), 0, RULE_DESCRIBE, 0, OP_WRITES },
	{ "UpdatePrimaryRegion", op_update_primary_region, NULL,
	    KEY | IN_BIT(PRIMARY_REGION), 0, RULE_REPLICATE, 0, OP_WRITES },
	{ "Verify", op_verify, reply_sign,
	    SIGN | IN_BIT(SIGNATURE), IN_BIT(MESSAGE_TYPE) | USE,
	    RULE_USE, USAGE_SIGN, OP_ALIAS | OP_USES },
	{ "VerifyMac", op_verify_mac, reply_mac,
	    MAC | IN_BIT(MAC), USE, RULE_USE, USAGE_MAC, OP_ALIAS | OP_USES },
};
/* clang-format on */

_Static_assert(ELEMS(operations) <= OPERATION_UNKNOWN, "each has a counter");

const struct operation *
operation_find(struct view name)
{
	size_t low = 0, high = ELEMS(operations), mid;
	int c;

	while (low < high) {
		mid = low + (high - low) / 2;
		c = strncmp(
		    operations[mid].name, (const char *)name.ptr, name.len);
		if (c == 0 && operations[mid].name[name.len] == '\0')
			return (&operations[mid]);
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return (NULL);
}

size_t
operation_number(const struct operation *op)
{
	return (op == NULL ? OPERATION_UNKNOWN : (size_t)(op - operations));
}

const struct operation *
operation_at(size_t i)
{
	return (i < ELEMS(operations) ? &operations[i] : NULL);
}
