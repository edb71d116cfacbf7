/* What is refused, and in which words: limits, states, names, bad input. The
 * messages marked as recorded were seen from AWS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "localkms.h"
#include "control/quota.h"
#include "tap.h"

#define HELLO "aGVsbG8="
#define ARN "arn:aws:kms:us-east-1:111122223333:"
#define NOBODY "11111111-2222-3333-4444-555555555555"
#define VALUE(value, member)                                         \
	"1 validation error detected: Value '" value "' at '" member \
	"' failed to satisfy constraint: "

/* clang-format off */
static const struct {
	const char *operation, *body, *exception, *message; /* NULL: any */
} refusals[] = {
	/* recorded */
	{ "GenerateRandom", "{}", "ValidationException",
	    "NumberOfBytes is required." },
	{ "GenerateRandom", "{\"NumberOfBytes\":0}", "ValidationException",
	    VALUE("0", "numberOfBytes")
	    "Member must have value greater than or equal to 1" },
	{ "GenerateRandom", "{\"NumberOfBytes\":1025}", "ValidationException",
	    VALUE("1025", "numberOfBytes")
	    "Member must have value less than or equal to 1024" },
	{ "DescribeKey", "{\"KeyId\":\"fake-key-id\"}", "NotFoundException",
	    "Invalid keyId 'fake-key-id'" },
	{ "DescribeKey", "{\"KeyId\":\"134f2428cec14b25a1ae9048164dba47\"}",
	    "NotFoundException",
	    "Invalid keyId '134f2428cec14b25a1ae9048164dba47'" },
	{ "DescribeKey", "{\"KeyId\":\"mrk-fake-key-id\"}",
	    "NotFoundException", "Invalid keyId 'mrk-fake-key-id'" },
	{ "DescribeKey",
	    "{\"KeyId\":\"mrk-d3b95762d3b95762d3b95762d3b95762\"}",
	    "NotFoundException", "Key '" ARN
	    "key/mrk-d3b95762d3b95762d3b95762d3b95762' does not exist" },
	{ "DescribeKey", "{\"KeyId\":\"arn:aws:kms:ap-southeast-1:"
	    "111122223333:key/" NOBODY "\"}",
	    "NotFoundException", "Invalid arn ap-southeast-1" },
	{ "CreateAlias", "{\"AliasName\":\"fakealias\",\"TargetKeyId\":\""
	    NOBODY "\"}", "ValidationException",
	    "Alias must start with the prefix \"alias/\". Please see https://"
	    "docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html" },
	{ "CreateKey", "{\"KeySpec\":\"HMAC_256\"}", "ValidationException",
	    "You must specify a KeyUsage value for all KMS keys except for "
	    "symmetric encryption keys." },
	{ "GenerateMac", "{\"KeyId\":\"" NOBODY "\",\"Message\":\"" HELLO
	    "\",\"MacAlgorithm\":\"INVALID\"}", "ValidationException",
	    VALUE("INVALID", "macAlgorithm")
	    "Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, "
	    "HMAC_SHA_224, HMAC_SHA_512]" },
	/* of the same form */
	{ "DescribeKey", "{}", "ValidationException",
	    "1 validation error detected: Value null at 'keyId' failed to "
	    "satisfy constraint: Member must not be null" },
	{ "Encrypt", "{}", "ValidationException",
	    "2 validation errors detected: Value null at 'keyId' failed to "
	    "satisfy constraint: Member must not be null; Value null at "
	    "'plaintext' failed to satisfy constraint: Member must not be "
	    "null" },
	{ "Encrypt", "{\"KeyId\":\"x\",\"Plaintext\":\"\"}",
	    "ValidationException",
	    "1 validation error detected: Value at 'plaintext' failed to "
	    "satisfy constraint: Member must have length greater than or "
	    "equal to 1" },
	{ "DescribeKey", "{\"KeyId\":\"\"}", "ValidationException",
	    VALUE("", "keyId")
	    "Member must have length greater than or equal to 1" },
	{ "ListKeys", "{\"Limit\":1001}", "ValidationException",
	    VALUE("1001", "limit")
	    "Member must have value less than or equal to 1000" },
	{ "DeleteAlias", "{\"AliasName\":\"alias/a b\"}",
	    "ValidationException", VALUE("alias/a b", "aliasName")
	    "Member must satisfy regular expression pattern: "
	    "^[a-zA-Z0-9:/_-]+$" },
	{ "DeleteAlias", "{\"AliasName\":\"alias/none\"}",
	    "NotFoundException", "Alias " ARN "alias/none is not found." },
	{ "ListKeys", "{\"Marker\":\"nonsense\"}", "InvalidMarkerException",
	    NULL },
	{ "Decrypt", "{\"CiphertextBlob\":\"" HELLO "\"}",
	    "InvalidCiphertextException", "" },
	{ "CreateKey", "{\"Policy\":\"nonsense\"}",
	    "MalformedPolicyDocumentException", NULL },
	{ "CreateKey", "{\"Tags\":[{\"TagKey\":\"aws:x\",\"TagValue\":\"\"}]}",
	    "TagException", NULL },
	{ "CreateKey", "{\"Origin\":\"AWS_CLOUDHSM\"}",
	    "UnsupportedOperationException", NULL },
	{ "CreateKey", "{\"KeySpec\":\"RSA_2048\",\"KeyUsage\":"
	    "\"KEY_AGREEMENT\"}", "ValidationException",
	    "KeyUsage KEY_AGREEMENT is not compatible with KeySpec "
	    "RSA_2048" },
	{ "GetParametersForImport", "{\"KeyId\":\"alias/x\","
	    "\"WrappingAlgorithm\":\"RSAES_OAEP_SHA_256\","
	    "\"WrappingKeySpec\":\"RSA_2048\"}", "NotFoundException",
	    "Invalid keyId 'alias/x'" },
	{ "CreateGrant", "{}", "UnsupportedOperationException", NULL },
	{ "Encrypt", "{\"KeyId\":\"x\",\"Plaintext\":\"" HELLO "\","
	    "\"GrantTokens\":[\"x\"]}", "InvalidGrantTokenException", "" },
	{ "CreateKey", "{\"Tags\":[{\"TagKey\":\"a\",\"TagValue\":\"\"},"
	    "{\"TagKey\":\"\",\"TagValue\":\"\"}]}", "ValidationException",
	    VALUE("", "tags.2.member.tagKey")
	    "Member must have length greater than or equal to 1" },
	{ "Nonsense", "{}", "UnknownOperationException", "" },
	/* bad input */
	{ "ListKeys", "{", "SerializationException", NULL },
	{ "ListKeys", "[]", "SerializationException", NULL },
	{ "ListKeys", "{\"Limit\":\"5\"}", "SerializationException", NULL },
	{ "ListKeys", "{\"Limit\":1.5}", "SerializationException", NULL },
	{ "ListKeys", "{\"Limit\":1e400}", "SerializationException", NULL },
	{ "DescribeKey", "{\"KeyId\":5}", "SerializationException",
	    "NUMBER_VALUE can not be converted to a String" },
	{ "DescribeKey", "{\"KeyId\":\"\\u0000\"}", "NotFoundException",
	    NULL },
	{ "DescribeKey", "{\"KeyId\":\"\xff\xfe\"}", "SerializationException",
	    NULL },
	{ "Decrypt", "{\"CiphertextBlob\":\"!\"}", "SerializationException",
	    NULL },
	{ "Encrypt", "{\"KeyId\":\"x\",\"Plaintext\":\"" HELLO "\","
	    "\"EncryptionContext\":{\"a\":1}}", "SerializationException",
	    NULL },
	{ "CreateKey", "{\"Tags\":[[]]}", "SerializationException", NULL },
	{ "ListKeys", "{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
	    "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]}",
	    "SerializationException", NULL },
};

/* The key state table: what each operation says of a key in each state. E is
 * done, D DisabledException, S KMSInvalidStateException. */
static const struct {
	const char *operation, *members;
	const char *enabled, *disabled, *deleted, *waiting;
} states[] = {
	{ "DescribeKey", "", "E", "E", "E", "E" },
	{ "Encrypt", ",\"Plaintext\":\"" HELLO "\"", "E", "D", "S", "S" },
	{ "GenerateDataKey", ",\"KeySpec\":\"AES_256\"", "E", "D", "S", "S" },
	{ "GetParametersForImport", ",\"WrappingAlgorithm\":"
	    "\"RSAES_OAEP_SHA_256\",\"WrappingKeySpec\":\"RSA_2048\"",
	    "E", "E", "S", "E" },
	{ "TagResource", ",\"Tags\":[]", "E", "E", "S", "E" },
	{ "UpdateKeyDescription", ",\"Description\":\"\"",
	    "E", "E", "S", "E" },
	{ "ListResourceTags", "", "E", "E", "E", "E" },
	{ "GetKeyPolicy", "", "E", "E", "E", "E" },
	{ "EnableKey", "", "E", NULL, "S", "S" },
	{ "DisableKey", "", NULL, "E", "S", "S" },
	{ "CancelKeyDeletion", "", "S", "S", NULL, "S" },
	{ "ScheduleKeyDeletion", ",\"PendingWindowInDays\":7",
	    NULL, NULL, "S", NULL },
	{ "DeleteImportedKeyMaterial", "", NULL, NULL, NULL, "E" },
};

/* Every operation that takes DryRun and that this OpenSSL can do, with the
 * key it wants: the members of CreateKey, then its own. */
#define AES ""
#define MAC "\"KeySpec\":\"HMAC_256\",\"KeyUsage\":\"GENERATE_VERIFY_MAC\""
#define EC(usage) "\"KeySpec\":\"ECC_NIST_P256\",\"KeyUsage\":\"" usage "\""
static const struct {
	const char *operation, *key, *members;
} dry_runs[] = {
	{ "Encrypt", AES, "\"Plaintext\":\"" HELLO "\"" },
	{ "GenerateDataKey", AES, "\"KeySpec\":\"AES_128\"" },
	{ "GenerateDataKeyWithoutPlaintext", AES, "\"NumberOfBytes\":3" },
	{ "GenerateDataKeyPair", AES, "\"KeyPairSpec\":\"ECC_NIST_P256\"" },
	{ "GenerateDataKeyPairWithoutPlaintext", AES,
	    "\"KeyPairSpec\":\"ECC_NIST_P384\"" },
	{ "GenerateMac", MAC, "\"Message\":\"" HELLO
	    "\",\"MacAlgorithm\":\"HMAC_SHA_256\"" },
	{ "Sign", EC("SIGN_VERIFY"), "\"Message\":\"" HELLO
	    "\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"" },
	{ "Decrypt", AES, "\"CiphertextBlob\":\"{blob}\"" },
	{ "ReEncrypt", AES, "\"CiphertextBlob\":\"{blob}\","
	    "\"DestinationKeyId\":\"{key}\"" },
	{ "VerifyMac", MAC, "\"Message\":\"" HELLO "\",\"MacAlgorithm\":"
	    "\"HMAC_SHA_256\",\"Mac\":\"{blob}\"" },
	{ "Verify", EC("SIGN_VERIFY"), "\"Message\":\"" HELLO "\","
	    "\"SigningAlgorithm\":\"ECDSA_SHA_256\",\"Signature\":"
	    "\"{blob}\"" },
	{ "DeriveSharedSecret", EC("KEY_AGREEMENT"),
	    "\"KeyAgreementAlgorithm\":\"ECDH\",\"PublicKey\":\"{blob}\"" },
};
/* clang-format on */

static void
test_refusals(struct localkms *l)
{
	const char *message;

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		message = refusals[i].message;
		OK(localkms_refused(l, refusals[i].exception,
		       refusals[i].operation, "%s", refusals[i].body) &&
			(message == NULL ||
			    strcmp(localkms_message(l), message) == 0),
		    "%s %s", refusals[i].operation, refusals[i].body);
		if (message != NULL &&
		    strcmp(localkms_message(l), message) != 0)
			printf("# said: %s\n", localkms_message(l));
	}
}

static void
check_state(struct localkms *l, size_t i, const char *key, const char *state,
    const char *wanted)
{
	const char *exception = wanted == NULL	   ? NULL
				: wanted[0] == 'D' ? "DisabledException"
						   : "KMSInvalidStateException";

	if (wanted == NULL)
		return;
	if (wanted[0] == 'E')
		OK(localkms_call(l, states[i].operation, "{\"KeyId\":\"%s\"%s}",
		       key, states[i].members),
		    "%s of a key that is %s", states[i].operation, state);
	else
		OK(localkms_refused(l, exception, states[i].operation,
		       "{\"KeyId\":\"%s\"%s}", key, states[i].members),
		    "%s of a key that is %s: %s", states[i].operation, state,
		    exception);
}

static char *
imported_key(struct localkms *l)
{
	static const uint8_t material[32] = {1};
	char *key = localkms_key(l, "\"Origin\":\"EXTERNAL\"");

	if (!localkms_import(l, key, VIEW(material, 32), "RSAES_OAEP_SHA_256",
		"RSA_2048",
		",\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\""))
		tap_bail();
	return (key);
}

static void
test_states(struct localkms *l)
{
	char *enabled = imported_key(l), *disabled = imported_key(l);
	char *deleted = imported_key(l);
	char *waiting = localkms_key(l, "\"Origin\":\"EXTERNAL\"");

	NEED(localkms_call(l, "DisableKey", "{\"KeyId\":\"%s\"}", disabled),
	    "one is disabled");
	NEED(localkms_call(
		 l, "ScheduleKeyDeletion", "{\"KeyId\":\"%s\"}", deleted),
	    "one is to be deleted");
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		check_state(l, i, enabled, "enabled", states[i].enabled);
		check_state(l, i, disabled, "disabled", states[i].disabled);
		check_state(l, i, deleted, "to be deleted", states[i].deleted);
		check_state(l, i, waiting, "waiting", states[i].waiting);
	}
	OK(localkms_call(
	       l, "CancelKeyDeletion", "{\"KeyId\":\"%s\"}", deleted) &&
		localkms_call(
		    l, "DescribeKey", "{\"KeyId\":\"%s\"}", deleted) &&
		strcmp(localkms_text(l, "KeyMetadata.KeyState"), "Disabled") ==
		    0,
	    "what is not deleted after all is disabled");
	free(enabled);
	free(disabled);
	free(deleted);
	free(waiting);
}

static void
test_names(struct localkms *l)
{
	char *key = localkms_key(l, ""), *other = localkms_key(l, "");
	const char *const forms[] = {"%s", ARN "key/%s"};
	char text[128], *blob;

	NEED(localkms_call(l, "CreateAlias",
		 "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", key),
	    "an alias");
	for (size_t i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), i == 0 ? "%s" : ARN "key/%s", key);
		OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", text),
		    "a key by %s", forms[i]);
	}
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"alias/a\"}") &&
		localkms_call(
		    l, "DescribeKey", "{\"KeyId\":\"" ARN "alias/a\"}") &&
		strcmp(localkms_text(l, "KeyMetadata.KeyId"), key) == 0,
	    "and by its alias");
	OK(localkms_refused(
	       l, "NotFoundException", "DisableKey", "{\"KeyId\":\"alias/a\"}"),
	    "but not where AWS wants the key itself");
	OK(localkms_refused(l, "AlreadyExistsException", "CreateAlias",
	       "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", other) &&
		strcmp(localkms_message(l), "An alias with the name " ARN
					    "alias/a already exists") == 0,
	    "a name is given once");
	blob = NULL;
	if (localkms_call(l, "Encrypt",
		"{\"KeyId\":\"alias/a\",\"Plaintext\":\"" HELLO "\"}"))
		blob = strdup(localkms_text(l, "CiphertextBlob"));
	NEED(blob != NULL, "a ciphertext by the alias");
	OK(localkms_call(l, "UpdateAlias",
	       "{\"AliasName\":\"alias/a\",\"TargetKeyId\":\"%s\"}", other) &&
		localkms_refused(l, "IncorrectKeyException", "Decrypt",
		    "{\"KeyId\":\"alias/a\",\"CiphertextBlob\":\"%s\"}", blob),
	    "the alias moves on");
	free(blob);
	free(key);
	free(other);
}

static void
test_pages(struct localkms *l)
{
	char marker[128] = "", *key = localkms_key(l, "");
	size_t seen = 0;

	for (int i = 0; i < 7; i++)
		if (!localkms_call(l, "CreateAlias",
			"{\"AliasName\":\"alias/page-%d\",\"TargetKeyId\":"
			"\"%s\"}",
			i, key))
			tap_bail();
	do {
		if (!localkms_call(l, "ListAliases",
			"{\"KeyId\":\"%s\",\"Limit\":3%s%s%s}", key,
			marker[0] != '\0' ? ",\"Marker\":\"" : "", marker,
			marker[0] != '\0' ? "\"" : ""))
			break;
		seen += json_tree_member(l->reply, "Aliases")->count;
		snprintf(marker, sizeof(marker), "%s",
		    localkms_text(l, "NextMarker"));
	} while (marker[0] != '\0');
	OK(seen == 7, "pages hold every alias once");
	OK(strcmp(localkms_text(l, "Truncated"), "false") == 0,
	    "the last one says so");
	free(key);
}

/* The key that the alias leads to, or "". */
static const char *
leads_to(struct localkms *l, const char *alias)
{
	return (localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", alias)
		    ? localkms_text(l, "KeyMetadata.KeyId")
		    : "");
}

/* Names that changed a moment ago, of keys that are there for long. */
static void
test_late_aliases(void)
{
	struct localkms kms, *l = &kms;
	char *a, *b;

	localkms_open(l);
	a = localkms_key(l, "");
	b = localkms_key(l, "");
	OK(localkms_call(l, "CreateAlias",
	       "{\"AliasName\":\"alias/old\",\"TargetKeyId\":\"%s\"}", a) &&
		localkms_call(l, "CreateAlias",
		    "{\"AliasName\":\"alias/gone\",\"TargetKeyId\":\"%s\"}", a),
	    "two aliases");
	localkms_reopen(l);
	NEED(localkms_control(l, "POST", "/consistency", "ms=60000"), "late");
	OK(localkms_call(l, "CreateAlias",
	       "{\"AliasName\":\"alias/new\",\"TargetKeyId\":\"%s\"}", a) &&
		localkms_call(l, "UpdateAlias",
		    "{\"AliasName\":\"alias/old\",\"TargetKeyId\":\"%s\"}",
		    b) &&
		localkms_call(
		    l, "DeleteAlias", "{\"AliasName\":\"alias/gone\"}"),
	    "one made, one moved, one deleted");
	OK(strcmp(leads_to(l, "alias/new"), "") == 0,
	    "a new alias is not there yet");
	OK(strcmp(leads_to(l, "alias/old"), a) == 0,
	    "an updated one leads to the old key");
	OK(strcmp(leads_to(l, "alias/gone"), a) == 0,
	    "a deleted one still leads to its key");
	OK(localkms_call(l, "CreateAlias",
	       "{\"AliasName\":\"alias/gone\",\"TargetKeyId\":\"%s\"}", b),
	    "its name is free");
	OK(strcmp(leads_to(l, "alias/gone"), a) == 0,
	    "and leads to the old key for a while");
	NEED(localkms_control(l, "POST", "/consistency", "ms=0"), "at once");
	OK(strcmp(leads_to(l, "alias/new"), a) == 0 &&
		strcmp(leads_to(l, "alias/old"), b) == 0 &&
		strcmp(leads_to(l, "alias/gone"), b) == 0,
	    "then all are as they were made");
	localkms_close(l);
	free(b);
	free(a);
}

static void
test_controls(struct localkms *l)
{
	char *key = localkms_key(l, ""), query[128];

	NEED(localkms_control(l, "POST", "/faults",
		 "fault=throttle&operation=DescribeKey&count=2"),
	    "two requests to be throttled");
	OK(localkms_call(l, "ListKeys", "{}"), "another operation is not");
	for (int i = 0; i < 2; i++)
		OK(localkms_refused(l, "ThrottlingException", "DescribeKey",
		       "{\"KeyId\":\"%s\"}", key),
		    "throttled");
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key),
	    "the third is not");
	NEED(localkms_control(l, "POST", "/faults",
		 "fault=error&every=3&error=KeyUnavailableException&status="
		 "500"),
	    "every third to fail");
	for (int i = 1; i <= 6; i++)
		OK((i % 3 == 0) ? localkms_refused(l, "KeyUnavailableException",
				      "ListKeys", "{}")
				: localkms_call(l, "ListKeys", "{}"),
		    "request %d", i);
	NEED(localkms_control(l, "DELETE", "/faults", ""), "no more");
	snprintf(query, sizeof(query), "key=%s&operation=Encrypt", key);
	NEED(localkms_control(l, "POST", "/denials", query), "a denial");
	OK(localkms_refused(l, "AccessDeniedException", "Encrypt",
	       "{\"KeyId\":\"%s\",\"Plaintext\":\"" HELLO "\"}", key),
	    "denied");
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key),
	    "of that operation alone");
	NEED(localkms_control(l, "POST", "/consistency", "ms=60000"),
	    "changes are seen late");
	free(key);
	key = localkms_key(l, "");
	OK(localkms_refused(l, "NotFoundException", "DescribeKey",
	       "{\"KeyId\":\"%s\"}", key),
	    "a new key is not there yet");
	NEED(localkms_control(l, "POST", "/quotas", "enforce=on"), "quotas");
	OK(localkms_call(l, "ListKeys", "{}"), "within them");
	NEED(localkms_control(l, "POST", "/reset", ""), "all as at first");
	OK(localkms_call(l, "DescribeKey", "{\"KeyId\":\"%s\"}", key),
	    "the key is there");
	OK(localkms_control(l, "GET", "/counters", "") &&
		strcmp(localkms_text(l, "operations.DescribeKey"), "1") == 0 &&
		strcmp(localkms_text(l, "total"), "1") == 0,
	    "the counters count");
	OK(!localkms_control(l, "POST", "/faults", "fault=nonsense"),
	    "a fault that is none");
	NEED(localkms_control(l, "POST", "/clock", "skew=1000"),
	    "the front end's clock goes wrong");
	OK(localkms_call(l, "ListKeys", "{}"), "who signs by it is heard");
	free(key);
}

/* What makes the {blob} of a dry run: the operation before it, in a way. */
static char *
blob_of(struct localkms *l, const char *operation, const char *key)
{
	static const struct {
		const char *operation, *from, *members, *path;
	} makers[] = {
	    {"Decrypt", "Encrypt", ",\"Plaintext\":\"" HELLO "\"",
		"CiphertextBlob"},
	    {"ReEncrypt", "Encrypt", ",\"Plaintext\":\"" HELLO "\"",
		"CiphertextBlob"},
	    {"VerifyMac", "GenerateMac",
		",\"Message\":\"" HELLO "\",\"MacAlgorithm\":\"HMAC_SHA_256\"",
		"Mac"},
	    {"Verify", "Sign",
		",\"Message\":\"" HELLO
		"\",\"SigningAlgorithm\":\"ECDSA_SHA_256\"",
		"Signature"},
	    {"DeriveSharedSecret", "GetPublicKey", "", "PublicKey"},
	};

	for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
		if (strcmp(makers[i].operation, operation) != 0)
			continue;
		if (!localkms_call(l, makers[i].from, "{\"KeyId\":\"%s\"%s}",
			key, makers[i].members))
			tap_bail();
		return (strdup(localkms_text(l, makers[i].path)));
	}
	return (strdup(""));
}

/* text with what is between braces filled in. */
static void
fill(const char *text, const char *key, const char *blob, char *to)
{
	while (*text != '\0')
		if (strncmp(text, "{blob}", 6) == 0) {
			to += sprintf(to, "%s", blob);
			text += 6;
		} else if (strncmp(text, "{key}", 5) == 0) {
			to += sprintf(to, "%s", key);
			text += 5;
		} else
			*to++ = *text++;
	*to = '\0';
}

/* So many a second of each operation, then one too many; the next second, and
 * another Region, are not concerned. */
static void
test_quotas(void)
{
	static const struct {
		const char *operation, *key_spec, *pair_spec;
		unsigned most;
	} rows[] = {
	    {"GetParametersForImport", "SYMMETRIC_DEFAULT", NULL, 1},
	    {"ImportKeyMaterial", "SYMMETRIC_DEFAULT", NULL, 15},
	    {"CreateKey", NULL, NULL, 5},
	    {"DescribeKey", "RSA_2048", NULL, 2000},
	    {"Encrypt", "SYMMETRIC_DEFAULT", NULL, 10000},
	    {"GenerateMac", "HMAC_256", NULL, 10000},
	    {"Sign", "RSA_2048", NULL, 1000},
	    {"Sign", "ECC_NIST_P256", NULL, 1000},
	    {"GenerateDataKeyPair", "SYMMETRIC_DEFAULT", "RSA_2048", 20},
	    {"GenerateDataKeyPair", "SYMMETRIC_DEFAULT", "RSA_4096", 1},
	    {"GenerateDataKeyPair", "SYMMETRIC_DEFAULT", "ECC_NIST_P384", 100},
	    {"GetKeyLastUsage", "RSA_2048", NULL, 5},
	};
	struct quotas q;
	struct key k = {.spec = NULL};
	unsigned n;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct key *key = rows[i].key_spec == NULL ? NULL : &k;

		memset(&q, 0, sizeof(q));
		k.spec = spec_find(
		    view_str(rows[i].key_spec == NULL ? "" : rows[i].key_spec));
		for (n = 0; n <= 20000; n++)
			if (quota_over(&q, rows[i].operation, key,
				rows[i].pair_spec, "us-east-1", 1999))
				break;
		OK(n == rows[i].most, "%s %s: %u a second", rows[i].operation,
		    rows[i].pair_spec == NULL ? "" : rows[i].pair_spec, n);
		OK(!quota_over(&q, rows[i].operation, key, rows[i].pair_spec,
		       "eu-west-1", 1999) &&
			!quota_over(&q, rows[i].operation, key,
			    rows[i].pair_spec, "us-east-1", 2000),
		    "each Region, each second");
	}
}

static void
test_dry_runs(struct localkms *l)
{
	char members[1024], *key, *blob;
	const char *name;

	for (size_t i = 0; i < sizeof(dry_runs) / sizeof(dry_runs[0]); i++) {
		name = dry_runs[i].operation;
		key = localkms_key(l, dry_runs[i].key);
		if ((blob = blob_of(l, name, key)) == NULL)
			tap_bail();
		fill(dry_runs[i].members, key, blob, members);
		OK(localkms_refused(l, "DryRunOperationException", name,
		       "{\"KeyId\":\"%s\",\"DryRun\":true,%s}", key, members),
		    "%s would have succeeded", name);
		OK(localkms_call(l, name,
		       "{\"KeyId\":\"%s\",\"DryRun\":false,%s}", key, members),
		    "and does");
		NEED(localkms_call(l, "DisableKey", "{\"KeyId\":\"%s\"}", key),
		    "disabled");
		OK(localkms_refused(l, "DisabledException", name,
		       "{\"KeyId\":\"%s\",\"DryRun\":true,%s}", key, members),
		    "it would not have");
		free(blob);
		free(key);
	}
}

int
main(void)
{
	struct localkms l;

	localkms_open(&l);
	test_refusals(&l);
	test_states(&l);
	test_names(&l);
	test_pages(&l);
	test_dry_runs(&l);
	test_quotas();
	test_controls(&l);
	test_late_aliases();
	localkms_close(&l);
	return (tap_done());
}
