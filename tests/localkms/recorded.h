#ifndef RECORDED_H
#define RECORDED_H

/*
 * Answers that were recorded from AWS, member by member, message by message:
 * those that LocalStack's public tests keep of the real service (2023 and
 * 2024), those that bug reports and pull requests of Ansible, CloudMapper and
 * others quote, and AWS's command reference. Members that AWS added since,
 * KeyMaterialId and CurrentKeyMaterialId, are where its model has them.
 *
 * In a recorded answer <date>, <blob>, <hex>, <uuid> and <text> stand for a
 * value of that kind; {NAME} is what an earlier answer gave.
 */
/* clang-format off */
#define HELLO "aGVsbG8="
#define ACCOUNT "111122223333"
#define ARN "arn:aws:kms:us-east-1:" ACCOUNT ":key/"
#define ASIA "arn:aws:kms:ap-southeast-1:" ACCOUNT ":key/"
#define NOBODY "11111111-2222-3333-4444-555555555555"
#define ERROR(type, message) \
	"{\"__type\":\"" type "\",\"message\":\"" message "\"}"
#define BARE(type) "{\"__type\":\"" type "\"}"
#define VALUE(what, member)                                      \
	"1 validation error detected: Value " what "at '" member \
	"' failed to satisfy constraint: Member must "

/* KeyMetadata: what is the same of all keys, and what follows. */
#define KEY(name, enabled, state, spec, usage, origin, more)                \
	"\"AWSAccountId\":\"" ACCOUNT "\",\"Arn\":\"" ARN "{" name          \
	"}\",\"CreationDate\":\"<date>\",\"CustomerMasterKeySpec\":\"" spec \
	"\",\"Enabled\":" enabled ",\"KeyId\":\"{" name                     \
	"}\",\"KeyManager\":\"CUSTOMER\",\"KeySpec\":\"" spec               \
	"\",\"KeyState\":\"" state "\",\"KeyUsage\":\"" usage               \
	"\",\"Origin\":\"" origin "\"," more
#define METADATA(...) "{\"KeyMetadata\":{" KEY(__VA_ARGS__) "}}"
#define SINGLE "\"MultiRegion\":false"
#define AES "\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"]," SINGLE
#define CURRENT ",\"CurrentKeyMaterialId\":\"<hex>\""

struct child {
	const char *operation, *body, *answer;
	const char *save; /* "NAME=Path" of the answer, or NULL */
	const char *region; /* NULL: us-east-1 */
};

static const struct child keys[] = {
	{ "CreateKey", "{\"Description\":\"test key 123\"}",
	    METADATA("K", "true", "Enabled", "SYMMETRIC_DEFAULT",
	    "ENCRYPT_DECRYPT", "AWS_KMS", AES
	    ",\"Description\":\"test key 123\"" CURRENT),
	    "K=KeyMetadata.KeyId", NULL },
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    METADATA("K", "true", "Enabled", "SYMMETRIC_DEFAULT",
	    "ENCRYPT_DECRYPT", "AWS_KMS", AES
	    ",\"Description\":\"test key 123\"" CURRENT), NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    ERROR("NotFoundException", "Key '" ASIA "{K}' does not exist"),
	    NULL, "ap-southeast-1" },
	{ "DescribeKey", "{\"KeyId\":\"" ASIA "{K}\"}",
	    ERROR("NotFoundException", "Invalid arn ap-southeast-1"),
	    NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"" NOBODY "\"}",
	    ERROR("NotFoundException", "Key '" ARN NOBODY
	    "' does not exist"), NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"" ARN NOBODY "\"}",
	    ERROR("NotFoundException", "Key '" ARN NOBODY
	    "' does not exist"), NULL, NULL },
	{ "DescribeKey",
	    "{\"KeyId\":\"mrk-d3b95762d3b95762d3b95762d3b95762\"}",
	    ERROR("NotFoundException", "Key '" ARN
	    "mrk-d3b95762d3b95762d3b95762d3b95762' does not exist"),
	    NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"fake-key-id\"}",
	    ERROR("NotFoundException", "Invalid keyId 'fake-key-id'"),
	    NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"134f2428cec14b25a1ae9048164dba47\"}",
	    ERROR("NotFoundException",
	    "Invalid keyId '134f2428cec14b25a1ae9048164dba47'"), NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"mrk-fake-key-id\"}",
	    ERROR("NotFoundException", "Invalid keyId 'mrk-fake-key-id'"),
	    NULL, NULL },
	{ "CreateKey", "{\"KeySpec\":\"HMAC_256\",\"KeyUsage\":"
	    "\"GENERATE_VERIFY_MAC\",\"Description\":\"test key\"}",
	    METADATA("MAC", "true", "Enabled", "HMAC_256",
	    "GENERATE_VERIFY_MAC", "AWS_KMS",
	    "\"MacAlgorithms\":[\"HMAC_SHA_256\"]," SINGLE
	    ",\"Description\":\"test key\""),
	    "MAC=KeyMetadata.KeyId", NULL },
	{ "CreateKey", "{\"KeySpec\":\"ECC_NIST_P256\",\"KeyUsage\":"
	    "\"SIGN_VERIFY\"}",
	    METADATA("EC", "true", "Enabled", "ECC_NIST_P256",
	    "SIGN_VERIFY", "AWS_KMS",
	    "\"SigningAlgorithms\":[\"ECDSA_SHA_256\"]," SINGLE
	    ",\"Description\":\"\""), "EC=KeyMetadata.KeyId", NULL },
	{ "CreateKey", "{\"KeySpec\":\"RSA_2048\",\"KeyUsage\":"
	    "\"ENCRYPT_DECRYPT\"}",
	    METADATA("RSA", "true", "Enabled", "RSA_2048",
	    "ENCRYPT_DECRYPT", "AWS_KMS", "\"EncryptionAlgorithms\":["
	    "\"RSAES_OAEP_SHA_1\",\"RSAES_OAEP_SHA_256\"]," SINGLE
	    ",\"Description\":\"\""), "RSA=KeyMetadata.KeyId", NULL },
	{ "CreateKey", "{\"KeySpec\":\"HMAC_256\"}",
	    ERROR("ValidationException", "You must specify a KeyUsage value "
	    "for all KMS keys except for symmetric encryption keys."),
	    NULL, NULL },
	{ "CreateAlias", "{\"AliasName\":\"fakealias\",\"TargetKeyId\":"
	    "\"{K}\"}", ERROR("ValidationException",
	    "Alias must start with the prefix \\\"alias/\\\". Please see "
	    "https://docs.aws.amazon.com/kms/latest/developerguide/"
	    "kms-alias.html"), NULL, NULL },
	{ "CreateAlias", "{\"AliasName\":\"alias/my:alias\",\"TargetKeyId\":"
	    "\"{K}\"}", ERROR("ValidationException",
	    "alias/my:alias contains invalid characters for an alias"),
	    NULL, NULL },
	{ "CreateAlias", "{\"AliasName\":\"alias/aws/ebs\",\"TargetKeyId\":"
	    "\"{K}\"}", BARE("NotAuthorizedException"), NULL, NULL },
	{ "CreateAlias", "{\"AliasName\":\"alias/my-alias_/\","
	    "\"TargetKeyId\":\"{K}\"}", "", NULL, NULL },
	{ "CreateAlias", "{\"AliasName\":\"alias/my-alias_/\","
	    "\"TargetKeyId\":\"{K}\"}", ERROR("AlreadyExistsException",
	    "An alias with the name arn:aws:kms:us-east-1:" ACCOUNT
	    ":alias/my-alias_/ already exists"), NULL, NULL },
	{ "CreateAlias", "{\"AliasName\":\"alias/other\",\"TargetKeyId\":"
	    "\"alias/my-alias_/\"}", ERROR("ValidationException",
	    "Aliases must refer to keys. Not aliases"), NULL, NULL },
	{ "ListAliases", "{\"KeyId\":\"{K}\"}",
	    "{\"Aliases\":[{\"AliasName\":\"alias/my-alias_/\",\"AliasArn\":"
	    "\"arn:aws:kms:us-east-1:" ACCOUNT ":alias/my-alias_/\","
	    "\"TargetKeyId\":\"{K}\",\"CreationDate\":\"<date>\","
	    "\"LastUpdatedDate\":\"<date>\"}],\"Truncated\":false}",
	    NULL, NULL },
	{ "DeleteAlias", "{\"AliasName\":\"alias/none\"}",
	    ERROR("NotFoundException", "Alias arn:aws:kms:us-east-1:" ACCOUNT
	    ":alias/none is not found."), NULL, NULL },
	{ "GetKeyPolicy", "{\"KeyId\":\"{K}\",\"PolicyName\":\"other\"}",
	    ERROR("NotFoundException", "No such policy exists"),
	    NULL, NULL },
	{ "GetKeyRotationStatus", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyRotationEnabled\":false,\"KeyId\":\"" ARN "{K}\"}",
	    NULL, NULL },
	{ "EnableKeyRotation", "{\"KeyId\":\"{K}\"}", "", NULL, NULL },
	{ "GetKeyRotationStatus", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyRotationEnabled\":true,\"KeyId\":\"" ARN "{K}\","
	    "\"RotationPeriodInDays\":365,\"NextRotationDate\":\"<date>\"}",
	    NULL, NULL },
	{ "GetKeyRotationStatus", "{\"KeyId\":\"{EC}\"}",
	    "{\"KeyRotationEnabled\":false,\"KeyId\":\"" ARN "{EC}\"}",
	    NULL, NULL },
	{ "GetKeyLastUsage", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyId\":\"" ARN "{K}\",\"KeyLastUsage\":{},"
	    "\"TrackingStartDate\":\"<date>\",\"KeyCreationDate\":\"<date>\"}",
	    NULL, NULL },
};

static const struct child uses[] = {
	{ "Encrypt", "{\"KeyId\":\"{K}\",\"Plaintext\":\"" HELLO "\","
	    "\"EncryptionContext\":{\"context-key\":\"context-value\"}}",
	    "{\"CiphertextBlob\":\"<blob>\",\"KeyId\":\"" ARN "{K}\","
	    "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\"}",
	    "BLOB=CiphertextBlob", NULL },
	{ "Decrypt", "{\"CiphertextBlob\":\"{BLOB}\","
	    "\"EncryptionContext\":{\"context-key\":\"context-value\"}}",
	    "{\"KeyId\":\"" ARN "{K}\",\"Plaintext\":\"" HELLO "\","
	    "\"EncryptionAlgorithm\":\"SYMMETRIC_DEFAULT\","
	    "\"KeyMaterialId\":\"<hex>\"}", NULL, NULL },
	{ "GetKeyLastUsage", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyId\":\"" ARN "{K}\",\"KeyLastUsage\":{\"Operation\":"
	    "\"Decrypt\",\"Timestamp\":\"<date>\",\"CloudTrailEventId\":"
	    "\"<uuid>\",\"KmsRequestId\":\"<uuid>\"},\"TrackingStartDate\":"
	    "\"<date>\",\"KeyCreationDate\":\"<date>\"}", NULL, NULL },
	{ "Decrypt", "{\"CiphertextBlob\":\"{BLOB}\"}",
	    BARE("InvalidCiphertextException"), NULL, NULL },
	{ "Decrypt", "{\"CiphertextBlob\":\"{BLOB}\",\"KeyId\":\"{MAC}\"}",
	    ERROR("IncorrectKeyException", "The key ID in the request does "
	    "not identify a CMK that can perform this operation."),
	    NULL, NULL },
	{ "Decrypt", "{\"CiphertextBlob\":\"{BLOB}\",\"EncryptionContext\":"
	    "{\"context-key\":\"context-value\"}}",
	    ERROR("AccessDeniedException", "The ciphertext refers to a "
	    "customer master key that does not exist, does not exist in this "
	    "region, or you are not allowed to access."),
	    NULL, "ap-southeast-1" },
	{ "Decrypt", "{\"CiphertextBlob\":\"{BLOB}\",\"DryRun\":true,"
	    "\"EncryptionContext\":{\"context-key\":\"context-value\"}}",
	    ERROR("DryRunOperationException", "The request would have "
	    "succeeded, but the DryRun option is set."), NULL, NULL },
	{ "Decrypt", "{\"KeyId\":\"{K}\",\"DryRun\":true,\"DryRunModifiers\":"
	    "[\"IGNORE_CIPHERTEXT\"]}",
	    ERROR("DryRunOperationException", "The request would have "
	    "succeeded, but the DryRun option is set."), NULL, NULL },
	{ "ReEncrypt", "{\"SourceKeyId\":\"{K}\",\"DestinationKeyId\":"
	    "\"{K}\",\"DryRun\":true,\"DryRunModifiers\":"
	    "[\"IGNORE_CIPHERTEXT\"]}",
	    ERROR("DryRunOperationException", "The request would have "
	    "succeeded, but the DryRun option is set."), NULL, NULL },
	{ "Decrypt", "{\"KeyId\":\"{K}\",\"DryRun\":true}",
	    ERROR("ValidationException", VALUE("null ", "ciphertextBlob")
	    "not be null"), NULL, NULL },
	{ "Encrypt", "{\"KeyId\":\"{EC}\",\"Plaintext\":\"" HELLO "\"}",
	    ERROR("InvalidKeyUsageException", ARN "{EC} key usage is "
	    "SIGN_VERIFY which is not valid for Encrypt."), NULL, NULL },
	{ "Encrypt", "{\"KeyId\":\"{RSA}\",\"Plaintext\":\"" HELLO "\"}",
	    ERROR("InvalidKeyUsageException", "Algorithm SYMMETRIC_DEFAULT "
	    "is incompatible with key spec RSA_2048."), NULL, NULL },
	{ "GenerateMac", "{\"KeyId\":\"{K}\",\"Message\":\"" HELLO "\","
	    "\"MacAlgorithm\":\"HMAC_SHA_256\"}",
	    ERROR("InvalidKeyUsageException", ARN "{K} key usage is "
	    "ENCRYPT_DECRYPT which is not valid for GenerateMac."),
	    NULL, NULL },
	{ "Sign", "{\"KeyId\":\"{MAC}\",\"Message\":\"" HELLO "\","
	    "\"SigningAlgorithm\":\"RSASSA_PSS_SHA_256\"}",
	    ERROR("InvalidKeyUsageException", ARN "{MAC} key usage is "
	    "GENERATE_VERIFY_MAC which is not valid for Sign."), NULL, NULL },
	{ "Verify", "{\"KeyId\":\"{K}\",\"Message\":\"" HELLO "\","
	    "\"Signature\":\"" HELLO "\",\"SigningAlgorithm\":"
	    "\"ECDSA_SHA_256\"}",
	    ERROR("InvalidKeyUsageException", ARN "{K} key usage is "
	    "ENCRYPT_DECRYPT which is not valid for Verify."), NULL, NULL },
	{ "GenerateMac", "{\"KeyId\":\"{MAC}\",\"Message\":\"" HELLO "\","
	    "\"MacAlgorithm\":\"HMAC_SHA_256\"}",
	    "{\"KeyId\":\"" ARN "{MAC}\",\"Mac\":\"<blob>\","
	    "\"MacAlgorithm\":\"HMAC_SHA_256\"}", "M=Mac", NULL },
	{ "VerifyMac", "{\"KeyId\":\"{MAC}\",\"Message\":\"" HELLO "\","
	    "\"MacAlgorithm\":\"HMAC_SHA_256\",\"Mac\":\"{M}\"}",
	    "{\"KeyId\":\"" ARN "{MAC}\",\"MacValid\":true,"
	    "\"MacAlgorithm\":\"HMAC_SHA_256\"}", NULL, NULL },
	{ "VerifyMac", "{\"KeyId\":\"{MAC}\",\"Message\":\"AAAA\","
	    "\"MacAlgorithm\":\"HMAC_SHA_256\",\"Mac\":\"{M}\"}",
	    BARE("KMSInvalidMacException"), NULL, NULL },
	{ "GenerateMac", "{\"KeyId\":\"key_id\",\"Message\":\"" HELLO "\","
	    "\"MacAlgorithm\":\"HMAC_SHA_256\"}",
	    ERROR("NotFoundException", "Invalid keyId 'key_id'"),
	    NULL, NULL },
	{ "GenerateMac", "{\"KeyId\":\"{MAC}\",\"Message\":\"" HELLO "\","
	    "\"MacAlgorithm\":\"HMAC_SHA_512\"}",
	    ERROR("InvalidKeyUsageException", "Algorithm HMAC_SHA_512 is "
	    "incompatible with key spec HMAC_256."), NULL, NULL },
	{ "GenerateMac", "{\"KeyId\":\"{MAC}\",\"Message\":\"" HELLO "\","
	    "\"MacAlgorithm\":\"INVALID\"}", ERROR("ValidationException",
	    VALUE("'INVALID' ", "macAlgorithm") "satisfy enum value set: "
	    "[HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512]"),
	    NULL, NULL },
	{ "GenerateRandom", "{}", ERROR("ValidationException",
	    "NumberOfBytes is required."), NULL, NULL },
	{ "GenerateRandom", "{\"NumberOfBytes\":0}",
	    ERROR("ValidationException", VALUE("'0' ", "numberOfBytes")
	    "have value greater than or equal to 1"), NULL, NULL },
	{ "GenerateRandom", "{\"NumberOfBytes\":1025}",
	    ERROR("ValidationException", VALUE("'1025' ", "numberOfBytes")
	    "have value less than or equal to 1024"), NULL, NULL },
	{ "GenerateRandom", "{\"NumberOfBytes\":12}",
	    "{\"Plaintext\":\"<blob>\"}", NULL, NULL },
	{ "GenerateDataKey", "{\"KeyId\":\"{K}\",\"KeySpec\":\"AES_256\"}",
	    "{\"CiphertextBlob\":\"<blob>\",\"Plaintext\":\"<blob>\","
	    "\"KeyId\":\"" ARN "{K}\",\"KeyMaterialId\":\"<hex>\"}",
	    NULL, NULL },
	{ "GenerateDataKeyWithoutPlaintext", "{\"KeyId\":\"{K}\","
	    "\"KeySpec\":\"AES_256\"}",
	    "{\"CiphertextBlob\":\"<blob>\",\"KeyId\":\"" ARN "{K}\","
	    "\"KeyMaterialId\":\"<hex>\"}", NULL, NULL },
	{ "GenerateDataKeyPair", "{\"KeyId\":\"{K}\",\"KeyPairSpec\":"
	    "\"RSA_2048\"}",
	    "{\"KeyId\":\"" ARN "{K}\",\"KeyPairSpec\":\"RSA_2048\","
	    "\"PrivateKeyCiphertextBlob\":\"<blob>\","
	    "\"PrivateKeyPlaintext\":\"<blob>\",\"PublicKey\":\"<blob>\","
	    "\"KeyMaterialId\":\"<hex>\"}", NULL, NULL },
	{ "GenerateDataKeyPairWithoutPlaintext", "{\"KeyId\":\"{K}\","
	    "\"KeyPairSpec\":\"RSA_2048\"}",
	    "{\"KeyId\":\"" ARN "{K}\",\"KeyPairSpec\":\"RSA_2048\","
	    "\"PrivateKeyCiphertextBlob\":\"<blob>\",\"PublicKey\":"
	    "\"<blob>\",\"KeyMaterialId\":\"<hex>\"}", NULL, NULL },
	{ "DisableKey", "{\"KeyId\":\"{K}\"}", "", NULL, NULL },
	{ "Encrypt", "{\"KeyId\":\"{K}\",\"Plaintext\":\"" HELLO "\"}",
	    ERROR("DisabledException", ARN "{K} is disabled."), NULL, NULL },
};

static const struct child before_import[] = {
	{ "CreateKey", "{\"Origin\":\"EXTERNAL\"}",
	    METADATA("K", "false", "PendingImport", "SYMMETRIC_DEFAULT",
	    "ENCRYPT_DECRYPT", "EXTERNAL", AES ",\"Description\":\"\""),
	    "K=KeyMetadata.KeyId", NULL },
	{ "Encrypt", "{\"KeyId\":\"{K}\",\"Plaintext\":\"" HELLO "\"}",
	    ERROR("KMSInvalidStateException", ARN "{K} is pending import."),
	    NULL, NULL },
	{ "GetKeyRotationStatus", "{\"KeyId\":\"{K}\"}",
	    ERROR("UnsupportedOperationException", ARN "{K} origin is "
	    "EXTERNAL which is not valid for this operation."), NULL, NULL },
	{ "GetParametersForImport", "{\"KeyId\":\"{EC}\","
	    "\"WrappingAlgorithm\":\"RSAES_OAEP_SHA_256\","
	    "\"WrappingKeySpec\":\"RSA_2048\"}",
	    ERROR("UnsupportedOperationException", ARN "{EC} origin is "
	    "AWS_KMS which is not valid for this operation."), NULL, NULL },
	{ "GetParametersForImport", "{\"KeyId\":\"{K}\","
	    "\"WrappingAlgorithm\":\"RSAES_OAEP_SHA_256\","
	    "\"WrappingKeySpec\":\"RSA_2048\"}",
	    "{\"KeyId\":\"" ARN "{K}\",\"ImportToken\":\"<blob>\","
	    "\"PublicKey\":\"<blob>\",\"ParametersValidTo\":\"<date>\"}",
	    "TOKEN=ImportToken", NULL },
	{ "ImportKeyMaterial", "{\"KeyId\":\"{K}\",\"ImportToken\":"
	    "\"{TOKEN}\",\"EncryptedKeyMaterial\":\"" HELLO "\"}",
	    ERROR("ValidationException", "A validTo date must be set if the "
	    "ExpirationModel is KEY_MATERIAL_EXPIRES"), NULL, NULL },
};

static const struct child after_import[] = {
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    METADATA("K", "true", "Enabled", "SYMMETRIC_DEFAULT",
	    "ENCRYPT_DECRYPT", "EXTERNAL", AES ",\"Description\":\"\","
	    "\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\"" CURRENT),
	    NULL, NULL },
	{ "RotateKeyOnDemand", "{\"KeyId\":\"{K}\"}",
	    ERROR("KMSInvalidStateException", "No available key material "
	    "pending rotation for the key: " ARN "{K}."), NULL, NULL },
	{ "ListKeyRotations", "{\"KeyId\":\"{K}\",\"IncludeKeyMaterial\":"
	    "\"ALL_KEY_MATERIAL\"}",
	    "{\"Rotations\":[{\"KeyId\":\"" ARN "{K}\",\"KeyMaterialId\":"
	    "\"<hex>\",\"ImportState\":\"IMPORTED\",\"KeyMaterialState\":"
	    "\"CURRENT\",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""
	    "}],\"Truncated\":false}", NULL, NULL },
	{ "DeleteImportedKeyMaterial", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyId\":\"" ARN "{K}\",\"KeyMaterialId\":\"<hex>\"}",
	    NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    METADATA("K", "false", "PendingImport", "SYMMETRIC_DEFAULT",
	    "ENCRYPT_DECRYPT", "EXTERNAL", AES ",\"Description\":\"\""
	    CURRENT), NULL, NULL },
	{ "Encrypt", "{\"KeyId\":\"{K}\",\"Plaintext\":\"" HELLO "\"}",
	    ERROR("KMSInvalidStateException", ARN "{K} is pending import."),
	    NULL, NULL },
};

static const struct child hmac_before[] = {
	{ "CreateKey", "{\"Origin\":\"EXTERNAL\",\"KeySpec\":\"HMAC_256\","
	    "\"KeyUsage\":\"GENERATE_VERIFY_MAC\"}",
	    METADATA("K", "false", "PendingImport", "HMAC_256",
	    "GENERATE_VERIFY_MAC", "EXTERNAL", "\"MacAlgorithms\":["
	    "\"HMAC_SHA_256\"]," SINGLE ",\"Description\":\"\""),
	    "K=KeyMetadata.KeyId", NULL },
};

static const struct child hmac_after[] = {
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    METADATA("K", "true", "Enabled", "HMAC_256",
	    "GENERATE_VERIFY_MAC", "EXTERNAL", "\"MacAlgorithms\":["
	    "\"HMAC_SHA_256\"]," SINGLE ",\"Description\":\"\","
	    "\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""),
	    NULL, NULL },
	{ "ScheduleKeyDeletion", "{\"KeyId\":\"{K}\",\"PendingWindowInDays\":"
	    "7}", "{\"KeyId\":\"" ARN "{K}\",\"DeletionDate\":\"<date>\","
	    "\"KeyState\":\"PendingDeletion\",\"PendingWindowInDays\":7}",
	    NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    METADATA("K", "false", "PendingDeletion", "HMAC_256",
	    "GENERATE_VERIFY_MAC", "EXTERNAL", "\"MacAlgorithms\":["
	    "\"HMAC_SHA_256\"]," SINGLE ",\"Description\":\"\","
	    "\"DeletionDate\":\"<date>\","
	    "\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""),
	    NULL, NULL },
	{ "CancelKeyDeletion", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyId\":\"" ARN "{K}\"}", NULL, NULL },
};

#define REGIONS(type, replicas)						\
	"\"MultiRegion\":true,\"MultiRegionConfiguration\":{"		\
	"\"MultiRegionKeyType\":\"" type "\",\"PrimaryKey\":{\"Arn\":\""	\
	ARN "{K}\",\"Region\":\"us-east-1\"},\"ReplicaKeys\":[" replicas "]}"
#define REPLICA "{\"Arn\":\"" ASIA "{K}\",\"Region\":\"ap-southeast-1\"}"
#define IN_ASIA(state)							\
	"\"AWSAccountId\":\"" ACCOUNT "\",\"Arn\":\"" ASIA "{K}\","	\
	"\"CreationDate\":\"<date>\",\"CustomerMasterKeySpec\":"	\
	"\"SYMMETRIC_DEFAULT\",\"Description\":\"\",\"Enabled\":false,"	\
	"\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"],\"KeyId\":"	\
	"\"{K}\",\"KeyManager\":\"CUSTOMER\",\"KeySpec\":"		\
	"\"SYMMETRIC_DEFAULT\",\"KeyState\":\"" state "\",\"KeyUsage\":"	\
	"\"ENCRYPT_DECRYPT\",\"Origin\":\"AWS_KMS\","			\
	REGIONS("REPLICA", REPLICA) CURRENT

static const struct child regions_before[] = {
	{ "CreateKey", "{\"MultiRegion\":true}",
	    "{\"KeyMetadata\":{" KEY("K", "true", "Enabled",
	    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS",
	    "\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"],"
	    "\"Description\":\"\"," REGIONS("PRIMARY", "") CURRENT) "}}",
	    "K=KeyMetadata.KeyId", NULL },
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    ERROR("NotFoundException", "Key '" ASIA "{K}' does not exist"),
	    NULL, "ap-southeast-1" },
};

/* While changes are seen late. */
static const struct child regions_between[] = {
	{ "ReplicateKey", "{\"KeyId\":\"{K}\",\"ReplicaRegion\":"
	    "\"ap-southeast-1\"}",
	    "{\"ReplicaKeyMetadata\":{" IN_ASIA("Creating") "},"
	    "\"ReplicaPolicy\":\"<text>\"}", NULL, NULL },
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyMetadata\":{" IN_ASIA("Creating") "}}",
	    NULL, "ap-southeast-1" },
	{ "Encrypt", "{\"KeyId\":\"{K}\",\"Plaintext\":\"" HELLO "\"}",
	    ERROR("KMSInvalidStateException", ASIA "{K} is creating."),
	    NULL, "ap-southeast-1" },
};

static const struct child regions_after[] = {
	{ "DescribeKey", "{\"KeyId\":\"{K}\"}",
	    "{\"KeyMetadata\":{" KEY("K", "true", "Enabled",
	    "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", "AWS_KMS",
	    "\"EncryptionAlgorithms\":[\"SYMMETRIC_DEFAULT\"],"
	    "\"Description\":\"\"," REGIONS("PRIMARY", REPLICA) CURRENT)
	    "}}", NULL, NULL },
	{ "ReplicateKey", "{\"KeyId\":\"{EC}\",\"ReplicaRegion\":"
	    "\"ap-southeast-1\"}", ERROR("UnsupportedOperationException",
	    ARN "{EC} is not a multi-region primary key."), NULL, NULL },
};

/* Sign and Verify of each: recorded alike for all. */
static const struct {
	const char *spec, *algorithm;
} signers[] = {
	{ "RSA_2048", "RSASSA_PSS_SHA_256" },
	{ "RSA_2048", "RSASSA_PSS_SHA_384" },
	{ "RSA_2048", "RSASSA_PSS_SHA_512" },
	{ "RSA_4096", "RSASSA_PKCS1_V1_5_SHA_256" },
	{ "RSA_4096", "RSASSA_PKCS1_V1_5_SHA_512" },
	{ "ECC_NIST_P256", "ECDSA_SHA_256" },
	{ "ECC_NIST_P384", "ECDSA_SHA_384" },
	{ "ECC_SECG_P256K1", "ECDSA_SHA_256" },
};
#define SIGN "{\"KeyId\":\"{S}\",\"SigningAlgorithm\":\"{A}\"," \
	"\"Message\":\"" HELLO "\""
static const struct child signing[] = {
	{ "Sign", SIGN "}", "{\"KeyId\":\"" ARN "{S}\",\"Signature\":"
	    "\"<blob>\",\"SigningAlgorithm\":\"{A}\"}", "SIG=Signature",
	    NULL },
	{ "Verify", SIGN ",\"Signature\":\"{SIG}\"}",
	    "{\"KeyId\":\"" ARN "{S}\",\"SignatureValid\":true,"
	    "\"SigningAlgorithm\":\"{A}\"}", NULL, NULL },
	{ "Sign", SIGN ",\"MessageType\":\"DIGEST\"}",
	    ERROR("ValidationException",
	    "Digest is invalid length for algorithm {A}."), NULL, NULL },
	{ "Verify", SIGN ",\"Signature\":\"" HELLO "\"}",
	    BARE("KMSInvalidSignatureException"), NULL, NULL },
};

/* What RSA encrypts at most. */
static const struct {
	const char *spec, *algorithm;
	unsigned most;
} sizes[] = {
	{ "RSA_2048", "RSAES_OAEP_SHA_1", 214 },
	{ "RSA_2048", "RSAES_OAEP_SHA_256", 190 },
	{ "RSA_3072", "RSAES_OAEP_SHA_1", 342 },
	{ "RSA_3072", "RSAES_OAEP_SHA_256", 318 },
	{ "RSA_4096", "RSAES_OAEP_SHA_1", 470 },
	{ "RSA_4096", "RSAES_OAEP_SHA_256", 446 },
};
/* clang-format on */
#endif
