/* The typed requests: what JSON goes out, what comes of the reply. */
#include <stdio.h>
#include <string.h>
#include "kms.h"
#include "arena.h"
#include "tap.h"

/* A transport that keeps the request and gives a reply that was set. */
static char operation[64], body[16384];
static const char *reply;
static enum err failure;
static struct arena *arena;

static enum err
fake_post(void *ctx, const char *op, struct view in,
    const struct deadline *deadline, struct buf *out, struct error_info *error)
{
	(void)ctx, (void)deadline;
	strcpy(operation, op);
	memcpy(body, in.ptr, in.len);
	body[in.len] = '\0';
	error->status = 200;
	return (failure != ERR_OK ? failure : buf_puts(out, reply));
}

/* What each of many requests is answered; the last is answered first. */
static const struct many_reply {
	enum err err;
	const char *text;
} * many_replies;

static enum err
fake_post_many(void *ctx, const struct batch *b,
    const struct deadline *deadline, struct error_info *error)
{
	struct buf in = BUF_INIT(sizeof(body) - 1);
	enum err e = ERR_OK;

	(void)ctx, (void)deadline;
	strcpy(operation, b->operation);
	body[0] = '\0';
	for (size_t i = 0; i < b->count && e == ERR_OK; i++)
		e = b->encode(b->arg, i, &in);
	memcpy(body, in.ptr, in.len);
	body[in.len] = '\0';
	buf_free(&in);
	for (size_t i = b->count; i > 0 && e == ERR_OK; i--)
		e = b->on_reply(b->arg, i - 1, many_replies[i - 1].err,
		    view_str(many_replies[i - 1].text), error);
	return (e);
}

static struct transport transport = {
    .post = fake_post, .post_many = fake_post_many};
static struct kms kms = {.transport = &transport};

/* What the next request is answered. */
static struct kms *
answer(const char *text)
{
	reply = text;
	operation[0] = body[0] = '\0';
	return (&kms);
}

static void
sent(const char *op, const char *json)
{
	OK(strcmp(operation, op) == 0 && strcmp(body, json) == 0, "%s %s", op,
	    json);
	if (strcmp(body, json) != 0)
		printf("# sent: %s %s\n", operation, body);
}

static bool
holds(struct buf *b, const char *text)
{
	bool yes = view_equal(buf_view(b), view_str(text));

	buf_reset(b);
	return (yes);
}

#define KEY "{\"KeyId\":\"k\","
#define DATA_KEY_JSON \
	KEY "\"CiphertextBlob\":\"YWJj\",\"Plaintext\":\"" BASE64_32 "\"}"
#define ARN "arn:aws:kms:eu-west-1:111122223333:key/k"
#define REPLICA "arn:aws:kms:eu-west-2:111122223333:key/k"
#define OTHER "arn:aws:kms:eu-west-1:111122223333:key/other"
#define BYTES_32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define BASE64_32 "eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHh4eHg="

static void
test_crypt(void)
{
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	struct kms_crypt_in in = {.key = "k",
	    .data = VIEW_STR("abc"),
	    .algorithm = "RSAES_OAEP_SHA_256"};

	OK(kms_encrypt(answer("{\"CiphertextBlob\":\"eHl6\",\"KeyId\":\"k\"}"),
	       &in, &out) == ERR_OK &&
		holds(&out, "xyz"),
	    "a ciphertext comes back");
	sent("Encrypt", "{\"KeyId\":\"k\","
			"\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			"\"Plaintext\":\"YWJj\"}");
	OK(kms_decrypt(answer(KEY "\"Plaintext\":\"eHl6\"}"), &in, &out) ==
		    ERR_OK &&
		holds(&out, "xyz"),
	    "a plaintext comes back");
	sent("Decrypt", "{\"KeyId\":\"k\","
			"\"EncryptionAlgorithm\":\"RSAES_OAEP_SHA_256\","
			"\"CiphertextBlob\":\"YWJj\"}");
	in.algorithm = NULL;
	in.context = VIEW("a\0b\0c\0\0", 7);
	(void)kms_decrypt(answer(KEY "\"Plaintext\":\"eHl6\"}"), &in, &out);
	sent("Decrypt", "{\"KeyId\":\"k\","
			"\"EncryptionContext\":{\"a\":\"b\",\"c\":\"\"},"
			"\"CiphertextBlob\":\"YWJj\"}");
	buf_free(&out);
}

static void
test_sign(void)
{
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	struct kms_sign_in in = {.key = "k",
	    .message = VIEW_STR("abc"),
	    .message_type = "DIGEST",
	    .algorithm = "ECDSA_SHA_256"};

	OK(kms_sign(answer(KEY "\"Signature\":\"eHl6\"}"), &in, &out) ==
		    ERR_OK &&
		holds(&out, "xyz"),
	    "a signature comes back");
	sent("Sign", "{\"KeyId\":\"k\",\"Message\":\"YWJj\","
		     "\"MessageType\":\"DIGEST\","
		     "\"SigningAlgorithm\":\"ECDSA_SHA_256\"}");
	in.message = VIEW_STR("");
	in.message_type = NULL;
	OK(kms_sign(answer("{\"KeyId\":\"k\"}"), &in, &out) == ERR_REPLY,
	    "no signature is no success");
	sent("Sign", "{\"KeyId\":\"k\",\"Message\":\"\","
		     "\"SigningAlgorithm\":\"ECDSA_SHA_256\"}");
	OK(kms_get_public_key(
	       answer(KEY "\"PublicKey\":\"eHl6\"}"), "k", &out) == ERR_OK &&
		holds(&out, "xyz"),
	    "a public key comes back");
	sent("GetPublicKey", "{\"KeyId\":\"k\"}");
	OK(kms_get_public_key(answer(""), "k", &out) == ERR_REPLY,
	    "no public key is no success");
	buf_free(&out);
}

static void
test_mac(void)
{
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	struct kms_mac_in in = {.key = "k",
	    .message = VIEW_STR("abc"),
	    .algorithm = "HMAC_SHA_256"};

	OK(kms_generate_mac(
	       answer(KEY "\"Mac\":\"" BASE64_32 "\"}"), &in, &out) == ERR_OK &&
		holds(&out, BYTES_32),
	    "a MAC comes back");
	sent("GenerateMac", "{\"KeyId\":\"k\",\"Message\":\"YWJj\","
			    "\"MacAlgorithm\":\"HMAC_SHA_256\"}");
	OK(kms_generate_mac(answer(KEY "\"Mac\":\"eHl6\"}"), &in, &out) ==
		ERR_REPLY,
	    "a MAC of another length is refused");
	buf_reset(&out);
	in.mac = VIEW_STR("xyz");
	OK(kms_verify_mac(answer(KEY "\"MacValid\":true}"), &in) == ERR_OK,
	    "a MAC verifies");
	sent("VerifyMac", "{\"KeyId\":\"k\",\"Message\":\"YWJj\","
			  "\"MacAlgorithm\":\"HMAC_SHA_256\","
			  "\"Mac\":\"eHl6\"}");
	OK(kms_verify_mac(answer(KEY "\"MacValid\":false}"), &in) ==
		ERR_BAD_MAC,
	    "a MAC that is not valid");
	OK(kms_verify_mac(answer("{\"KeyId\":\"k\"}"), &in) == ERR_REPLY,
	    "silence about a MAC is no yes");
	failure = ERR_BAD_MAC;
	OK(kms_verify_mac(answer(""), &in) == ERR_BAD_MAC, "an exception");
	failure = ERR_OK;
	buf_free(&out);
}

static void
test_agree(void)
{
	struct buf out = BUF_SECRET(KMS_SECRET_MAX, arena);
	struct kms_encapsulated e = KMS_ENCAPSULATED_INIT(arena);

	OK(kms_derive_shared_secret(answer(KEY "\"SharedSecret\":\"eHl6\"}"),
	       "k", VIEW_STR("abc"), &out) == ERR_OK &&
		holds(&out, "xyz"),
	    "a shared secret comes back");
	sent("DeriveSharedSecret", "{\"KeyId\":\"k\","
				   "\"KeyAgreementAlgorithm\":\"ECDH\","
				   "\"PublicKey\":\"YWJj\"}");
	OK(kms_encapsulate(
	       answer(KEY "\"SharedSecret\":\"" BASE64_32 "\","
			  "\"SharedSecretCiphertextBlob\":\"YWJj\"}"),
	       "k", &e) == ERR_OK &&
		holds(&e.secret, BYTES_32) && holds(&e.ciphertext, "abc"),
	    "a secret and its ciphertext come back");
	sent("Encapsulate",
	    "{\"KeyId\":\"k\",\"EncapsulationAlgorithm\":\"ML_KEM\"}");
	OK(kms_encapsulate(answer(KEY "\"SharedSecret\":\"eHl6\"}"), "k", &e) ==
		ERR_REPLY,
	    "a secret without its ciphertext is no success");
	OK(kms_decapsulate(answer(KEY "\"SharedSecret\":\"" BASE64_32 "\"}"),
	       "k", VIEW_STR("abc"), &out) == ERR_OK &&
		holds(&out, BYTES_32),
	    "the secret comes back");
	sent("Decapsulate", "{\"KeyId\":\"k\","
			    "\"EncapsulationAlgorithm\":\"ML_KEM\","
			    "\"SharedSecretCiphertextBlob\":\"YWJj\"}");
	kms_encapsulated_free(&e);
	buf_free(&out);
}

static void
test_data_key(void)
{
	struct kms_data_key d = KMS_DATA_KEY_INIT(arena);
	struct kms_data_key_in in = {
	    .key = "k", .spec = "AES_256", .context = VIEW("a\0b", 4)};

	OK(kms_generate_data_key(answer(DATA_KEY_JSON), &in, &d) == ERR_OK &&
		strcmp(d.arn, "k") == 0 && holds(&d.ciphertext, "abc") &&
		holds(&d.plaintext, BYTES_32),
	    "a data key comes back");
	sent("GenerateDataKey", "{\"KeyId\":\"k\",\"KeySpec\":\"AES_256\","
				"\"EncryptionContext\":{\"a\":\"b\"}}");
	in.key = "other";
	OK(kms_generate_data_key(answer(DATA_KEY_JSON), &in, &d) == ERR_REPLY,
	    "another key's data key");
	in = (struct kms_data_key_in){.key = "k", .n = 48};
	OK(kms_generate_data_key(answer(KEY "\"CiphertextBlob\":\"YWJj\"}"),
	       &in, &d) == ERR_REPLY,
	    "half a data key is no success");
	sent("GenerateDataKey", "{\"KeyId\":\"k\",\"NumberOfBytes\":48}");
	kms_data_key_free(&d);
}

static void
test_import(void)
{
	char id[KMS_MATERIAL_ID_SIZE];
	struct kms_import_in in = {.key = "k",
	    .token = VIEW_STR("t"),
	    .material = VIEW_STR("m"),
	    .valid_to = 1764000000,
	    .type = "EXISTING_KEY_MATERIAL",
	    .description = "from vault 1",
	    .material_id = "ab12"};

	OK(kms_import_key_material_id(
	       answer(KEY "\"KeyMaterialId\":\"ab12\"}"), &in, id) == ERR_OK &&
		strcmp(id, "ab12") == 0,
	    "a material id comes back");
	sent("ImportKeyMaterial",
	    "{\"KeyId\":\"k\",\"ImportToken\":\"dA==\","
	    "\"EncryptedKeyMaterial\":\"bQ==\",\"ValidTo\":1764000000,"
	    "\"ExpirationModel\":\"KEY_MATERIAL_EXPIRES\","
	    "\"ImportType\":\"EXISTING_KEY_MATERIAL\","
	    "\"KeyMaterialDescription\":\"from vault 1\","
	    "\"KeyMaterialId\":\"ab12\"}");
	in = (struct kms_import_in){
	    .key = "k", .token = VIEW_STR("t"), .material = VIEW_STR("m")};
	OK(kms_import_key_material_id(answer(""), &in, id) == ERR_OK &&
		id[0] == '\0',
	    "an empty reply is a success without material id");
	sent("ImportKeyMaterial",
	    "{\"KeyId\":\"k\",\"ImportToken\":\"dA==\","
	    "\"EncryptedKeyMaterial\":\"bQ==\","
	    "\"ExpirationModel\":\"KEY_MATERIAL_DOES_NOT_EXPIRE\"}");
	OK(kms_rotate_key_on_demand(answer("{\"KeyId\":\"k\"}"), "k") == ERR_OK,
	    "a rotation");
	sent("RotateKeyOnDemand", "{\"KeyId\":\"k\"}");
}

static void
test_rotations(void)
{
	struct kms_page page = {.marker = ""};
	const struct kms_rotation *r;

	NEED(kms_list_key_rotations(
		 answer("{\"Rotations\":[{\"KeyMaterialId\":\"ab\","
			"\"KeyMaterialDescription\":\"d\","
			"\"ImportState\":\"IMPORTED\","
			"\"KeyMaterialState\":\"PENDING_ROTATION\"},"
			"{\"KeyMaterialId\":\"cd\",\"RotationDate\":12.5,"
			"\"RotationType\":\"ON_DEMAND\",\"ValidTo\":2.4e1,"
			"\"ExpirationModel\":\"KEY_MATERIAL_EXPIRES\","
			"\"KeyMaterialState\":\"CURRENT\"}],"
			"\"Truncated\":true,\"NextMarker\":\"n\"}"),
		 "k", "ALL_KEY_MATERIAL", &page) == ERR_OK &&
		 page.rows.count == 2 && strcmp(page.marker, "n") == 0,
	    "rotations come back");
	sent("ListKeyRotations", "{\"KeyId\":\"k\","
				 "\"IncludeKeyMaterial\":\"ALL_KEY_MATERIAL\","
				 "\"Limit\":100}");
	r = page.rows.ptr;
	OK(strcmp(r[0].material_id, "ab") == 0 &&
		strcmp(r[0].description, "d") == 0 &&
		strcmp(r[0].import_state, "IMPORTED") == 0 &&
		strcmp(r[0].state, "PENDING_ROTATION") == 0 &&
		r[0].rotated == 0 && r[0].valid_to == 0,
	    "a material that waits");
	OK(strcmp(r[1].type, "ON_DEMAND") == 0 && r[1].rotated == 12.5 &&
		r[1].valid_to == 24 &&
		strcmp(r[1].expiration_model, "KEY_MATERIAL_EXPIRES") == 0,
	    "a material that came by rotation");
	json_rows_free(&page.rows);
	OK(kms_list_key_rotations(
	       answer("{\"Rotations\":[]}"), "k", NULL, &page) == ERR_OK &&
		page.rows.count == 0 && page.marker[0] == '\0',
	    "the last page");
	sent("ListKeyRotations",
	    "{\"KeyId\":\"k\",\"Marker\":\"n\",\"Limit\":100}");
	json_rows_free(&page.rows);
}

/* A reply is held against its request. */
static void
test_held(void)
{
	struct buf out = BUF_INIT(KMS_BLOB_MAX);
	struct kms_key key = KMS_KEY_INIT;
	struct kms_page page = {.marker = ""};
	struct kms_sign_in in = {.key = "k",
	    .message = VIEW_STR("abc"),
	    .algorithm = "ECDSA_SHA_256"};

	OK(kms_sign(answer("{\"Signature\":\"eHl6\",\"KeyId\":\"" OTHER "\"}"),
	       &in, &out) == ERR_REPLY,
	    "another key's signature");
	buf_reset(&out);
	in.key = "alias/x";
	OK(kms_sign(answer("{\"Signature\":\"eHl6\",\"KeyId\":\"" OTHER "\"}"),
	       &in, &out) == ERR_OK,
	    "an alias may lead to any key");
	buf_reset(&out);
	OK(kms_get_public_key(
	       answer("{\"PublicKey\":\"eHl6\",\"KeyId\":\"" REPLICA "\"}"),
	       ARN, &out) == ERR_REPLY,
	    "the public key of a key in another Region");
	buf_reset(&out);
	OK(kms_get_public_key(answer("{\"PublicKey\":\"eHl6\",\"KeyId\":\"" ARN
				     "\",\"NewMember\":{\"a\":[1]}}"),
	       ARN, &out) == ERR_OK,
	    "the key that was asked for, and a member of a newer KMS");
	OK(kms_describe_key(answer("{\"KeyMetadata\":{\"KeyId\":\"other\"}}"),
	       "k", &key) == ERR_REPLY &&
		strcmp(key.unreadable, "KeyId") == 0,
	    "another key's metadata");
	kms_key_free(&key);
	key = (struct kms_key)KMS_KEY_INIT;
	OK(kms_describe_key(answer("{\"KeyMetadata\":{\"KeyId\":\"k\","
				   "\"Arn\":\"" OTHER "\"}}"),
	       "k", &key) == ERR_REPLY,
	    "an ARN that is not the key's");
	kms_key_free(&key);
	OK(kms_list_keys(answer(""), &page) == ERR_REPLY &&
		kms_list_keys(answer("{}"), &page) == ERR_REPLY &&
		kms_list_aliases(answer("{}"), NULL, &page) == ERR_REPLY,
	    "no list where one was asked for");
	OK(kms_list_keys(answer("{\"Keys\":[]}"), &page) == ERR_OK,
	    "an empty list");
	json_rows_free(&page.rows);
	OK(kms_rotate_key_on_demand(answer(""), "k") == ERR_REPLY, "nobody");
	OK(kms_schedule_key_deletion(
	       answer("{\"KeyId\":\"" OTHER "\"}"), "k", 7) == ERR_REPLY,
	    "another key's deletion");
	buf_free(&out);
}

static void
test_words(void)
{
	struct kms_key key = KMS_KEY_INIT;

	OK(kms_describe_key(
	       answer("{\"KeyMetadata\":{\"KeyId\":\"k\","
		      "\"KeyState\":\"PendingImport\",\"Origin\":\"EXTERNAL\","
		      "\"KeyUsage\":\"SIGN_VERIFY\",\"KeyManager\":\"AWS\","
		      "\"ExpirationModel\":\"KEY_MATERIAL_EXPIRES\"}}"),
	       "k", &key) == ERR_OK &&
		key.state == KMS_STATE_PENDING_IMPORT &&
		key.origin == KMS_ORIGIN_EXTERNAL && key.usage == SIGN_VERIFY &&
		key.manager == KMS_MANAGER_AWS &&
		key.expiration_model == KMS_MATERIAL_EXPIRES,
	    "words of KMS that this module knows");
	kms_key_free(&key);
	OK(kms_describe_key(
	       answer("{\"KeyMetadata\":{\"KeyId\":\"k\","
		      "\"KeyState\":\"Sleeping\",\"KeyUsage\":\"DREAM\"}}"),
	       "k", &key) == ERR_OK &&
		key.state == KMS_STATE_UNKNOWN && key.usage == 0 &&
		strcmp(key.words.state, "Sleeping") == 0 &&
		strcmp(key.words.usage, "DREAM") == 0,
	    "words of a newer KMS are kept, and no error");
	kms_key_free(&key);
}

#define REGIONS                                                          \
	"{\"KeyMetadata\":{\"KeyId\":\"k\",\"Arn\":\"" ARN "\","         \
	"\"MultiRegion\":true,\"MultiRegionConfiguration\":{"            \
	"\"MultiRegionKeyType\":\"PRIMARY\","                            \
	"\"PrimaryKey\":{\"Arn\":\"arn:p\",\"Region\":\"eu-west-1\"},"   \
	"\"ReplicaKeys\":[{\"Arn\":\"arn:a\",\"Region\":\"eu-west-2\"}," \
	"{\"Arn\":\"arn:b\",\"Region\":\"eu-west-3\"}]}}}"

static void
test_regions(void)
{
	static struct kms_tag tag = {"k", "v"};
	struct kms_key key = KMS_KEY_INIT;
	struct json_rows rows;
	struct kms_replicate_in in = {.key = "k",
	    .region = "eu-west-2",
	    .description = "d",
	    .tags = {&tag, 1}};
	char arn[KMS_ID_SIZE];

	OK(kms_describe_key(answer(REGIONS), "k", &key) == ERR_OK &&
		strcmp(key.arn, ARN) == 0 && key.multi_region == JSON_TRUE &&
		key.multi_region_type == KMS_PRIMARY &&
		strcmp(key.primary.arn, "arn:p") == 0 &&
		strcmp(key.primary.region, "eu-west-1") == 0,
	    "a multi-Region key and its primary");
	sent("DescribeKey", "{\"KeyId\":\"k\"}");
	kms_key_free(&key);
	OK(kms_describe_replicas(answer(REGIONS), "k", &rows) == ERR_OK &&
		rows.count == 2 &&
		strcmp(((struct kms_region_key *)rows.ptr)[1].arn, "arn:b") ==
		    0 &&
		strcmp(((struct kms_region_key *)rows.ptr)[1].region,
		    "eu-west-3") == 0,
	    "its replicas");
	sent("DescribeKey", "{\"KeyId\":\"k\"}");
	json_rows_free(&rows);
	OK(kms_describe_replicas(answer("{}"), "k", &rows) == ERR_REPLY &&
		rows.count == 0,
	    "no key, no replicas");
	OK(kms_replicate_key(
	       answer("{\"ReplicaKeyMetadata\":{\"Arn\":\"" REPLICA "\"}}"),
	       &in, arn) == ERR_OK &&
		strcmp(arn, REPLICA) == 0,
	    "the ARN of the replica");
	sent("ReplicateKey",
	    "{\"KeyId\":\"k\",\"ReplicaRegion\":\"eu-west-2\","
	    "\"Description\":\"d\","
	    "\"Tags\":[{\"TagKey\":\"k\",\"TagValue\":\"v\"}]}");
	OK(kms_replicate_key(
	       answer("{\"ReplicaKeyMetadata\":{\"Arn\":\"" ARN "\"}}"), &in,
	       arn) == ERR_UNKNOWN,
	    "a replica in another Region than asked for");
	OK(kms_replicate_key(answer("{}"), &in, arn) == ERR_UNKNOWN,
	    "a replica that may be there");
}

static void
test_changes(void)
{
	static const char of_key[] = "{\"KeyId\":\"k\"}";
	struct kms_page page = {.marker = ""};
	const struct kms_alias_entry *row;

	OK(kms_update_key_description(answer(""), "k", "") == ERR_OK, "text");
	sent("UpdateKeyDescription", "{\"KeyId\":\"k\",\"Description\":\"\"}");
	OK(kms_enable_key(answer("{}"), "k") == ERR_OK, "enabled");
	sent("EnableKey", of_key);
	OK(kms_disable_key(answer(""), "k") == ERR_OK, "disabled");
	sent("DisableKey", of_key);
	OK(kms_schedule_key_deletion(answer(of_key), "k", 7) == ERR_OK,
	    "a deletion");
	sent("ScheduleKeyDeletion",
	    "{\"KeyId\":\"k\",\"PendingWindowInDays\":7}");
	OK(kms_cancel_key_deletion(answer(of_key), "k") == ERR_OK, "none");
	sent("CancelKeyDeletion", of_key);
	OK(kms_untag_resource(answer(""), "k", VIEW("a\0bc", 5)) == ERR_OK,
	    "tags taken away");
	sent("UntagResource", "{\"KeyId\":\"k\",\"TagKeys\":[\"a\",\"bc\"]}");
	NEED(kms_list_aliases(
		 answer("{\"Aliases\":[{\"AliasName\":\"alias/a\","
			"\"TargetKeyId\":\"k\",\"CreationDate\":7}]}"),
		 "k", &page) == ERR_OK &&
		 page.rows.count == 1,
	    "aliases");
	sent("ListAliases", "{\"KeyId\":\"k\",\"Limit\":100}");
	row = page.rows.ptr;
	OK(strcmp(row->name, "alias/a") == 0 && row->created == 7,
	    "with the date they were made");
	json_rows_free(&page.rows);
}

/* What came of each key, and after how many it is enough. */
struct described {
	size_t count, enough;
	enum err errs[4];
	char states[4][KMS_WORD_SIZE];
};

static enum err
take_described(void *arg, size_t i, enum err e, struct kms_key *key)
{
	struct described *d = arg;

	d->errs[i] = e;
	strcpy(d->states[i], key->words.state);
	return (++d->count == d->enough ? ERR_DENIED : ERR_OK);
}

static void
test_many(void)
{
	static const struct kms_key_entry keys[] = {
	    {"k0"}, {"k1"}, {"k2"}, {"k3"}};
	static const struct many_reply replies[] = {
	    {ERR_OK, "{\"KeyMetadata\":{\"KeyId\":\"k0\","
		     "\"KeyState\":\"Enabled\"}}"},
	    {ERR_NOT_FOUND, ""}, {ERR_OK, "{\"KeyMetadata\":{}}"},
	    {ERR_OK, "{\"KeyMetadata\":{\"KeyId\":\"k3\","
		     "\"KeyState\":\"Disabled\"}}"}};
	struct described d = {.enough = 0}, half = {.enough = 2};

	many_replies = replies;
	OK(kms_describe_keys(&kms, keys, 4, take_described, &d) == ERR_OK &&
		d.count == 4,
	    "many keys");
	sent("DescribeKey", "{\"KeyId\":\"k0\"}{\"KeyId\":\"k1\"}"
			    "{\"KeyId\":\"k2\"}{\"KeyId\":\"k3\"}");
	OK(d.errs[0] == ERR_OK && strcmp(d.states[0], "Enabled") == 0 &&
		d.errs[3] == ERR_OK && strcmp(d.states[3], "Disabled") == 0,
	    "each has its own answer");
	OK(d.errs[1] == ERR_NOT_FOUND && d.states[1][0] == '\0',
	    "its own failure");
	OK(d.errs[2] == ERR_REPLY, "a reply without a key is none");
	OK(kms_describe_keys(&kms, keys, 4, take_described, &half) ==
		    ERR_DENIED &&
		half.count == 2,
	    "whoever takes them may end it");
}

static void
test_secret(void)
{
	struct kms_crypt_in in = {.key = "k", .data = VIEW_STR("abc")};
	struct buf out = BUF_SECRET(KMS_PLAINTEXT_MAX, arena);
	struct buf small = BUF_SECRET(2, arena);
	const uint8_t *at;

	OK(kms_decrypt(answer(KEY "\"Plaintext\":\"QUJDREVGR0hJSktM\"}"), &in,
	       &out) == ERR_OK &&
		view_equal(buf_view(&out), VIEW_STR("ABCDEFGHIJKL")),
	    "a plaintext is decoded into the arena");
	at = out.ptr;
	buf_free(&out);
	OK(memcmp(at, (uint8_t[12]){0}, 12) == 0, "and wiped there");
	OK(kms_decrypt(answer("{\"Plaintext\":\"****\"}"), &in, &out) ==
		    ERR_REPLY &&
		out.len == 0,
	    "what is no base64 leaves nothing");
	buf_free(&out);
	OK(kms_decrypt(answer(KEY "\"Plaintext\":\"eHl6\"}"), &in, &small) ==
		    ERR_REPLY &&
		small.len == 0,
	    "more than there is room for is no answer");
	buf_free(&small);
}

int
main(void)
{
	bool locked;

	NEED(arena_open(16384, &arena, &locked) == ERR_OK, "an arena");
	test_crypt();
	test_sign();
	test_mac();
	test_agree();
	test_data_key();
	test_import();
	test_rotations();
	test_held();
	test_words();
	test_regions();
	test_changes();
	test_many();
	test_secret();
	arena_close(arena);
	return (tap_done());
}
