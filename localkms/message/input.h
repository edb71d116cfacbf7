#ifndef LOCALKMS_INPUT_H
#define LOCALKMS_INPUT_H
#include <stdbool.h>
#include <stdint.h>
#include "message/json-tree.h"
#include "message/exception.h"

enum input_kind {
	INPUT_TEXT,
	INPUT_BLOB, /* base64 */
	INPUT_WHOLE, /* a number without fraction */
	INPUT_TIME, /* seconds since 1970, perhaps with a fraction */
	INPUT_TRUTH,
	INPUT_MAP, /* of strings */
	INPUT_NAMES, /* array of strings */
	INPUT_TAGS, /* array of TagKey, TagValue */
	INPUT_OBJECT, /* not looked into */
};

/* clang-format off */
/*
 * Every member of every request, once: code, AWS's name, kind, least and
 * greatest length or value (0, 0: not limited; of names: of each), allowed
 * characters and the pattern that AWS names for them, allowed values.
 */
#define INPUT_ROWS(X)							\
	X(KEY_ID, "KeyId", TEXT, 1, 2048, NULL, NULL)			\
	X(TARGET_KEY_ID, "TargetKeyId", TEXT, 1, 2048, NULL, NULL)	\
	X(DESTINATION_KEY_ID, "DestinationKeyId", TEXT, 1, 2048, NULL, NULL) \
	X(SOURCE_KEY_ID, "SourceKeyId", TEXT, 1, 2048, NULL, NULL)	\
	X(GRANT_TOKENS, "GrantTokens", NAMES, 1, 8192, NULL, NULL)	\
	X(DRY_RUN, "DryRun", TRUTH, 0, 0, NULL, NULL)			\
	X(DRY_RUN_MODIFIERS, "DryRunModifiers", NAMES, 1, 64, NULL, NULL) \
	X(RECIPIENT, "Recipient", OBJECT, 0, 0, NULL, NULL)		\
	X(LIMIT, "Limit", WHOLE, 1, 1000, NULL, NULL)			\
	X(MARKER, "Marker", TEXT, 1, 1024, &pattern_marker, NULL)	\
	X(ALIAS_NAME, "AliasName", TEXT, 1, 256, &pattern_alias, NULL)	\
	X(DESCRIPTION, "Description", TEXT, 0, 8192, NULL, NULL)	\
	X(POLICY, "Policy", TEXT, 1, 131072, &pattern_policy, NULL)	\
	X(POLICY_NAME, "PolicyName", TEXT, 1, 128, &pattern_word, NULL)	\
	X(BYPASS, "BypassPolicyLockoutSafetyCheck", TRUTH, 0, 0, NULL, NULL) \
	X(TAGS, "Tags", TAGS, 0, 0, NULL, NULL)				\
	X(TAG_KEYS, "TagKeys", NAMES, 1, 128, NULL, NULL)		\
	X(KEY_SPEC, "KeySpec", TEXT, 0, 0, NULL, values_key_spec)	\
	X(MASTER_KEY_SPEC, "CustomerMasterKeySpec", TEXT, 0, 0, NULL,	\
	    values_key_spec)						\
	X(KEY_USAGE, "KeyUsage", TEXT, 0, 0, NULL, values_key_usage)	\
	X(ORIGIN, "Origin", TEXT, 0, 0, NULL, values_origin)		\
	X(MULTI_REGION, "MultiRegion", TRUTH, 0, 0, NULL, NULL)		\
	X(KEY_STORE_ID, "CustomKeyStoreId", TEXT, 1, 64, NULL, NULL)	\
	X(XKS_KEY_ID, "XksKeyId", TEXT, 1, 128, &pattern_xks, NULL)	\
	X(REPLICA_REGION, "ReplicaRegion", TEXT, 1, 32, &pattern_region, NULL) \
	X(PRIMARY_REGION, "PrimaryRegion", TEXT, 1, 32, &pattern_region, NULL) \
	X(WINDOW, "PendingWindowInDays", WHOLE, 1, 365, NULL, NULL)	\
	X(ROTATION_PERIOD, "RotationPeriodInDays", WHOLE, 90, 2560, NULL, NULL) \
	X(INCLUDE_MATERIAL, "IncludeKeyMaterial", TEXT, 0, 0, NULL,	\
	    values_include)						\
	X(WRAPPING_ALGORITHM, "WrappingAlgorithm", TEXT, 0, 0, NULL,	\
	    values_wrapping)						\
	X(WRAPPING_KEY_SPEC, "WrappingKeySpec", TEXT, 0, 0, NULL,	\
	    values_wrapping_key)					\
	X(IMPORT_TOKEN, "ImportToken", BLOB, 1, 6144, NULL, NULL)	\
	X(MATERIAL, "EncryptedKeyMaterial", BLOB, 1, 6144, NULL, NULL)	\
	X(EXPIRATION_MODEL, "ExpirationModel", TEXT, 0, 0, NULL,	\
	    values_expiration)						\
	X(VALID_TO, "ValidTo", TIME, 0, 0, NULL, NULL)			\
	X(IMPORT_TYPE, "ImportType", TEXT, 0, 0, NULL, values_import_type) \
	X(MATERIAL_DESCRIPTION, "KeyMaterialDescription", TEXT, 0, 256,	\
	    &pattern_description, NULL)					\
	X(MATERIAL_ID, "KeyMaterialId", TEXT, 64, 64, &pattern_hex, NULL) \
	X(PLAINTEXT, "Plaintext", BLOB, 1, 4096, NULL, NULL)		\
	X(CIPHERTEXT, "CiphertextBlob", BLOB, 1, 6144, NULL, NULL)	\
	X(CONTEXT, "EncryptionContext", MAP, 0, 0, NULL, NULL)		\
	X(SOURCE_CONTEXT, "SourceEncryptionContext", MAP, 0, 0, NULL, NULL) \
	X(DESTINATION_CONTEXT, "DestinationEncryptionContext", MAP, 0, 0, \
	    NULL, NULL)							\
	X(ENCRYPTION_ALGORITHM, "EncryptionAlgorithm", TEXT, 0, 0, NULL, \
	    values_encryption)						\
	X(SOURCE_ALGORITHM, "SourceEncryptionAlgorithm", TEXT, 0, 0, NULL, \
	    values_encryption)						\
	X(DESTINATION_ALGORITHM, "DestinationEncryptionAlgorithm", TEXT, 0, 0, \
	    NULL, values_encryption)					\
	X(NUMBER_OF_BYTES, "NumberOfBytes", WHOLE, 1, 1024, NULL, NULL)	\
	X(DATA_KEY_SPEC, "KeySpec", TEXT, 0, 0, NULL, values_data_key)	\
	X(KEY_PAIR_SPEC, "KeyPairSpec", TEXT, 0, 0, NULL, values_data_pair) \
	X(MESSAGE, "Message", BLOB, 1, 4096, NULL, NULL)		\
	X(MESSAGE_TYPE, "MessageType", TEXT, 0, 0, NULL, values_message) \
	X(SIGNING_ALGORITHM, "SigningAlgorithm", TEXT, 0, 0, NULL,	\
	    values_signing)						\
	X(SIGNATURE, "Signature", BLOB, 1, 6144, NULL, NULL)		\
	X(MAC_ALGORITHM, "MacAlgorithm", TEXT, 0, 0, NULL, values_mac)	\
	X(MAC, "Mac", BLOB, 1, 6144, NULL, NULL)			\
	X(AGREEMENT_ALGORITHM, "KeyAgreementAlgorithm", TEXT, 0, 0, NULL, \
	    values_agreement)						\
	X(PUBLIC_KEY, "PublicKey", BLOB, 1, 8192, NULL, NULL)		\
	X(ENCAPSULATION_ALGORITHM, "EncapsulationAlgorithm", TEXT, 0, 0, NULL, \
	    values_encapsulation)					\
	X(SHARED_SECRET, "SharedSecretCiphertextBlob", BLOB, 1, 6144, NULL, NULL)
/* clang-format on */

enum input_member {
#define X(code, name, kind, min, max, pattern, values) IN_##code,
	INPUT_ROWS(X)
#undef X
	    IN_COUNT
};

/* A set of members. */
#define IN_BIT(code) (UINT64_C(1) << IN_##code)
_Static_assert(IN_COUNT <= 64, "a set of members is 64 bits");

/* One member as it came; all zero when it is absent. */
struct input {
	bool set;
	bool truth;
	struct view bytes; /* TEXT (a NUL behind it), BLOB (decoded) */
	double number; /* WHOLE, TIME */
	const struct json_node *node;
};

/*
 * Fills in[IN_COUNT] with what the operation takes; other members are
 * skipped, as AWS does. What in points to lives in mem. False: *e is
 * SerializationException for a wrong type, ValidationException with every
 * constraint that is not met.
 */
bool input_read(const struct json_node *root, uint64_t required,
    uint64_t optional, struct input *in, struct pool *, struct exception *e);
/* The bytes of a base64 text, in pool; ptr NULL when it is not base64. */
struct view input_base64(struct view text, struct pool *);
#endif
