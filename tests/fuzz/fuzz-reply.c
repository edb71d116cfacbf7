/* Whatever a KMS answers, the reply to each request is accepted or refused as a
 * whole. The first byte chooses the request, the rest is the reply. */
#include <stddef.h>
#include "kms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define KEY "11111111-2222-4333-8444-555555555555"

static enum err
answer(void *ctx, const char *operation, struct view body,
    const struct deadline *deadline, struct buf *reply,
    struct error_info *error)
{
	(void)operation, (void)body, (void)deadline, (void)error;
	return (buf_append(reply, *(const struct view *)ctx));
}

static enum err
answer_many(void *ctx, const struct batch *b, const struct deadline *deadline,
    struct error_info *info)
{
	enum err e = ERR_OK;

	(void)deadline;
	for (size_t i = 0; e == ERR_OK && i < b->count; i++) {
		struct buf body = BUF_INIT(b->body_max);

		e = b->encode(b->arg, i, &body);
		if (e == ERR_OK)
			e = b->on_reply(
			    b->arg, i, ERR_OK, *(const struct view *)ctx, info);
		buf_free(&body);
	}
	return (e);
}

static void
create_key(struct kms *kms)
{
	const struct kms_create_key_in in = {.spec = "SYMMETRIC_DEFAULT",
	    .usage = "ENCRYPT_DECRYPT",
	    .origin = "EXTERNAL"};
	struct kms_key key = KMS_KEY_INIT;

	(void)kms_create_key(kms, &in, &key);
	kms_key_free(&key);
}

static void
describe_key(struct kms *kms)
{
	struct kms_key key = KMS_KEY_INIT;

	(void)kms_describe_key(kms, KEY, &key);
	kms_key_free(&key);
}

static enum err
take_key(void *arg, size_t i, enum err e, struct kms_key *key)
{
	(void)arg, (void)i, (void)e, (void)key;
	return (ERR_OK);
}

static void
describe_keys(struct kms *kms)
{
	const struct kms_key_entry keys[] = {{KEY}, {"other"}};

	(void)kms_describe_keys(kms, keys, 2, take_key, NULL);
}

static void
describe_replicas(struct kms *kms)
{
	struct json_rows rows = {NULL, 0};

	(void)kms_describe_replicas(kms, KEY, &rows);
	json_rows_free(&rows);
}

static void
replicate(struct kms *kms)
{
	const struct kms_replicate_in in = {.key = KEY, .region = "eu-west-1"};
	char arn[KMS_ID_SIZE];

	(void)kms_replicate_key(kms, &in, arn);
}

static void
list_keys(struct kms *kms)
{
	struct kms_page page = {.marker = ""};

	(void)kms_list_keys(kms, &page);
	json_rows_free(&page.rows);
}

static void
list_aliases(struct kms *kms)
{
	struct kms_page page = {.marker = ""};

	(void)kms_list_aliases(kms, NULL, &page);
	json_rows_free(&page.rows);
}

static void
list_tags(struct kms *kms)
{
	struct kms_page page = {.marker = ""};

	(void)kms_list_resource_tags(kms, KEY, &page);
	json_rows_free(&page.rows);
}

static void
list_rotations(struct kms *kms)
{
	struct kms_page page = {.marker = ""};

	(void)kms_list_key_rotations(kms, KEY, "ALL_KEY_MATERIAL", &page);
	json_rows_free(&page.rows);
}

static void
parameters(struct kms *kms)
{
	struct kms_import_parameters p = KMS_IMPORT_PARAMETERS_INIT;

	(void)kms_get_parameters_for_import(
	    kms, KEY, "RSAES_OAEP_SHA_256", "RSA_3072", &p);
	kms_import_parameters_free(&p);
}

static void
import(struct kms *kms)
{
	const struct kms_import_in in = {
	    .key = KEY, .token = VIEW_STR("t"), .material = VIEW_STR("m")};
	char id[KMS_MATERIAL_ID_SIZE];

	(void)kms_import_key_material_id(kms, &in, id);
}

/* Replies that are looked at only for being JSON. */
static void
others(struct kms *kms)
{
	const struct json_rows none = {NULL, 0};

	(void)kms_enable_key(kms, KEY);
	(void)kms_schedule_key_deletion(kms, KEY, 7);
	(void)kms_create_alias(kms, "alias/a", KEY);
	(void)kms_update_alias(kms, "alias/a", "key");
	(void)kms_delete_alias(kms, "alias/a");
	(void)kms_tag_resource(kms, KEY, &none);
	(void)kms_update_key_description(kms, KEY, "");
	(void)kms_delete_imported_key_material(kms, KEY);
	(void)kms_rotate_key_on_demand(kms, KEY);
}

static void
encrypt(struct kms *kms)
{
	struct kms_crypt_in in = {.key = KEY, .data = VIEW_STR("x")};
	struct buf out = BUF_INIT(KMS_BLOB_MAX);

	(void)kms_encrypt(kms, &in, &out);
	buf_free(&out);
}

static void
decrypt(struct kms *kms)
{
	struct kms_crypt_in in = {.key = KEY, .data = VIEW_STR("x")};
	struct buf out = BUF_INIT(KMS_PLAINTEXT_MAX);

	(void)kms_decrypt(kms, &in, &out);
	buf_free(&out);
}

static void
data_key(struct kms *kms)
{
	const struct kms_data_key_in in = {.key = KEY, .spec = "AES_256"};
	struct kms_data_key k = {.ciphertext = BUF_INIT(KMS_BLOB_MAX),
	    .plaintext = BUF_INIT(KMS_DATA_KEY_MAX)};

	(void)kms_generate_data_key(kms, &in, &k);
	kms_data_key_free(&k);
}

static void
sign(struct kms *kms)
{
	const struct kms_sign_in in = {
	    .key = KEY, .message = VIEW_STR("m"), .algorithm = "ECDSA_SHA_256"};
	struct buf out = BUF_INIT(KMS_BLOB_MAX);

	(void)kms_sign(kms, &in, &out);
	buf_free(&out);
}

static void
public_key(struct kms *kms)
{
	struct buf out = BUF_INIT(KMS_PUBLIC_KEY_MAX);

	(void)kms_get_public_key(kms, KEY, &out);
	buf_free(&out);
}

static void
mac(struct kms *kms)
{
	const struct kms_mac_in in = {.key = KEY,
	    .message = VIEW_STR("m"),
	    .mac = VIEW_STR("mac"),
	    .algorithm = "HMAC_SHA_256"};
	struct buf out = BUF_INIT(KMS_BLOB_MAX);

	(void)kms_generate_mac(kms, &in, &out);
	(void)kms_verify_mac(kms, &in);
	buf_free(&out);
}

static void
derive(struct kms *kms)
{
	struct buf out = BUF_INIT(KMS_SECRET_MAX);

	(void)kms_derive_shared_secret(kms, KEY, VIEW_STR("peer"), &out);
	buf_free(&out);
}

static void
encapsulate(struct kms *kms)
{
	struct kms_encapsulated k = {.secret = BUF_INIT(KMS_SECRET_MAX),
	    .ciphertext = BUF_INIT(KMS_BLOB_MAX)};
	struct buf out = BUF_INIT(KMS_SECRET_MAX);

	(void)kms_encapsulate(kms, KEY, &k);
	(void)kms_decapsulate(kms, KEY, VIEW_STR("c"), &out);
	kms_encapsulated_free(&k);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const requests[])(struct kms *) = {describe_key,
	    parameters, list_aliases, decrypt, create_key, describe_keys,
	    describe_replicas, replicate, list_keys, list_tags, list_rotations,
	    import, others, encrypt, data_key, sign, public_key, mac, derive,
	    encapsulate};
	const size_t count = sizeof(requests) / sizeof(requests[0]);
	struct view reply;
	struct transport transport = {
	    .post = answer, .post_many = answer_many, .ctx = &reply};
	struct kms kms = {.transport = &transport};

	if (len == 0)
		return (0);
	reply = VIEW(data + 1, len - 1);
	kms.deadline = deadline_in(&clock_system, 1000);
	requests[data[0] % count](&kms);
	return (0);
}
