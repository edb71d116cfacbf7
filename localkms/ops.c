#include <string.h>
#include "ops.h"

#define ELEMS(a) (sizeof(a) / sizeof((a)[0]))
#define KEY IN_BIT(KEY_ID)
#define PAGE (IN_BIT(LIMIT) | IN_BIT(MARKER))
#define USE (IN_BIT(GRANT_TOKENS) | IN_BIT(DRY_RUN))

/* clang-format off */
/*
 * Every operation: name, handler, reply, required members, optional members,
 * row of the state table, KeyUsage that the key must have, flags.
 * In the order of their names.
 */
static const struct operation operations[] = {
	{ "CancelKeyDeletion", op_cancel_key_deletion, reply_schedule,
	    KEY, 0, GATE_CANCEL, 0, OP_WRITES },
	{ "CreateAlias", op_create_alias, NULL,
	    IN_BIT(ALIAS_NAME) | IN_BIT(TARGET_KEY_ID), 0,
	    GATE_ANY, 0, OP_WRITES },
	{ "CreateKey", op_create_key, reply_metadata,
	    0, IN_BIT(POLICY) | IN_BIT(DESCRIPTION) | IN_BIT(KEY_USAGE) |
	    IN_BIT(MASTER_KEY_SPEC) | IN_BIT(KEY_SPEC) | IN_BIT(ORIGIN) |
	    IN_BIT(KEY_STORE_ID) | IN_BIT(BYPASS) | IN_BIT(TAGS) |
	    IN_BIT(MULTI_REGION) | IN_BIT(XKS_KEY_ID), GATE_ANY, 0, 0 },
	{ "Decrypt", op_decrypt, reply_decrypt,
	    0, KEY | IN_BIT(CIPHERTEXT) | IN_BIT(CONTEXT) |
	    IN_BIT(ENCRYPTION_ALGORITHM) | IN_BIT(RECIPIENT) |
	    IN_BIT(DRY_RUN_MODIFIERS) | USE, GATE_ANY, 0, OP_ALIAS },
	{ "DeleteAlias", op_delete_alias, NULL,
	    IN_BIT(ALIAS_NAME), 0, GATE_ANY, 0, OP_WRITES },
	{ "DeleteImportedKeyMaterial", op_delete_imported_key_material,
	    reply_material, KEY, IN_BIT(MATERIAL_ID),
	    GATE_DELETE_MATERIAL, 0, OP_WRITES | OP_EXTERNAL },
	{ "DescribeKey", op_describe_key, reply_metadata,
	    KEY, IN_BIT(GRANT_TOKENS), GATE_ANY, 0, OP_ALIAS },
	{ "DisableKey", op_disable_key, NULL,
	    KEY, 0, GATE_ENABLE, 0, OP_WRITES },
	{ "EnableKey", op_enable_key, NULL,
	    KEY, 0, GATE_ENABLE, 0, OP_WRITES },
	{ "Encrypt", op_encrypt, reply_encrypt,
	    KEY | IN_BIT(PLAINTEXT), IN_BIT(CONTEXT) |
	    IN_BIT(ENCRYPTION_ALGORITHM) | USE,
	    GATE_USE, USAGE_ENCRYPT, OP_ALIAS },
	{ "GenerateRandom", op_generate_random, reply_random,
	    0, IN_BIT(NUMBER_OF_BYTES) | IN_BIT(KEY_STORE_ID) |
	    IN_BIT(RECIPIENT), GATE_ANY, 0, 0 },
	{ "GetParametersForImport", op_get_parameters_for_import,
	    reply_parameters, KEY | IN_BIT(WRAPPING_ALGORITHM) |
	    IN_BIT(WRAPPING_KEY_SPEC), 0, GATE_PARAMETERS, 0, OP_EXTERNAL },
	{ "ImportKeyMaterial", op_import_key_material, reply_material,
	    KEY | IN_BIT(IMPORT_TOKEN) | IN_BIT(MATERIAL), IN_BIT(VALID_TO) |
	    IN_BIT(EXPIRATION_MODEL) | IN_BIT(IMPORT_TYPE) |
	    IN_BIT(MATERIAL_DESCRIPTION) | IN_BIT(MATERIAL_ID),
	    GATE_IMPORT, 0, OP_WRITES | OP_EXTERNAL },
	{ "ListAliases", op_list_aliases, reply_list_aliases,
	    0, KEY | PAGE, GATE_ANY, 0, 0 },
	{ "ListKeys", op_list_keys, reply_list_keys,
	    0, PAGE, GATE_ANY, 0, 0 },
	{ "ListResourceTags", op_list_resource_tags, reply_list_tags,
	    KEY, PAGE, GATE_ANY, 0, 0 },
	{ "ScheduleKeyDeletion", op_schedule_key_deletion, reply_schedule,
	    KEY, IN_BIT(WINDOW), GATE_SCHEDULE, 0, OP_WRITES },
	{ "TagResource", op_tag_resource, NULL,
	    KEY | IN_BIT(TAGS), 0, GATE_DESCRIBE, 0, OP_WRITES },
	{ "UntagResource", op_untag_resource, NULL,
	    KEY | IN_BIT(TAG_KEYS), 0, GATE_DESCRIBE, 0, OP_WRITES },
	{ "UpdateAlias", op_update_alias, NULL,
	    IN_BIT(ALIAS_NAME) | IN_BIT(TARGET_KEY_ID), 0,
	    GATE_ANY, 0, OP_WRITES },
	{ "UpdateKeyDescription", op_update_key_description, NULL,
	    KEY | IN_BIT(DESCRIPTION), 0, GATE_DESCRIBE, 0, OP_WRITES },
};
/* clang-format on */

const struct operation *
operation_find(struct view name)
{
	for (size_t i = 0; i < ELEMS(operations); i++)
		if (view_equal(name, view_str(operations[i].name)))
			return (&operations[i]);
	return (NULL);
}

const struct operation *
operation_at(size_t i)
{
	return (i < ELEMS(operations) ? &operations[i] : NULL);
}
